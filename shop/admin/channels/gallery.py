"""Every platform there is a connector for, what each can do, and the accounts that are connected."""

from __future__ import annotations

from dataclasses import dataclass

from flask import Response, request, url_for
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from shop.admin.blueprint import bp
from shop.admin.channels.parts import STATES, initials, title_of
from shop.admin.page_links import page_links
from shop.admin.permissions import staff_only
from shop.channels import registry
from shop.channels.connector import AuthKind, Connector
from shop.channels.models import Connection
from shop.core.pages import render
from shop.core.paging import Page, page_number
from shop.extensions import db

PER_PAGE = 30
CARD_DOES = 6  # of what a platform can do, so many stand on its card


@dataclass(frozen=True)
class Card:
    """One platform of the gallery."""

    key: str
    name: str
    summary: str
    colour: str
    does: list[str]
    how: str
    count: int


@bp.get("/channels")
@staff_only()
def channels() -> Response:
    """Filters `q` (words) and `can` (a role's number in registry.WORDS); the connections are paged."""
    session = db.session()
    registry.load()
    words, can = request.args.get("q", "").replace("\0", "").strip()[:60], _role(request.args.get("can", ""))
    counts = _counts(session)
    cards = [_card(found, counts) for found in registry.list_connectors() if _fits(found, words, can)]
    found = _connections(session, page_number(request.args.get("page")))
    return render(
        "admin/channels.html",
        page_title="Channels",
        cards=cards,
        found=found,
        urls=page_links(found, lambda n: url_for("admin.channels", page=n if n > 1 else None)),
        names={spec.key: spec for spec in (c.spec for c in registry.list_connectors())},
        states=STATES,
        title_of=title_of,
        initials=initials,
        words=words,
        chosen=can,
        roles=_roles_there(),
        card_does=CARD_DOES,
    )


def abilities(connector: type[Connector]) -> list[str]:
    """What a platform can do, in the merchant's words."""
    return [registry.WORDS[role] for role in registry.roles_of(connector.spec.key)]


def _card(connector: type[Connector], counts: dict[str, int]) -> Card:
    spec = connector.spec
    how = "Consent on its own page" if AuthKind.OAUTH in spec.auth else "Keys from its own settings"
    return Card(
        spec.key, spec.name, spec.summary, spec.colour, abilities(connector), how if spec.auth else "",
        counts.get(spec.key, 0),
    )  # fmt: skip


def _fits(connector: type[Connector], words: str, can: int | None) -> bool:
    spec = connector.spec
    if can is not None and list(registry.WORDS)[can] not in registry.roles_of(spec.key):
        return False
    told = " ".join((spec.name, spec.summary, *abilities(connector))).lower()
    return all(word in told for word in words.lower().split())


def _roles_there() -> list[tuple[int, str]]:
    """What at least one platform can do, for the filter."""
    there = {role for found in registry.list_connectors() for role in registry.roles_of(found.spec.key)}
    return [(n, words.capitalize()) for n, (role, words) in enumerate(registry.WORDS.items()) if role in there]


def _role(raw: str) -> int | None:
    return int(raw) if raw.isascii() and raw.isdigit() and len(raw) < 3 and int(raw) < len(registry.WORDS) else None


def _counts(session: Session) -> dict[str, int]:
    query = select(Connection.channel, func.count()).where(Connection.status != "disconnected")
    return {channel: int(n) for channel, n in session.execute(query.group_by(Connection.channel))}


def _connections(session: Session, page: int) -> Page[Connection]:
    """Those that need somebody first; two statements."""
    total = int(session.execute(select(func.count()).select_from(Connection)).scalar_one())
    page = min(page, max(1, -(-total // PER_PAGE)))
    order = func.array_position(["reconnect", "connecting", "active", "paused", "disconnected"], Connection.status)
    query = select(Connection).order_by(order, Connection.id).offset((page - 1) * PER_PAGE).limit(PER_PAGE)
    known = {c.spec.key for c in registry.list_connectors()}
    rows = [row for row in session.execute(query).scalars() if row.channel in known]
    return Page(rows, total, page, PER_PAGE)
