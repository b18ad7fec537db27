"""A town with everything a visitor can meet: pictures on every product, one sold out, a sale, orders in every state."""

from __future__ import annotations

import io
import json
from functools import cache

from PIL import Image as Drawing
from PIL import ImageDraw
from sqlalchemy import select, text, update

from shop.catalog import documents
from shop.catalog.models import Product, Variant
from shop.catalog.pictures import Picture, make_renditions
from shop.core.storage import store_file
from shop.core.transaction import transaction
from shop.extensions import db
from shop.orders.models import Order
from shop.tenancy import profile
from shop.workflows import watch_subscriptions
from tests.town import Buyer, Town


@cache
def drawn_picture() -> Picture:
    """One picture in every size and format, encoded once for the whole run."""
    drawing = Drawing.new("RGB", (1200, 1500), "#e9e2d3")
    ImageDraw.Draw(drawing).ellipse((250, 400, 950, 1100), fill="#2f6b4f")
    held = io.BytesIO()
    drawing.save(held, "PNG")
    return make_renditions(held.getvalue())


class Showroom:
    def __init__(self, town: Town) -> None:
        self.town, self.url = town, town.url
        self._hang_pictures()
        self.product = self._slug(1)
        self.mug = self._slug_of("mug")
        self.sold_out = self._sell_out()

    # -- goods

    def _hang_pictures(self) -> None:
        picture = drawn_picture()
        renditions: dict[str, list[list[object]]] = {}
        for rendition in picture.renditions:
            name = {"jpg": "jpeg"}.get(rendition.ending, rendition.ending)
            renditions.setdefault(name, []).append([rendition.width, store_file(rendition.body, rendition.ending)])
        with transaction() as session:
            session.execute(
                text("UPDATE images SET width = :w, height = :h, colour = :c, renditions = CAST(:r AS jsonb)"),
                {"w": picture.width, "h": picture.height, "c": picture.colour, "r": json.dumps(renditions)},
            )
            documents.rebuild_all(session)
            profile.touch_catalog(session)
        profile.forget()

    def _slug(self, nth: int) -> str:
        return self._one(select(Product.slug).where(Product.title.ilike("%tee%")).order_by(Product.id).offset(nth))

    def _slug_of(self, word: str) -> str:
        return self._one(select(Product.slug).where(Product.title.ilike(f"%{word}%")).order_by(Product.id))

    def _one(self, query: object) -> str:
        found = str(db.session.execute(query.limit(1)).scalar_one())  # type: ignore[attr-defined]
        db.session.rollback()
        return found

    def _sell_out(self) -> str:
        with transaction() as session:
            product = session.execute(
                select(Product).where(Product.title.ilike("%hoodie%")).order_by(Product.id).limit(1)
            ).scalar_one()
            session.execute(update(Variant).where(Variant.product_id == product.id).values(is_available=False))
            documents.rebuild(session, [product.id])
            profile.touch_catalog(session)
            slug = product.slug
        profile.forget()
        return slug

    # -- carts

    def buyer(self) -> Buyer:
        return Buyer(self.town)

    def full_cart(self) -> str:
        """Two things in a cart; returns its cookie."""
        buyer = self.buyer()
        buyer.fill_cart(2)
        buyer.fill_cart(1, self._another())
        return str(buyer.http.cookies["cart"])

    def troubled_cart(self) -> str:
        """One thing is gone, the other costs more than when it was put in."""
        buyer = self.buyer()
        dearer, gone = self.town.a_shirt(), self._another()
        buyer.fill_cart(1, dearer)
        buyer.fill_cart(1, gone)
        with transaction() as session:
            session.execute(update(Variant).where(Variant.id == gone.id).values(is_available=False))
            session.execute(
                update(Variant).where(Variant.id == dearer.id).values(price_minor=Variant.price_minor + 300)
            )
            documents.rebuild(session, [gone.product_id, dearer.product_id])
            profile.touch_catalog(session)
        profile.forget()
        return str(buyer.http.cookies["cart"])

    def _another(self) -> Variant:
        return db.session.execute(
            select(Variant)
            .join(Product, Product.id == Variant.product_id)
            .where(Product.slug == self.mug, Variant.is_available)
            .order_by(Variant.id)
            .limit(1)
        ).scalar_one()

    # -- payments and orders

    def payments(self) -> dict[str, str]:
        """{state of the return page: session id}"""
        found = {"unknown": "cs_test_nobody"}
        for state in ("processing", "failed", "expired", "paid"):
            buyer = self.buyer()
            buyer.fill_cart()
            found[state] = session_id = buyer.check_out()
            if state in ("processing", "failed"):
                buyer.pay(session_id, bank=True)
            if state == "paid":
                buyer.pay(session_id)
            verb = {"failed": "fail", "expired": "expire"}.get(state)
            if verb:
                self.town.control("POST", f"stripe/sessions/{session_id}/{verb}")
        self.town.work()
        return found

    def orders(self) -> dict[str, Order]:
        """{how far it is: order}, one through every step of the real way."""
        watch_subscriptions.run()
        found = {}
        for far in ("in_production", "shipped", "delivered"):
            self.town.buyer = self.buyer()
            self.town.paid_order(2)
            if far != "in_production":
                self.town.ship(carrier="dhl", number=f"JD0146{len(found)}")
                self.town.work()
            if far == "delivered":
                self.town.deliver()
                self.town.work()
            found[far] = self.town.orders()[-1]
        return found
