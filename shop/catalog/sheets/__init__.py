"""Products as a CSV file: written for a spreadsheet, and read back."""
