"""Plans and locks as text."""
