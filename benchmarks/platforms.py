"""Shops on other platforms, in a sandbox of their own: connected as the panel does, edited as their merchants do."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any, cast

import requests
from flask import Flask
from sqlalchemy import text

from benchmarks.stage import Stage
from config import Config
from shop import create_app
from shop.catalog.html import clean_html
from shop.channels.syncing.settings import find_setting
from shop.core.transaction import transaction
from shop.extensions import db
from shop.tenancy import profile
from tests.channels.street import Platform
from tests.town import Town

NAMES = ("woocommerce", "prestashop", "shopify")
AT_ONCE = 500


def app_with(stage: Stage, name: str, sandbox_url: str) -> Flask:
    """An empty shop that may call this sandbox's platforms."""
    shop = stage.empty_shop(name)
    return create_app(
        Config.from_env(
            {**shop.env, "CHANNEL_ORIGINS": sandbox_url, "SHOPIFY_BASE_URL": f"{sandbox_url}/shopify/{{shop}}"}
        )
    )


class Shopfront:
    """One platform's shop, connected, kept in step both ways; ours wins where both changed a field."""

    def __init__(self, sandbox_url: str, name: str, direction: str = "both") -> None:
        self.url, self.name = sandbox_url, name
        self.platform = Platform(cast(Town, SimpleNamespace(sandbox_url=sandbox_url)), name)
        self.connection_id = self.platform.connect()
        self._first: dict[str, str] = {}
        with transaction() as session:
            account = session.execute(
                text("SELECT account FROM connections WHERE id = :i"), {"i": self.connection_id}
            ).scalar_one()
            session.execute(
                text("UPDATE store_profile SET currency = :c, prices_include_tax = :t"),
                {"c": account["currency"], "t": bool(account["taxes_included"])},
            )
            session.execute(text("UPDATE store_state SET settings_version = settings_version + 1"))
            setting = find_setting(session, self.connection_id, "products", to_change=True)
            setting.direction, setting.is_on, setting.default_rule = direction, True, "ours"
        profile.forget()
        db.session.remove()

    def add(self, count: int) -> list[str]:
        ids: list[str] = []
        for start in range(0, count, AT_ONCE):
            products = [_product(n) for n in range(start, min(start + AT_ONCE, count))]
            ids += self.platform.add_products(products=products)
        return ids

    def change(self, external_id: str, name: str, value: Any) -> None:
        if name == "price":
            value, name = [{"sku": self._sku(external_id), "price_minor": value}], "variants"
        self.platform.change_product(external_id=external_id, changes={name: value})

    def _sku(self, external_id: str) -> str:
        if external_id not in self._first:
            self._first = {x: p["variants"][0]["sku"] for x, p in self.platform.list_products().items()}
        return self._first[external_id]

    def read(self) -> dict[str, dict[str, Any]]:
        return {
            external_id: {
                "title": p["title"],
                "description_html": clean_html(p["description_html"]),
                "tags": sorted(p["tags"]),
                "price": p["variants"][0]["price_minor"],
            }
            for external_id, p in self.platform.list_products().items()
        }

    def count_writes(self) -> int:
        return int(self.platform.count_writes())

    def spoil(self, kind: str | None) -> None:
        if kind is None:
            self.no_faults()
        else:
            self.fault({"empty": "empty_list"}.get(kind, kind), times=1)

    def fault(self, kind: str, **more: Any) -> None:
        rule = {"service": self.name, "kind": kind, "match": ".*", **more}
        requests.post(f"{self.url}/control/api/faults", json=rule, timeout=20).raise_for_status()

    def no_faults(self) -> None:
        requests.delete(f"{self.url}/control/api/faults", timeout=20).raise_for_status()

    def calls(self) -> dict[int, int]:
        """Status → how many answers of this platform."""
        counts = requests.get(f"{self.url}/control/api/requests", params={"limit": 1}, timeout=20).json()["counts"]
        found: dict[int, int] = {}
        for row in counts:
            if row["service"] == self.name:
                found[row["status"]] = found.get(row["status"], 0) + row["count"]
        return found


def _product(number: int) -> dict[str, Any]:
    return {
        "title": f"Thing {number}",
        "description_html": f"<p>Number {number} of many, made on demand.</p>" * 3,
        "status": "active",
        "tags": ["art", "calm"],
        "vendor": "Fjord",
        "options": ["Size"],
        "images": [],
        "variants": [
            {"sku": f"T{number}-{size}", "price_minor": 1900 + number % 500, "options": {"Size": size}, "stock": 9}
            for size in "SML"
        ],
    }
