"""Settings → Currencies, a product's fixed prices, and an order of another currency in the panel."""

from __future__ import annotations

import re
from decimal import Decimal
from typing import Any

import pytest
from sqlalchemy import select

from shop.catalog.models import Product, Variant
from shop.core.transaction import transaction
from shop.drafts.models import DraftItem, DraftOrder
from shop.extensions import db
from shop.tenancy import profile
from tests.admin import making
from tests.admin.conftest import Staff
from tests.admin.test_content import selects
from tests.admin.test_settings import form_of, store
from tests.catalog_reading.goods import stock
from tests.storefront.test_currencies import offer

EUR = {"row-0-code": "eur", "row-0-rate": "0,92", "row-0-rounding": "99", "row-0-way": "up"}


def edit(staff: Staff, **changes: str) -> Any:
    page = staff.get("/admin/settings/currencies").text
    data = {**form_of(page), **selects(page), **changes}
    data.pop("csrf_token", None)
    return staff.post("/admin/settings/currencies", data)


def test_a_currency_is_offered_with_who_typed_its_rate(staff: Staff) -> None:
    stock()
    assert edit(staff, **EUR).status_code == 303
    (row,) = store().currencies
    assert (row["code"], row["rate"], row["rounding"], row["way"]) == ("EUR", "0.92", "99", "up")
    assert row["changed_by"] and row["changed_at"].endswith("+00:00")
    page = staff.get("/admin/settings/currencies").text
    assert "€23.99" in page and row["changed_by"] in page
    profile.forget()
    assert "€22.99" in staff.client.get("/products/quiet-fox-tee?currency=EUR").text
    signed = (row["changed_at"], row["changed_by"])
    assert edit(staff, **{"row-0-rounding": "whole"}).status_code == 303
    assert (store().currencies[0]["changed_at"], store().currencies[0]["changed_by"]) == signed
    assert edit(staff, **{"row-0-remove": "1"}).status_code == 303 and store().currencies == []


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"row-0-code": "USD"}, "own currency"), ({"row-0-code": "XXX"}, "from the list"),
        ({"row-0-code": "ISK"}, "from the list"), ({"row-0-code": "\x00"}, "from the list"),
        ({"row-0-rate": ""}, "not a number"), ({"row-0-rate": "0"}, "above 0"), ({"row-0-rate": "-1"}, "less than nothing"),
        ({"row-0-rate": "1e3"}, "not a number"), ({"row-0-rate": "NaN"}, "not a number"),
        ({"row-0-rate": "9999999"}, "at most a million"), ({"row-0-rate": "0.00000000001"}, "ten decimals"),
        ({"row-0-rounding": "7"}, "choose one"), ({"row-0-way": "down"}, "choose one"),
        ({"row-0-code": "JPY", "row-0-rounding": "0.05"}, "no decimals"),
        ({"row-1-code": "EUR", "row-1-rate": "1", "row-1-rounding": "none", "row-1-way": "up"}, "has a row already"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_said_beside_its_field(staff: Staff, changes: dict[str, str], said: str) -> None:
    answer = edit(staff, **{**EUR, **changes})
    assert answer.status_code == 422 and said in answer.text and store().currencies == []


def test_the_shops_own_currency_stays_while_rates_are_in_it(staff: Staff) -> None:
    offer({"code": "EUR", "rate": "0.92"})
    page = staff.get("/admin/settings/region").text
    data = {**form_of(page), **selects(page), "currency": "EUR"}
    data.pop("csrf_token", None)
    answer = staff.post("/admin/settings/region", data)
    assert answer.status_code == 422 and "Take them out first" in answer.text


def prices() -> list[dict[str, Any]]:
    db.session.remove()
    return list(db.session.execute(select(Variant.fixed_prices).order_by(Variant.position)).scalars())


def test_fixed_prices_are_set_one_by_one_for_all_and_taken_away(staff: Staff) -> None:
    product_id = stock()
    path = f"/admin/catalog/{product_id}/currencies"
    assert "one currency" in staff.get(path).text
    offer({"code": "EUR", "rate": "0.92"}, {"code": "JPY", "rate": "150"})
    first = db.session.execute(select(Variant.id).order_by(Variant.position)).scalars().first()

    def save(**changes: str) -> Any:
        data = {**form_of(staff.get(path + "?currency=EUR").text), "do": "save", **changes}
        data.pop("csrf_token", None)
        return staff.post(path, data)

    assert save(**{f"v-{first}-price": "19,90", f"v-{first}-before": "24 €"}).status_code == 303
    assert prices() == [{"EUR": [1990, 2400]}, {}, {}, {}]
    assert "Fixed" in staff.get(path).text
    stale = form_of(staff.get(path).text)
    assert save(**{"all-price": "21", "do": "all"}).status_code == 303
    assert prices() == [{"EUR": [2100, 0]}] * 4
    stale.pop("csrf_token")
    answer = staff.post(path, {**stale, f"v-{first}-price": "18", "do": "save"})
    assert answer.status_code == 422 and "Somebody else saved" in answer.text and 'value="18"' in answer.text
    data = {**form_of(staff.get(path + "?currency=JPY").text), "all-price": "3500", "do": "all"}
    data.pop("csrf_token")
    staff.post(path, data)
    assert save(do="clear").status_code == 303 and prices() == [{"JPY": [3500, 0]}] * 4
    for wrong, said in (
        ({f"v-{first}-price": "0"}, "more than 0"), ({f"v-{first}-price": "12 USD"}, "is in EUR"),
        ({f"v-{first}-price": "", f"v-{first}-before": "5"}, "is missing"),
        ({f"v-{first}-price": "5", f"v-{first}-before": "5"}, "must be above"), ({"do": "all"}, "every variant gets"),
    ):  # fmt: skip
        answer = save(**wrong)
        assert answer.status_code == 422 and said in answer.text, wrong
    assert staff.post(path, {"currency": "GBP", "do": "clear"}).status_code == 404
    assert prices() == [{"JPY": [3500, 0]}] * 4
    assert db.session.get_one(Product, product_id).card["fixed"] == {"JPY": [[3500, 3500, 0], None]}


def test_an_order_of_another_currency_tells_both_totals(staff: Staff) -> None:
    with transaction() as session:
        order = making.paid_order(session)
        order.currency, order.store_currency, order.rate, order.to_store = "EUR", "USD", Decimal("0.8"), Decimal("1.25")
        order.total_minor, number = 4000, order.number
    page = staff.get(f"/admin/orders/{number}").text
    assert "€40.00" in page and "$50.00 in the shop’s currency: 1 USD was 0.8 EUR" in page
    assert number in staff.get("/admin/orders?low=49&high=51").text
    assert number not in staff.get("/admin/orders?low=39&high=41").text
    assert re.search(r"EUR.*USD,0\.8,50\.00", staff.get("/admin/orders/export.csv").text)


def test_a_draft_has_the_currency_it_was_begun_in(staff: Staff) -> None:
    stock()
    offer({"code": "EUR", "rate": "0.5"})
    path = staff.post("/admin/drafts", {"currency": "EUR"}).headers["Location"]
    with transaction() as session:
        draft = session.query(DraftOrder).one()
        variant = session.query(Variant).filter_by(position=1).one()
        session.add(DraftItem(draft_id=draft.id, variant_id=variant.id, quantity=2, seen_minor=1200))
        assert draft.currency == "EUR"
    page = staff.get(path).text
    assert "€24.00" in page and "Prices have changed" not in page
    offer()
    assert "does not sell in EUR any more" in staff.get(path).text
