"""Totals in any currency, tried with anything: the parts add up to the whole, in every order of operations."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from types import SimpleNamespace
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from shop.cart.pricing import PricedLine
from shop.checkout.quoting import Quote, draft_of, quote_cart
from shop.core.money import included_share, share_of, step
from shop.orders.draft import OrderDraft
from shop.orders.sharing import Chosen, work_out, worth_of_lines, worth_of_shipping
from shop.payments.reading_stripe import coupon_payload, session_payload
from shop.payments.summing import Sums
from shop.promotions.evaluating import Asked, Facts, Offer
from shop.promotions.reading import Promotions
from shop.promotions.spreading import spread
from shop.tenancy.currencies import ROUNDINGS, WAYS, Pricing
from tests.checkout.test_quoting import line, profile, rate

NOW = datetime(2026, 5, 1, tzinfo=UTC)
KINDS = ("percentage", "fixed", "free_shipping", "buy_x_get_y", "tiered")
pricings = st.sampled_from(["USD", "EUR", "JPY", "KWD"]).flatmap(
    lambda code: st.just(Pricing("USD", "USD"))
    if code == "USD"
    else st.builds(
        Pricing, st.just("USD"), st.just(code), st.decimals("0.01", "200", places=4).map(lambda d: d or Decimal(1)),
        st.sampled_from(ROUNDINGS), st.sampled_from(WAYS),
    )
)  # fmt: skip
offers = st.builds(
    Offer, id=st.integers(1, 9), title=st.just("Offer"), kind=st.sampled_from(KINDS),
    basis_points=st.integers(1, 10_000), amount_minor=st.integers(1, 9000), buy_quantity=st.integers(1, 2),
    get_quantity=st.integers(1, 2), tiers=st.just(((1000, 500), (5000, 1500))), min_minor=st.sampled_from([0, 3000]),
    combines=st.booleans(),
)  # fmt: skip
tables = st.sampled_from([[], [{"country": "US", "rate": "0.0875", "name": "Tax"}],
                          [{"country": "US", "rate": "0.19", "name": "VAT", "on_shipping": False}]])  # fmt: skip


@st.composite
def carts(draw: st.DrawFn) -> tuple[Quote, list[PricedLine], dict[str, Any]]:
    pricing = draw(pricings)
    units = draw(st.lists(st.tuples(st.integers(0, 30_000), st.integers(1, 20)), min_size=1, max_size=5))
    lines = [
        replace(line(quantity=n), id=at, product_id=at, unit_minor=pricing.price(minor), seen_minor=0)
        for at, (minor, n) in enumerate(units, 1)
    ]
    found = {offer.id: offer for offer in draw(st.lists(offers, max_size=4))}
    how = {
        "rates": [rate(draw(st.integers(0, 2000)), draw(st.integers(0, 900)))],
        "profile": profile(
            free_shipping_minor=draw(st.sampled_from([0, 5000])), prices_include_tax=draw(st.booleans()),
            tax_rates=draw(tables),
        ),
        "promotions": Promotions(tuple(found.values()), (), Facts(now=NOW)),
        "pricing": pricing,
    }  # fmt: skip
    return quote(lines, how), lines, how


def quote(lines: list[PricedLine], how: dict[str, Any]) -> Quote:
    return quote_cart(
        lines, how["rates"], how["profile"], country="US", method="standard", promotions=how["promotions"],
        pricing=how["pricing"],
    )  # fmt: skip


@given(carts(), st.randoms(use_true_random=False))
@settings(max_examples=80)
def test_the_parts_add_up_and_can_be_charged_in_every_currency(made: Any, random: Any) -> None:
    found, lines, how = made
    draft = draft_of(found)
    parts = {kind: draft.sum_of(kind) for kind in ("shipping", "discount", "tax")}
    added = 0 if draft.tax_included else parts["tax"]
    assert (
        draft.total_minor == found.total_minor == draft.subtotal_minor + parts["discount"] + parts["shipping"] + added
    )
    assert draft.total_minor >= 0 and parts["discount"] <= 0 <= min(parts["shipping"], parts["tax"])
    assert -parts["discount"] == sum(one.discount_minor for one in draft.lines) <= draft.subtotal_minor
    least = step(found.currency)
    charged = [*(one.unit_minor for one in draft.lines), parts["shipping"], parts["discount"], added]
    assert all(amount % least == 0 for amount in charged)
    assert OrderDraft.from_json(draft.to_json()) == draft
    shuffled, offered = list(lines), list(how["promotions"].offers)
    random.shuffle(shuffled)
    random.shuffle(offered)
    again = quote(shuffled, {**how, "promotions": replace(how["promotions"], offers=tuple(offered))})
    assert again.total_minor == found.total_minor
    if draft.subtotal_minor + parts["discount"]:
        assert paid_at_stripe(draft) == draft.total_minor


def paid_at_stripe(draft: OrderDraft) -> int:
    """What the payment page works out from what we send it."""
    from shop.workflows.start_checkout import _pay_lines, _pay_shipping

    request = SimpleNamespace(
        reference="r", success_url="", cancel_url="", expires_at=NOW, countries=("US",), ask_phone=False,
        is_recoverable=True, metadata={}, locale="en", email=None, automatic_tax=False, currency=draft.currency,
        lines=[replace(one, image_url="") for one in _pay_lines(draft)], shipping=_pay_shipping(draft),
        discount_minor=-draft.sum_of("discount"), discount_label="", prices_include_tax=False,
    )  # fmt: skip
    body: Any = session_payload(request)  # type: ignore[arg-type]
    off = coupon_payload(request)["amount_off"] if request.discount_minor else 0  # type: ignore[arg-type]
    goods = sum(row["price_data"]["unit_amount"] * row["quantity"] for row in body["line_items"])
    options = [row["shipping_rate_data"]["fixed_amount"] for row in body["shipping_options"]]
    assert {row["price_data"]["currency"] for row in body["line_items"]} | {o["currency"] for o in options} == {
        draft.currency.lower()
    }
    return goods - off + sum(option["amount"] for option in options)


@given(carts(), st.randoms(use_true_random=False))
@settings(max_examples=60)
def test_all_of_it_given_back_piece_by_piece_is_what_was_paid(made: Any, random: Any) -> None:
    draft = draft_of(made[0])
    order: Any = SimpleNamespace(
        currency=draft.currency, tax_included=draft.tax_included, total_minor=draft.total_minor,
        discount_minor=-draft.sum_of("discount"),
    )  # fmt: skip
    lines: Any = [
        SimpleNamespace(**{**vars(one), "id": n, "total_minor": one.total_minor}) for n, one in enumerate(draft.lines)
    ]
    assert sum(worth_of_lines(order, lines).values()) + worth_of_shipping(order, lines) == draft.total_minor
    left = {one.id: one.quantity for one in lines}
    pieces = [one.id for one in lines for _ in range(one.quantity)]
    random.shuffle(pieces)
    back, given_back = worth_of_shipping(order, lines), dict.fromkeys(left, 0)
    while pieces:
        count = min(len(pieces), random.randint(1, 7))
        now = {id_: pieces[:count].count(id_) for id_ in left}
        piece = work_out(order, lines, Chosen(now), given_back, 0)
        assert piece.minor >= 0 and (draft.tax_included is False or piece.minor % step(draft.currency) == 0)
        back += piece.minor
        assert back <= draft.total_minor  # never more than was captured
        given_back = {id_: given_back[id_] + n for id_, n in now.items()}
        pieces = pieces[count:]
    assert back == draft.total_minor


@given(st.integers(0, 10**7), st.lists(st.integers(0, 10**6), min_size=1, max_size=60))
def test_shares_add_up_to_the_whole(amount: int, weights: list[int]) -> None:
    shares = spread(amount, weights)
    assert sum(shares) == (amount if sum(weights) and amount else 0)
    if amount <= sum(weights):
        assert all(0 <= share <= weight for share, weight in zip(shares, weights, strict=True))


@given(st.integers(0, 10**8), st.decimals("0.0001", "0.9999", places=4))
def test_half_a_cent_goes_up_and_a_tax_is_never_more_than_the_price(minor: int, rate: Decimal) -> None:
    added = share_of(minor, rate)
    assert abs(Decimal(added) - minor * rate) <= Decimal("0.5") and (Decimal(added) - minor * rate) != Decimal("-0.5")
    assert 0 <= included_share(minor, rate) <= minor


@given(st.integers(0, 10**6), st.integers(0, 10**6), st.integers(0, 10**6))
def test_nothing_more_can_be_given_back_than_was_paid(paid: int, refunded: int, asked: int) -> None:
    sums = Sums(paid=paid, refunded=refunded, asked=max(refunded, asked), disputed=False, lost=False)
    assert 0 <= sums.refundable <= paid and sums.refundable + min(paid, sums.asked) == paid


def test_a_known_code_is_evaluated_in_the_carts_currency() -> None:
    five_off = Offer(id=1, title="Five off", kind="fixed", by_code=True, amount_minor=500, min_minor=5000)
    pricing = Pricing("USD", "EUR", Decimal("0.92"), "none", "nearest")
    how = {"rates": [rate(475, 240)], "profile": profile(), "pricing": pricing,
           "promotions": Promotions((five_off,), (Asked("FIVE", 1, 1),), Facts(now=NOW))}  # fmt: skip
    too_little = quote([replace(line(unit=4500), seen_minor=4500)], how)
    (why,) = too_little.discounts.refused
    assert (why.why, why.minor) == ("spend_more", 100)  # 46.00 EUR are asked for
    enough = quote([replace(line(unit=4600), seen_minor=4600)], how)
    assert enough.discounts.off_minor == 460 and enough.chosen is not None and enough.chosen.minor == 437
    assert enough.total_minor == 4600 - 460 + 437
