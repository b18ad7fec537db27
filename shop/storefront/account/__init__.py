"""A shopper's own pages, below /account: private, never kept, and nothing to do with the panel's sign-in."""
