"""Waiting for a product: confirmed, told once, in one letter, and only of what is true when it is written."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import select, update

from shop.catalog import documents
from shop.catalog.models import Product, Variant
from shop.core import clock
from shop.core.transaction import transaction
from shop.email.models import Letter
from shop.extensions import db
from shop.subscribers.models import ProductWatch
from shop.subscribers.watching import is_cheaper
from shop.workflows.watch_products import ask
from tests.subscribers.test_newsletter import link_in, whole
from tests.town import Town


def change(variant_ids: list[int], **values: Any) -> None:
    """As a refresh or an editor does: the rows, then the product's documents, in one transaction."""
    with transaction() as session:
        session.execute(update(Variant).where(Variant.id.in_(variant_ids)).values(**values))
        products = session.execute(select(Variant.product_id).where(Variant.id.in_(variant_ids))).scalars()
        documents.rebuild(session, list(products))


def pass_a_minute(town: Town) -> None:
    clock.advance(timedelta(seconds=61))
    town.work()


def letters(kind: str) -> list[Letter]:
    db.session.remove()
    return list(db.session.execute(select(Letter).where(Letter.letter == kind)).scalars())


def waits(kind: str, variant_ids: list[int], email: str = "ada@example.com") -> None:
    with transaction() as session:
        for variant_id in variant_ids:
            ask(
                session, kind=kind, email=email, variant_id=variant_id, locale="en", currency="USD",
                is_proved=True, may_send=True,
            )  # fmt: skip


def test_who_waits_is_told_once_when_it_is_back(town: Town) -> None:
    shirt = town.a_shirt()
    change([shirt.id], is_available=False)
    slug = db.session.execute(select(Product.slug).where(Product.id == shirt.product_id)).scalar_one()
    page = town.buyer.get(f"/products/{slug}").text
    assert "Tell me when it is back" in page
    form = {"kind": "stock", "variant": shirt.id, "email": "ada@example.com"}
    assert "Look into your mailbox" in town.buyer.post(f"/letters/watch/{slug}", form).text
    town.work()
    (mail,) = town.letters(to="ada@example.com")
    change([shirt.id], is_available=True)
    pass_a_minute(town)
    assert not letters("back_in_stock"), "nobody has confirmed"
    change([shirt.id], is_available=False)

    path = link_in(whole(town, mail), town, "confirm")
    town.buyer.get(path)
    assert town.buyer.post(path).status_code == 200
    pass_a_minute(town)
    assert not letters("back_in_stock")
    for _ in range(2):
        change([shirt.id], is_available=True)
        pass_a_minute(town)
        change([shirt.id], is_available=False)
    (letter,) = letters("back_in_stock")
    assert letter.facts["items"][0]["url"].endswith(f"?variant={shirt.id}")
    assert db.session.execute(select(ProductWatch.status)).scalar_one() == "told"


def test_many_things_that_come_back_together_stand_in_one_letter(town: Town) -> None:
    shirt = town.a_shirt()
    asked = select(Variant.id).where(Variant.product_id == shirt.product_id, Variant.is_available).limit(4)
    ids = list(db.session.execute(asked).scalars())
    change(ids, is_available=False)
    waits("stock", ids)
    waits("stock", ids[:1], "bo@example.com")
    pass_a_minute(town)
    for variant_id in ids:
        change([variant_id], is_available=True)
    pass_a_minute(town)
    found = {letter.to_email: letter for letter in letters("back_in_stock")}
    assert set(found) == {"ada@example.com", "bo@example.com"}
    assert len(found["ada@example.com"].facts["items"]) == len(ids)


def test_news_that_was_taken_back_tells_nobody(town: Town) -> None:
    shirt = town.a_shirt()
    change([shirt.id], is_available=False)
    waits("stock", [shirt.id])
    pass_a_minute(town)
    change([shirt.id], is_available=True)
    change([shirt.id], is_available=False)
    pass_a_minute(town)
    assert not letters("back_in_stock")
    assert db.session.execute(select(ProductWatch.status)).scalar_one() == "waiting"


def test_a_fall_in_price_is_told_when_it_is_worth_a_letter(town: Town) -> None:
    shirt = town.a_shirt()
    was = shirt.price_minor
    waits("price", [shirt.id])
    pass_a_minute(town)
    change([shirt.id], price_minor=was - 1, price_edited=True)
    pass_a_minute(town)
    assert not letters("price_drop")
    change([shirt.id], price_minor=was // 2)
    pass_a_minute(town)
    (letter,) = letters("price_drop")
    assert letter.facts["items"][0]["was"] and letter.facts["items"][0]["price"]


@given(st.integers(0, 10**9), st.integers(0, 10**9))
def test_the_edge_of_a_fall_is_exact(then: int, now: int) -> None:
    assert is_cheaper(then, now) == (now < then and (then - now) * 100 >= then)
