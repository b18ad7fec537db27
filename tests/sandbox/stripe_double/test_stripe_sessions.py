"""Checkout sessions of the double: what they hold, what is refused, how they end."""

from __future__ import annotations

import time
from typing import Any

import pytest
import requests
import stripe
from stripe_desk import TEE, Desk, rate

from sandbox.stripe.checking import SPEC_FILE, checker_for


def test_session_echoes_what_was_asked_and_adds_up(desk: Desk) -> None:
    session = desk.session(
        client_reference_id="cart-7",
        metadata={"order": "7"},
        shipping_address_collection={"allowed_countries": ["US", "DE"]},
        shipping_options=[rate("Standard", 499), rate("Express", 1299)],
        after_expiration={"recovery": {"enabled": True}},
    )
    assert session.id.startswith("cs_test_") and session.status == "open" and session.payment_status == "unpaid"
    assert (session.amount_subtotal, session.amount_total) == (5000, 5499)
    assert session.total_details.amount_shipping == 499
    assert session.url == f"{desk.url}/pay/{session.id}"
    assert session.metadata.to_dict() == {"order": "7"} and session.client_reference_id == "cart-7"
    assert session.payment_intent is None and session.after_expiration.recovery.url is None
    assert "line_items" not in session
    lines = desk.client.v1.checkout.sessions.line_items.list(session.id)
    assert [(line.description, line.quantity, line.amount_total) for line in lines.data] == [("Tee", 2, 5000)]


def test_expand_shows_lines_products_and_breakdown(desk: Desk) -> None:
    coupon = desk.client.v1.coupons.create({"percent_off": 10, "duration": "once"})
    session = desk.session(
        discounts=[{"coupon": coupon.id}],
        expand=["line_items.data.price.product", "total_details.breakdown"],
    )
    assert session.line_items.data[0].price.product.description == "Black / M"
    assert session.total_details.breakdown.discounts[0].amount == 500
    assert (session.amount_total, session.total_details.amount_discount) == (4500, 500)


@pytest.mark.parametrize(
    ("more", "param"),
    [
        ({"mode": "nope"}, "mode"),
        ({"success_url": None}, "success_url"),
        ({"success_url": "shop.test/x"}, "success_url"),
        ({"ui_mode": "hosted"}, "ui_mode"),
        ({"payment_method_types": ["card"]}, "payment_method_types"),
        ({"customer_email": "nobody"}, "customer_email"),
        ({"line_items": [{**TEE, "quantity": 0}]}, "line_items[0][quantity]"),
        ({"line_items": [{**TEE, "quantity": "many"}]}, "line_items[0][quantity]"),
        ({"line_items": [{"price": "price_x", "quantity": 1}]}, "line_items[0][price]"),
        (
            {"shipping_address_collection": {"allowed_countries": ["XX"]}},
            "shipping_address_collection[allowed_countries][0]",
        ),
        ({"metadata": {"k" * 41: "v"}}, "metadata"),
        ({"expires_at": 1}, "expires_at"),
    ],
)
def test_wrong_parameters_are_refused_by_name(desk: Desk, more: dict[str, Any], param: str | None) -> None:
    error = desk.refused(**more)
    assert error.http_status == 400
    assert param is None or error.param == param


def test_unknown_and_empty_parameters_are_refused_where_the_specification_is_at_hand(desk: Desk) -> None:
    if checker_for(desk.world.settings.specs_directory) is None:
        pytest.skip(f"{SPEC_FILE} is not at hand (SANDBOX_SPECS_DIR names its folder)")
    assert desk.refused(colour="red").code == "parameter_unknown"
    nameless = {"price_data": {"currency": "usd", "unit_amount": 900, "product_data": {"name": ""}}, "quantity": 1}
    error = desk.refused(line_items=[nameless])
    assert error.code == "parameter_invalid_empty" and error.param == "line_items[0][price_data][product_data][name]"
    with pytest.raises(stripe.InvalidRequestError):
        desk.client.v1.refunds.list({"colour": "red"})  # type: ignore[typeddict-unknown-key]


def test_rules_between_parameters_are_kept(desk: Desk) -> None:
    coupon = desk.client.v1.coupons.create({"percent_off": 10, "duration": "once"})
    both = desk.refused(allow_promotion_codes=True, discounts=[{"coupon": coupon.id}])
    assert "allow_promotion_codes, discounts" in str(both)
    assert "embedded_page" in str(desk.refused(ui_mode="embedded_page"))
    small = {"price_data": {"currency": "usd", "unit_amount": 20, "product_data": {"name": "Pin"}}, "quantity": 1}
    assert desk.refused(line_items=[small]).code == "amount_too_small"
    no_currency = {"price_data": {"unit_amount": 20, "product_data": {"name": "Pin"}}, "quantity": 1}
    assert "currency" in str(desk.refused(line_items=[no_currency]).param)
    descriptor = desk.refused(payment_intent_data={"statement_descriptor": "SHOP"})
    assert descriptor.param == "payment_intent_data[statement_descriptor]"


def test_taxes_from_rates_and_from_the_table_add_up(desk: Desk) -> None:
    vat = desk.client.v1.tax_rates.create({"display_name": "VAT", "percentage": 20, "inclusive": True})
    sales = desk.client.v1.tax_rates.create({"display_name": "Tax", "percentage": 7.25, "inclusive": False})
    inside = desk.session(line_items=[{**TEE, "tax_rates": [vat.id]}])
    assert (inside.amount_total, inside.total_details.amount_tax) == (5000, 833)
    on_top = desk.session(line_items=[{**TEE, "tax_rates": [sales.id]}])
    assert (on_top.amount_total, on_top.total_details.amount_tax) == (5363, 363)
    automatic = desk.session(
        automatic_tax={"enabled": True},
        shipping_address_collection={"allowed_countries": ["US", "DE"]},
        shipping_options=[rate("Standard", 499)],
    )
    assert automatic.automatic_tax.status == "requires_location_inputs" and automatic.amount_total == 5499
    paid = desk.pay(automatic, address="DE")["session"]
    assert paid["automatic_tax"]["status"] == "complete"
    assert paid["total_details"]["amount_tax"] == 950 + 95 and paid["amount_total"] == 5499 + 1045


def test_session_is_found_again_listed_and_changed(desk: Desk) -> None:
    made = [desk.session() for _ in range(5)]
    updated = desk.client.v1.checkout.sessions.update(made[0].id, {"metadata": {"a": "1"}})
    assert updated.metadata.to_dict() == {"a": "1"}
    page = desk.client.v1.checkout.sessions.list({"limit": 2})
    assert [one.id for one in page.data] == [made[4].id, made[3].id] and page.has_more
    assert len(list(page.auto_paging_iter())) == 5
    back = desk.client.v1.checkout.sessions.list({"limit": 2, "ending_before": made[0].id})
    assert [one.id for one in back.data] == [made[2].id, made[1].id]
    with pytest.raises(stripe.InvalidRequestError) as caught:
        desk.client.v1.checkout.sessions.retrieve("cs_test_nothing")
    assert (caught.value.http_status, caught.value.code) == (404, "resource_missing")


def test_session_expires_by_the_clock_and_its_link_makes_a_new_one(desk: Desk) -> None:
    soon = int(time.time()) + 1800
    session = desk.session(
        expires_at=soon, customer_email="ada@example.com", after_expiration={"recovery": {"enabled": True}}
    )
    assert session.expires_at == soon
    requests.post(f"{desk.url}/control/api/clock", json={"advance": 1900}, timeout=10).raise_for_status()
    expired = desk.read(session)
    assert expired.status == "expired" and expired.url is None
    assert desk.event_types() == ["checkout.session.expired"]
    assert expired.customer_details.email == "ada@example.com"
    answer = requests.get(expired.after_expiration.recovery.url, timeout=10, allow_redirects=False)
    assert answer.status_code == 303
    renewed = desk.client.v1.checkout.sessions.retrieve(answer.headers["Location"].rpartition("/")[2])
    assert renewed.recovered_from == session.id and renewed.amount_total == 5000 and renewed.status == "open"
    assert desk.pay(renewed)["outcome"] == "paid"
    desk.control(f"sessions/{session.id}/pay", status=409)


def test_shop_may_sell_after_time_travel(desk: Desk) -> None:
    requests.post(f"{desk.url}/control/api/clock", json={"advance": 5 * 86400}, timeout=10).raise_for_status()
    session = desk.session(expires_at=int(time.time()) + 3600)
    assert 3500 < session.expires_at - desk.world.clock.now() < 3700


def test_only_an_open_session_can_be_expired(desk: Desk) -> None:
    session = desk.session()
    assert desk.client.v1.checkout.sessions.expire(session.id).status == "expired"
    with pytest.raises(stripe.InvalidRequestError):
        desk.client.v1.checkout.sessions.expire(session.id)
