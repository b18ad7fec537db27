"""Endpoints in the panel: added, edited, switched, given a new secret, tested, deleted; hostile input beside its field."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import func, select

from shop.accounts.audit_models import AuditEntry
from shop.core import clock
from shop.core.transaction import transaction
from shop.extensions import db
from shop.webhook_delivery.models import WebhookDelivery, WebhookEndpoint
from tests.admin.conftest import Staff, counting
from tests.outbound.test_addresses import INSIDE
from tests.webhook_delivery.conftest import Post

LIST = "/admin/developers/webhooks"
NEW = f"{LIST}/new"


def form(url: str, **changes: Any) -> dict[str, Any]:
    return {"url": url, "description": "Books", "events": ["order.paid", "order.shipped"], **changes}


def only() -> WebhookEndpoint:
    db.session.remove()
    return db.session.execute(select(WebhookEndpoint)).scalar_one()


def count() -> int:
    db.session.remove()
    return db.session.execute(select(func.count()).select_from(WebhookEndpoint)).scalar_one()


def test_an_endpoint_is_added_tested_and_hears_of_it(staff: Staff, post: Post) -> None:
    page = staff.press(NEW, form(f"{post.url}/receiver/demo"))
    assert "Give its secret to the receiver" in page
    row = only()
    assert (row.events, row.description, row.is_enabled) == (["order.paid", "order.shipped"], "Books", True)
    assert row.secret not in page
    shown = staff.post(f"{LIST}/{row.id}/secret").text
    assert row.secret in shown.replace("&#43;", "+").replace("&#61;", "=")
    post.answer("demo", "ok", secret=row.secret)
    assert "on its way" in staff.press(f"{LIST}/{row.id}/test")
    post.send()
    (came,) = post.came()
    assert came["fits"] is True and came["type"] == "webhook.test"
    assert "Answered 204" in staff.get(f"{LIST}/deliveries/{post.delivery().id}").text
    assert "1 sent" in staff.get(LIST).text


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"url": ""}, "The address is missing"),
        ({"url": "-"}, "The address is missing"),
        ({"url": "example"}, "Write an address like"),
        ({"url": "http://example.com/x"}, "Write an address like"),
        ({"url": "https://u:p@93.184.216.34/"}, "Write an address like"),
        ({"url": "https://93.184.216.34:8443/"}, "usual port"),
        ({"url": "https://93.184.216.34:99999/"}, "Write an address like"),
        ({"url": "https://93.184.216.34/" + "x" * 1000}, "too long"),
        ({"url": "https://93.184.216.34/a b"}, "do not belong"),
        ({"url": "https://93.184.216.34/\r\nX: y"}, "do not belong"),
        ({"url": "javascript:alert(1)"}, "Write an address like"),
        ({"url": "https://nowhere.invalid/"}, "no address"),
        ({"url": "https://localhost/"}, "not public"),
        ({"url": "https://2130706433/"}, "not public"),
        ({"url": "https://0x7f.1/"}, "not public"),
        ({"events": []}, "at least one event"),
        ({"events": ["order.eaten"]}, "There is no event"),
        ({"events": ["x" * 4000]}, "There is no event"),
        ({"description": "x" * 201}, "too long"),
    ],
)
def test_bad_input_is_told_beside_its_field(staff: Staff, post: Post, changes: dict[str, Any], said: str) -> None:
    good = "https://93.184.216.34/hook"
    kept = {} if "description" in changes else {"description": "Kept"}
    sent = {k: v for k, v in {**form(good), **kept, **changes}.items() if v != "-"}
    answer = staff.post(NEW, sent)
    assert answer.status_code == 422 and count() == 0
    assert said in answer.text and "error-summary" in answer.text
    assert not kept or 'value="Kept"' in answer.text
    row = post.endpoint()
    answer = staff.post(f"{LIST}/{row.id}", {**sent, "marks": marks_in(staff.get(f"{LIST}/{row.id}").text)})
    assert answer.status_code == 422 and said in answer.text
    assert only().url == row.url


@pytest.mark.parametrize("address", INSIDE)
def test_no_address_inside_is_taken(staff: Staff, address: str) -> None:
    host = f"[{address}]" if ":" in address else address
    answer = staff.post(NEW, form(f"https://{host}/hook"))
    assert answer.status_code == 422 and "not public" in answer.text
    assert count() == 0


def test_control_characters_are_not_stored(staff: Staff, post: Post) -> None:
    staff.post(NEW, form(f"{post.url}/receiver/demo", description="a\0b\nc"))
    assert "\0" not in only().description


def marks_in(page: str) -> str:
    found = re.search(r'name="marks" value="([^"]*)"', page)
    assert found
    return found[1]


def test_the_second_of_two_sees_what_changed_and_loses_nothing(staff: Staff, post: Post) -> None:
    row = post.endpoint()
    path = f"{LIST}/{row.id}"
    marks = marks_in(staff.get(path).text)
    assert staff.post(path, form(row.url, description="Mine", marks=marks)).status_code == 303
    answer = staff.post(path, form(row.url, description="Yours", events=["order.cancelled"], marks=marks))
    assert answer.status_code == 422 and "Somebody else saved" in answer.text
    assert "<b>What it is for</b>: Mine" in answer.text and 'value="Yours"' in answer.text
    assert only().description == "Mine"
    again = form(row.url, description="Yours", events=["order.cancelled"], marks=marks_in(answer.text))
    assert staff.post(path, again).status_code == 303
    assert (only().description, only().events) == ("Yours", ["order.cancelled"])


def test_the_secret_is_rotated_once_within_the_overlap_and_at_once_when_it_leaked(staff: Staff, post: Post) -> None:
    row = post.endpoint()
    assert "Both sign for 24 hours" in staff.press(f"{LIST}/{row.id}/rotate", {"how": "overlap"})
    second = only().secret
    assert second != row.secret and only().old_secret == row.secret
    assert "changed already" in staff.press(f"{LIST}/{row.id}/rotate", {"how": "overlap"})
    assert only().secret == second
    assert "Two secrets sign" in staff.get(f"{LIST}/{row.id}").text
    assert "signs nothing any more" in staff.press(f"{LIST}/{row.id}/rotate", {"how": "at_once"})
    assert only().secret != second and only().old_secret is None


def test_switching_off_and_on(staff: Staff, post: Post) -> None:
    row = post.endpoint()
    staff.press(f"{LIST}/{row.id}/switch", {"to": "off"})
    assert not only().is_enabled and post.say() == 0
    assert "switched off" in staff.press(f"{LIST}/{row.id}/test")
    staff.press(f"{LIST}/{row.id}/switch", {"to": "on"})
    assert only().is_enabled and post.say() == 1
    assert "Switch it on or off" in staff.press(f"{LIST}/{row.id}/switch", {"to": "sideways"})


def test_deleting_asks_once(staff: Staff, post: Post) -> None:
    row = post.endpoint()
    post.say()
    assert "Nothing was deleted" in staff.press(f"{LIST}/{row.id}/delete")
    assert "is deleted" in staff.press(f"{LIST}/{row.id}/delete", {"sure": "1"})
    assert count() == 0 and db.session.query(WebhookDelivery).count() == 0
    assert staff.get(f"{LIST}/{row.id}").status_code == 404
    for verb in ("switch", "rotate", "test", "secret", "delete"):
        assert staff.post(f"{LIST}/{row.id}/{verb}", {"sure": "1", "to": "on"}).status_code in (303, 404)


def test_there_is_a_most(staff: Staff, post: Post) -> None:
    for n in range(20):
        post.endpoint(f"r{n}")
    answer = staff.post(NEW, form(f"{post.url}/receiver/more"))
    assert answer.status_code == 422 and "20 is the most" in answer.text
    assert "Add an endpoint" not in staff.get(LIST).text


def test_the_audit_log_knows_it_and_keeps_no_secret(staff: Staff, post: Post) -> None:
    staff.press(NEW, form(f"{post.url}/receiver/demo"))
    row = only()
    staff.post(f"{LIST}/{row.id}/secret")
    staff.press(f"{LIST}/{row.id}/rotate", {"how": "at_once"})
    entries = db.session.execute(select(AuditEntry)).scalars().all()
    told = " ".join(str({c.name: getattr(e, c.name) for c in AuditEntry.__table__.columns}) for e in entries)
    assert "show secret" in told and row.url in told
    for secret in (row.secret, only().secret):
        assert secret.removeprefix("whsec_") not in told


def test_the_log_filters_pages_and_replays(staff: Staff, post: Post) -> None:
    one, two = post.endpoint("one"), post.endpoint("two", events=["order.shipped"])
    for _ in range(60):
        post.say()
    post.say("order.shipped")
    post.answer("two", "410")
    post.send()
    log = f"{LIST}/log"
    page = staff.get(log).text
    assert page.count('class="open"') == 50
    older = re.search(r'href="([^"]+)" rel="next"', page)
    assert older and staff.get(older[1].replace("&amp;", "&")).text.count('class="open"') == 11
    assert staff.get(f"{log}?to={two.id}").text.count('class="open"') == 1
    assert staff.get(f"{log}?state=failed").text.count('class="open"') == 1
    assert staff.get(f"{log}?type=order.shipped&state=delivered").text.count('class="open"') == 0
    for bad in ("to=x", "before=-1", "before=" + "9" * 30, "state=%00", "type=nope", "to=" + "9" * 18):
        assert staff.get(f"{log}?{bad}").status_code == 200
    staff.press(f"{LIST}/{two.id}/switch", {"to": "on"})
    post.answer("two", "ok")
    assert "1 is sent again" in staff.press(f"{log}/replay", {"since": "1d", "to": ""})
    assert "Nothing had failed" in staff.press(f"{log}/replay", {"since": "1d", "to": str(one.id)})
    assert "Choose how far back" in staff.press(f"{log}/replay", {"since": "9y"})
    post.send()
    assert [c["status"] for c in post.came("two")] == [410, 204]
    first = post.deliveries()[0]
    assert "under the same id" in staff.press(f"{LIST}/deliveries/{first.id}/replay")
    post.send()
    assert len(post.came("one")) == 61


def test_statements_are_the_same_for_any_number(staff: Staff, post: Post) -> None:
    counts = []
    for n in range(2):
        for m in range(1 + 2 * n):
            post.endpoint(f"r{n}{m}")
        for _ in range(3 + 6 * n):
            post.say()
        post.send()
        db.session.remove()
        with counting() as seen:
            for path in (LIST, f"{LIST}/log", f"{LIST}/{post.deliveries()[0].endpoint_id}"):
                assert staff.get(path).status_code == 200
        counts.append(len(seen))
    assert counts[0] == counts[1]


def test_what_failed_long_ago_is_not_sent_again(staff: Staff, post: Post) -> None:
    post.endpoint()
    post.say()
    with transaction() as session:
        row = session.execute(select(WebhookDelivery)).scalar_one()
        row.work_state, row.outcome = "done", "failed"
    clock.advance(timedelta(days=2))
    assert "Nothing had failed" in staff.press(f"{LIST}/log/replay", {"since": "1d"})
