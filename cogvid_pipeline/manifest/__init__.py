"""From YAML text to a storyboard, or to a list of problems."""
