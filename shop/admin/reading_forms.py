"""What a form sent, bounded and cleaned: the panel's name for `core/reading_forms.py`."""

from __future__ import annotations

from shop.core.reading_forms import LARGEST_MINOR, amount, choice, email, percent, plain_amount, text, whole

__all__ = ["LARGEST_MINOR", "amount", "choice", "email", "percent", "plain_amount", "text", "whole"]
