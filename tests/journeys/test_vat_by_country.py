"""One shop in Germany, three buyers in France: the home rate, the rate of France, and Stripe Tax."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

from sqlalchemy import select, update

from shop.core import clock
from shop.core.transaction import transaction
from shop.extensions import db
from shop.insights.eu_sales import quarter_of, read_report
from shop.invoicing.sheet import sheet_of
from shop.orders.models import Adjustment, Order
from shop.tenancy import profile
from shop.tenancy.eu_rules import with_standard_rates
from shop.tenancy.models import StoreProfile
from shop.workflows.issue_invoice import issue_invoice
from tests.town import Buyer, Town

PARIS = {"line1": "10 rue de Rivoli", "city": "Paris", "state": "", "postal_code": "75004", "country": "FR"}


def set_up(**values: object) -> None:
    with transaction() as session:
        session.execute(update(StoreProfile).values(**values))
        profile.touch_settings(session)
    profile.forget()


def buy_in_france(town: Town) -> Order:
    town.buyer = Buyer(town)
    town.buyer.fill_cart()
    town.buyer.post("/cart/destination", {"country": "FR", "method": "standard"})
    town.buyer.pay(town.buyer.check_out(), address=PARIS)
    town.work()
    return town.orders()[-1]


def rate_of(order: Order) -> Decimal | None:
    wanted = select(Adjustment.rate).where(Adjustment.order_id == order.id, Adjustment.kind == "tax")
    return db.session.execute(wanted).scalar_one()


def test_the_rate_of_the_switch_is_charged_told_and_reported(town: Town) -> None:
    set_up(country="DE", prices_include_tax=True, tax_rates=with_standard_rates([]), eu={"oss": "home"},
           legal_name="Fern GmbH", address="1 Farnweg\nBerlin", production_policy="by_hand")  # fmt: skip
    below = buy_in_france(town)
    assert rate_of(below) == Decimal("0.19") and below.ship_to["country"] == "FR"
    set_up(eu={"oss": "destination"})
    above = buy_in_france(town)
    assert rate_of(above) == Decimal("0.20")
    assert above.total_minor == below.total_minor, "the same price everywhere: only the VAT inside differs"
    sheet = sheet_of(issue_invoice(above.id, who="test"))
    assert any("20%" in label for label, _net, _tax in sheet.taxes)
    before = town.app.config["IMPRINT"]
    town.app.config["IMPRINT"] = replace(before, tax_mode="stripe")
    try:
        by_stripe = buy_in_france(town)
    finally:
        town.app.config["IMPRINT"] = before
    assert by_stripe.tax_minor == above.tax_minor and rate_of(by_stripe) is None
    report = read_report(db.session(), quarter_of(clock.now()), "DE", with_tests=True)
    found = {key: (sums.orders, sums.net_minor + sums.vat_minor) for key, sums in report.sales.items()}
    assert found == {("FR", "19%"): (1, below.total_minor), ("FR", "20%"): (2, 2 * above.total_minor)}
