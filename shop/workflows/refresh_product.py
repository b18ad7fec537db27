"""One product changed, came or went at Printify (its webhooks). Each asks for the truth; a repeat is harmless."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from flask import current_app
from sqlalchemy import func, select, text

from config import Config
from shop.catalog.applying import archive
from shop.catalog.bulk import lock_catalog
from shop.catalog.importing import Counts, apply_payloads, incoming_of, list_gone
from shop.catalog.planning import braked, match_recreated
from shop.catalog.reading_printify import has_listing, wants_publish_answer
from shop.catalog.staging import stage_products
from shop.core import clock
from shop.core.transaction import transaction
from shop.fulfilment.printify.client import PrintifyClient, printify_client
from shop.inbound.models import InboundEvent
from shop.tenancy.profile import touch_catalog
from shop.workflows.learn_blanks import learn_blanks, learn_shipping
from shop.workflows.publish_answers import answer_publishing
from shop.workflows.request_refresh import request_refresh

PUBLISH_TOPIC = "product:publish:started"
MAX_WAIT_SECONDS = 20.0
HOOK_WINDOW = timedelta(hours=1)
RECENT_EVENTS = 20_000


def refresh_product(external_id: str) -> None:
    """Read this product again. Gone at Printify: archived. Taken off sale there: archived until published again.

    Raises OutsideError (the event is tried again).
    """
    client = printify_client(max_wait=MAX_WAIT_SECONDS)
    payload = client.get_product(external_id)
    if payload is None:
        _remove(external_id)
        return
    if _last_publish_action(external_id) == "delete" and not has_listing(payload):
        _take_off_sale(external_id)
        return
    now = clock.now()
    learn_blanks(client, [payload], set(), now)
    adopted = _made_again(client, payload)
    counts = _import(payload, adopted)
    learn_shipping(client, now)
    unanswered = {external_id: wants_publish_answer(payload)}
    created = {external_id} if counts.created and not has_listing(payload) else set()
    answer_publishing(client, unanswered, created)


def forget_product(external_id: str) -> None:
    """This product is said to be deleted. Still there: it is refreshed instead. Many at once: a refresh will ask."""
    if printify_client(max_wait=MAX_WAIT_SECONDS).get_product(external_id) is not None:
        refresh_product(external_id)
        return
    _remove(external_id)


def _import(payload: dict[str, Any], adopted: dict[str, int]) -> Counts:
    config: Config = current_app.config["IMPRINT"]
    counts = Counts()
    with transaction() as session:
        _put_back_on_sale(session, str(payload["id"]))
        staged = stage_products(session, [payload], clock.now(), config.catalog_ttl_minutes * 60)
        fresh = [(told, digest) for told, digest, _ in staged.fresh]
        if not fresh and not staged.skipped:  # the same payload, perhaps not applied yet
            fresh = _unapplied(session, str(payload["id"]), payload)
        apply_payloads(session, fresh, adopted, counts)
    return counts


def _unapplied(session: Any, external_id: str, payload: dict[str, Any]) -> list[tuple[Any, str]]:
    row = session.execute(
        text("""SELECT c.payload_hash FROM printify_cache c LEFT JOIN products p ON p.external_id = c.external_id
                 WHERE c.kind = 'product' AND c.external_id = :id
                   AND (p.id IS NULL OR p.source_hash <> c.payload_hash)"""),
        {"id": external_id},
    ).first()
    return [(payload, row[0])] if row else []


def _made_again(client: PrintifyClient, payload: dict[str, Any]) -> dict[str, int]:
    """Is this unknown product one of ours under a new id? Only if the old one is gone."""
    incoming = incoming_of(payload)
    if incoming is None:
        return {}
    with transaction() as session:
        known = session.execute(
            text("SELECT 1 FROM products WHERE external_id = :id"), {"id": incoming.external_id}
        ).first()
        gone = [] if known else list_gone(session, clock.now())
    found = match_recreated([incoming], gone)
    if not found:
        return {}
    old = next(g for g in gone if g.product_id == found[incoming.external_id])
    if not old.is_archived and client.get_product(old.external_id) is not None:
        return {}  # both are there: two products that look alike
    return found


def _remove(external_id: str) -> None:
    """Archive one product, unless hooks have removed more than the brake allows within the hour."""
    config: Config = current_app.config["IMPRINT"]
    with transaction() as session:
        lock_catalog(session)
        row = session.execute(
            text("SELECT id, status FROM products WHERE external_id = :id"), {"id": external_id}
        ).first()
        if row is None or row.status == "archived":
            return
        counted = session.execute(
            text("""SELECT count(*) FILTER (WHERE status = 'archived' AND updated_at > :since) AS gone,
                           count(*) FILTER (WHERE status <> 'archived') AS active
                      FROM products WHERE external_id IS NOT NULL"""),
            {"since": clock.now() - HOOK_WINDOW},
        ).one()
        if braked(counted.gone + 1, counted.gone + counted.active, config.catalog_removal_brake_percent):
            request_refresh(session, cause="hook")
            return
        archive(session, [row.id], clock.now())
        touch_catalog(session)


def _take_off_sale(external_id: str) -> None:
    """Unpublished in Printify's panel, though it still exists there: archived, and no refresh brings it back."""
    with transaction() as session:
        lock_catalog(session)
        rows = session.execute(
            text("""UPDATE products SET edited_fields = array_append(array_remove(edited_fields, 'status'), 'status')
                     WHERE external_id = :id RETURNING id"""),
            {"id": external_id},
        ).all()
        archive(session, [row.id for row in rows], clock.now())
        touch_catalog(session)


def _put_back_on_sale(session: Any, external_id: str) -> None:
    """Published again after it had been taken off sale there."""
    if _last_publish_action(external_id, session) in ("create", "update"):
        session.execute(
            text("""UPDATE products SET edited_fields = array_remove(edited_fields, 'status'), source_hash = ''
                     WHERE external_id = :id AND status = 'archived' AND 'status' = ANY(edited_fields)"""),
            {"id": external_id},
        )


def _last_publish_action(external_id: str, session: Any = None) -> str:
    """create | update | delete, as the newest publish event about this product says; "" when there is none."""
    if session is None:
        with transaction() as own:
            return _last_publish_action(external_id, own)
    payload = session.execute(
        select(InboundEvent.payload)
        .where(
            InboundEvent.source == "printify",
            InboundEvent.topic == PUBLISH_TOPIC,
            InboundEvent.subject_id == external_id,
            # walk back through recent events only: no index is kept for this rare question
            InboundEvent.id > select(func.coalesce(func.max(InboundEvent.id), 0) - RECENT_EVENTS).scalar_subquery(),
        )
        .order_by(InboundEvent.id.desc())
        .limit(1)
    ).scalar()
    told = payload.get("resource") if isinstance(payload, dict) else None
    data = told.get("data") if isinstance(told, dict) else None
    action = data.get("action") if isinstance(data, dict) else None
    return action if action in ("create", "update", "delete") else ""
