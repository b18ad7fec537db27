"""Channels: the gallery, connecting an account, and everything about one connection."""
