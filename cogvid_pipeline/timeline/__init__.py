"""Timelines: the cut as files that editing programs open."""
