"""Settings → Brand with type and preview, Checkout, Region."""

from __future__ import annotations

import re
from html import unescape
from typing import Any

import pytest
from sqlalchemy import text

from shop.core.transaction import transaction
from shop.extensions import db
from shop.tenancy import profile
from shop.tenancy.brand_style import TYPE_PAIRS, fonts_of, style_of
from shop.tenancy.checkout_rules import rules_of
from tests.admin import making
from tests.admin.conftest import Staff
from tests.admin.test_content import selects
from tests.admin.test_settings import form_of, store
from tests.catalog_reading.goods import stock
from tests.town import Town


def edit(staff: Staff, section: str, **changes: str) -> Any:
    page = staff.get(f"/admin/settings/{section}").text
    data = {**form_of(page), **selects(page), **changes}
    data.pop("csrf_token", None)
    return staff.post(f"/admin/settings/{section}", data)


# -- brand


def test_type_is_chosen_in_pairs_and_reaches_the_style_sheet(staff: Staff) -> None:
    assert edit(staff, "brand", type="slab").status_code == 303
    profile.forget()
    css = staff.client.get("/brand.css").text
    assert "--brand-display:Rockwell" in css
    assert edit(staff, "brand", type="").status_code == 303
    assert "--brand-display" not in style_of(store().brand)


@pytest.mark.parametrize("key", TYPE_PAIRS)
def test_every_pair_passes_the_style_sheets_own_check(key: str) -> None:
    pair, css = TYPE_PAIRS[key], style_of(fonts_of(key))
    assert (f"--brand-display:{pair.display}" in css) == bool(pair.display)
    assert (f"--brand-text:{pair.text}" in css) == bool(pair.text)


def test_an_unknown_pair_is_refused(staff: Staff) -> None:
    answer = edit(staff, "brand", type="comic; } body { display: none")
    assert answer.status_code == 422
    assert "choose one" in answer.text


def test_the_preview_shows_what_is_not_saved_in_a_frame_of_ours_alone(staff: Staff) -> None:
    stock("Fern Tee", slug="fern-tee")
    staff.get("/admin/settings/brand")
    answer = staff.post("/admin/settings/brand/preview", {"accent": "#7a1f3d", "type": "slab"})
    assert answer.status_code == 200
    assert "Fern Tee" in answer.text
    assert answer.headers["X-Frame-Options"] == "SAMEORIGIN"
    assert "frame-ancestors 'self'" in answer.headers["Content-Security-Policy"]
    assert "unsafe" not in answer.headers["Content-Security-Policy"]
    sheet = unescape(re.search(r'href="(/admin/settings/brand/preview.css[^"]*)"', answer.text)[1])  # type: ignore[index]
    css = staff.get(sheet).text
    assert "--brand-accent:#7a1f3d" in css and "Rockwell" in css
    assert store().brand.get("accent") != "#7a1f3d"


def test_the_preview_says_what_is_wrong_with_a_colour(staff: Staff) -> None:
    answer = staff.post("/admin/settings/brand/preview", {"accent": "#ffee88"})
    assert answer.status_code == 422
    assert "too pale" in answer.text
    assert "}" not in staff.get("/admin/settings/brand/preview.css?accent=red;}body{").text.removesuffix("}\n")


# -- checkout


def test_checkout_rules_are_as_they_were_until_somebody_chooses(staff: Staff) -> None:
    rules = rules_of(store().checkout)
    assert (rules.asks_phone, rules.takes_notes, rules.shows_terms) == (True, True, False)
    assert rules_of({"asks_phone": "yes", "takes_notes": None}) == rules


def test_what_the_checkout_asks_follows_the_settings(town: Town) -> None:
    with transaction() as session:
        chosen = '{"asks_phone": false, "takes_notes": false, "shows_terms": true}'
        session.execute(text("UPDATE store_profile SET checkout = CAST(:chosen AS jsonb)"), {"chosen": chosen})
        profile.touch_settings(session)
    profile.forget()
    town.buyer.fill_cart()
    page = town.buyer.get("/cart").text
    assert "Add a note" not in page
    assert '<a href="/pages/terms">Terms</a>' in page
    assert town.buyer.post("/cart/note", data={"note": "Hello"}).status_code == 404
    session_id = town.buyer.check_out()
    assert town.stripe.v1.checkout.sessions.retrieve(session_id).phone_number_collection.enabled is False


def test_the_form_saves_what_is_ticked(staff: Staff) -> None:
    page = form_of(staff.get("/admin/settings/checkout").text)
    page.pop("csrf_token")
    page.pop("asks_phone")
    assert staff.post("/admin/settings/checkout", {**page, "shows_terms": "1"}).status_code == 303
    assert store().checkout == {
        "asks_phone": False, "takes_notes": True, "shows_terms": True, "buyers_cancel": "production",
        "cancel_minutes": 60,
    }  # fmt: skip


# -- region


def test_a_new_currency_and_language_rewrite_every_price(staff: Staff) -> None:
    stock("Fern Tee", slug="fern-tee", price=2400)
    assert edit(staff, "region", currency="EUR", locale="fr", country="FR").status_code == 303
    profile.forget()
    assert (store().currency, store().locale, store().country) == ("EUR", "fr", "FR")
    assert "24,00\u00a0€" in db.session.execute(text("SELECT card->>'price_text' FROM products")).scalar_one()


def test_the_currency_stays_once_there_are_orders(staff: Staff) -> None:
    with transaction() as session:
        making.paid_order(session)
    answer = edit(staff, "region", currency="EUR")
    assert answer.status_code == 422
    assert "the currency stays" in answer.text
    assert edit(staff, "region", country="CA").status_code == 303


@pytest.mark.parametrize("changes", [{"currency": "XXX"}, {"locale": "tlh"}, {"country": "ZZ"}, {"country": ""}])
def test_regions_nobody_knows_are_refused(staff: Staff, changes: dict[str, str]) -> None:
    answer = edit(staff, "region", **changes)
    assert answer.status_code == 422
    assert "choose one" in answer.text
