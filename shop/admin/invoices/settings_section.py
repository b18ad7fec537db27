"""Settings → Invoices: who issues them, how they are numbered, and when."""

from __future__ import annotations

import re
from typing import Any

from shop.admin import reading_forms as read
from shop.admin.settings_forms import SECTIONS, Form, Section, every
from shop.errors import InvalidInput
from shop.invoicing.numbering import PREFIXES

_PREFIX = re.compile(r"[A-Z0-9/._-]{0,11}[A-Z/._-]")


def _show(p: Any) -> dict[str, str]:
    kept = p.invoicing or {}
    return {
        "legal_name": p.legal_name or "",
        "address": p.address or "",
        "tax_number": kept.get("tax_number", ""),
        "register_number": kept.get("register_number", ""),
        "footer": kept.get("footer", ""),
        "prefix": kept.get("prefix") or PREFIXES["invoice"],
        "credit_prefix": kept.get("credit_prefix") or PREFIXES["credit_note"],
        "with_year": "1" if kept.get("with_year", True) else "",
        "automatic": "1" if kept.get("automatic") else "0",
    }


def _read(form: Form, currency: str) -> dict[str, Any]:
    legal_name, address, tax_number, register_number, footer, prefix, credit_prefix = every(
        [
            lambda: read.text(form, "legal_name", "The legal name", 200),
            lambda: read.text(form, "address", "The address", 500, lines=True),
            lambda: read.text(form, "tax_number", "The tax number", 40, required=False),
            lambda: read.text(form, "register_number", "The register number", 80, required=False),
            lambda: read.text(form, "footer", "The footer", 300, required=False),
            lambda: _read_prefix(form, "prefix", "The prefix of invoices"),
            lambda: _read_prefix(form, "credit_prefix", "The prefix of credit notes"),
        ]
    )
    if prefix == credit_prefix:
        raise InvalidInput(fields={"credit_prefix": "Credit notes need a prefix of their own."})
    return {
        "legal_name": legal_name,
        "address": address,
        "invoicing": {
            "tax_number": tax_number,
            "register_number": register_number,
            "footer": footer,
            "prefix": prefix,
            "credit_prefix": credit_prefix,
            "with_year": form.get("with_year") == "1",
            "automatic": form.get("automatic") == "1",
        },
    }


def _read_prefix(form: Form, name: str, label: str) -> str:
    """It ends in a letter or a sign: a digit would run into the number."""
    typed = read.text(form, name, label, 12).upper()
    if not _PREFIX.fullmatch(typed):
        raise InvalidInput(
            fields={name: f"{label}: letters, digits and - / . _ only, and not a digit at the end. Like INV-."}
        )
    return typed


SECTIONS["invoices"] = Section(
    "invoices", "Invoices", "Who issues them and how they are numbered. What is issued already never changes.",
    ("legal_name", "address", "invoicing"), _show, _read,
)  # fmt: skip
