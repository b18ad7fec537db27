"""CSV files as a channel: any shop's export read in, with columns that are guessed, shown, changed and remembered."""
