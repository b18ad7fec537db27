"""JSON for machines: the calls that a sale needs, and the versioned API with scoped keys (v1/)."""

from __future__ import annotations

from flask import Blueprint

from shop.api import checkout, fulfilment, products
from shop.api.v1.routes import bp as v1

bp = Blueprint("api", __name__, url_prefix="/api")

bp.get("/products")(products.list_products)
bp.get("/products/<int:product_id>")(products.get_product)
bp.post("/checkout/create-session")(checkout.create_session)
bp.get("/checkout/success")(checkout.success)
bp.post("/orders/fulfill")(fulfilment.fulfill)
bp.register_blueprint(v1)
