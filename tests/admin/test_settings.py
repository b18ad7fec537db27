"""Settings: saved, checked, and safe when two people edit."""

from __future__ import annotations

import io
import re
from html import unescape
from typing import Any

import pytest
from PIL import Image
from sqlalchemy import select

from shop.admin.colours import PAPER, brand_colours, contrast, read_colour
from shop.admin.logo import redraw_logo
from shop.errors import InvalidInput
from shop.extensions import db
from shop.tenancy import profile
from shop.tenancy.models import StoreProfile
from tests.admin.conftest import Staff


def form_of(page: str) -> dict[str, str]:
    """Every field of the section's form, as a browser would send it."""
    form = page[page.index("data-watch") : page.index("</form>", page.index("data-watch"))]
    found: dict[str, str] = {}
    for tag in re.findall(r"<input[^>]*>", form):
        got = dict(re.findall(r'([\w-]+)="([^"]*)"', tag))
        name = got.get("name", "")
        if (
            not name
            or got.get("type") == "file"
            or (got.get("type") in ("checkbox", "radio") and " checked" not in tag)
        ):
            continue
        found[name] = unescape(got.get("value", ""))
    for name, text in re.findall(r'<textarea[^>]*name="([^"]+)"[^>]*>([^<]*)</textarea>', form):
        found[name] = unescape(text)
    return found


def edit(staff: Staff, section: str, **changes: str) -> Any:
    data = {**form_of(staff.get(f"/admin/settings/{section}").text), **changes}
    data.pop("csrf_token", None)
    return staff.post(f"/admin/settings/{section}", data)


def store() -> StoreProfile:
    db.session.remove()
    return db.session.execute(select(StoreProfile)).scalar_one()


def test_general_is_saved_and_every_worker_sees_it(staff: Staff) -> None:
    before = profile.current_versions(fresh=True)
    assert edit(staff, "general", name="Moss & Moth", tagline="Soft things").status_code == 303
    assert store().name == "Moss & Moth"
    assert profile.current_versions(fresh=True).settings == before.settings + 1


@pytest.mark.parametrize("section", ["general", "brand", "shipping", "taxes", "production"])
def test_saving_without_a_change_changes_nothing(staff: Staff, section: str) -> None:
    edit(staff, section)
    before, was = profile.current_versions(fresh=True), vars(store()).copy()
    assert edit(staff, section).status_code == 303
    assert profile.current_versions(fresh=True) == before
    now = vars(store())
    assert {k: v for k, v in now.items() if k[0] != "_"} == {k: v for k, v in was.items() if k[0] != "_"}


def test_the_second_of_two_sees_what_changed_and_loses_nothing(staff: Staff) -> None:
    first = form_of(staff.get("/admin/settings/general").text)
    second = dict(first)
    for form in (first, second):
        form.pop("csrf_token")
    assert staff.post("/admin/settings/general", {**first, "tagline": "Mine"}).status_code == 303
    answer = staff.post("/admin/settings/general", {**second, "tagline": "Yours", "legal_name": "Yours Ltd"})
    assert answer.status_code == 409
    assert "Somebody else saved" in answer.text
    assert "Mine" in answer.text
    assert 'value="Yours Ltd"' in answer.text
    assert store().tagline == "Mine"
    again = form_of(answer.text)
    again.pop("csrf_token")
    assert staff.post("/admin/settings/general", again).status_code == 303
    assert (store().tagline, store().legal_name) == ("Yours", "Yours Ltd")


def test_another_section_saved_meanwhile_is_no_conflict(staff: Staff) -> None:
    form = form_of(staff.get("/admin/settings/general").text)
    form.pop("csrf_token")
    edit(staff, "production", production_policy="by_hand")
    assert staff.post("/admin/settings/general", {**form, "tagline": "Fine"}).status_code == 303


@pytest.mark.parametrize(
    ("section", "changes", "said"),
    [
        ("general", {"name": " "}, "name is missing"),
        ("general", {"name": "x" * 200}, "too long"),
        ("general", {"support_email": "not an address"}, "not an e-mail address"),
        ("brand", {"accent": "green"}, "six hexadecimal"),
        ("brand", {"accent": "#ffee88"}, "too pale"),
        ("shipping", {"free_shipping": "lots"}, "not an amount"),
        ("shipping", {"free_shipping": "-4"}, "not an amount"),
        ("shipping", {"where": "some"}, "at least one country"),
        ("shipping", {"row-0-countries": "ZZ"}, "No country we ship to"),
        ("shipping", {"row-0-first": ""}, "is missing"),
        ("shipping", {"row-0-low": "9", "row-0-high": "2"}, "cannot be fewer"),
        ("taxes", {"row-9-countries": "DE", "row-9-rate": "190"}, "between 0 and 100"),
        ("taxes", {"row-9-countries": "DE", "row-9-rate": "x"}, "not a number"),
        ("taxes", {"row-9-countries": "Germany", "row-9-rate": "19"}, "one country code"),
        ("taxes", {"row-8-countries": "DE", "row-8-rate": "19", "row-9-countries": "de", "row-9-rate": "7"}, "already"),
        ("production", {"production_policy": "whenever"}, "choose one"),
        ("production", {"production_delay_minutes": "1e3"}, "whole number"),
    ],
)
def test_bad_input_is_told_beside_its_field(staff: Staff, section: str, changes: dict[str, str], said: str) -> None:
    before = {k: v for k, v in vars(store()).items() if k[0] != "_"}
    answer = edit(staff, section, **changes)
    assert answer.status_code == 422
    assert said in answer.text
    assert "error-summary" in answer.text
    assert {k: v for k, v in vars(store()).items() if k[0] != "_"} == before


def test_rows_are_added_changed_and_removed_without_javascript(staff: Staff) -> None:
    form = form_of(staff.get("/admin/settings/taxes").text)
    form.pop("csrf_token")
    more = staff.post("/admin/settings/taxes", {**form, "do": "more", "row-0-countries": "DE", "row-0-rate": "19"})
    assert 'value="DE"' in more.text
    assert "row-3-countries" in more.text
    assert store().tax_rates == []
    filled = {
        "row-0-countries": "de", "row-0-rate": "19", "row-0-name": "MwSt", "row-0-shipping": "1",
        "row-2-countries": "FI", "row-2-rate": "25,5",
    }  # fmt: skip
    assert staff.post("/admin/settings/taxes", {**form, **filled, "prices_include_tax": "1"}).status_code == 303
    assert store().tax_rates == [
        {"country": "DE", "rate": "0.19", "name": "MwSt", "on_shipping": True},
        {"country": "FI", "rate": "0.255", "name": "Tax", "on_shipping": False},
    ]
    assert store().prices_include_tax is True
    assert edit(staff, "taxes", **{"row-0-remove": "1"}).status_code == 303
    assert [row["country"] for row in store().tax_rates] == ["FI"]


def test_shipping_rows_and_countries(staff: Staff) -> None:
    changes = {
        "where": "some", "to-US": "1", "to-FR": "1", "free_shipping": "1,200.50",
        "row-0-countries": "us; ca", "row-0-first": "6.00", "row-0-more": "0", "row-0-low": "2", "row-0-high": "5",
    }  # fmt: skip
    assert edit(staff, "shipping", **changes).status_code == 303
    row = store()
    assert row.ships_to == ["FR", "US"]
    assert row.free_shipping_minor == 120050
    assert row.shipping_fallback[0] == {"countries": ["US", "CA"], "first_minor": 600, "more_minor": 0, "days": [2, 5]}
    assert len(row.shipping_fallback) == 3
    assert row.own_shipping_prices is False
    assert edit(staff, "shipping", own="1").status_code == 303
    assert store().own_shipping_prices is True


def test_one_colour_makes_a_readable_set(staff: Staff) -> None:
    assert edit(staff, "brand", accent="8A2D3B").status_code == 303
    brand = store().brand
    assert brand["accent"] == "#8a2d3b"
    assert contrast(brand["accent"], brand["accent_ink"]) >= 4.5
    assert contrast(brand["accent_dark"], brand["accent_dark_ink"]) >= 4.5
    assert contrast(brand["accent_dark"], "#161512") >= 4.5
    profile.current_versions(fresh=True)
    css = staff.get("/brand.css").text
    assert "#8a2d3b" in css
    assert brand["accent_dark"] in css


@pytest.mark.parametrize("raw", ["#000", "#1f5c4a", "#0000ff", "#7a1fa2", "#8b0000", "#444444"])
def test_every_accepted_colour_is_readable_everywhere(raw: str) -> None:
    made = brand_colours(read_colour(raw))
    assert contrast(made["accent"], PAPER) >= 4.5
    assert contrast(made["accent"], made["accent_ink"]) >= 4.5
    assert contrast(made["accent_dark"], made["accent_dark_ink"]) >= 4.5
    assert contrast(made["accent_dark"], "#292621") >= 4.5


def test_the_suggested_colour_works() -> None:
    with pytest.raises(InvalidInput) as caught:
        brand_colours("#ffcc00")
    suggested = re.search(r"#[0-9a-f]{6}\.", caught.value.fields["accent"])
    assert suggested
    brand_colours(suggested[0].rstrip("."))


def png(size: tuple[int, int] = (900, 300)) -> bytes:
    out = io.BytesIO()
    Image.new("RGBA", size, "#23553f").save(out, "PNG")
    return out.getvalue()


def test_a_logo_is_drawn_anew_and_stored(staff: Staff) -> None:
    form = form_of(staff.get("/admin/settings/brand").text)
    form.pop("csrf_token")
    answer = staff.post(
        "/admin/settings/brand", {**form, "logo": (io.BytesIO(png()), "x.svg")}, content_type="multipart/form-data"
    )
    assert answer.status_code == 303
    url = store().brand["logo_url"]
    assert url.endswith(".png")
    served = staff.client.get(url)
    assert served.status_code == 200
    assert Image.open(io.BytesIO(served.data)).size == (512, 171)
    edit(staff, "brand", remove_logo="1")
    assert store().brand["logo_url"] is None


@pytest.mark.parametrize(
    "raw",
    [
        b"", b"<svg onload=alert(1)>", b"\x89PNG\r\n\x1a\n" + b"garbage", b"GIF89a", b"RIFF0000WAVE", b"\xff\xd8\xff\x00",
        b"\x89PNG\r\n\x1a\n" + b"0" * 2_000_000,
    ],
)  # fmt: skip
def test_what_is_no_picture_is_refused(raw: bytes) -> None:
    with pytest.raises(InvalidInput):
        redraw_logo(raw)


def test_a_picture_too_wide_is_refused() -> None:
    with pytest.raises(InvalidInput):
        redraw_logo(png((7000, 2)))


def test_keys_are_masked(staff: Staff) -> None:
    page = staff.get("/admin/settings/services").text
    for secret in ("sandbox-printify-token", "sk_test_sandbox", "whsec_sandbox", "sandbox-printify-webhook-secret"):
        assert secret not in page
    assert "PRINTIFY_API_TOKEN" in page


def test_the_check_says_what_is_wrong(staff: Staff, sandbox: object) -> None:
    assert "Printify works" in staff.press("/admin/settings/services/printify/check")
    assert "Stripe works" in staff.press("/admin/settings/services/stripe/check")
    assert "answers" in staff.press("/admin/settings/services/mail/check")
    assert "written and read back" in staff.press("/admin/settings/services/pictures/check")
    assert staff.post("/admin/settings/services/nonsense/check").status_code == 404


def test_a_wrong_shop_is_named(staff: Staff, sandbox: object, monkeypatch: pytest.MonkeyPatch) -> None:
    import dataclasses

    app = staff.client.application
    monkeypatch.setitem(
        app.config, "IMPRINT", dataclasses.replace(app.config["IMPRINT"], printify_shop_id=1, smtp_port=1)
    )
    assert "not among its shops" in staff.press("/admin/settings/services/printify/check")
    assert "cannot be reached" in staff.press("/admin/settings/services/mail/check")
