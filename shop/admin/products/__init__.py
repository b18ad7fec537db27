"""Many products at once: files, the grid, runs of changes and their undo."""
