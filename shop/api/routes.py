"""JSON for machines. The versioned API with scoped keys is a later surface; these are the calls a sale needs."""

from __future__ import annotations

from flask import Blueprint

from shop.api import checkout, fulfilment, products

bp = Blueprint("api", __name__, url_prefix="/api")

bp.get("/products")(products.list_products)
bp.get("/products/<int:product_id>")(products.get_product)
bp.post("/checkout/create-session")(checkout.create_session)
bp.get("/checkout/success")(checkout.success)
bp.post("/orders/fulfill")(fulfilment.fulfill)
