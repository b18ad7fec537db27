"""Shipping, tax and totals: pure functions, tried with anything."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from shop.cart.pricing import PricedLine
from shop.checkout.quoting import content_hash, draft_of, quote_cart
from shop.checkout.shipping import ELSEWHERE, Rate, quote_shipping
from shop.checkout.taxes import tax_of
from shop.core.money import Money, exponent, format_minor, included_share, share_of
from shop.orders.draft import OrderDraft
from shop.orders.numbers import new_number, read_number
from shop.tenancy.profile import Profile

FALLBACK = [{"countries": ["*"], "first_minor": 1000, "more_minor": 500, "days": [5, 9]}]


def line(
    unit: int = 2500, quantity: int = 1, blueprint: int = 1, provider: int = 1, available: bool = True
) -> PricedLine:
    return PricedLine(
        id=1, variant_id=1, product_id=1, slug="tee", title="Tee", variant_title="M", sku="S", quantity=quantity,
        unit_minor=unit, seen_minor=unit, cost_minor=900, available=available, blueprint_id=blueprint,
        print_provider_id=provider, product_external_id="p", variant_external_id=11,
    )  # fmt: skip


def rate(
    first: int, more: int, blueprint: int = 1, provider: int = 1, country: str = "US", method: str = "standard"
) -> Rate:
    return Rate(blueprint, provider, method, country, 0, first, more, 3, 6)


def profile(**more: Any) -> Profile:
    values: dict[str, Any] = {
        "name": "Shop", "tagline": "", "currency": "USD", "country": "US", "locale": "en", "legal_name": "",
        "address": "", "support_email": "", "merchant_email": "", "brand": {}, "free_shipping_minor": 0,
        "shipping_fallback": FALLBACK, "tax_rates": [], "ships_to": [], "prices_include_tax": False,
        "production_policy": "at_once", "production_delay_minutes": 0, "invoicing": {},
    }  # fmt: skip
    return Profile(**{**values, **more})


def test_one_provider_one_parcel_first_item_counts_once() -> None:
    (quote,) = quote_shipping([line(quantity=3)], [rate(475, 240)], [], "US")
    assert quote.minor == 475 + 2 * 240


def test_the_dearest_first_item_pays_for_the_parcel() -> None:
    quotes = quote_shipping(
        [line(blueprint=1), line(blueprint=2, quantity=2)], [rate(475, 240), rate(900, 700, blueprint=2)], [], "US"
    )
    assert (
        quotes[0].minor == 900 + 700 + 240 or quotes[0].minor == 475 + 2 * 700
    )  # whichever first price is more on top
    assert quotes[0].minor == 2 * 700 + 240 + max(475 - 240, 900 - 700)


def test_two_providers_send_two_parcels() -> None:
    (quote,) = quote_shipping([line(), line(provider=2)], [rate(400, 100), rate(600, 100, provider=2)], [], "US")
    assert quote.minor == 1000


def test_the_countrys_own_rate_wins_over_elsewhere() -> None:
    (quote,) = quote_shipping([line()], [rate(1200, 0, country=ELSEWHERE), rate(475, 0)], [], "US")
    assert quote.minor == 475


def test_without_a_rate_the_fallback_table_speaks() -> None:
    (quote,) = quote_shipping([line(quantity=2)], [], FALLBACK, "NZ")
    assert (quote.minor, quote.days_max) == (1500, 5 + 9)


def test_a_method_must_carry_the_whole_cart() -> None:
    rates = [rate(400, 0), rate(799, 0, method="express"), rate(400, 0, blueprint=2)]
    assert [q.method for q in quote_shipping([line(), line(blueprint=2)], rates, [], "US")] == ["standard"]


def test_standard_is_free_from_the_threshold() -> None:
    (quote,) = quote_shipping([line(unit=7500)], [rate(475, 240)], [], "US", free_from_minor=7500)
    assert (quote.minor, quote.is_free) == (0, True)


def test_the_merchants_own_zones_stand_in_for_standard_where_they_cover_the_country() -> None:
    zones = [{"countries": ["US"], "first_minor": 300, "more_minor": 50, "days": [2, 4]}]
    rates = [rate(475, 240), rate(1900, 900, method="priority"), rate(800, 400, country="CA")]

    def minor(country: str, method: str, own: bool) -> int:
        chosen = profile(shipping_fallback=zones, own_shipping_prices=own)
        found = quote_cart([line(quantity=2)], rates, chosen, country=country, method=method).chosen
        assert found is not None and found.method == method
        return found.minor

    assert minor("US", "standard", own=False) == 475 + 240
    assert minor("US", "standard", own=True) == 300 + 50
    assert minor("US", "priority", own=True) == 1900 + 900
    assert minor("CA", "standard", own=True) == 800 + 400


def test_a_country_the_store_does_not_serve_is_a_reason_not_an_error() -> None:
    quote = quote_cart([line()], [], profile(ships_to=["DE"]), country="US", method="standard")
    assert quote.problem == "We cannot send this to the country you chose."


def test_tax_inside_and_on_top() -> None:
    table = [{"country": "DE", "rate": "0.19", "on_shipping": True, "name": "VAT"}]
    assert tax_of([1190], 0, "DE", table, included=True).minor == 190
    assert tax_of([1000], 500, "DE", table, included=False).minor == 285
    assert tax_of([1000], 0, "FR", table, included=False).minor == 0


def test_rounding_is_half_up() -> None:
    assert share_of(50, Decimal("0.01")) == 1
    assert share_of(49, Decimal("0.01")) == 0


@given(
    units=st.lists(st.tuples(st.integers(0, 10**7), st.integers(1, 20)), min_size=1, max_size=8),
    first=st.integers(0, 10**5),
    more=st.integers(0, 10**5),
    percent=st.integers(0, 40),
    inclusive=st.booleans(),
)
def test_total_is_lines_plus_shipping_plus_added_tax_and_survives_json(
    units: list[tuple[int, int]], first: int, more: int, percent: int, inclusive: bool
) -> None:
    table = [{"country": "US", "rate": str(Decimal(percent) / 100), "on_shipping": True, "name": "Tax"}]
    store = profile(tax_rates=table, prices_include_tax=inclusive)
    quote = quote_cart(
        [line(unit=u, quantity=q) for u, q in units], [rate(first, more)], store, country="US", method="standard"
    )
    draft = draft_of(quote)
    added = 0 if inclusive else quote.tax.minor
    assert draft.total_minor == quote.total_minor == sum(u * q for u, q in units) + quote.shipping[0].minor + added
    assert draft.total_minor >= 0
    again = OrderDraft.from_json(draft.to_json())
    assert again == draft and content_hash(again) == content_hash(draft)


@given(st.integers(0, 10**9), st.integers(1, 50))
def test_the_included_share_never_exceeds_the_amount(minor: int, percent: int) -> None:
    assert 0 <= included_share(minor, Decimal(percent) / 100) <= minor


def test_money_knows_its_exponent() -> None:
    assert (exponent("JPY"), exponent("USD"), exponent("KWD")) == (0, 2, 3)
    assert format_minor(2500, "USD") == "$25.00"
    assert format_minor(2500, "JPY") == "¥2,500"
    assert str(Money(100, "EUR") + Money(50, "EUR")) == "€1.50"


def test_order_numbers_are_read_as_people_type_them() -> None:
    number = new_number()
    assert read_number(f" {number.lower().replace('-', ' ')} ") == number
    assert read_number("nonsense") is None
