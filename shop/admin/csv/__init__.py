"""CSV files as a channel: taken out, and taken in with columns that a person confirms and a dry run."""
