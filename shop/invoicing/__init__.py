"""Invoices and credit notes: numbered without gaps, frozen when issued; packing slips, as paper and as HTML."""
