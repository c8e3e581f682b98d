"""Clips by content, and their readable names."""
