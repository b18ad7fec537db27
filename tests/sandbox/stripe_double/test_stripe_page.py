"""The hosted payment page, without a browser."""

from __future__ import annotations

import re

import requests
from stripe_desk import Desk, page_form, rate


def test_page_shows_the_order_and_keeps_to_its_policy(desk: Desk) -> None:
    session = desk.session(
        shipping_address_collection={"allowed_countries": ["US", "DE"]}, shipping_options=[rate("Standard", 499)]
    )
    page = requests.get(session.url, timeout=10)
    assert page.status_code == 200 and "$54.99" in page.text and "Black / M" in page.text
    assert re.findall(
        r'<option value="([A-Z]{2})"', page.text.split('name="ship_country"')[1].split("</select>")[0]
    ) == [
        "DE",
        "US",
    ]
    assert "http://shop.test/cart" in page.text
    assert "unsafe-inline" not in page.headers["Content-Security-Policy"]
    assert not re.search(r'\sstyle="|<style|\son\w+="|<script>', page.text)


def test_page_names_every_wrong_field(desk: Desk) -> None:
    session = desk.session(shipping_address_collection={"allowed_countries": ["DE"]})
    page = requests.post(session.url, data=page_form(email="ada", card_number="4242", card_expiry="01/20"), timeout=10)
    assert page.status_code == 422
    for name in ("email", "ship_country", "card_number", "card_expiry"):
        assert f'id="error-{name}"' in page.text
    assert desk.read(session).status == "open"


def test_page_takes_a_code_once_and_shows_the_new_total(desk: Desk) -> None:
    coupon = desk.client.v1.coupons.create({"amount_off": 700, "currency": "usd", "duration": "once"})
    desk.client.v1.promotion_codes.create(
        {"promotion": {"type": "coupon", "coupon": coupon.id}, "code": "SPRING", "max_redemptions": 1}
    )
    session = desk.session(allow_promotion_codes=True)
    wrong = requests.post(session.url, data={"do": "apply", "code": "nope"}, timeout=10)
    assert wrong.status_code == 422 and "This code is invalid." in wrong.text
    right = requests.post(session.url, data={"do": "apply", "code": "spring"}, timeout=10)
    assert "SPRING" in right.text and "$43.00" in right.text
    assert requests.post(session.url, data=page_form(), timeout=10, allow_redirects=False).status_code == 303
    paid = desk.read(session)
    assert paid.amount_total == 4300 and paid.discounts[0].promotion_code.startswith("promo_")
    second = requests.post(
        desk.session(allow_promotion_codes=True).url, data={"do": "apply", "code": "SPRING"}, timeout=10
    )
    assert "no longer valid" in second.text


def test_page_never_charges_a_total_it_did_not_show(desk: Desk) -> None:
    session = desk.session(automatic_tax={"enabled": True}, shipping_address_collection={"allowed_countries": ["US"]})
    shown = requests.post(session.url, data=page_form(shown_total="5000"), timeout=10)
    assert shown.status_code == 409 and "The total is now $53.63" in shown.text
    assert desk.read(session).status == "open"
    done = requests.post(session.url, data=page_form(shown_total="5363"), timeout=10, allow_redirects=False)
    assert done.status_code == 303 and desk.read(session).amount_total == 5363
    assert desk.read(session).collected_information.shipping_details.address.state == "CA"


def test_page_quotes_the_total_for_a_choice(desk: Desk) -> None:
    session = desk.session(shipping_options=[rate("Standard", 499), rate("Express", 1299)])
    express = session.shipping_options[1].shipping_rate
    quote = requests.post(f"{session.url}/quote", data={"shipping_option": express}, timeout=10).json()
    assert quote["amount"] == 6299 and "$12.99" in quote["totals"]
    assert desk.read(session).amount_total == 5499


def test_page_walks_through_3d_secure(desk: Desk) -> None:
    session = desk.session()
    form = page_form(card_number="4000002760003184")
    with requests.Session() as browser:
        challenge = browser.post(session.url, data=form, timeout=10)
        assert "Complete authentication" in challenge.text
        failed = browser.post(challenge.url, data={"result": "fail"}, timeout=10)
        assert failed.status_code == 402 and "unable to authenticate" in failed.text
        challenge = browser.post(session.url, data=form, timeout=10)
        done = browser.post(challenge.url, data={"result": "complete"}, timeout=10, allow_redirects=False)
    assert done.headers["Location"] == f"http://shop.test/done?session={session.id}"
    assert desk.read(session).payment_status == "paid"


def test_closed_and_unknown_pages_say_so(desk: Desk) -> None:
    paid, expired = desk.session(), desk.session()
    addresses = paid.url, expired.url
    desk.pay(paid)
    desk.control(f"sessions/{expired.id}/expire")
    assert "You are all done here" in requests.get(addresses[0], timeout=10).text
    assert "This checkout has expired" in requests.get(addresses[1], timeout=10).text
    assert requests.get(f"{desk.url}/pay/cs_test_nothing", timeout=10).status_code == 404
    assert requests.get(f"{desk.url}/pay/recover/nothing", timeout=10).status_code == 410


def test_hostile_text_stays_text(desk: Desk) -> None:
    nasty = "<script>alert(1)</script>"
    line = {"price_data": {"currency": "usd", "unit_amount": 900, "product_data": {"name": nasty}}, "quantity": 1}
    session = desk.session(line_items=[line])
    page = requests.post(session.url, data=page_form(email=nasty, card_name='"><img>'), timeout=10).text
    assert nasty not in page and '"><img>' not in page
