"""Orders in and out, parcels and refunds (contracts/woocommerce.md §4)."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from shop.channels.connector import AcceptsOrders, Page, ReportsOrders, TakesRefunds, TakesTracking
from shop.channels.records import OrderRecord, Unreadable
from shop.channels.woocommerce.client import NAME
from shop.channels.woocommerce.listing import ListsProducts
from shop.channels.woocommerce.reading_orders import ORDER_KEY, is_order, read_order
from shop.channels.woocommerce.values import amount_text, list_of, meta_of
from shop.channels.woocommerce.writing_orders import fulfilment_body, order_body, tracking_body, tracking_note
from shop.core import clock
from shop.errors import Refused

Json = dict[str, Any]
_KEY = "_pod_key"


class HandlesOrders(ListsProducts, ReportsOrders, AcceptsOrders, TakesTracking, TakesRefunds):
    def pull_orders(self, since: datetime | None, cursor: str) -> Page[OrderRecord]:
        reply, following = self.read_page("/orders", since, cursor, status="any")
        records = [read_order(raw) for raw in reply.data if is_order(raw)]
        return Page(records, following, not following)

    def get_order(self, external_id: str) -> OrderRecord | None:
        raw = self._order(external_id)
        if raw is None or not is_order(raw):
            return None
        found = read_order(raw)
        if isinstance(found, Unreadable):
            raise Refused(f"This order cannot be read: {found.why}", service=NAME, unreadable=found)
        return found

    def _order(self, external_id: str) -> Json | None:
        reply = self.client.find(f"/orders/{external_id}") if external_id.isdigit() else None
        return reply.data if reply is not None and isinstance(reply.data, dict) else None

    # -- ours

    def find_order(self, key: str) -> str | None:
        """By our reference. Their search may not look at it (§4), so the newest are read too."""
        for asked in ({"search": key[:100]}, {"orderby": "date", "order": "desc"}):
            for raw in self.client.get("/orders", status="any", per_page=100, **asked).data:
                if isinstance(raw, dict) and meta_of(raw, ORDER_KEY) == key:
                    return str(raw["id"])
        return None

    def create_order(self, order: OrderRecord, key: str) -> str:
        return str(self.client.make("/orders", order_body(order, key))["id"])

    # -- parcels

    def add_fulfilment(
        self, external_id: str, lines: Mapping[str, int] | None, carrier: str, number: str, url: str, key: str
    ) -> str:
        """In the best way this shop has, as its check found out. A parcel that it knows already is not told again.
        The order is completed once nothing of it is left to send."""
        order = self._order(external_id)
        if order is None:
            raise Refused("This order is not there any more.", service=NAME, status=404)
        pieces = {str(entry["id"]): int(entry.get("quantity") or 0) for entry in list_of(order, "line_items")}
        items = {line: count for line, count in (lines or pieces).items() if line in pieces and count > 0}
        way = str(self.facts.get("tracking") or "note")
        if way == "fulfillments":
            made, sent = self._tell_core(external_id, items, carrier, number, url, key)
        elif way == "note":
            made, sent = self._tell_customer(external_id, carrier, number, url), items
        else:
            made, sent = self._tell_plugin(way, external_id, carrier, number, url), items
        is_whole = all(sent.get(line, 0) >= count for line, count in pieces.items())
        if is_whole and order.get("status") not in ("completed", "refunded", "cancelled"):
            self.client.change(f"/orders/{external_id}", {"status": "completed"})
        return made

    def _tell_core(
        self, order_id: str, items: Mapping[str, int], carrier: str, number: str, url: str, key: str
    ) -> tuple[str, dict[str, int]]:
        """The fulfilment's id, and how many pieces of each line are on their way with all of them."""
        told = self.client.get(f"/orders/{order_id}/fulfillments").data
        there = told.get("fulfillments") or [] if isinstance(told, dict) else told
        sent: dict[str, int] = dict.fromkeys(items, 0)
        made = ""
        for entry in there:
            if meta_of(entry, _KEY) == key or (number and meta_of(entry, "_tracking_number") == number):
                made = _fulfilment_id(entry)
            _add(sent, entry)
        if not made:
            body = fulfilment_body(items, carrier, number, url, key)
            answer = self.client.make(f"/orders/{order_id}/fulfillments", body, notify_customer="true")
            entry = answer.get("fulfillment") or answer
            made = _fulfilment_id(entry)
            for line, count in items.items():
                sent[line] = sent.get(line, 0) + count
        return made, sent

    def _tell_plugin(self, plugin: str, order_id: str, carrier: str, number: str, url: str) -> str:
        path = f"/{plugin}/orders/{order_id}/shipment-trackings"
        for entry in self.client.get(path).data:
            if str(entry.get("tracking_number")) == number:
                return str(entry["tracking_id"])
        body = tracking_body(carrier, number, url, clock.now().strftime("%Y-%m-%d"))
        return str(self.client.make(path, body)["tracking_id"])

    def _tell_customer(self, order_id: str, carrier: str, number: str, url: str) -> str:
        words = tracking_note(carrier, number, url)
        for entry in self.client.get(f"/orders/{order_id}/notes", type="customer").data:
            if entry.get("note") == words:
                return f"note-{entry['id']}"
        made = self.client.make(f"/orders/{order_id}/notes", {"note": words, "customer_note": True})
        return f"note-{made['id']}"

    # -- refunds

    def record_refund(self, external_id: str, amount_minor: int, currency: str, key: str) -> str:
        """Told, not paid: `api_refund` false, as the money went back through us. Nothing is put back on the shelf."""
        path = f"/orders/{external_id}/refunds"
        for entry in self.client.get(path, per_page=100).data:
            if meta_of(entry, _KEY) == key:
                return str(entry["id"])
        body = {
            "amount": amount_text(amount_minor, currency), "reason": "Refunded outside WooCommerce",
            "api_refund": False, "api_restock": False, "meta_data": [{"key": _KEY, "value": key}],
        }  # fmt: skip
        return str(self.client.make(path, body)["id"])


def _fulfilment_id(entry: Mapping[str, Any]) -> str:
    return str(entry.get("id") or entry.get("fulfillment_id") or "")


def _add(sent: dict[str, int], entry: Mapping[str, Any]) -> None:
    for meta in list_of(entry, "meta_data"):
        if meta.get("key") == "_items" and isinstance(meta.get("value"), list):
            for item in meta["value"]:
                line = str(item.get("item_id"))
                sent[line] = sent.get(line, 0) + int(item.get("qty") or 0)
