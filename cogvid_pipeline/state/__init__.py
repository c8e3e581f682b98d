"""What is true and what was tried, on disk."""
