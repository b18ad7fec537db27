"""Automations in the panel: with JavaScript off, every wrong field told, nobody's work lost."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import select

from jobs.automations import drain
from shop.automations.models import Automation, AutomationRun
from shop.core.transaction import transaction
from shop.extensions import db
from shop.webhook_delivery.models import WebhookEndpoint
from tests.admin import making
from tests.admin.conftest import Staff, counting
from tests.automations.test_running import paid
from tests.webhook_delivery.conftest import Post

RULE = {"name": "Large orders", "event": "order.paid", "total": "20", "countries": "us, de", "tag_order": "Large"}


def marks(page: str) -> str:
    return page.split('name="marks" value="')[1].split('"')[0]


def the_rule() -> Automation:
    db.session.remove()
    return db.session.execute(select(Automation)).scalar_one()


def test_a_rule_is_made_changed_switched_tried_and_deleted(staff: Staff, post: Post) -> None:
    page = staff.press("/admin/automations/new", {**RULE, "url": f"{post.url}/receiver/books"})
    assert "Large orders" in page and "Added, and switched on" in page
    made = the_rule()
    assert made.conditions == {"total_at_least_minor": 2000, "currency": "USD", "countries": ["US", "DE"]}
    where = f"/admin/automations/{made.id}"
    staff.press(where, {**RULE, "marks": marks(page), "total": "", "url": ""})
    assert the_rule().conditions == {"countries": ["US", "DE"]}
    assert db.session.execute(select(WebhookEndpoint)).first() is None
    paid()
    drain()
    assert "The order is tagged “Large”." in staff.get("/admin/automations/log").text
    assert "1 done" in staff.get("/admin/automations").text
    staff.press(f"{where}/test")
    drain()
    assert "would be tagged" in staff.get(where).text
    assert "Switched off" in staff.press(f"{where}/switch", {"to": "off"}) and not the_rule().is_on
    assert "Nothing was deleted" in staff.press(f"{where}/delete")
    staff.press(f"{where}/delete", {"sure": "1"})
    assert db.session.execute(select(AutomationRun)).first() is None


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"name": ""}, "The name is missing"),
        ({"event": "order.eaten"}, "choose one"),
        ({"total": "many"}, "f-total"),
        ({"countries": "Germany"}, "two letters"),
        ({"rating": "9"}, "choose one"),
        ({"url": "http://127.0.0.1/x"}, "f-url"),
        ({"url": "https://10.0.0.1/x"}, "f-url"),
        ({"letter_text": "Hello"}, "f-letter_to"),
        ({"letter_to": "nobody"}, "f-letter_to"),
        ({"tag_order": "a,b"}, "One tag only"),
        ({"tag_customer": "x" * 41}, "f-tag_customer"),
        ({"tag_order": ""}, "Say what is to be done"),
        ({"skus": "x" * 3000}, "f-skus"),
    ],
)
def test_what_is_wrong_is_said_beside_its_field(staff: Staff, wrong: dict[str, str], said: str) -> None:
    answer = staff.post("/admin/automations/new", {**RULE, **wrong})
    assert answer.status_code == 422 and said in answer.text
    assert db.session.execute(select(Automation)).first() is None


def test_the_second_of_two_editors_loses_nothing(staff: Staff) -> None:
    page = staff.press("/admin/automations/new", RULE)
    old, where = marks(page), f"/admin/automations/{the_rule().id}"
    staff.press(where, {**RULE, "marks": old, "name": "First"})
    answer = staff.post(where, {**RULE, "marks": old, "name": "Second"})
    assert answer.status_code == 422 and "Somebody else saved" in answer.text and "Second" in answer.text
    assert the_rule().name == "First"


def test_the_list_and_the_log_ask_a_constant_number_of_statements(staff: Staff) -> None:
    def ask(rows: int) -> tuple[int, int]:
        with transaction() as session:
            for n in range(rows):
                rule = Automation(name=f"R{n}", event="order.paid", actions={"tag_order": "x"})
                session.add(rule)
                session.flush()
                session.add(AutomationRun(automation_id=rule.id, key=f"k{n}", event="order.paid", body="{}", story=[]))
        found = []
        for path in ("/admin/automations", "/admin/automations/log"):
            with counting() as seen:
                assert staff.get(path).status_code == 200
            found.append(len(seen))
        return found[0], found[1]

    assert ask(3) == ask(9)


def test_only_who_develops_may_see_them(staff_as: Callable[[str], Any]) -> None:
    viewer = staff_as("viewer")
    assert viewer.get("/admin/automations").status_code == 403
    assert viewer.post("/admin/automations/new", RULE).status_code == 403
    assert viewer.get("/admin/automations/1").status_code == 403


def test_there_is_no_such_automation(staff: Staff) -> None:
    for path in ("/admin/automations/77", "/admin/automations/9999999999999999999999"):
        assert staff.get(path).status_code == 404
    assert staff.get("/admin/automations/log?of=x&outcome=y&before=-1").status_code == 200
    with transaction() as session:
        making.paid_order(session)
