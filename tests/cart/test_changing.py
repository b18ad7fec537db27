"""A cart is bounded, adds up under rivals, and costs the same few statements whatever is in it."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest
from sqlalchemy import event, select

from shop.cart.changing import MAX_LINES, MAX_QUANTITY
from shop.cart.models import Cart, CartLine
from shop.catalog.models import Product, Variant
from shop.extensions import db
from tests.town import Town


def variants(count: int) -> list[Variant]:
    found = select(Variant).join(Product).where(Variant.is_available, Product.status == "active").order_by(Variant.id)
    return list(db.session.execute(found.limit(count)).scalars())


def fill(town: Town, count: int) -> None:
    for variant in variants(count):
        town.buyer.fill_cart(variant=variant)


@contextmanager
def counted() -> Iterator[list[str]]:
    """The statements that anything in this process sends."""
    seen: list[str] = []

    def note(_c: object, _cur: object, statement: str, *_: object) -> None:
        if "store_state" not in statement:  # the look at the versions depends on the clock
            seen.append(statement)

    event.listen(db.engine, "before_cursor_execute", note)
    try:
        yield seen
    finally:
        event.remove(db.engine, "before_cursor_execute", note)


def statements(do: Callable[[], object]) -> int:
    do()  # warm: profile, shelves, words
    with counted() as seen:
        do()
    return len(seen)


def test_more_of_one_thing_than_allowed_stops_at_the_bound(town: Town) -> None:
    shirt = town.a_shirt()
    for _ in range(3):
        town.buyer.fill_cart(MAX_QUANTITY, variant=shirt)
    assert db.session.execute(select(CartLine.quantity)).scalar_one() == MAX_QUANTITY


def test_a_full_cart_says_so_and_keeps_what_it_holds(town: Town) -> None:
    first = town.a_shirt()
    town.buyer.fill_cart(variant=first)
    cart = db.session.execute(select(Cart.id)).scalar_one()
    from shop.core.transaction import transaction

    with transaction() as session:
        for variant in variants(MAX_LINES + 3):
            if variant.id != first.id and session.query(CartLine).count() < MAX_LINES:
                session.add(
                    CartLine(cart_id=cart, variant_id=variant.id, quantity=1, seen_price_minor=variant.price_minor)
                )
                session.flush()
    held = set(db.session.execute(select(CartLine.variant_id)).scalars())
    assert len(held) == MAX_LINES
    other = next(v for v in variants(MAX_LINES + 3) if v.id not in held)
    db.session.remove()
    answer = town.buyer.post("/cart/lines", {"variant": other.id, "quantity": 1})
    assert "Your cart is full" in answer.text
    db.session.remove()
    assert set(db.session.execute(select(CartLine.variant_id)).scalars()) == held
    town.buyer.fill_cart(2, variant=first)  # more of what is there is fine
    db.session.remove()
    assert db.session.execute(select(CartLine.quantity).where(CartLine.variant_id == first.id)).scalar_one() == 3
    assert town.buyer.check_out()  # and a full cart can be paid


def test_clicks_at_once_add_up(town: Town) -> None:
    shirt = town.a_shirt().id
    town.buyer.fill_cart()
    cookies = dict(town.buyer.http.cookies)
    db.session.remove()

    def click() -> None:
        import requests

        requests.post(f"{town.url}/cart/lines", data={"variant": shirt}, cookies=cookies,
                      headers={"Origin": town.url}, allow_redirects=False, timeout=30)  # fmt: skip

    clicks = [threading.Thread(target=click) for _ in range(12)]
    [c.start() for c in clicks]
    [c.join() for c in clicks]
    assert db.session.execute(select(CartLine.quantity)).scalar_one() == 13


@pytest.mark.parametrize("path", ["/cart"])
def test_the_cart_page_costs_the_same_statements_for_one_line_and_for_ten(path: str, town: Town) -> None:
    fill(town, 1)
    one = statements(lambda: town.buyer.get(path))
    fill(town, 10)
    assert statements(lambda: town.buyer.get(path)) == one
    assert one <= 6


def test_starting_a_checkout_costs_the_same_statements_for_one_line_and_for_ten(town: Town) -> None:
    fill(town, 1)
    with counted() as first:
        town.buyer.check_out()
    fill(town, 10)
    with counted() as second:
        town.buyer.check_out()
    # the second one closes the first page: looks and writes for it, its discounts and its gift cards
    assert len(second) <= len(first) + 8, "\n".join(second)
    fresh = type(town.buyer)(town)
    town.buyer = fresh
    fill(town, 10)
    with counted() as third:
        town.buyer.check_out()
    assert abs(len(third) - len(first)) <= 1, "\n".join(third)


def test_an_order_page_costs_the_same_statements_for_one_line_and_for_ten(town: Town) -> None:
    costs = []
    for lines in (1, 10):
        town.buyer = type(town.buyer)(town)
        fill(town, lines)
        town.buyer.pay(town.buyer.check_out())
        town.work()
        token = town.orders()[-1].token
        db.session.remove()
        costs.append(statements(lambda token=token: town.buyer.get(f"/orders/{token}")))  # type: ignore[misc]
    assert costs[0] == costs[1] <= 12, costs  # its parts (gift cards, reviews, returns) ask once each
