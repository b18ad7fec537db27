"""What the stand-ins of other selling platforms have in common: how a test, or the demo, acts as their merchant."""
