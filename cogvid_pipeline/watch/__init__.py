"""A storyboard page that follows the files it is made of."""
