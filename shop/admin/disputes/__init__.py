"""Disputes: the list, the answer to one, and sending it."""
