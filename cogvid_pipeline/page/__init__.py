"""The storyboard as a web page."""
