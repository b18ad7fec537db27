"""Keeping two sides in step: what is linked, what a run plans, does and can take back."""
