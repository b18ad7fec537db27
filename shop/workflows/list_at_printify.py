"""Put a product on sale, or take it off, here and at Printify (contracts/printify.md §5.5)."""

from __future__ import annotations

from sqlalchemy.orm import Session

from shop.catalog.editing import Edited, ProductEdit, apply_edit, find_product
from shop.core import clock
from shop.core.transaction import transaction
from shop.errors import Conflict, NotFound
from shop.fulfilment.printify.client import printify_client
from shop.workflows.create_product import publish_at_printify


def offer_product(product_id: int) -> None:
    """On sale here first, then announced there, and answered where it is sold. A repeat
    does nothing more. Raises NotFound, Conflict or an OutsideError, in which case it is on sale here alone."""
    with transaction() as session:
        external_id = _turn(session, product_id, "active")
    publish_at_printify(external_id)


def withdraw_product(product_id: int) -> None:
    """Off sale here first: nobody may buy what is being withdrawn. A repeat does nothing more."""
    with transaction() as session:
        external_id = _turn(session, product_id, "draft")
    printify_client().unpublish(external_id)


def _turn(session: Session, product_id: int, status: str) -> str:
    found: Edited | None = find_product(session, product_id, to_change=True)
    if found is None:
        raise NotFound("There is no such product.")
    if not found.product.external_id:
        raise Conflict("This product is not Printify’s: change its status below.")
    if found.product.status != status:
        apply_edit(session, found, ProductEdit(columns={"status": status}), clock.now())
    return str(found.product.external_id)
