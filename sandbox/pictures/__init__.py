"""Mock-up pictures of the goods, drawn when first asked for and kept on disk."""
