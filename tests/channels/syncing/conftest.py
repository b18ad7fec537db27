"""A product that Printify prints."""

from __future__ import annotations

import pytest
from flask import Flask
from sqlalchemy import text

from shop.catalog.models import Product
from shop.channels.records import ProductRecord, VariantRecord
from shop.channels.syncing.product_rows import create_products
from shop.core.transaction import transaction
from shop.extensions import db


@pytest.fixture
def a_product(app: Flask) -> Product:
    record = ProductRecord("Fern Tee", "USD", (VariantRecord("FT-S", 2490), VariantRecord("FT-M", 2590)))
    with transaction() as session:
        (product_id,) = create_products(session, [record])
        session.execute(
            text("UPDATE products SET external_id = 'pfy1', status = 'active' WHERE id = :i"), {"i": product_id}
        )
        session.execute(text("UPDATE variants SET external_id = -external_id WHERE product_id = :i"), {"i": product_id})
    db.session.remove()
    return db.session.get_one(Product, product_id)
