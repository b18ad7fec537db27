"""A parcel told to the shop: its number on the order's carrier row, then the shop's "shipped" state (§4). Never by
writing the order: that adds a second line of state (§11). Everything is read before it is written: a repeat adds none.
"""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal

from shop.channels.prestashop.client import Client
from shop.channels.prestashop.reading import links, text
from shop.channels.prestashop.terms import Terms, flag, number
from shop.channels.prestashop.wire import SERVICE, build, set_text, without
from shop.errors import Refused

MOST_CHARS = 64


def tell_parcel(
    client: Client,
    terms: Terms,
    order_id: str,
    lines: Mapping[str, int] | None,
    number_: str,
    states: Mapping[str, Mapping[str, object]],
) -> str:
    """The id of the order's carrier row. Raises Refused for an order that is not there, and for a part of one."""
    rows = client.by_ids("orders", [order_id])
    if not rows:
        raise Refused(
            "This order is not in the shop any more.", service=SERVICE, detail=f"order {order_id} is gone", status=404
        )
    order = rows[0]
    if lines is not None and not _is_whole(lines, links(order, "order_rows")):
        raise Refused(
            "PrestaShop knows one parcel for the whole order: tell it when all of it has left.", service=SERVICE
        )
    parcel_id = _write_number(client, order_id, number_)
    if flag(states.get(text(order.get("current_state")), {}).get("shipped")):
        return parcel_id or f"order:{order_id}"
    shipped = terms.setting("PS_OS_SHIPPING", "4")

    def find() -> str | None:
        again = client.by_ids("orders", [order_id])
        return order_id if again and text(again[0].get("current_state")) == shipped else None

    client.create("order_histories", build("order_history", {"id_order": order_id, "id_order_state": shipped}), find)
    return parcel_id or f"order:{order_id}"


def _write_number(client: Client, order_id: str, tracking_number: str) -> str:
    """On the newest carrier row; a second parcel's number stands behind the first where both fit."""
    nodes = client.list_nodes("order_carriers", "id_order", order_id)
    if not nodes:
        return ""
    node = max(nodes, key=lambda found: int(found.findtext("id") or 0))
    before = (node.findtext("tracking_number") or "").strip()
    if tracking_number and tracking_number not in before.split(", "):
        both = f"{before}, {tracking_number}" if before else tracking_number
        set_text(node, "tracking_number", (both if len(both) <= MOST_CHARS else tracking_number)[:MOST_CHARS])
        client.replace("order_carriers", without(node, ()))
    return (node.findtext("id") or "").strip()


def _is_whole(lines: Mapping[str, int], rows: list[Mapping[str, object]]) -> bool:
    ordered = {text(row.get("id")): number(row.get("product_quantity")) for row in rows}
    return all(Decimal(lines.get(line_id, 0)) >= quantity for line_id, quantity in ordered.items())
