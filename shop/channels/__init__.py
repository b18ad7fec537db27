"""Other places to sell: connections to shops and marketplaces, kept in step with ours."""
