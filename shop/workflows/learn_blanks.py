"""Read what Printify's catalogue tells about the blanks we sell: names, and what sending them costs."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import select, text

from shop.catalog.models import PrintifyCache
from shop.catalog.shipping_rates import list_stale_sources, store_shipping
from shop.catalog.staging import BLUEPRINT, DAY_SECONDS, store_payload
from shop.core import clock, log
from shop.core.transaction import transaction
from shop.errors import Misunderstood, NeedsReconnect, OutsideError, Refused
from shop.fulfilment.printify.client import PrintifyClient
from shop.tenancy.profile import touch_catalog

BLANK_DAYS = 30
logger = log.get_logger("catalog")


def learn_blanks(
    client: PrintifyClient, payloads: Iterable[Mapping[str, Any]], learnt: set[int], at: datetime
) -> None:
    """Fetch the blueprints of these products that are not cached; each at most once a run (`learnt`).

    A blueprint that cannot be read costs its products only the better product type.
    """
    wanted = {p["blueprint_id"] for p in payloads if isinstance(p, dict) and type(p.get("blueprint_id")) is int}
    wanted -= learnt
    if not wanted:
        return
    learnt |= wanted
    with transaction() as session:
        fresh = select(PrintifyCache.external_id).where(
            PrintifyCache.kind == BLUEPRINT,
            PrintifyCache.external_id.in_([str(number) for number in wanted]),
            PrintifyCache.fetched_at > clock.now() - timedelta(days=BLANK_DAYS),
        )
        known = {int(number) for number in session.execute(fresh).scalars()}
    for blueprint_id in sorted(wanted - known):
        try:
            payload = client.get_blueprint(blueprint_id)
        except OutsideError as error:
            logger.warning("blueprint not read", blueprint=blueprint_id, why=str(error))
            continue
        with transaction() as session:
            if store_payload(session, BLUEPRINT, str(blueprint_id), payload, at, BLANK_DAYS * DAY_SECONDS):
                # products mapped without it are mapped again
                session.execute(
                    text("UPDATE products SET source_hash = '' WHERE blueprint_id = :id AND status <> 'archived'"),
                    {"id": blueprint_id},
                )


def learn_shipping(client: PrintifyClient, at: datetime, tick: Callable[[], None] = lambda: None) -> int:
    """Fetch the shipping of every blank on sale that is unknown or a day old. Returns how many sources changed.

    Printify failing here fails nothing else: the rates we have, or the fallback table, go on being used.
    """
    with transaction() as session:
        sources = list_stale_sources(session, at)
    changed = 0
    for blueprint_id, provider_id in sources:
        try:
            payload = read_shipping(client, blueprint_id, provider_id)
        except (Refused, Misunderstood) as error:
            logger.warning("shipping not read", blueprint=blueprint_id, provider=provider_id, why=str(error))
            continue
        except OutsideError as error:
            logger.warning("shipping is left for the next refresh", why=str(error))
            break
        with transaction() as session:
            if store_shipping(session, blueprint_id, provider_id, payload, at):
                changed += 1
                touch_catalog(session)
        tick()
    return changed


def read_shipping(client: PrintifyClient, blueprint_id: int, provider_id: int) -> dict[str, Any]:
    """{"v1": …, "v2": {method: rows}}; a part they refuse is left out."""
    told: dict[str, Any] = {"v1": None, "v2": {}}
    try:
        for method in client.list_shipping_methods(blueprint_id, provider_id):
            told["v2"][method] = client.get_shipping_method(blueprint_id, provider_id, method)
    except NeedsReconnect:
        raise
    except (Refused, Misunderstood) as error:
        logger.info("no v2 shipping", blueprint=blueprint_id, provider=provider_id, why=str(error))
    if not told["v2"].get("standard"):
        told["v1"] = client.get_shipping(blueprint_id, provider_id)
    return told
