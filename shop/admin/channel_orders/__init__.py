"""Orders of other platforms in the panel: the list, one order, what is decided about it, and how they are taken."""
