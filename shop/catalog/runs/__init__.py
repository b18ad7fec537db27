"""Runs of changes: what is to be changed, what it replaced, how far it went, and the way back."""
