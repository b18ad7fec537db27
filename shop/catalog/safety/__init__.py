"""Who made a product, who answers for it in the EU, and what to mind (GPSR)."""
