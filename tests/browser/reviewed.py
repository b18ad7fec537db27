"""A product that buyers have said something about: pages of reviews in every state a visitor meets."""

from __future__ import annotations

from datetime import timedelta

from sqlalchemy import select

from shop.catalog.models import Product
from shop.core import clock
from shop.core.transaction import transaction
from shop.orders.models import Order
from shop.reviews.models import Review
from shop.reviews.pictures import keep_picture
from shop.reviews.recounting import recount
from shop.tenancy import profile
from shop.workflows.review_links import review_path
from tests.browser.showroom import Showroom, drawn_picture

WORDS = (
    (5, "Soft as moss", "Fits well, and the print is crisp after ten washes. The green is a little darker than on the screen, which I like better.", "Ada B.", "Thank you, Ada. The darker green is the organic cotton."),
    (4, "", "Good, but order a size up.", "", ""),
    (2, "Es ist eingelaufen", "Nach der ersten Wäsche eine Nummer kleiner.\n\nDer Druck ist schön geblieben.", "Grete", ""),
)  # fmt: skip


def review_pages(room: Showroom, order: Order) -> list[str]:
    """`order` was delivered; the product's page (its own is first in the list) has reviews from it and from others."""
    body = next(r.body for r in drawn_picture().renditions if r.ending == "jpg")
    picture = keep_picture(body)
    with transaction() as session:
        product = session.execute(select(Product).where(Product.slug == room.product)).scalar_one()
        orders = session.execute(select(Order).order_by(Order.id)).scalars().all()
        for number, (of, (rating, title, text, name, reply)) in enumerate(zip(orders, WORDS, strict=False)):
            pictures = [picture, {**picture}] if number == 0 else []
            session.add(
                Review(
                    product_id=product.id, order_id=of.id, variant_title="Moss / M", rating=rating, title=title,
                    body=text, name=name, reply=reply, pictures=pictures, has_pictures=bool(pictures), status="shown",
                    locale="de" if title.startswith("Es") else "en", created_at=clock.now() - timedelta(days=number),
                )
            )  # fmt: skip
        recount(session, [product.id])
    profile.forget()
    link = review_path(order.id)
    return [
        f"/products/{room.product}", f"/products/{room.product}/reviews", f"/products/{room.product}/reviews?stars=5",
        link, f"{link}?done=waiting", "/recently-viewed",
    ]  # fmt: skip
