"""Decide what to do by comparing a storyboard with its lock; pure."""
