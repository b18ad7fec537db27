"""The newsletter: asked for, confirmed by letter, left with one press; and what may be written to whom."""

from __future__ import annotations

import re
from typing import Any

import pytest
import requests
from flask import Flask
from sqlalchemy import select

from shop.core.transaction import transaction
from shop.email.models import Letter
from shop.email.requesting import request_letter
from shop.email.senders.brevo import BrevoSender
from shop.email.senders.envelope import Envelope
from shop.email.senders.sendgrid import SendGridSender
from shop.email.senders.smtp import as_message
from shop.extensions import db
from shop.subscribers.choosing import confirm_newsletter, keep_subscriber, may_write, note_bounces
from shop.subscribers.kinds import KINDS
from shop.subscribers.links import stop_token
from shop.subscribers.models import LetterConsent, Subscriber
from shop.workflows.letter_choices import links_of
from tests.town import Town, path_of


def state(email: str = "ada@example.com") -> str:
    db.session.remove()
    return str(db.session.execute(select(Subscriber.newsletter).where(Subscriber.email == email)).scalar())


def link_in(mail: dict[str, Any], town: Town, page: str) -> str:
    found = re.search(rf"https?://\S+/letters/{page}/\S+", mail["text"])
    assert found, mail["text"]
    return path_of(found.group())


def whole(town: Town, mail: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = requests.get(
        f"{town.sandbox_url}/control/api/mail/messages/{mail['id']}", timeout=10
    ).json()
    return found


def test_an_address_gets_nothing_before_its_owner_presses_the_button(town: Town) -> None:
    for _ in range(2):  # a second try within the hour is no second letter
        answer = town.buyer.post("/newsletter", {"email": "Ada@Example.com"})
        assert answer.status_code == 200 and "Look into your mailbox" in answer.text
    town.work()
    (mail,) = town.letters(to="ada@example.com")
    path = link_in(whole(town, mail), town, "confirm")
    assert "ada@example.com" in town.buyer.get(path).text
    assert state() == "asked"  # a scanner that opens the link confirms nothing
    assert town.buyer.post(path).status_code == 200
    assert state() == "on"
    proof = db.session.execute(select(LetterConsent).order_by(LetterConsent.id)).scalars().all()
    assert [row.what for row in proof] == ["asked", "asked", "confirmed"]
    assert "One click in any letter ends it" in proof[-1].words

    answer = town.buyer.post("/newsletter", {"email": "ada@example.com"})  # known: the same answer, no letter
    assert "Look into your mailbox" in answer.text
    town.work()
    assert len(town.letters(to="ada@example.com")) == 1


def test_one_press_in_the_mail_reader_ends_it_without_cookies_or_origin(town: Town) -> None:
    with transaction() as session:
        row = keep_subscriber(session, "ada@example.com", "en")
        confirm_newsletter(session, row, source="letter", words="")
        links = links_of(row.id, "newsletter", 7)
        facts = {
            "subject": "New for the winter", "preview": "", "body_html": "<p>Hello</p>", "body_text": "Hello",
            "items": [], "shop_url": "https://shop.example.com", **links,
        }  # fmt: skip
        request_letter(session, letter="newsletter", subject_key="x", to_email=row.email, facts=facts)
    town.work()
    (mail,) = town.letters(to="ada@example.com")
    headers = {k.lower(): v for k, v in whole(town, mail)["headers"].items()}
    assert headers["list-unsubscribe-post"] == "List-Unsubscribe=One-Click"
    address = headers["list-unsubscribe"].strip("<>")
    assert "No more letters of this kind?" in requests.get(address, timeout=10).text
    assert state() == "on"
    for _ in range(2):
        answer = requests.post(address, data={"List-Unsubscribe": "One-Click"}, timeout=10, allow_redirects=False)
        assert answer.status_code == 200
    assert state() == "off"
    last = db.session.execute(select(LetterConsent).order_by(LetterConsent.id.desc()).limit(1)).scalar_one()
    assert (last.what, last.campaign_id) == ("withdrawn", 7)


def test_every_sender_passes_the_headers_on(town: Town) -> None:
    address = "https://shop.example.com/letters/unsubscribe/" + "a1B2." * 30
    envelope = Envelope(
        "ada@example.com", "shop@example.com", "Shop", "", "News", "Hello", "<p>Hello</p>", "letter-1",
        {"List-Unsubscribe": f"<{address}>", "List-Unsubscribe-Post": "List-Unsubscribe=One-Click"},
    )  # fmt: skip
    raw = as_message(envelope).as_bytes()
    assert f"List-Unsubscribe: <{address}>".encode() in raw, "a folded address is read by nobody"
    SendGridSender("SG.sandbox", f"{town.sandbox_url}/sendgrid").send(envelope)
    BrevoSender("xkeysib-sandbox", f"{town.sandbox_url}/brevo/v3").send(envelope)
    mails = [whole(town, mail) for mail in town.letters(to="ada@example.com")]
    assert len(mails) == 2
    for mail in mails:
        headers = {k.lower(): v for k, v in mail["headers"].items()}
        assert headers["list-unsubscribe"] == f"<{address}>"
        assert headers["list-unsubscribe-post"] == "List-Unsubscribe=One-Click"


def test_choices_on_the_page_hold_and_take_back_what_waits(town: Town) -> None:
    with transaction() as session:
        row = keep_subscriber(session, "ada@example.com", "en")
        token = stop_token(row.id, "cart")
        request_letter(session, letter="abandoned_cart", subject_key="x", to_email=row.email, facts={})
    path = f"/letters/preferences/{token}"
    page = town.buyer.get(path)
    assert page.status_code == 200 and 'name="review" value="1" checked' in page.text
    town.buyer.post(path, {"newsletter": "1", "stock": "1", "price": "1", "review": "1"})
    db.session.remove()
    found = {kind: may_write(db.session(), "ADA@example.com", kind) for kind in KINDS}
    assert found == {"newsletter": True, "stock": True, "price": True, "cart": False, "review": True}
    assert db.session.execute(select(Letter.work_state)).scalar_one() == "done"
    town.buyer.post(path, {"nothing": "1"})
    db.session.remove()
    assert not any(may_write(db.session(), "ada@example.com", kind) for kind in KINDS)


def test_who_may_be_written_to(app: Flask) -> None:
    with transaction() as session:
        assert not may_write(session, "new@example.com", "newsletter")
        assert may_write(session, "new@example.com", "review")
        confirm_newsletter(session, keep_subscriber(session, "new@example.com", "en"), source="panel", words="")
        assert may_write(session, "new@example.com", "newsletter")
        note_bounces(session, ["new@example.com"])
        assert not any(may_write(session, "new@example.com", kind) for kind in KINDS)
        with pytest.raises(KeyError):
            may_write(session, "new@example.com", "anything")


def test_a_forged_or_foreign_link_opens_nothing(town: Town) -> None:
    assert town.buyer.get(f"/letters/confirm/{'x' * 40}").status_code == 404
    with town.app.test_request_context():
        token = stop_token(999, "newsletter")  # forgotten since
    assert requests.post(f"{town.url}/letters/unsubscribe/{token}", timeout=10).status_code == 404
    assert town.buyer.get(f"/letters/confirm/{token}").status_code == 404
