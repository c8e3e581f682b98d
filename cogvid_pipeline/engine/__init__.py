"""Carry out a plan: bounded, resumable, paying once."""
