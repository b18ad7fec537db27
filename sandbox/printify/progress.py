"""How an order moves on: to production, into parcels, to the door; by the clock or by hand."""

from __future__ import annotations

import secrets
from typing import Any
from urllib.parse import quote

from sandbox.printify.notices import tell
from sandbox.printify.orders import CANCELABLE, ORDER, STATUSES
from sandbox.world import World

_STARTS = "printify.in_production"
_SHIPS = "printify.ship"
_ARRIVES = "printify.deliver"
_APPROVES = "printify.approve"


class NotPossible(Exception):
    """The order is not in a state from which this can happen; the text says why."""


def attach_progress(world: World) -> None:
    """Register what the clock does to orders."""
    world.clock.on(_STARTS, lambda event: _by_clock(world, event, start_production))
    world.clock.on(_SHIPS, lambda event: _by_clock(world, event, _ship_rest))
    world.clock.on(_ARRIVES, lambda event: _by_clock(world, event, _deliver_all))
    world.clock.on(_APPROVES, lambda event: _by_clock(world, event, send_to_production))


def shown_order(order: dict[str, Any]) -> dict[str, Any]:
    """An order without the sandbox's own notes."""
    return {key: value for key, value in order.items() if not key.startswith("_")}


def announce_new(world: World, order: dict[str, Any]) -> None:
    """``order:created``, and automatic approval where the shop has it."""
    tell(world, "order:created", order["id"], {"shop_id": order["_shop_id"]}, order["_shop_id"])
    if world.settings.approval_seconds is not None:
        world.clock.after(world.settings.approval_seconds, _APPROVES, {"order_id": order["id"]})


def send_to_production(world: World, order_id: str) -> dict[str, Any]:
    """Charge the merchant and hand the order over; NotPossible unless it waits for that."""
    with world.store.lock:
        order = _order(world, order_id)
        if order["status"] not in ("pending", *CANCELABLE):
            raise NotPossible(f"Order in status {order['status']} cannot be sent to production.")
        _move(world, order, "sending-to-production")
    world.clock.after(1.0, _STARTS, {"order_id": order_id})
    return order


def start_production(world: World, order_id: str) -> dict[str, Any]:
    """The provider begins to print."""
    with world.store.lock:
        order = _order(world, order_id)
        if order["status"] not in ("pending", "sending-to-production", *CANCELABLE):
            raise NotPossible(f"Order in status {order['status']} is past the start of production.")
        order["sent_to_production_at"] = world.clock.text()
        for item in order["line_items"]:
            item["sent_to_production_at"] = order["sent_to_production_at"]
        _move(world, order, "in-production", "in-production")
    tell(world, "order:sent-to-production", order_id, {"shop_id": order["_shop_id"]}, order["_shop_id"])
    if world.settings.production_seconds is not None:
        world.clock.after(world.settings.production_seconds, _SHIPS, {"order_id": order_id})
    return order


def ship(
    world: World, order_id: str, carrier: str = "usps", number: str = "", chosen: list[int] | None = None
) -> dict[str, Any]:
    """Send a parcel with the chosen line items (positions), or with all that have not left yet.

    An order still waiting is put through production first, so one button is enough. NotPossible when there is
    nothing left to send.
    """
    with world.store.lock:
        order = _order(world, order_id)
        if order["status"] in ("pending", "sending-to-production", *CANCELABLE):
            order = start_production(world, order_id)
        if order["status"] not in ("in-production", "partially-fulfilled", "has-issues"):
            raise NotPossible(f"Order in status {order['status']} cannot be shipped.")
        waiting = [n for n, item in enumerate(order["line_items"]) if item["status"] != "fulfilled"]
        leaving = waiting if chosen is None else [n for n in chosen if n in waiting]
        if not leaving:
            raise NotPossible("None of these line items is still waiting to be shipped.")
        shipment = _parcel(world, carrier, number)
        order["shipments"].append(shipment)
        skus = _fulfil_lines(world, order, leaving, shipment)
        whole_order = len(leaving) == len(waiting)
        if whole_order:
            order["fulfilled_at"] = world.clock.text()
            order["metadata"]["shop_fulfilled_at"] = order["fulfilled_at"]
        _move(world, order, "fulfilled" if whole_order else "partially-fulfilled", said=False)
    shop_id = order["_shop_id"]
    data = {"shop_id": shop_id, "shipped_at": world.clock.text()[:19], "carrier": _carrier(shipment), "skus": skus}
    tell(world, "order:shipment:created", order_id, data, shop_id)
    tell(world, "order:updated", order_id, {"shop_id": shop_id, "status": order["status"]}, shop_id)
    if world.settings.delivery_seconds is not None:
        world.clock.after(
            world.settings.delivery_seconds, _ARRIVES, {"order_id": order_id, "number": shipment["number"]}
        )
    return order


def deliver(world: World, order_id: str, number: str = "") -> dict[str, Any]:
    """Bring one parcel (or every parcel on its way) to the door; NotPossible when none is on its way."""
    with world.store.lock:
        order = _order(world, order_id)
        arriving = [
            parcel for parcel in order["shipments"] if not parcel["delivered_at"] and number in ("", parcel["number"])
        ]
        if not arriving:
            raise NotPossible("No such parcel is on its way.")
        for parcel in arriving:
            parcel["delivered_at"] = world.clock.text()
        world.store.put(ORDER, order_id, order)
    shop_id, skus = order["_shop_id"], order.get("_parcels", {})
    for parcel in arriving:
        data = {
            "shop_id": shop_id,
            "delivered_at": parcel["delivered_at"][:19],
            "carrier": _carrier(parcel),
            "skus": skus.get(parcel["number"], []),
        }
        tell(world, "order:shipment:delivered", order_id, data, shop_id)
    return order


def cancel(world: World, order_id: str) -> dict[str, Any]:
    """Only while on hold or unpaid."""
    with world.store.lock:
        order = _order(world, order_id)
        if order["status"] not in CANCELABLE:
            raise NotPossible(f"Order in status {order['status']} cannot be canceled.")
        _move(world, order, "canceled", "canceled")
    return order


def set_status(world: World, order_id: str, status: str) -> dict[str, Any]:
    """Put an order into any status by hand (control page), with its notice."""
    if status not in STATUSES:
        raise NotPossible(f"{status!r} is not a status of an order.")
    lines = status if status in ("on-hold", "in-production", "fulfilled", "canceled", "has-issues") else ""
    with world.store.lock:
        order = _order(world, order_id)
        _move(world, order, status, lines)
    return order


def _move(world: World, order: dict[str, Any], status: str, lines: str = "", said: bool = True) -> None:
    order["status"] = status
    order.setdefault("_history", []).append({"status": status, "at": world.clock.text()})
    if lines:
        for item in order["line_items"]:
            if item["status"] not in ("fulfilled", "canceled"):
                item["status"] = lines
    world.store.put(ORDER, order["id"], order)
    if said:
        shop_id = order["_shop_id"]
        tell(world, "order:updated", order["id"], {"shop_id": shop_id, "status": status}, shop_id)


def _fulfil_lines(world: World, order: dict[str, Any], leaving: list[int], shipment: dict[str, Any]) -> list[str]:
    skus = []
    for position in leaving:
        item = order["line_items"][position]
        item["status"], item["fulfilled_at"] = "fulfilled", world.clock.text()
        skus.append(item["metadata"]["sku"])
    order.setdefault("_parcels", {})[shipment["number"]] = skus
    return skus


def _parcel(world: World, carrier: str, number: str) -> dict[str, Any]:
    name = (carrier or "usps").strip().lower()
    number = number.strip() or "94001" + "".join(secrets.choice("0123456789") for _ in range(17))
    # Our own page: a made-up number leads nowhere at a real carrier.
    link = f"http://{world.settings.host}:{world.settings.port}/track/{quote(number, safe='')}"
    return {"carrier": name, "number": number, "url": link, "delivered_at": None}


def _carrier(parcel: dict[str, Any]) -> dict[str, str]:
    return {
        "code": parcel["carrier"].upper(),
        "tracking_number": parcel["number"],
        "tracking_url": parcel["url"],
    }


def _order(world: World, order_id: str) -> dict[str, Any]:
    order = world.store.get(ORDER, order_id)
    if order is None:
        raise LookupError(order_id)
    return order


def _by_clock(world: World, event: dict[str, Any], step: Any) -> None:
    """Time passes for orders that may have moved or vanished meanwhile: then there is nothing to do."""
    try:
        step(world, event["order_id"], **{key: value for key, value in event.items() if key != "order_id"})
    except (LookupError, NotPossible):
        return


def _ship_rest(world: World, order_id: str) -> dict[str, Any]:
    return ship(world, order_id)


def _deliver_all(world: World, order_id: str, number: str = "") -> dict[str, Any]:
    return deliver(world, order_id, number)
