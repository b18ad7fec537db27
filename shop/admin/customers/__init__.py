"""Customers: the list, the page of one, privacy, merging."""
