"""The roles in words. What each may do stands in admin/permissions.py; this says it to people."""

from __future__ import annotations

#: role → (its name, what it may do)
ROLE_WORDS: dict[str, tuple[str, str]] = {
    "owner": ("Owner", "Everything, and who else may sign in"),
    "manager": ("Manager", "Everything but the staff and the audit log"),
    "fulfilment": ("Fulfilment", "Orders on their way to the printer, letters, and the catalogue"),
    "support": ("Support", "Orders’ notes, letters and refunds; customers’ notes"),
    "viewer": ("Read-only", "Looks at everything, changes nothing"),
}


def role_word(role: str) -> str:
    return ROLE_WORDS[role][0] if role in ROLE_WORDS else role.capitalize()
