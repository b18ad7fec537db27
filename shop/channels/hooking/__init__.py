"""What other platforms tell us by webhook: received, kept once, and the subscriptions that bring it."""
