"""What the pages of a connection have in common: the row, its tabs, its badge, and cards that other areas add."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any, NamedTuple

from flask import Response, current_app, flash, request, url_for
from markupsafe import Markup
from sqlalchemy.orm import Session

from shop.admin.permissions import May, allowed
from shop.channels import registry
from shop.channels.connector import (
    AuthorisesByOAuth,
    Connector,
    HandsOverKeys,
    PullsProducts,
    ReportsOrders,
    SyncsCustomers,
)
from shop.channels.models import Connection
from shop.core.pages import render
from shop.errors import NotFound
from shop.workflows.connect_channel import Verdict

#: status → (word, tone)
STATES = {
    "connecting": ("Not finished", "needs"),
    "active": ("Connected", "done"),
    "paused": ("Paused", "waiting"),
    "reconnect": ("Reconnect", "failed"),
    "disconnected": ("Disconnected", "waiting"),
}
_ANY = (PullsProducts, SyncsCustomers, ReportsOrders)


class Tab(NamedTuple):
    """`roles`: shown where the platform plays one of them; empty: always."""

    endpoint: str
    title: str
    roles: tuple[type, ...] = ()
    permission: May = May.LOOK


#: another area adds its tab here: a view with the one variable `connection_id`; shown once the endpoint exists
TABS = [
    Tab("admin.connection", "Overview"),
    Tab("admin.sync_settings", "Keeping in step", _ANY),
    Tab("admin.connection_runs", "Runs", _ANY),
    Tab("admin.connection_conflicts", "Conflicts", _ANY),
    Tab("admin.connection_parked", "Set aside", _ANY),
    Tab("admin.connection_calls", "Calls"),
    Tab("admin.edit_connection", "Account", (), May.SETTINGS),
]

#: cards on the overview, made by other areas: (session, connection) → HTML, "" for none
_cards: list[Callable[[Session, Connection], Markup | str]] = []


def card(make: Callable[[Session, Connection], Markup | str]) -> Callable[[Session, Connection], Markup | str]:
    """As a decorator: this card stands on every connection's overview."""
    _cards.append(make)
    return make


def cards_of(session: Session, found: Connection) -> list[Markup | str]:
    return [made for make in _cards if (made := make(session, found))]


def class_of(channel: str) -> type[Connector]:
    """Raises NotFound."""
    registry.load()
    return registry.class_of(channel)


def find_connection(session: Session, connection_id: int, *, to_change: bool = False) -> Connection:
    """Raises NotFound, also for one whose platform is not known here any more."""
    registry.load()
    found = session.get(Connection, connection_id, with_for_update=to_change or None)
    if found is None:
        raise NotFound("There is no such connection.")
    registry.class_of(found.channel)
    return found


def initials(name: str) -> str:
    """What stands on a platform's mark: "WooCommerce" → "WC", "Shopify" → "S"."""
    capitals = re.findall(r"[A-Z0-9]", name)
    return "".join(capitals[:2]) or name[:1].upper()


def may_consent(connector: type[Connector]) -> bool:
    """Whether its account can be connected on the platform's own page."""
    return issubclass(connector, AuthorisesByOAuth | HandsOverKeys)


def tell(verdict: Verdict) -> None:
    """What came of asking the platform who we are, as the message on the next page."""
    if not verdict.works:
        flash(verdict.problem, "bad")
    elif verdict.account is not None:
        flash(f"It works: “{verdict.account.name}” is connected.", "good")


def title_of(found: Connection) -> str:
    return found.name or str(found.account.get("name") or "") or registry.class_of(found.channel).spec.name


def connection_page(template: str, found: Connection, /, *, tab: str = "", **context: Any) -> Response:
    """A page of a connection, with its head and tabs (templates/admin/channel_frame.html). `tab`: the endpoint that a
    page without a tab of its own stands under."""
    return render(
        template,
        connection=found,
        connector=registry.class_of(found.channel),
        spec=registry.class_of(found.channel).spec,
        tabs=_tabs(found, tab),
        name=title_of(found),
        initials=initials,
        **{"page_title": title_of(found), "state": STATES.get(found.status, (found.status, "waiting")), **context},
    )


def _tabs(found: Connection, current: str) -> list[tuple[str, str, bool]]:
    shown = []
    for tab in TABS:
        if tab.endpoint not in current_app.view_functions or not allowed(tab.permission):
            continue
        if tab.roles and not any(registry.can(found.channel, role) for role in tab.roles):
            continue
        url = url_for(tab.endpoint, connection_id=found.id)
        shown.append((tab.title, url, tab.endpoint == current or request.path == url))
    return shown
