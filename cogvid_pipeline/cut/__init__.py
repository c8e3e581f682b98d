"""What the cut comes to in frames: pure decisions, no video."""
