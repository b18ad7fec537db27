"""Discount codes and gift cards of other platforms, taken here."""
