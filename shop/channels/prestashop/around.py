"""What orders and addresses only name by an id: read in batches, the lasting ones kept for a while (§4, §5)."""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping
from typing import Any

from shop.channels.prestashop.client import Client
from shop.channels.prestashop.reading import Row, links, text
from shop.channels.prestashop.reading_orders import Around
from shop.channels.prestashop.terms import Terms
from shop.errors import NeedsReconnect, Refused

KEPT_SECONDS = 600.0


class Surroundings:
    """Of one shop. A page of orders costs the same number of calls, however many there are on it."""

    def __init__(self, client: Client) -> None:
        self._client = client
        self._kept: dict[str, tuple[float, dict[str, Row]]] = {}

    def of_orders(self, rows: list[dict[str, Any]], terms: Terms) -> Around:
        customers = self._client.by_ids("customers", _ids(rows, "id_customer"))
        places = _ids(rows, "id_address_delivery") | _ids(rows, "id_address_invoice")
        addresses = self._client.by_ids("addresses", places)
        around = self.of_addresses(addresses)
        carriers = self._lasting("carriers", lacking=_ids(rows, "id_carrier"), optional=True)
        return Around(
            states=self.states(terms, _ids(rows, "current_state")),
            customers=_by_id(customers),
            addresses=_by_id(addresses),
            countries=around.countries,
            provinces=around.provinces,
            currencies=_codes(self._lasting("currencies", lacking=_ids(rows, "id_currency"))),
            carriers={key: text(row.get("name")) for key, row in carriers.items()},
            codes=self._codes_of(rows),
            texts=self._texts_of(rows),
        )

    def of_addresses(self, addresses: Iterable[Row]) -> Around:
        rows = list(addresses)
        countries = self._lasting("countries", lacking=_ids(rows, "id_country"))
        provinces = self._by_need("states", _ids(rows, "id_state"))
        return Around(countries=_codes(countries), provinces=_codes(provinces))

    def states(self, terms: Terms, lacking: set[str] | None = None) -> Mapping[str, Row]:
        """The shop's own states of orders: names and flags."""
        return self._lasting("order_states", language=terms.language_id, lacking=lacking or set())

    def country_id(self, iso_code: str) -> str:
        """ "": the shop does not know it."""
        return next((key for key, code in _codes(self._lasting("countries")).items() if code == iso_code.upper()), "")

    def _codes_of(self, rows: list[dict[str, Any]]) -> dict[str, tuple[str, ...]]:
        """Codes used, by order. Older shops have no such resource: then there are none to tell."""
        if not any(text(row.get("total_discounts")).strip("0.") for row in rows):
            return {}
        try:
            used = self._client.by_ids("order_cart_rules", _ids(rows, "id"), "id_order")
            rules = _by_id(self._client.by_ids("cart_rules", _ids(used, "id_cart_rule")))
        except (Refused, NeedsReconnect):
            return {}
        found: dict[str, tuple[str, ...]] = {}
        for row in used:
            rule = rules.get(text(row.get("id_cart_rule")), {})
            order_id, code = text(row.get("id_order")), text(rule.get("code")) or text(row.get("name"))
            found[order_id] = (*found.get(order_id, ()), code)
        return found

    def _texts_of(self, rows: list[dict[str, Any]]) -> dict[str, dict[str, str]]:
        """What buyers had written on it, by the customisation's id."""
        ids = _ids([item for row in rows for item in links(row, "order_rows")], "id_customization")
        if not ids:
            return {}
        try:
            found = self._client.by_ids("customizations", ids)
        except (Refused, NeedsReconnect):
            return {}
        return {
            text(row.get("id")): {
                f"Text {text(item.get('id_customization_field'))}": text(item.get("value"))
                for item in links(row, "customized_data_text_fields")
            }
            for row in found
        }

    # -- what is kept

    def _lasting(
        self, resource: str, *, language: str = "", lacking: Iterable[str] = (), optional: bool = False
    ) -> dict[str, Row]:
        """All of a small resource; read again when it is old, or when an id is asked for that came later."""
        until, rows = self._kept.get(resource, (0.0, {}))
        if time.monotonic() < until and set(lacking) <= rows.keys():
            return rows
        if rows and time.monotonic() < until and time.monotonic() > until - KEPT_SECONDS + 30:
            until = 0.0  # asked for something new: not more than every half minute
        if time.monotonic() < until:
            return rows
        try:
            rows = _by_id(self._client.list_rows(resource, language=language))
        except (Refused, NeedsReconnect):
            if not optional:
                raise
            rows = {}
        self._kept[resource] = (time.monotonic() + KEPT_SECONDS, rows)
        return rows

    def _by_need(self, resource: str, ids: set[str]) -> dict[str, Row]:
        """A large resource: only what was asked for, kept."""
        until, rows = self._kept.get(resource, (0.0, {}))
        if time.monotonic() > until:
            until, rows = time.monotonic() + KEPT_SECONDS, {}
        if lacking := ids - rows.keys():
            rows = rows | _by_id(self._client.by_ids(resource, lacking))
        self._kept[resource] = (until, rows)
        return rows


def _ids(rows: Iterable[Row], name: str) -> set[str]:
    return {found for row in rows if (found := text(row.get(name))) not in ("", "0")}


def _by_id(rows: Iterable[Row]) -> dict[str, Row]:
    return {text(row.get("id")): row for row in rows}


def _codes(rows: Mapping[str, Row]) -> dict[str, str]:
    return {key: text(row.get("iso_code")).upper() for key, row in rows.items()}
