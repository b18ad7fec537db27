"""A discount's fields: how it fills them, and how they are read back."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from decimal import Decimal, InvalidOperation
from typing import Any

from sqlalchemy import select

from shop.admin import reading_forms as read
from shop.admin.settings_forms import every
from shop.catalog.models import Collection, Product
from shop.errors import InvalidInput
from shop.extensions import db
from shop.promotions.codes import LONGEST, fold_code
from shop.promotions.models import Discount

KINDS = {
    "percentage": "A percentage",
    "fixed": "A fixed amount, once an order",
    "free_shipping": "Free shipping",
    "buy_x_get_y": "Buy X, get Y",
    "tiered": "More off for more (tiers)",
}
SCOPES = {"all": "Everything", "collections": "Some collections", "products": "Some products"}
LABELS = {
    "title": "Name",
    "kind": "Kind",
    "by_code": "Buyers type a code",
    "code": "Code",
    "percent": "Percent off",
    "amount": "Amount off",
    "buy_quantity": "X: how many to buy",
    "get_quantity": "Y: how many of them are reduced",
    "tiers": "Tiers",
    "scope": "For",
    "scope_ids": "Which ones",
    "min_minor": "Spend at least",
    "min_quantity": "Buy at least",
    "first_order_only": "First orders only",
    "starts_at": "Starts",
    "ends_at": "Ends",
    "per_customer": "Times each customer",
    "max_uses": "Times in all",
    "combines": "Combines with others",
    "is_active": "Active",
}
BOXES = ("by_code", "first_order_only", "combines", "is_active")
MOST_TIERS = 10
HOW_NAMED = "Write the last part of their addresses in the shop, with commas: botanical, fern-study-tee."
_SCOPED: dict[str, type[Any]] = {"collections": Collection, "products": Product}
MOST_CHOSEN = 200


def fill(row: Discount | None, code: str, currency: str) -> dict[str, str]:
    if row is None:
        return {**dict.fromkeys(LABELS, ""), "kind": "percentage", "scope": "all", "by_code": "1", "is_active": "1"}

    def money(minor: int) -> str:
        return read.plain_amount(minor, currency) if minor else ""

    return {
        "title": row.title,
        "kind": row.kind,
        "by_code": "1" if row.by_code else "",
        "code": code,
        "percent": _plain_percent(row.basis_points),
        "amount": money(row.amount_minor),
        "buy_quantity": str(row.buy_quantity or ""),
        "get_quantity": str(row.get_quantity or ""),
        "tiers": "\n".join(
            f"{read.plain_amount(tier['from_minor'], currency)}: {_plain_percent(tier['basis_points'])}"
            for tier in row.tiers
        ),
        "scope": row.scope,
        "scope_ids": ", ".join(_addresses(row.scope, row.scope_ids)),
        "min_minor": money(row.min_minor),
        "min_quantity": str(row.min_quantity or ""),
        "first_order_only": "1" if row.first_order_only else "",
        "starts_at": _plain_moment(row.starts_at),
        "ends_at": _plain_moment(row.ends_at),
        "per_customer": str(row.per_customer or ""),
        "max_uses": str(row.max_uses or ""),
        "combines": "1" if row.combines else "",
        "is_active": "1" if row.is_active else "",
    }


def typed_in(form: Mapping[str, str]) -> dict[str, str]:
    """The form's fields as they came; a box that is not ticked sends nothing."""
    return {
        **{name: form[name][:4000] for name in LABELS if name in form},
        **{name: form.get(name, "") for name in BOXES},
    }


def read_columns(form: Mapping[str, str], currency: str) -> tuple[dict[str, Any], str]:
    """(columns, the code as typed or ""). Raises InvalidInput with every wrong field."""
    kind = form.get("kind", "")
    needs_percent = kind in ("percentage", "buy_x_get_y")
    title, _, code, points, amount, buy, get, tiers, scope, ids = every(
        [
            lambda: read.text(form, "title", LABELS["title"], 80),
            lambda: read.choice(form, "kind", LABELS["kind"], KINDS),
            lambda: _code(form),
            lambda: _points(form) if needs_percent else 0,
            lambda: _amount(form, currency) if kind == "fixed" else 0,
            lambda: read.whole(form, "buy_quantity", LABELS["buy_quantity"], 1, 100) if kind == "buy_x_get_y" else 0,
            lambda: read.whole(form, "get_quantity", LABELS["get_quantity"], 1, 100) if kind == "buy_x_get_y" else 0,
            lambda: _tiers(form, currency) if kind == "tiered" else [],
            lambda: read.choice(form, "scope", LABELS["scope"], SCOPES),
            lambda: _ids(form),
        ]
    )
    least, quantity, starts, ends, each, total = every(
        [
            lambda: read.amount(form, "min_minor", LABELS["min_minor"], currency, required=False),
            lambda: _whole_or_none(form, "min_quantity", 1000) or 0,
            lambda: _moment(form, "starts_at"),
            lambda: _moment(form, "ends_at"),
            lambda: _whole_or_none(form, "per_customer", 1000),
            lambda: _whole_or_none(form, "max_uses", 10_000_000),
        ]
    )
    if starts and ends and ends <= starts:
        raise InvalidInput(fields={"ends_at": "It must end after it starts."})
    columns = {
        "title": title, "kind": kind, "by_code": form.get("by_code") == "1", "basis_points": points,
        "amount_minor": amount, "buy_quantity": buy, "get_quantity": get, "tiers": tiers, "scope": scope,
        "scope_ids": ids, "min_minor": least, "min_quantity": quantity,
        "first_order_only": form.get("first_order_only") == "1", "starts_at": starts, "ends_at": ends,
        "per_customer": each, "max_uses": total, "combines": form.get("combines") == "1",
        "is_active": form.get("is_active") == "1",
    }  # fmt: skip
    return columns, code


def _code(form: Mapping[str, str]) -> str:
    raw = read.text(form, "code", LABELS["code"], LONGEST, required=False).upper()
    if form.get("by_code") != "1" or not raw:
        return ""
    if not all(sign.isascii() and (sign.isalnum() or sign == "-") for sign in raw) or len(fold_code(raw)) < 3:
        raise InvalidInput(fields={"code": "Code: at least three letters or digits; hyphens may stand between them."})
    return raw


def _points(form: Mapping[str, str], raw: str | None = None, name: str = "percent") -> int:
    text = (form.get(name, "") if raw is None else raw).strip().rstrip("%").strip().replace(",", ".")
    try:
        points = Decimal(text) * 100 if text.isascii() and len(text) <= 6 else Decimal(-1)
    except InvalidOperation:
        points = Decimal(-1)
    if not points.is_finite() or not 0 < points <= 10_000 or points != points.to_integral_value():
        raise InvalidInput(fields={name: "Write a percentage from 0.01 to 100, like 10 or 12.5."})
    return int(points)


def _amount(form: Mapping[str, str], currency: str) -> int:
    minor = read.amount(form, "amount", LABELS["amount"], currency)
    if minor == 0:
        raise InvalidInput(fields={"amount": "The amount must be more than zero."})
    return minor


def _tiers(form: Mapping[str, str], currency: str) -> list[dict[str, int]]:
    """A line each: "50.00: 10" is 10 % off from 50.00."""
    lines = [line for line in form.get("tiers", "").splitlines() if line.strip()]
    if not 1 <= len(lines) <= MOST_TIERS:
        raise InvalidInput(fields={"tiers": f"Write from one to {MOST_TIERS} tiers, a line each, like 50: 10."})
    found: dict[int, int] = {}
    for line in lines:
        start, sign, percent = line.rpartition(":")
        if not sign:
            raise InvalidInput(fields={"tiers": "Write each tier as amount: percent, like 50: 10."})
        minor = read.amount({"tiers": start}, "tiers", "The amount of a tier", currency)
        found[minor] = _points(form, percent, "tiers")
    return [{"from_minor": minor, "basis_points": found[minor]} for minor in sorted(found)]


def _ids(form: Mapping[str, str]) -> list[int]:
    """What the discount is for, by the last part of its address in the shop ("botanical"), or by its number."""
    model = _SCOPED.get(form.get("scope", ""))
    if model is None:
        return []
    parts = list(dict.fromkeys(form.get("scope_ids", "").replace("\0", "").replace(",", " ").lower().split()))
    if not 1 <= len(parts) <= MOST_CHOSEN:
        raise InvalidInput(fields={"scope_ids": f"Name at least one, and at most {MOST_CHOSEN}: {HOW_NAMED}"})
    named = [part.rpartition("/")[2][:160] for part in parts]
    rows = db.session.execute(select(model.slug, model.id).where(model.slug.in_(named)))
    known: dict[str, int] = {row.slug: row.id for row in rows}
    numbers = {name: int(name) for name in named if name.isascii() and name.isdigit() and len(name) <= 15}
    unknown = [name for name in named if name not in known and name not in numbers]
    if unknown:
        raise InvalidInput(fields={"scope_ids": f"Nothing has the address “{unknown[0]}”. {HOW_NAMED}"})
    return sorted({known.get(name) or numbers[name] for name in named})


def _addresses(scope: str, ids: Sequence[int]) -> list[str]:
    model = _SCOPED.get(scope)
    if model is None or not ids:
        return []
    rows = db.session.execute(select(model.id, model.slug).where(model.id.in_(ids)))
    slugs: dict[int, str] = {row.id: row.slug for row in rows}
    return [slugs.get(row_id, str(row_id)) for row_id in ids]


def _whole_or_none(form: Mapping[str, str], name: str, high: int) -> int | None:
    return read.whole(form, name, LABELS[name], 1, high) if form.get(name, "").strip() else None


def _moment(form: Mapping[str, str], name: str) -> datetime | None:
    raw = form.get(name, "").strip()
    if not raw:
        return None
    try:
        return datetime.strptime(raw, "%Y-%m-%dT%H:%M").replace(tzinfo=UTC)
    except ValueError as error:
        raise InvalidInput(fields={name: f"{LABELS[name]}: choose a day and a time."}) from error


def _plain_moment(at: datetime | None) -> str:
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M") if at else ""


def _plain_percent(points: int) -> str:
    return (
        f"{Decimal(points) / 100:f}".rstrip("0").rstrip(".") if points % 100 else (str(points // 100) if points else "")
    )
