"""Customers beyond their address: notes, tags, consent, and what the law lets them ask for."""
