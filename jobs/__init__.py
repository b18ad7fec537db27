"""Background work. A job says "look at the due rows"; the rows are the work."""
