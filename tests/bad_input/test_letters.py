"""Hostile words on their way into letters: shown as words, never as headers, markup or instructions."""

from __future__ import annotations

import pytest
from sqlalchemy import select

from sandbox.stripe import book
from shop.email.models import Letter
from shop.extensions import db
from shop.workflows.complete_checkout import settle_session
from tests.bad_input.hostile import SCRIPT, ours
from tests.town import Town

INJECTION = "Ada\r\nBcc: everyone@example.com\r\nSubject: cheap pills\r\n\r\n<h1>hi</h1>"


@pytest.mark.parametrize("field", ["name", "order_number", "message"])
def test_line_breaks_in_the_contact_form_reach_no_header(field: str, town: Town) -> None:
    form = {"name": "Ada", "email": "ada@example.com", "order_number": "", "message": "hello there"}
    answer = town.app.test_client().post("/contact", data={**form, field: INJECTION[:90]}, headers=ours())
    assert answer.status_code in (303, 422)
    town.work()
    assert [row.work_state for row in db.session.execute(select(Letter)).scalars()] in ([], ["done", "done"])
    got = town.letters()
    assert len(got) == (2 if answer.status_code == 303 else 0)
    for letter in got:
        assert letter["to"] in (["ada@example.com"], "ada@example.com", ["hello@example.com"], "hello@example.com")
        assert "\n" not in letter["subject"] and "everyone@example.com" not in str(letter.get("headers", {}).get("Bcc"))
    assert town.letters(to="everyone@example.com") == []


def test_an_address_that_could_break_a_header_is_refused(town: Town) -> None:
    client = town.app.test_client()
    for email in ("a@b.example\r\nBcc: x@y.example", "a@b.example, c@d.example", "Ada <a@b.example>", "a@b", "a@\x00b.example",
                  "a" * 300 + "@b.example", '"a b"@c.example', "a@[127.0.0.1]", "a@-b.example", "ü@example.com"):  # fmt: skip
        form = {"name": "Ada", "email": email, "message": "hello there"}
        assert client.post("/contact", data=form, headers=ours()).status_code == 422, email
    assert db.session.query(Letter).count() == 0


def test_an_international_address_is_written_to_in_its_plain_form(town: Town) -> None:
    form = {"name": "Ada", "email": "ada@bücher.example", "message": "hello there"}
    assert town.app.test_client().post("/contact", data=form, headers=ours()).status_code == 303
    town.work()
    assert len(town.letters(to="ada@xn--bcher-kva.example")) == 1


def test_markup_in_names_and_notes_is_shown_as_text(town: Town) -> None:
    town.buyer.fill_cart()
    town.buyer.post("/cart/note", {"note": f"Note {SCRIPT} {{{{7*7}}}}"})
    town.buyer.pay(town.buyer.check_out(), name=f"Eve {SCRIPT} {{{{7*7}}}}")
    town.buyer.post(
        "/contact", {"name": f"Eve {SCRIPT}", "email": "eve@example.com", "message": f"m {SCRIPT} {{{{7*7}}}}"}
    )
    town.work()
    letters = town.letters()
    assert len(letters) == 4
    for letter in letters:
        assert SCRIPT not in letter["html"], letter["subject"]
        assert "Eve 49" not in letter["html"] and "m 49" not in letter["html"]
    page = town.buyer.get(f"/orders/{town.order().token}")
    assert page.status_code == 200 and SCRIPT not in page.text


def test_whatever_is_typed_at_the_payment_page_the_order_is_placed(town: Town) -> None:
    """The payment page's limits are not ours: names of any length, control characters, letters of any script."""
    town.control("POST", "hooks", service="stripe", mode="lose", seconds=0)
    for n, typed in enumerate(
        ("N" * 5000, "A\nB\tC\r\nBcc: x@y.example", "a\x00b", "\u202eevil", "山田 太郎", SCRIPT, "")
    ):
        town.buyer = type(town.buyer)(town)
        town.buyer.fill_cart()
        session_id = town.buyer.check_out()
        town.buyer.pay(session_id, email=f"buyer{n}@example.com")
        kind = book.KINDS["checkout.session"]
        theirs = town.world.store.get(kind, session_id)
        assert theirs is not None
        address = dict.fromkeys(("line1", "line2", "city", "state", "postal_code"), typed) | {"country": "US"}
        theirs["customer_details"] |= {"name": typed, "phone": typed, "address": address}
        theirs["collected_information"]["shipping_details"] |= {"name": typed, "address": address}
        town.world.store.put(kind, session_id, theirs)
        assert settle_session(session_id) == "completed", typed[:20]
        town.work()
        order = town.orders()[-1]
        assert (order.payment_status, len(order.customer_name) <= 200, len(order.phone) <= 40) == ("paid", True, True)
        assert order.customer_name.isprintable() and order.ship_to["line1"].isprintable()
        page = town.buyer.get(f"/orders/{order.token}")
        assert page.status_code == 200 and SCRIPT not in page.text
        (letter,) = town.letters(to=f"buyer{n}@example.com")
        assert SCRIPT not in letter["html"]
