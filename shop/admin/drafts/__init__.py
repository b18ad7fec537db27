"""Draft orders: composed by staff, paid by a link or at the counter."""
