"""Pure mapping between a fulfilment order and Printify's order (contracts/printify.md §5.6, §5.7, §5.8)."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from shop.errors import Misunderstood
from shop.fulfilment.models import FulfilmentOrder
from shop.fulfilment.provider import ParcelNews, ProviderOrder

METHOD_CODES = {"standard": 1, "priority": 2, "express": 3, "economy": 4}

#: their status → ours; unknown ones are kept as text and move nothing
_STATUS = {
    "pending": "submitted",
    "on-hold": "submitted",
    "cost-calculation": "submitted",
    "payment-not-received": "trouble",
    "sending-to-production": "in_production",
    "sending_to_production_delegate": "in_production",
    "sending_to_production_delegate_sync": "in_production",
    "in-production": "in_production",
    "partially-fulfilled": "partly_shipped",
    "fulfilled": "shipped",
    "canceled": "cancelled",
    "has-issues": "trouble",
    "unfulfillable": "trouble",
    "source-check-failed": "trouble",
}
_TROUBLE = {
    "payment-not-received": "Printify could not charge your card for this order.",
    "has-issues": "Printify reports a problem with this order.",
    "unfulfillable": "Printify cannot make this order.",
    "source-check-failed": "Printify could not read the design of an item.",
}


def order_payload(work: FulfilmentOrder) -> dict[str, Any]:
    """Body of POST …/orders.json. Our key is `external_id`: a second order with it is refused."""
    to = work.ship_to
    first, _, last = str(to.get("name") or "").strip().partition(" ")
    return {
        "external_id": work.external_key,
        "label": work.external_key,
        "line_items": [
            {
                "product_id": line.product_id,
                "variant_id": line.variant_id,
                "quantity": line.quantity,
                "external_id": str(line.order_line_id),
            }
            for line in work.lines
        ],
        "shipping_method": METHOD_CODES.get(work.shipping_method, 1),
        "is_printify_express": work.shipping_method == "express",
        "is_economy_shipping": work.shipping_method == "economy",
        "send_shipping_notification": False,
        "address_to": {
            "first_name": first or "Customer",
            "last_name": last or "-",
            "email": str(to.get("email") or ""),
            "phone": str(to.get("phone") or ""),
            "country": str(to.get("country") or ""),
            "region": str(to.get("state") or ""),
            "address1": str(to.get("line1") or ""),
            "address2": str(to.get("line2") or ""),
            "city": str(to.get("city") or ""),
            "zip": str(to.get("postal_code") or ""),
        },
    }


def read_order(body: dict[str, Any]) -> ProviderOrder:
    """An order as Printify tells it. Raises Misunderstood when it has no id or status."""
    if not isinstance(body, dict) or not body.get("id") or not isinstance(body.get("status"), str):
        raise Misunderstood("Printify's order has no id or status", service="printify", detail=str(body)[:300])
    status = body["status"]
    metadata = body.get("metadata") if isinstance(body.get("metadata"), dict) else {}
    told = body.get("shipments")
    shipments = [s for s in told if isinstance(s, dict)] if isinstance(told, list) else []
    parcels = tuple(_parcel(s) for s in shipments if _text(s.get("number"), 80))
    ours = _STATUS.get(status, "")
    if ours == "shipped" and parcels and all(p.delivered_at for p in parcels):
        ours = "delivered"
    return ProviderOrder(
        external_id=_text(body["id"], 64),
        external_key=_text((metadata or {}).get("shop_order_id"), 64) or _text(body.get("external_id"), 64),
        status=ours,
        provider_status=_text(status, 40),
        cost_minor=sum(_whole(body.get(k)) for k in ("total_price", "total_shipping", "total_tax")),
        parcels=parcels,
        may_be_produced=status in ("on-hold", "pending", "cost-calculation"),
        trouble=_TROUBLE.get(status, ""),
    )


def _parcel(shipment: dict[str, Any]) -> ParcelNews:
    url = _text(shipment.get("url"), 2000)
    skus = shipment.get("skus")
    return ParcelNews(
        carrier=_text(shipment.get("carrier"), 40),
        number=_text(shipment["number"], 80),
        url=url if url.startswith(("https://", "http://")) else "",
        delivered_at=read_time(shipment.get("delivered_at")),
        skus=tuple(_text(s, 120) for s in skus if _text(s, 120)) if isinstance(skus, list) else (),
    )


def _text(raw: object, most: int) -> str:
    """A text or a number of theirs, bounded, without control characters; "" for anything else."""
    if isinstance(raw, bool) or not isinstance(raw, str | int):
        return ""
    return "".join(sign for sign in str(raw)[: most * 2] if sign.isprintable()).strip()[:most]


def read_time(raw: object) -> datetime | None:
    """ "2019-07-25 13:40:41+00:00", with or without the offset; None for nothing or nonsense."""
    if not isinstance(raw, str) or raw.startswith("1970-01-01"):
        return None
    try:
        found = datetime.fromisoformat(raw)
    except ValueError:
        return None
    return found if found.tzinfo else found.replace(tzinfo=UTC)


def _whole(raw: object) -> int:
    return raw if isinstance(raw, int) and 0 <= raw < 10**9 else 0
