"""VAT of sales to other EU countries: the rate that holds, the quarterly return, the threshold."""

from __future__ import annotations

import random
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from itertools import accumulate, pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import select, update

from shop.checkout.taxes import tax_of
from shop.core import clock
from shop.core.transaction import transaction
from shop.email.models import Letter
from shop.extensions import db
from shop.insights.eu_sales import Quarter, quarter_of, read_report, sold_abroad_minor, split_back
from shop.orders.models import Adjustment, Order
from shop.payments.models import Payment, Refund
from shop.tenancy import profile
from shop.tenancy.eu_rules import EU_VAT, EuRules, rates_that_hold, with_standard_rates
from shop.tenancy.models import StoreProfile
from shop.workflows import watch_threshold
from tests.admin.conftest import Staff, staff  # noqa: F401  (a fixture)

RATES = with_standard_rates([{"country": "US", "rate": "0.05", "name": "Tax"}])


@pytest.fixture
def in_germany(app: object) -> None:
    set_up(country="DE", currency="EUR", tax_rates=RATES, prices_include_tax=True, merchant_email="me@example.com")


def set_up(**values: object) -> None:
    with transaction() as session:
        session.execute(update(StoreProfile).values(**values))
        profile.touch_settings(session)
    profile.forget()


def sell(
    n: int, at: datetime, country: str, total: int, *, rate: str = "", back: list[tuple[datetime, int]] | None = None
) -> None:
    """One paid order with the VAT inside, and what was given back of it."""
    rate = rate or EU_VAT[country]
    tax = tax_of([total], 0, country, [{"country": country, "rate": rate}], included=True).minor
    with transaction() as session:
        order = Order(
            number=f"N{n}", source_key=f"test:{n}", email="a@example.com", ship_to={"country": country}, currency="EUR",
            subtotal_minor=total, tax_minor=tax, total_minor=total, payment_status="paid", placed_at=at,
        )  # fmt: skip
        session.add(order)
        session.flush()
        session.add(
            Adjustment(order_id=order.id, kind="tax", label="VAT", amount_minor=tax, included=True, rate=Decimal(rate))
        )
        payment = Payment(
            order_id=order.id, external_id=f"pi_{n}", status="paid", amount_minor=total, currency="EUR", method="card"
        )
        session.add(payment)
        session.flush()
        for i, (when, amount) in enumerate(back or []):
            session.add(
                Refund(payment_id=payment.id, order_id=order.id, amount_minor=amount, currency="EUR", created_at=when,
                       status="succeeded", work_state="done", external_id=f"re_{n}_{i}")
            )  # fmt: skip


def test_all_countries_have_a_rate_and_what_a_merchant_wrote_stays() -> None:
    assert len(EU_VAT) == 27 and all(0.15 < float(rate) < 0.28 for rate in EU_VAT.values())
    own = [{"country": "FR", "rate": "0.055", "on_shipping": True, "name": "TVA"}]
    filled = with_standard_rates(own)
    assert filled[0] == own[0] and len(filled) == 27 and with_standard_rates(filled) == filled


def test_below_the_threshold_the_home_rate_holds_in_the_whole_eu_and_nowhere_else() -> None:
    held = rates_that_hold(RATES, "DE", EuRules(oss="home"))
    by_country = {row["country"]: row["rate"] for row in held}
    assert by_country.pop("US") == "0.05"
    assert set(by_country) == set(EU_VAT) and set(by_country.values()) == {"0.19"}
    assert rates_that_hold(RATES, "DE", EuRules()) == RATES
    assert rates_that_hold(RATES, "US", EuRules(oss="home")) == RATES


@given(
    total=st.integers(1, 10**7),
    rate=st.integers(0, 2700),
    cuts=st.lists(st.integers(1, 100), min_size=1, max_size=8),
)
def test_what_is_given_back_takes_its_tax_to_the_cent(total: int, rate: int, cuts: list[int]) -> None:
    tax = tax_of([total], 0, "X", [{"country": "X", "rate": str(Decimal(rate) / 10000)}], included=True).minor
    edges = [0, *(total * c // sum(cuts) for c in accumulate(cuts))]
    parts = [split_back(total, tax, a, b - a) for a, b in pairwise(edges)]
    assert sum(p.vat for p in parts) == tax and sum(p.net for p in parts) == total - tax
    assert all(p.vat >= 0 and p.net + p.vat == b - a for p, (a, b) in zip(parts, pairwise(edges), strict=True))


def test_the_reports_of_all_quarters_add_up_to_the_orders_to_the_cent(in_germany: None) -> None:
    dice, begin = random.Random(4), datetime(2026, 1, 1, tzinfo=UTC)
    kept = 0
    for n in range(60):
        country, total = dice.choice(("FR", "AT", "IE", "HU", "DE", "US")), dice.randint(1, 30_000)
        at = begin + timedelta(days=dice.randint(0, 360))
        back, left = [], total
        for _ in range(dice.choice((0, 0, 1, 3))):
            amount = dice.choice((left, dice.randint(1, max(1, left))))
            if left:
                back.append((at + timedelta(days=dice.randint(0, 150)), amount))
                left -= amount
        sell(n, at, country, total, rate="0.20" if country == "US" else "", back=sorted(back))
        kept += left if country in ("FR", "AT", "IE", "HU") else 0
    told = 0
    quarters = [Quarter(2026, q) for q in (1, 2, 3, 4)] + [Quarter(2027, 1), Quarter(2027, 2)]
    for quarter in quarters:
        report = read_report(db.session(), quarter, "DE")
        told += sum(s.net_minor + s.vat_minor for s in report.sales.values())
        told -= sum(s.net_minor + s.vat_minor for s in report.corrections.values())
        assert all(key[0] < quarter for key in report.corrections)
        assert {country for country, _rate in report.sales} <= {"FR", "AT", "IE", "HU"}
    assert told == kept and kept > 0


def test_a_later_refund_corrects_the_quarter_of_the_sale(in_germany: None) -> None:
    sell(1, datetime(2026, 3, 31, 23, 59, tzinfo=UTC), "FR", 12_000, back=[(datetime(2026, 4, 1, tzinfo=UTC), 6000)])
    sell(2, datetime(2026, 4, 2, tzinfo=UTC), "FR", 12_000, back=[(datetime(2026, 4, 3, tzinfo=UTC), 6000)])
    first = read_report(db.session(), Quarter(2026, 1), "DE")
    second = read_report(db.session(), Quarter(2026, 2), "DE")
    assert first.sales["FR", "20%"].vat_minor == 2000 and not first.corrections
    assert second.sales["FR", "20%"].vat_minor == 1000
    assert second.corrections[Quarter(2026, 1), "FR", "20%"].vat_minor == 1000
    assert second.vat_minor == 0


def test_the_threshold_is_told_once_at_each_step(in_germany: None) -> None:
    set_up(eu={"oss": "home"})
    now = clock.now()
    sell(1, now, "FR", 960_000)  # 8,000 € net
    assert sold_abroad_minor(db.session(), now.year, "DE") == 800_000
    db.session.rollback()
    assert watch_threshold.run() == [80] and watch_threshold.run() == []
    sell(2, now, "DE", 900_000)
    assert watch_threshold.run() == []
    sell(3, now, "AT", 360_000)
    assert watch_threshold.run() == [100] and watch_threshold.run() == []
    told = db.session.execute(select(Letter.facts).where(Letter.letter == "merchant_notice")).scalars().all()
    assert sorted(facts["title"].split("reached ")[1].split(" ")[0] for facts in told) == ["100%", "80%"]


def test_the_page_and_the_file_tell_the_return_and_the_switch_is_kept(in_germany: None, staff: Staff) -> None:  # noqa: F811
    set_up(tax_rates=[{"country": "DE", "rate": "0.19", "name": "VAT", "on_shipping": True}])
    sell(1, clock.now(), "FR", 12_000)
    page = staff.get("/admin/vat").text
    assert "France" in page and "20%" in page and "no rate" in page
    quarter = quarter_of(clock.now())
    file = staff.get(f"/admin/vat.csv?quarter={quarter.year}-{quarter.number}").text
    assert "100.00,20.00,1" in file
    assert staff.post("/admin/vat/rates").status_code == 303
    form = {"marks": "", "oss": "home", "threshold": "10000"}
    marks = staff.get("/admin/vat").text.split('name="marks" value="')[1].split('"')[0]
    for wrong in ({"oss": "nowhere"}, {"threshold": ""}, {"threshold": "a\0b"}, {"threshold": "0"}):
        assert staff.post("/admin/vat", {**form, "marks": marks, **wrong}).status_code == 422
    assert staff.post("/admin/vat", {**form, "marks": marks}).status_code == 303
    profile.forget()
    with transaction():
        held = profile.current_profile()
        assert held.eu["oss"] == "home" and len(held.tax_rates) == 27
