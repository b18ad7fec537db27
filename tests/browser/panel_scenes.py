"""Every page of the panel, found by itself: each address of the URL map, its variables filled from what there is."""

from __future__ import annotations

from collections.abc import Iterable

from flask import Flask
from sqlalchemy import inspect, text
from werkzeug.routing import Rule

from shop.extensions import db

#: addresses that answer something other than a page, or that need a way in of their own (their own tests look at them)
NO_PAGES = {
    "admin.sign_in",
    "admin.sign_in_code",
    "admin.forgotten",
    "admin.invitation",
    "admin.new_password",
    "admin.catalog_progress",
    "admin.change_progress",
    "admin.draft_goods",
    "admin.change_result",
    "admin.export_csv",
    "admin.vat_csv",
    "admin.return_photo",
    "admin.letter_frame",
    "admin.letter_kind_frame",
    "admin.newsletter_frame",
    "admin.authorised",
    "admin.handed_over",
    "admin.sync_progress",
}
#: asked for with what they need
WITH = {
    "admin.packing_slips": "/admin/packing-slips?orders={number}",
    "admin.packing_slips_pdf": "/admin/packing-slips/pdf?orders={number}",
}
#: variable, or endpoint and variable → how to find a value for it
VALUES = {
    "number": "SELECT number FROM orders ORDER BY id LIMIT 1",
    "letter": "SELECT 'order_confirmation'",
    "kind": "SELECT 'fulfilment_orders'",
    "section": "SELECT 'general'",
    "channel": "SELECT 'market'",
    "connection_id": "SELECT id FROM connections WHERE channel = 'toy'",
    "admin.edit_connection connection_id": "SELECT id FROM connections WHERE channel = 'market'",
    "admin.leave_for_consent connection_id": "SELECT id FROM connections WHERE channel = 'fair'",
    "sync_run_id": "SELECT id FROM sync_runs ORDER BY id DESC LIMIT 1",
    "row_id": "SELECT id FROM fulfilment_orders WHERE work_state = 'parked' ORDER BY id LIMIT 1",
    "member_id": "SELECT id FROM staff_members ORDER BY id LIMIT 1",
    "endpoint_id": "SELECT id FROM webhook_endpoints ORDER BY id LIMIT 1",
    "delivery_id": "SELECT id FROM webhook_deliveries ORDER BY id LIMIT 1",
    "work_id": "SELECT id FROM fulfilment_orders ORDER BY id LIMIT 1",
    "blueprint_id": "SELECT 12",
    "provider_id": "SELECT 29",
    "run_id": "SELECT id FROM catalog_runs ORDER BY id LIMIT 1",
    "admin.new_product row_id": "SELECT id FROM new_products ORDER BY id LIMIT 1",
    "admin.channel_order row_id": "SELECT id FROM channel_orders ORDER BY id LIMIT 1",
    "admin.product product_id": "SELECT product_id FROM images ORDER BY product_id LIMIT 1",
    "request_id": "SELECT id FROM privacy_requests ORDER BY id LIMIT 1",
    "page_id": "SELECT id FROM content_pages ORDER BY id LIMIT 1",
    "item_id": "SELECT id FROM menu_items ORDER BY id LIMIT 1",
    "menu": "SELECT 'header'",
    "section_id": "SELECT 's1'",
    "scope": "SELECT 'store'",
    "subject_id": "SELECT 0",
    "field": "SELECT field FROM dispute_files ORDER BY id LIMIT 1",
    "event_id": "SELECT id FROM inbound_events ORDER BY id LIMIT 1",
    "line_id": "SELECT id FROM order_lines ORDER BY order_id, id LIMIT 1",
    "draft_id": "SELECT id FROM draft_orders ORDER BY id LIMIT 1",
    "key_id": "SELECT id FROM api_keys ORDER BY id LIMIT 1",
    "card_id": "SELECT id FROM gift_cards ORDER BY id LIMIT 1",
    "import_id": "SELECT id FROM file_imports ORDER BY id LIMIT 1",
    "change_id": "SELECT id FROM change_runs WHERE kind <> 'editor' ORDER BY id LIMIT 1",
}


def panel_addresses(app: Flask) -> tuple[list[str], list[str]]:
    """(addresses to look at, endpoints that nothing was found for)."""
    found, missed = [], []
    for rule in sorted(app.url_map.iter_rules(), key=lambda r: r.rule):
        if not rule.endpoint.startswith("admin.") or "GET" not in (rule.methods or ()) or rule.endpoint in NO_PAGES:
            continue
        values = {name: _value(rule.endpoint, name) for name in rule.arguments}
        if any(value is None for value in values.values()):
            missed.append(rule.endpoint)
        else:
            address = WITH.get(rule.endpoint)
            found.append(address.format(number=_value("", "number")) if address else _fill(rule, values))
    return found, missed


def _fill(rule: Rule, values: dict[str, str | None]) -> str:
    pieces = []
    for piece in rule.rule.split("<"):
        name, bracket, rest = piece.partition(">")
        pieces.append(f"{values[name.rpartition(':')[2]]}{rest}" if bracket else piece)
    return "".join(pieces)


def _value(endpoint: str, name: str) -> str | None:
    query = VALUES.get(f"{endpoint} {name}") or VALUES.get(name) or _first_of(name)
    if query is None:
        return None
    with db.engine.connect() as connection:
        value = connection.execute(text(query)).scalar()
    return None if value is None else str(value)


def _first_of(name: str) -> str | None:
    """draft_id → the first row of the table whose name ends in "drafts"."""
    stem = name.removesuffix("_id")
    tables: Iterable[str] = sorted(inspect(db.engine).get_table_names(), key=len)
    table = next((t for t in tables if t.endswith((f"{stem}s", f"{stem}es", f"{stem[:-1]}ies"))), None)
    return f'SELECT id FROM "{table}" ORDER BY id LIMIT 1' if table else None
