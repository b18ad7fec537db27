"""What of a change may be written down for ever: secrets never, what customers are called and where they live never.

Tables about customers are masked by default: only columns that cannot name a person are shown. So erasing a person
needs no edit of the log, which could not be edited anyway.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import ClauseElement, Table

from shop.core.durable import DurableWork
from shop.core.secrets import EncryptedText

HIDDEN, CHANGED, PERSONAL, COMPUTED = "[hidden]", "[hidden, changed]", "[personal data]", "[computed]"
LONGEST_TEXT, MOST_FIELDS = 240, 40

#: rows that machines write for themselves
MACHINE_TABLES = frozenset(
    {
        "audit_entries", "carts", "cart_lines", "checkouts", "cursors", "inbound_events", "letters", "outbound_calls",
        "review_asks", "viewed_products",
        "api_answers", "change_files", "change_items", "printify_cache",
        "schedules", "shopper_email_changes", "shopper_links", "shopper_mailboxes", "shopper_registrations",
        "shopper_sessions", "slug_redirects", "staff_backup_codes", "staff_resets",
        "staff_sessions", "store_state", "webhook_attempts", "webhook_deliveries",
        "webhook_messages",
    }
)  # fmt: skip
_DURABLE = frozenset(name for name in DurableWork.__annotations__)
MACHINE_COLUMNS = _DURABLE | {
    "id", "card", "document", "search", "words", "source_hash", "payload_hash", "updated_at", "created_at", "polled_at",
    "last_seen_at", "totp_last_step", "last_used_at", "last_run_at", "next_run_at", "sold_count",
    "bought_with", "rating_count", "rating_sum", "reviews_shown", "edited_fields",
    "price_edited",
}  # fmt: skip
_SECRET = re.compile(r"password|secret|token|session_key|api_key|private|credential|signature|(^|_)hash$")
#: what is told about orders and customers: words of ours, never of theirs
_PLAIN = frozenset(
    {
        "accepts_marketing", "carrier", "channel", "country", "currency", "gateway", "items", "kind", "locale",
        "provider", "requested_by", "series", "shipping_label", "shipping_method", "sku", "skus", "source", "status",
        "step", "tags", "title", "variant_title", "what", "who",
    }
)  # fmt: skip
_PLAIN_ENDINGS = ("_status", "_at", "_on", "_minor", "_id", "_ids", "_count", "_until")
_ABOUT_CUSTOMERS = ("customer", "order", "draft", "dispute", "invoice", "refund", "payment", "fulfilment", "shipment",
                    "shopper")  # fmt: skip
#: tables that have an order_id, a customer_id or an address, and are ours all the same
_OURS = frozenset({"staff_members", "staff_invitations", "store_profile", "api_keys", "webhook_endpoints"})


def is_about_customers(table: Table) -> bool:
    if table.name in _OURS:
        return False
    return table.name.startswith(_ABOUT_CUSTOMERS) or any(c in table.c for c in ("customer_id", "order_id", "email"))


def is_subject_about_customers(subject: str) -> bool:
    return subject.startswith(_ABOUT_CUSTOMERS)


def secret_columns(table: Table) -> frozenset[str]:
    return frozenset(c.name for c in table.c if isinstance(c.type, EncryptedText) or is_secret(c.name))


def is_empty(value: Any) -> bool:
    return value is None or (isinstance(value, str | list | dict | tuple) and not value)


def is_secret(name: str) -> bool:
    return bool(_SECRET.search(name))


def clean_pair(name: str, before: Any, after: Any, *, secret: bool, personal: bool) -> tuple[Any, Any]:
    """(before, after) as they may be kept. None stays None: that something was set or emptied is told."""
    if secret:
        return _stand_in(before, HIDDEN), _stand_in(after, HIDDEN if is_empty(before) else CHANGED)
    if personal and not (name in _PLAIN or name.endswith(_PLAIN_ENDINGS)):
        return _mask(before), _mask_after(after, before)
    was, now = plain_value(before), plain_value(after)
    if isinstance(was, str) and isinstance(now, str) and max(len(was), len(now)) > LONGEST_TEXT:
        return _around_the_difference(was, now)
    return _cut(was), _cut(now)


def clean_fields(
    before: Mapping[str, Any], after: Mapping[str, Any], *, personal: bool
) -> tuple[dict[str, Any], dict[str, Any]]:
    """The same for whole dictionaries; fields that are equal in both are left out."""
    was: dict[str, Any] = {}
    now: dict[str, Any] = {}
    names = [n for n in {**before, **after} if n not in before or n not in after or before[n] != after[n]]
    for name in names[:MOST_FIELDS]:
        pair = clean_pair(name, before.get(name), after.get(name), secret=is_secret(str(name)), personal=personal)
        for side, source, value in ((was, before, pair[0]), (now, after, pair[1])):
            if name in source:
                side[str(name)[:120]] = value
    if len(names) > MOST_FIELDS:
        now["…"] = f"and {len(names) - MOST_FIELDS} more"
    return was, now


def plain_value(value: Any) -> Any:
    """Something that JSON holds."""
    if value is None or isinstance(value, bool | int | float | str):
        return value
    if isinstance(value, datetime | date):
        return value.isoformat()
    if isinstance(value, Decimal):
        return str(value)
    if isinstance(value, ClauseElement):
        return COMPUTED
    if isinstance(value, Mapping):
        return json.dumps(hide_secrets(value), ensure_ascii=False, default=str)
    if isinstance(value, list | tuple | set | frozenset):
        if all(isinstance(item, str | int | float | bool) for item in value):
            return ", ".join(map(str, value))
        return json.dumps(hide_secrets(list(value)), ensure_ascii=False, default=str)
    return str(value) if not isinstance(value, bytes) else f"[{len(value)} bytes]"


def hide_secrets(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {str(k): HIDDEN if is_secret(str(k)) and v else hide_secrets(v) for k, v in value.items()}
    return [hide_secrets(item) for item in value] if isinstance(value, list) else value


def _stand_in(value: Any, word: str) -> Any:
    return None if value is None else "" if value == "" else word


def _mask(value: Any) -> Any:
    if isinstance(value, dict | list) and not value:
        return None
    return value if is_empty(value) or isinstance(value, bool | int | float) else PERSONAL


def _mask_after(value: Any, before: Any) -> Any:
    """That it changed; for an address, in which parts."""
    masked = _mask(value)
    if masked != PERSONAL or is_empty(before):
        return masked
    parts = ""
    if isinstance(value, Mapping) and isinstance(before, Mapping):
        parts = ": " + ", ".join(sorted(str(k) for k in {*value, *before} if value.get(k) != before.get(k)))[:150]
    return f"{PERSONAL[:-1]}, changed{parts}]"


def _cut(value: Any) -> Any:
    if isinstance(value, str) and len(value) > LONGEST_TEXT:
        return value[: LONGEST_TEXT - 1] + "…"
    return value


def _around_the_difference(was: str, now: str) -> tuple[str, str]:
    """Long texts are shown from where they begin to differ."""
    same = next((i for i, (a, b) in enumerate(zip(was, now, strict=False)) if a != b), min(len(was), len(now)))
    start = max(0, same - 40)
    lead = "…" if start else ""
    return _cut(lead + was[start:]), _cut(lead + now[start:])
