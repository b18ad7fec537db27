"""Discounts are a pure function: whatever is given, the sums hold and the buyer gets the best."""

from __future__ import annotations

import random
from datetime import UTC, datetime, timedelta
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from shop.promotions.codes import fold_code, new_code
from shop.promotions.evaluating import Asked, Evaluation, Facts, Goods, Offer, evaluate
from shop.promotions.spreading import percent_of, spread

NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)
TEE = Goods(1, 10, 2, 2500, frozenset({7}))
MUG = Goods(2, 20, 1, 999, frozenset({8}))


def one(offer: Offer, *lines: Goods, code: str = "", **facts: Any) -> Evaluation:
    codes = [Asked(code, offer.id)] if code else []
    return evaluate(lines or (TEE, MUG), [offer], codes, Facts(NOW, **facts))


def why(offer: Offer, *lines: Goods, **facts: Any) -> Any:
    (refused,) = one(offer, *lines, code="X", **facts).refused
    return refused


def test_a_percentage_is_spread_over_its_lines_to_the_cent() -> None:
    found = one(Offer(1, "Ten", "percentage", basis_points=1000))
    assert found.off_minor == 600 and (found.off_line(1), found.off_line(2)) == (500, 100)


def test_a_fixed_amount_is_never_more_than_the_goods() -> None:
    assert one(Offer(1, "Much", "fixed", amount_minor=1_000_000)).off_minor == 5999


def test_only_the_goods_it_is_for() -> None:
    by_product = Offer(1, "Mugs", "percentage", basis_points=10_000, scope="products", scope_ids=frozenset({20}))
    by_collection = Offer(1, "Mugs", "percentage", basis_points=10_000, scope="collections", scope_ids=frozenset({8}))
    for offer in (by_product, by_collection):
        assert (one(offer).off_line(1), one(offer).off_line(2)) == (0, 999)
    assert why(Offer(1, "Hats", "fixed", True, scope="products", scope_ids=frozenset({5}))).why == "nothing_fits"


def test_of_each_full_set_the_cheapest_are_given() -> None:
    offer = Offer(1, "2+1", "buy_x_get_y", basis_points=10_000, buy_quantity=2, get_quantity=1)
    assert one(offer).off_minor == 999
    assert one(offer, Goods(1, 10, 7, 500)).off_minor == 1000
    assert why(Offer(1, "2+1", "buy_x_get_y", True, 10_000, 0, 2, 1), Goods(1, 10, 2, 500)).count == 1


def test_the_highest_tier_that_was_reached_holds() -> None:
    offer = Offer(1, "More", "tiered", True, tiers=((5000, 1000), (10_000, 2000)))
    assert one(offer, code="X").off_minor == 600
    assert one(offer, Goods(1, 1, 4, 2500), code="X").off_minor == 2000
    assert why(offer, MUG).minor == 4001


def test_a_refused_code_says_what_to_do() -> None:
    assert why(Offer(1, "x", "fixed", True, min_minor=6499)).minor == 500
    assert why(Offer(1, "x", "fixed", True, min_quantity=5)).count == 2
    assert why(Offer(1, "x", "fixed", True, ends_at=NOW)).why == "ended"
    assert why(Offer(1, "x", "fixed", True, starts_at=NOW + timedelta(1))).why == "not_yet"
    assert why(Offer(1, "x", "fixed", True, is_active=False)).why == "off"
    assert why(Offer(1, "x", "fixed", True, is_used_up=True)).why == "used_up"
    assert why(Offer(1, "x", "fixed", True, first_order_only=True), orders_before=1).why == "first_order"
    assert why(Offer(1, "x", "fixed", True, per_customer=1), used={1: 1}).why == "per_customer"
    assert why(Offer(1, "x", "free_shipping", True)).why == "shipping_is_free"
    assert evaluate([TEE], [], [Asked("?", None)], Facts(NOW)).refused[0].why == "unknown"


def test_free_shipping_is_not_of_the_dearer_ways() -> None:
    offer = Offer(1, "Ship", "free_shipping", True)
    assert one(offer, code="X", shipping_minor=475).shipping_off_minor == 475
    assert why(offer, shipping_minor=900, shipping_may_be_free=False).why == "standard_way"


def test_one_that_stands_alone_loses_to_the_better_and_says_so() -> None:
    small = Offer(1, "Small", "fixed", True, amount_minor=100)
    big = Offer(2, "Big", "percentage", basis_points=2000)
    found = evaluate([TEE], [small, big], [Asked("SMALL", 1)], Facts(NOW))
    assert found.off_minor == 1000 and (found.refused[0].why, found.refused[0].other) == ("better", "Big")


def test_those_that_combine_are_taken_off_one_after_the_other() -> None:
    offers = [
        Offer(1, "Ten", "percentage", basis_points=1000, combines=True),
        Offer(2, "Five", "fixed", amount_minor=500, combines=True),
    ]
    assert evaluate([TEE], offers, [], Facts(NOW)).off_minor == 1000


OFFERS = st.builds(
    Offer,
    id=st.integers(1, 30),
    title=st.just("D"),
    kind=st.sampled_from(["percentage", "fixed", "free_shipping", "buy_x_get_y", "tiered"]),
    by_code=st.booleans(),
    basis_points=st.integers(0, 10_000),
    amount_minor=st.integers(0, 50_000),
    buy_quantity=st.integers(1, 3),
    get_quantity=st.integers(1, 3),
    tiers=st.lists(st.tuples(st.integers(0, 20_000), st.integers(0, 10_000)), max_size=3).map(tuple),
    scope=st.sampled_from(["all", "collections", "products"]),
    scope_ids=st.frozensets(st.integers(1, 4), max_size=3),
    min_minor=st.integers(0, 5000),
    min_quantity=st.integers(0, 4),
    combines=st.booleans(),
    is_used_up=st.booleans(),
)
SOME_OFFERS = st.lists(OFFERS, max_size=8, unique_by=lambda offer: offer.id)
GOODS = st.lists(
    st.builds(
        Goods, st.integers(1, 50), st.integers(1, 4), st.integers(1, 20), st.integers(0, 9999),
        st.frozensets(st.integers(1, 4), max_size=2),
    ),
    max_size=8,
    unique_by=lambda line: line.line_id,
)  # fmt: skip
CODES = st.lists(st.builds(Asked, st.sampled_from("ABCDE"), st.one_of(st.none(), st.integers(1, 30))), max_size=5)
SHIPPING = st.integers(0, 2000)


@given(GOODS, SOME_OFFERS, CODES, SHIPPING)
def test_no_line_and_no_shipping_is_ever_below_zero(
    lines: list[Goods], offers: list[Offer], codes: list[Asked], shipping: int
) -> None:
    found = evaluate(lines, offers, codes, Facts(NOW, shipping))
    assert all(row.amount_minor > 0 for row in found.reductions)
    assert all(0 <= found.off_line(line.line_id) <= line.total_minor for line in lines)
    assert 0 <= found.off_minor <= sum(line.total_minor for line in lines)
    assert 0 <= found.shipping_off_minor <= shipping
    assert found.off_minor == sum(minor for _, minor, _ in found.by_discount())


@given(GOODS, SOME_OFFERS, CODES, SHIPPING, st.integers(0, 999))
def test_the_order_of_what_is_given_makes_no_difference(
    lines: list[Goods], offers: list[Offer], codes: list[Asked], shipping: int, seed: int
) -> None:
    first = evaluate(lines, offers, codes, Facts(NOW, shipping))
    mixed = [random.Random(seed).sample(some, len(some)) for some in (lines, offers, codes)]
    assert evaluate(*mixed, Facts(NOW, shipping)) == first == evaluate(lines, offers, codes, Facts(NOW, shipping))


@given(GOODS, SOME_OFFERS, SHIPPING)
def test_no_discount_that_stands_alone_would_have_given_more(
    lines: list[Goods], offers: list[Offer], shipping: int
) -> None:
    def off(some: list[Offer]) -> int:
        found = evaluate(lines, some, [], Facts(NOW, shipping))
        return found.off_minor + found.shipping_off_minor

    assert off(offers) == max([off([o]) for o in offers if not o.combines] + [off([o for o in offers if o.combines])])
    kinds = {
        next(o.combines for o in offers if o.id == row.discount_id)
        for row in evaluate(lines, offers, [], Facts(NOW, shipping)).reductions
    }
    assert len(kinds) <= 1


@given(GOODS, SOME_OFFERS, CODES, SHIPPING)
def test_every_code_takes_something_off_or_is_told_why_not(
    lines: list[Goods], offers: list[Offer], codes: list[Asked], shipping: int
) -> None:
    found = evaluate(lines, offers, codes, Facts(NOW, shipping))
    said = {row.code for row in found.refused} | {row.code for row in found.reductions}
    assert {code.code for code in codes} <= said


@given(st.integers(0, 10**6), st.lists(st.integers(0, 10**6), min_size=1, max_size=50))
def test_shares_add_up_and_stay_below_their_weights(amount: int, weights: list[int]) -> None:
    amount = min(amount, sum(weights))
    shares = spread(amount, weights)
    assert sum(shares) == amount and all(0 <= s <= w for s, w in zip(shares, weights, strict=True))


@given(st.integers(0, 10**8), st.integers(0, 10_000))
def test_a_percentage_is_rounded_half_up(minor: int, points: int) -> None:
    assert abs(percent_of(minor, points) * 10_000 - minor * points) <= 5_000
    assert percent_of(5, 1000) == 1


def test_a_code_may_be_typed_in_many_ways() -> None:
    for typed in ("SUMMER10", " summer 10 ", "Summer-1O", "ＳＵＭＭＥＲ１０", "summer_io", "SUММER10", "súmmer10"):
        assert fold_code(typed) == fold_code("summer10"), typed
    assert fold_code("") == fold_code("☃ –") == fold_code("x" * 41) == ""
    assert len({new_code() for _ in range(1000)}) == 1000


@given(st.text())
def test_any_text_folds_to_a_key_that_folds_to_itself(typed: str) -> None:
    key = fold_code(typed)
    assert fold_code(key) == key and len(key) <= 40 and (key == "" or (key.isascii() and key.isalnum()))
