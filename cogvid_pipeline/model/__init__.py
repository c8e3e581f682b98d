"""Frozen data that every layer shares."""
