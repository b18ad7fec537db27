"""What a price was before: kept by the database itself, shown beside a reduction."""
