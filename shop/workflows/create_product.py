"""A design becomes a product at Printify, and then in the shop.

    upload   the picture, once for each design (the same bytes have the same id there, so a repeat is harmless)
    create   the product; this cannot be repeated blindly, so after a lost answer it is looked for by its SKUs
    read     the finished product, with the mock-ups they drew, into our catalogue
    publish  if the merchant wanted that; their webhook and our answer do the rest

Source: contracts/printify.md §5.4, §5.5, §5.10.
"""

from __future__ import annotations

import base64
from dataclasses import dataclass
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from shop.catalog.models import Product
from shop.core import clock, durable
from shop.core.durable import Claim
from shop.core.queue import JobName, enqueue_after_commit
from shop.core.secrets import new_token
from shop.core.storage import public_url, storage
from shop.core.transaction import release_connection, transaction
from shop.designing.models import Design, NewProduct
from shop.errors import Refused
from shop.extensions import db
from shop.fulfilment.printify.client import PrintifyClient, printify_client
from shop.fulfilment.printify.new_products import made_from, new_product_payload
from shop.workflows.refresh_product import refresh_product

SENT_WHOLE = 5 * 1024 * 1024  # larger pictures are fetched by them (§5.10)
MAX_WAIT_SECONDS = 20.0
LOCKED = 8252  # a product that is being published already


@dataclass(frozen=True)
class Wish:
    """What the merchant chose. Prices in minor units of the store's currency."""

    design_id: int
    blueprint_id: int
    provider_id: int
    blank_title: str
    title: str
    description_html: str
    tags: list[str]
    variants: list[dict[str, int]]
    placements: list[dict[str, Any]]
    wants_publishing: bool


def request_new_product(session: Session, wish: Wish, *, key: str, who: str) -> int:
    """The row's id. `key` is the form's own: the same form sent twice asks for one product. The caller commits."""
    reference = f"IMP{key[:18].upper()}"
    found = session.execute(select(NewProduct.id).where(NewProduct.reference == reference)).scalar()
    if found is not None:
        return int(found)
    row = NewProduct(reference=reference, requested_by=who, **vars(wish))
    session.add(row)
    session.flush()
    enqueue_after_commit(session, JobName.DRAIN_NEW_PRODUCTS)
    return row.id


def new_form_key() -> str:
    """For the hidden field of a form; letters and digits only, since it becomes part of SKUs."""
    return "".join(c for c in new_token() if c.isalnum())[:18].upper()


def go_on(held: Claim) -> None:
    """One step of one row. Raises OutsideError kinds for the drain loop; a repeat of a finished step does nothing."""
    row = db.session.execute(select(NewProduct).where(NewProduct.id == held.id)).scalar_one()
    {"upload": _upload, "create": _create, "read": _read, "publish": _publish}.get(row.step, _finish)(held, row)


def _upload(held: Claim, row: NewProduct) -> None:
    design = db.session.execute(select(Design).where(Design.id == row.design_id)).scalar_one()
    upload_id = design.upload_id
    if upload_id is None:
        name, key, size = design.name, design.file_key, design.bytes
        release_connection()
        ending = key.rpartition(".")[2]
        if size <= SENT_WHOLE:
            contents = base64.b64encode(storage().read(key)).decode("ascii")
            upload_id = _client().upload_image(f"{name}.{ending}", contents=contents)
        else:
            upload_id = _client().upload_image(f"{name}.{ending}", url=public_url(key))
    with transaction() as session:
        durable.hold(session, NewProduct, held)
        session.get_one(Design, design.id).upload_id = upload_id
        durable.step_on(session, NewProduct, held, due_at=clock.now(), step="create")


def _create(held: Claim, row: NewProduct) -> None:
    design = db.session.execute(select(Design).where(Design.id == row.design_id)).scalar_one()
    body, reference = _body(row, design.upload_id or ""), row.reference
    client = _client()
    release_connection()
    external_id = _look_for(client, reference) if held.unknown_outcome else None
    if external_id is None:
        with transaction() as session:
            durable.begin_call(session, NewProduct, held)
        try:
            external_id = client.create_product(body, subject=f"new_product:{held.id}")
        except Refused as error:
            error.facts["final"] = True  # looked for above, and refused now: it is not there
            raise
    with transaction() as session:
        durable.step_on(session, NewProduct, held, due_at=clock.now(), step="read", external_id=external_id)


def _body(row: NewProduct, upload_id: str) -> dict[str, Any]:
    return new_product_payload(
        title=row.title,
        description_html=row.description_html,
        tags=row.tags,
        blueprint_id=row.blueprint_id,
        provider_id=row.provider_id,
        variants=row.variants,
        placements=row.placements,
        upload_id=upload_id,
        reference=row.reference,
        is_visible=row.wants_publishing,
    )


def _look_for(client: PrintifyClient, reference: str) -> str | None:
    """Their list cannot be searched (§3), so it is read until ours is found."""
    for page in client.iter_products():
        found = made_from(reference, page.items)
        if found is not None:
            return found
    return None


def _read(held: Claim, row: NewProduct) -> None:
    external_id = row.external_id or ""
    release_connection()
    refresh_product(external_id)
    with transaction() as session:
        durable.hold(session, NewProduct, held)
        product_id = session.execute(select(Product.id).where(Product.external_id == external_id)).scalar()
        step = "publish" if row.wants_publishing else "done"
        durable.step_on(session, NewProduct, held, due_at=clock.now(), step=step, product_id=product_id)


def _publish(held: Claim, row: NewProduct) -> None:
    external_id = row.external_id or ""
    release_connection()
    publish_at_printify(external_id)
    with transaction() as session:
        durable.finish(session, NewProduct, held, step="done")


def _finish(held: Claim, row: NewProduct) -> None:
    with transaction() as session:
        durable.finish(session, NewProduct, held)


def publish_at_printify(external_id: str) -> None:
    """Ask Printify to publish, and answer at once where it is sold: their webhook may be lost, and the product would
    stay locked until the next refresh. Being published already is fine."""
    try:
        _client().publish(external_id)
    except Refused as error:
        if error.facts.get("code") != LOCKED:
            raise
    refresh_product(external_id)


def _client() -> PrintifyClient:
    return printify_client(max_wait=MAX_WAIT_SECONDS)
