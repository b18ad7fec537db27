"""Gift cards in the panel."""
