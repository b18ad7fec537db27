"""The catalogue's texts in the other languages of the shop."""
