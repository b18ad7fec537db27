"""Consent on the platform's own page: the way back counts once, for who was sent, and a no is explained."""

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import Callable
from urllib.parse import parse_qs, urlsplit

import pytest
from sqlalchemy import select

from shop.channels.connector import TokenKind
from shop.channels.models import Connection, ConnectionToken
from shop.channels.tokens import mark_reconnect
from shop.email.models import Letter
from shop.errors import NeedsReconnect
from shop.extensions import db
from tests.admin.conftest import Staff
from tests.channels.market import Fair, Market

BACK = "/admin/channels/authorised"


@pytest.fixture
def sent(staff: Staff, market: None, config: object) -> dict[str, str]:
    """Somebody typed the address and pressed the button: what went along to the platform's page."""
    page = staff.press("/admin/channels/new/fair", {"store_url": f"{config.channel_origins[0]}/fair"})  # type: ignore[attr-defined]
    assert "Agree on the page of Autumn Fair" in page and "To read what you sell there" in page
    return go(staff)


def go(staff: Staff) -> dict[str, str]:
    answer = staff.post(f"/admin/channels/{only().id}/consent")
    (target,) = re.findall(r'class="button primary" href="([^"]+/consent[^"]+)"', answer.text)
    return {name: value[0] for name, value in parse_qs(urlsplit(target.replace("&amp;", "&")).query).items()}


def only() -> Connection:
    db.session.remove()
    return db.session.execute(select(Connection)).scalar_one()


def back(staff: Staff, sent: dict[str, str], **more: str) -> str:
    arguments = {"state": sent["state"], "code": "c-1", "hmac": "signed", **more}
    answer = staff.get(BACK, query_string=arguments)
    assert answer.status_code == 303
    return staff.get(answer.location).text


def tokens() -> dict[str, str]:
    db.session.remove()
    return {row.kind: row.value for row in db.session.execute(select(ConnectionToken)).scalars()}


def test_a_consent_comes_back_and_is_traded_with_its_verifier_and_the_very_same_address(
    staff: Staff, sent: dict[str, str]
) -> None:
    assert "It works: “Green Market” is connected" in back(staff, sent)
    assert only().status == "active"
    assert tokens() == {TokenKind.ACCESS: "access-1", TokenKind.REFRESH: "refresh-1"}
    ((code, address, verifier),) = Fair.traded
    assert (code, address) == ("c-1", sent["to"]) and address.endswith(BACK)
    digest = base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).rstrip(b"=").decode()
    assert digest == sent["challenge"]


def test_a_replay_another_member_and_a_made_up_state_trade_nothing(
    staff: Staff, sent: dict[str, str], staff_as: Callable[[str], Staff]
) -> None:
    assert "not asked for here" in back(staff_as("manager"), sent)
    assert "not asked for here" in back(staff, {"state": "made-up"})
    assert "not asked for here" in back(staff, {"state": ""})
    assert tokens() == {}
    back(staff, sent)
    assert "used already" in back(staff, sent, code="c-2") and len(Fair.traded) == 1


def test_a_signature_that_is_wrong_uses_the_state_up_and_trades_nothing(staff: Staff, sent: dict[str, str]) -> None:
    assert "not signed by it" in back(staff, sent, hmac="forged")
    assert "used already" in back(staff, sent) and tokens() == {} and Fair.traded == []


@pytest.mark.parametrize(
    ("told", "said"),
    [
        ({"error": "access_denied", "code": ""}, "You said no on the page of Autumn Fair"),
        ({"error": "server_error", "error_description": "Try <b>later</b>"}, "did not agree: Try &lt;b&gt;later"),
        ({"code": ""}, "You said no"),
    ],
)
def test_a_no_is_explained(staff: Staff, sent: dict[str, str], told: dict[str, str], said: str) -> None:
    assert said in back(staff, sent, **told)
    assert tokens() == {} and only().status == "connecting"


def test_a_refused_account_is_told_by_one_letter_and_connected_again_with_its_row_kept(
    staff: Staff, sent: dict[str, str]
) -> None:
    back(staff, sent)
    connection_id = only().id
    db.session.remove()
    mark_reconnect(connection_id, "Autumn Fair took the permission back.")
    mark_reconnect(connection_id, "again")
    letter = db.session.execute(select(Letter)).scalar_one()
    assert "must be connected again" in letter.facts["what"] and letter.facts["why"].endswith("back.")
    page = staff.get(f"/admin/channels/{connection_id}").text
    assert "does not let us in any more" in page and "Connect again" in page
    back(staff, go(staff))
    assert (only().id, only().status, only().problem) == (connection_id, "active", "")


def test_a_first_try_with_a_refused_key_writes_no_letter(staff: Staff, sent: dict[str, str]) -> None:
    Market.answer = NeedsReconnect("no", service="fair", status=401)
    assert "does not accept the key" in back(staff, sent)
    mark_reconnect(only().id, "no")
    assert db.session.execute(select(Letter.id)).first() is None
