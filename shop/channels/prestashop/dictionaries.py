"""The shop-wide dictionaries: options and their values, tags, makers. Read in batches, kept for a while, and made where
they lack (contracts/prestashop.md §3; unified-model.md §4, "ensure option and value")."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterable

from shop.channels.prestashop.client import Client
from shop.channels.prestashop.reading import Words, text
from shop.channels.prestashop.terms import Terms
from shop.channels.prestashop.wire import build
from shop.channels.prestashop.writing import clean_name

KEPT_SECONDS = 600.0


class Dictionaries:
    """Of one shop, in its own language. A name that is changed there is seen after ten minutes."""

    def __init__(self, client: Client) -> None:
        self._client = client
        self._lock = threading.Lock()
        self._forget()

    def words(self, value_ids: Iterable[str], tag_ids: Iterable[str], terms: Terms) -> Words:
        """Everything that these ids need: no call when all are known."""
        if time.monotonic() > self._until:
            self._forget()
        language = terms.language_id
        if lacking := set(value_ids) - self._values.keys():
            for row in self._client.by_ids("product_option_values", lacking, language=language):
                self._values[text(row.get("id"))] = (text(row.get("id_attribute_group")), text(row.get("name")))
        if lacking := {option_id for option_id, _ in self._values.values()} - self._options.keys():
            for row in self._client.by_ids("product_options", lacking, language=language):
                self._options[text(row.get("id"))] = text(row.get("public_name")) or text(row.get("name"))
        if lacking := set(tag_ids) - self._tags.keys():
            for row in self._client.by_ids("tags", lacking):
                self._tags[text(row.get("id"))] = text(row.get("name"))
        return Words(dict(self._values), dict(self._options), dict(self._tags))

    def value_id(self, option: str, value: str, terms: Terms) -> str:
        """The value's id; it, and its option, are made when the shop has none of that name."""
        option, value = clean_name(option, 64), clean_name(value, 128)
        with self._lock:
            option_id = self._find_option(option, terms) or self._make_option(option, terms)
            return self._find_value(option_id, value, terms) or self._make_value(option_id, value, terms)

    def tag_id(self, name: str, terms: Terms) -> str:
        name = clean_name(name, 32)

        def find() -> str | None:
            return self._named("tags", name)

        fields = {"id_lang": terms.language_id, "name": name}
        return find() or self._client.create("tags", build("tag", fields), find)

    def maker_id(self, name: str) -> str:
        name = clean_name(name, 64)

        def find() -> str | None:
            return self._named("manufacturers", name)

        return find() or self._client.create(
            "manufacturers", build("manufacturer", {"active": "1", "name": name}), find
        )

    # -- finding and making

    def _find_option(self, name: str, terms: Terms) -> str | None:
        if name in self._option_ids:
            return self._option_ids[name]
        for row in self._client.list_rows("product_options", language=terms.language_id):
            option_id = text(row.get("id"))
            for found in (text(row.get("name")), text(row.get("public_name"))):
                self._option_ids[found] = option_id
        return self._option_ids.get(name)

    def _make_option(self, name: str, terms: Terms) -> str:
        names = {terms.language_id: name}
        node = build("product_option", {"group_type": "select", "name": names, "public_name": names})
        made = self._client.create("product_options", node, lambda: self._find_option(name, terms))
        self._option_ids[name] = self._options[made] = made
        self._options[made] = name
        return made

    def _find_value(self, option_id: str, value: str, terms: Terms) -> str | None:
        if (option_id, value) in self._value_ids:
            return self._value_ids[option_id, value]
        some = {"filter[id_attribute_group]": f"[{option_id}]"}
        for row in self._client.list_rows("product_option_values", some, language=terms.language_id):
            self._value_ids[option_id, text(row.get("name"))] = text(row.get("id"))
        return self._value_ids.get((option_id, value))

    def _make_value(self, option_id: str, value: str, terms: Terms) -> str:
        node = build("product_option_value", {"id_attribute_group": option_id, "name": {terms.language_id: value}})
        made = self._client.create("product_option_values", node, lambda: self._find_value(option_id, value, terms))
        self._value_ids[option_id, value] = made
        self._values[made] = (option_id, value)
        return made

    def _named(self, resource: str, name: str) -> str | None:
        rows = self._client.find_rows(resource, "name", name)
        return text(rows[0].get("id")) if rows else None

    def _forget(self) -> None:
        self._until = time.monotonic() + KEPT_SECONDS
        self._values: dict[str, tuple[str, str]] = {}
        self._options: dict[str, str] = {}
        self._tags: dict[str, str] = {}
        self._option_ids: dict[str, str] = {}
        self._value_ids: dict[tuple[str, str], str] = {}
