"""A shop on another platform, as its merchant: the tests act there through the sandbox's control API (channels/stall.py)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import requests

from shop.channels import registry
from shop.channels.connector import TokenKind
from shop.channels.keeping import keep_secrets
from shop.channels.models import Connection
from shop.channels.tokens import Token, store_tokens
from shop.core.transaction import transaction
from shop.extensions import db
from tests.town import Town


class Platform:
    """platform.sell(sale={…}) and every other verb of sandbox/channels/stall.py, by keyword."""

    def __init__(self, town: Town, key: str) -> None:
        self.town, self.key = town, key

    def __getattr__(self, verb: str) -> Callable[..., Any]:
        def act(**arguments: Any) -> Any:
            url = f"{self.town.sandbox_url}/control/api/channels/{self.key}/{verb}"
            answer = requests.post(url, json=arguments, timeout=60)
            assert answer.ok, f"{self.key} {verb}: {answer.status_code} {answer.text[:300]}"
            return answer.json()["result"]

        return act

    def connect(self, name: str = "", **settings: Any) -> int:
        """A connection that works, as the wizard leaves it behind; its id."""
        registry.load()
        account = self.account()
        with transaction() as session:
            row = Connection(
                channel=self.key,
                name=name or self.key,
                store_url=account["store_url"],
                settings={**account["settings"], **settings},
                status="active",
            )
            session.add(row)
            session.flush()
            keep_secrets(session, row.id, account["secrets"])
            store_tokens(session, row.id, [Token(TokenKind(k), v) for k, v in account["tokens"].items()])
            connection_id = row.id
        with transaction() as session:
            connector = registry.connector_of(session.get_one(Connection, connection_id))
        found = connector.check()
        with transaction() as session:
            row = session.get_one(Connection, connection_id)
            row.version += 1  # a connector is made anew, with what is known now
            row.account_id = found.external_id
            row.account = {
                "name": found.name, "currency": found.currency, "time_zone": found.time_zone,
                "taxes_included": found.taxes_included, "weight_unit": found.weight_unit, "facts": dict(found.facts),
            }  # fmt: skip
        db.session.remove()
        return connection_id
