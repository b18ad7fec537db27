"""How a connector calls its platform: one Service for each connection, its address checked, its budget shared."""

from __future__ import annotations

from collections.abc import Mapping

from flask import current_app

from config import Config
from shop.outbound.addresses import origin_of
from shop.outbound.facts import Budget, Service


def own_origins() -> tuple[str, ...]:
    """Origins inside our network that a store may have: the sandbox's, by CHANNEL_ORIGINS; else none."""
    config: Config = current_app.config["IMPRINT"]
    return tuple(origin for origin in map(origin_of, config.channel_origins) if origin)


def service_at(
    name: str,
    base_url: str,
    account: str,
    *,
    budgets: tuple[Budget, ...] = (),
    headers: Mapping[str, str] | None = None,
    docs: str = "",
) -> Service:
    """A platform as one connection reaches it. `account` ("<connection id>") keeps budgets and breaker apart.

    The address is foreign: resolved, checked and pinned at each connect (outbound/guarding.py), as a merchant typed it.
    """
    return Service(
        name=name,
        base_url=base_url,
        budgets=budgets,
        account=account,
        headers=tuple((headers or {}).items()),
        docs=docs,
        is_foreign=True,
        own_origins=own_origins(),
    )
