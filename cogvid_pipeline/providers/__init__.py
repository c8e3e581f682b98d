"""One vendor's way of making clips, each."""
