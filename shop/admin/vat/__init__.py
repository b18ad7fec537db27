"""VAT on sales to other EU countries."""
