"""Pictures and video; no policy."""
