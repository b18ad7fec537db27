"""Gift cards: a means of payment with a ledger. A discount lowers a price; a gift card pays it."""
