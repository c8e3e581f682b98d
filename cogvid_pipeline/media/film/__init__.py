"""Make a film of an edit list: copy what can be copied, encode the rest, mix the sound."""
