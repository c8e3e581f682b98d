"""The shared store: where a team's clips lie by content, and what was asked for by fingerprint."""
