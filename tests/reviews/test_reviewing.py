"""Somebody bought, the parcel came, they say what they think: from the letter to the product's page."""

from __future__ import annotations

import io
import json
import re
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from PIL import Image
from sqlalchemy import select, update

from shop.catalog.models import Product
from shop.core import clock
from shop.core.settings import current_settings
from shop.core.transaction import transaction
from shop.extensions import db
from shop.fulfilment.models import Shipment
from shop.orders.models import Order
from shop.reviews.models import Review
from shop.reviews.recounting import recount
from shop.subscribers.choosing import keep_subscriber, switch
from shop.subscribers.kinds import REVIEW
from shop.tenancy import profile
from shop.tenancy.models import StoreProfile
from shop.tenancy.profile import touch_settings
from shop.workflows import ask_for_reviews, record_fulfilment
from shop.workflows.erase_customer import request_erasure
from shop.workflows.review_links import review_path
from tests.admin.conftest import Staff
from tests.town import Town, path_of

SAID = {"rating": "5", "title": "Soft as moss", "body": "Fits well, and the print is crisp.", "name": "Ada B."}


@pytest.fixture
def order(town: Town) -> Order:
    """Arrived ten days ago."""
    town.paid_order()
    town.ship()
    town.deliver()
    record_fulfilment.from_provider(town.orders_at_printify()[-1])
    set_arrival(10)
    return town.order()


def set_arrival(days: int) -> None:
    with transaction() as session:
        session.execute(update(Shipment).values(delivered_at=clock.now() - timedelta(days=days)))


def set_rules(**rules: Any) -> None:
    with transaction() as session:
        session.execute(update(StoreProfile).values(reviews=rules))
        touch_settings(session)
    profile.forget()


def review() -> Review:
    db.session.remove()
    return db.session.execute(select(Review)).scalar_one()


def product() -> Product:
    db.session.remove()
    return db.session.execute(select(Product).join(Review, Review.product_id == Product.id)).scalar_one()


def send(town: Town, order: Order, files: Any = None, **changes: str) -> Any:
    path = path_of(town.buyer.get(review_path(order.id)).url)
    return town.buyer.post(path, {**SAID, **changes}, files=files)


def a_photo(colour: tuple[int, int, int] = (40, 120, 80)) -> bytes:
    """As a telephone makes them: larger than shown, with where it was taken."""
    image, exif, out = Image.new("RGB", (1600, 1200), colour), Image.Exif(), io.BytesIO()
    exif[0x010F], exif[0x8825] = "Maker of telephones", {1: "N", 2: (52.0, 31.0, 0.0)}
    image.save(out, "JPEG", exif=exif)
    return out.getvalue()


def test_a_buyer_is_asked_once_reviews_and_is_read_and_shown(town: Town, order: Order) -> None:
    assert ask_for_reviews.run() == 1
    assert ask_for_reviews.run() == 0
    town.work()
    (letter,) = town.letters(subject="What do you think of what you bought")
    assert "/letters/unsubscribe/" in letter["text"]
    link = path_of(re.search(r"http\S+/reviews/[\w.-]+", letter["text"])[0])  # type: ignore[index]
    form = town.buyer.get(link)
    assert "How many stars?" in form.text and form.headers["Referrer-Policy"] == "no-referrer"
    sent = town.buyer.post(path_of(form.url), SAID)
    assert "Somebody reads it before it is shown" in sent.text
    again = town.buyer.post(path_of(form.url), SAID)
    assert again.ok and review().status == "waiting" and review().revision == 1
    slug = product().slug
    assert "Soft as moss" not in town.buyer.get(f"/products/{slug}").text

    staff = Staff(town.app).known_as("admin@example.com")
    assert "Soft as moss" in staff.get("/admin/reviews").text
    one = review()
    assert "1 review is on the page now" in staff.press(
        "/admin/reviews", {"review": f"{one.id}:{one.revision}", "do": "shown"}
    )
    profile.forget()
    page = town.buyer.get(f"/products/{slug}").text
    assert "Soft as moss" in page and "bought it here" in page and "1 review" in page
    data = next(json.loads(raw) for raw in re.findall(r'ld\+json">(.*?)</script>', page) if "ProductGroup" in raw)
    group = next(
        one
        for one in (data if isinstance(data, list) else data.get("@graph", [data]))
        if one["@type"] == "ProductGroup"
    )
    assert group["aggregateRating"]["ratingValue"] == 5 and group["aggregateRating"]["reviewCount"] == 1
    assert group["review"][0]["author"]["name"] == "Ada B."
    assert "(1)</span>" in town.buyer.get("/search").text
    assert "Soft as moss" in town.buyer.get(f"/products/{slug}/reviews?stars=5").text

    assert town.buyer.post(path_of(form.url), {**SAID, "rating": "2", "body": "It shrank."}).ok
    profile.forget()
    assert review().status == "waiting" and product().rating_count == 0
    assert "Soft as moss" not in town.buyer.get(f"/products/{slug}").text
    old = staff.press("/admin/reviews", {"review": f"{one.id}:{one.revision}", "do": "shown"})
    assert "changed while you were reading" in old and review().status == "waiting"


def test_pictures_are_made_anew_and_go_with_their_review(town: Town, order: Order) -> None:
    photo = a_photo()
    files = [("pictures", ("me.jpg", photo, "image/jpeg")), ("pictures", ("again.jpg", photo, "image/jpeg"))]
    assert send(town, order, files).ok
    (picture,) = review().pictures
    stored = [Path(current_settings().media_dir) / key for _width, key in picture["renditions"]["webp"]]
    assert all(path.exists() for path in stored) and picture["width"] == 1280
    assert not Image.open(stored[-1]).getexif()
    too_many = [("pictures", (f"{n}.jpg", a_photo((n, n, n)), "image/jpeg")) for n in range(4)]
    refused = send(town, order, too_many)
    assert refused.status_code == 422 and "At most 4 pictures" in refused.text
    broken = send(town, order, [("pictures", ("x.jpg", b"<svg onload=alert(1)>", "image/jpeg"))])
    assert broken.status_code == 422 and "cannot be read" in broken.text
    path = path_of(town.buyer.get(review_path(order.id)).url)
    assert "Your review is deleted" in town.buyer.post(path + "/delete").text
    assert not any(path.exists() for path in stored)


def test_what_is_typed_comes_back_with_the_reason(town: Town, order: Order) -> None:
    for changes, said in (
        ({"rating": "6"}, "choose one to five stars"),
        ({"body": " "}, "write a few words"),
        ({"title": "x" * 121}, "too long (at most 120"),
        ({"body": "y" * 4001}, "too long (at most 4000"),
    ):
        answer = send(town, order, **changes)
        assert answer.status_code == 422 and said in answer.text
    assert db.session.execute(select(Review)).first() is None


def test_only_who_has_it_in_hands_may_review(town: Town) -> None:
    order = town.paid_order()
    bought = town.a_shirt().product_id
    assert "once it has arrived" in town.buyer.get(review_path(order.id)).text
    assert town.buyer.get(f"{review_path(order.id)}/{bought}").status_code == 404
    assert town.buyer.post(f"{review_path(order.id)}/{bought}", SAID).status_code == 404
    assert town.buyer.get("/reviews/forged.token.of-mine").status_code == 404
    town.ship()
    record_fulfilment.from_provider(town.orders_at_printify()[-1])
    assert town.buyer.get(f"{review_path(order.id)}/{bought}").status_code == 404
    with transaction() as session:  # a carrier that tells nothing
        session.execute(update(Shipment).values(shipped_at=clock.now() - timedelta(days=22)))
    assert town.buyer.get(f"{review_path(order.id)}/{bought}").status_code == 200


def test_no_letter_to_whom_gave_it_back_or_does_not_want_it(town: Town, order: Order) -> None:
    set_rules(asks=False)
    assert ask_for_reviews.run() == 0
    set_rules(asks=True, ask_after_days=14)
    assert ask_for_reviews.run() == 0  # too early
    set_rules(asks=True, ask_after_days=3)
    with transaction() as session:
        switch(session, keep_subscriber(session, order.email, "en"), REVIEW, False, source="a test")
    assert ask_for_reviews.run() == 0
    with transaction() as session:
        session.execute(update(Order).values(email="somebody@example.com"))
    assert ask_for_reviews.run() == 0  # passed over for good


def test_some_are_shown_at_once(town: Town, order: Order) -> None:
    set_rules(moderates="some", least_stars=4)
    assert send(town, order).ok and review().status == "shown"
    assert send(town, order, rating="3").ok and review().status == "waiting"
    assert send(town, order, body="Look at www.example.com").ok and review().status == "waiting"


def test_an_erased_buyer_leaves_stars_but_no_name_and_no_picture(town: Town, order: Order) -> None:
    send(town, order, [("pictures", ("me.jpg", a_photo(), "image/jpeg"))])
    with transaction() as session:
        one = session.execute(select(Review)).scalar_one()
        one.status = "shown"
        recount(session, [one.product_id])
    (picture,) = review().pictures
    with transaction() as session:
        request_erasure(session, order.customer_id or 0, who="a test")
    town.work()
    one = review()
    assert (one.name, one.pictures, one.rating) == ("", [], 5)
    assert "Ada" not in json.dumps(product().reviews_shown)
    assert not any((Path(current_settings().media_dir) / key).exists() for _w, key in picture["renditions"]["webp"])
    assert town.buyer.get(review_path(order.id)).status_code == 404
