"""Orders of other platforms: stored once, judged, matched with our goods, and written into an order of ours."""
