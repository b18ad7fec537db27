"""Product safety as the EU wants it told."""
