"""Brevo's stand-in over real HTTP."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import pytest
import requests
from mail_calls import API, Receiver, brevo, brevo_body, messages


def test_brevo_takes_a_mail_and_names_it(mail_sandbox: tuple[Any, str]) -> None:
    _, url = mail_sandbox
    answer = brevo(url, brevo_body(headers={"X-Mailin-custom": "letter-9"}))
    assert answer.status_code == 201
    message_id = answer.json()["messageId"]
    assert message_id.endswith("@smtp-relay.mailin.fr>")
    assert answer.headers["x-sib-ratelimit-limit"] == "1000"
    (mail,) = messages(url)
    assert (mail["provider"], mail["reference"], mail["headers"]["X-Mailin-Custom"]) == (
        "brevo",
        message_id,
        "letter-9",
    )
    found = requests.get(
        f"{url}/brevo/v3/smtp/emails", params={"messageId": message_id}, headers={"api-key": "xkeysib-test"}, timeout=10
    ).json()
    assert found["count"] == 1


def test_an_idempotency_key_holds_for_fifteen_minutes(mail_sandbox: tuple[Any, str]) -> None:
    world, url = mail_sandbox
    body = brevo_body(headers={"idempotencyKey": "k-1"})
    assert brevo(url, body).status_code == 201
    again = brevo(url, body)
    assert (again.status_code, again.json()["code"]) == (400, "duplicate_parameter")
    assert len(messages(url)) == 1
    world.clock.advance(901)
    assert brevo(url, body).status_code == 201


def test_a_key_spelled_otherwise_is_ignored(mail_sandbox: tuple[Any, str]) -> None:
    _, url = mail_sandbox
    for _ in range(2):
        assert brevo(url, brevo_body(headers={"Idempotency-Key": "k-1"})).status_code == 201
    assert len(messages(url)) == 2


def test_a_refused_body_does_not_use_up_its_key(mail_sandbox: tuple[Any, str]) -> None:
    _, url = mail_sandbox
    headers = {"idempotencyKey": "k-2"}
    assert brevo(url, brevo_body(headers=headers, subject=None)).status_code == 400
    assert brevo(url, brevo_body(headers=headers)).status_code == 201


def test_brevo_sandbox_header_sends_nothing(mail_sandbox: tuple[Any, str]) -> None:
    _, url = mail_sandbox
    assert brevo(url, brevo_body(headers={"X-Sib-Sandbox": "drop"})).status_code == 201
    assert messages(url) == []


def test_versions_give_one_id_each(mail_sandbox: tuple[Any, str]) -> None:
    _, url = mail_sandbox
    body = brevo_body(messageVersions=[{"to": [{"email": f"v{n}@example.org"}], "subject": f"V{n}"} for n in range(3)])
    body.pop("to")
    assert len(brevo(url, body).json()["messageIds"]) == 3
    assert sorted(one["subject"] for one in messages(url)) == ["V0", "V1", "V2"]


def test_scheduled_brevo_mail_waits_and_can_be_cancelled(mail_sandbox: tuple[Any, str]) -> None:
    world, url = mail_sandbox
    when = datetime.fromtimestamp(world.clock.now() + 600, UTC).isoformat()
    first, second = brevo(url, brevo_body(scheduledAt=when)), brevo(url, brevo_body(scheduledAt=when))
    assert (first.status_code, messages(url)) == (202, [])
    gone = f"{url}/brevo/v3/smtp/email/{second.json()['messageId']}"
    assert requests.delete(gone, headers={"api-key": "xkeysib-test"}, timeout=10).status_code == 204
    world.clock.advance(601)
    assert [one["reference"] for one in messages(url)] == [first.json()["messageId"]]


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"sender": None}, "missing_parameter"),
        ({"to": None}, "missing_parameter"),
        ({"to": [{"email": "nope"}]}, "invalid_parameter"),
        ({"to": "a@b.c"}, "invalid_parameter"),
        ({"subject": None}, "missing_parameter"),
        ({"htmlContent": None, "textContent": None}, "missing_parameter"),
        ({"templateId": "7"}, "invalid_parameter"),
        ({"tags": "x"}, "invalid_parameter"),
        ({"params": {"x": "y" * 100_001}}, "out_of_range"),
        ({"scheduledAt": "tomorrow"}, "invalid_parameter"),
        ({"messageVersions": [{}]}, "missing_parameter"),
        ({"attachment": [{"name": "a"}]}, "missing_parameter"),
    ],
)
def test_brevo_says_what_is_wrong(mail_sandbox: tuple[Any, str], change: dict[str, Any], code: str) -> None:
    answer = brevo(mail_sandbox[1], brevo_body(**change))
    assert (answer.status_code, answer.json()["code"]) == (400, code)


@pytest.mark.parametrize(
    ("key", "status"), [("", 401), ("xsmtpsib-smtp", 401), ("xkeysib-quota", 402), ("xkeysib-inactive", 403)]
)
def test_brevo_keys_that_may_not_send(mail_sandbox: tuple[Any, str], key: str, status: int) -> None:
    assert brevo(mail_sandbox[1], brevo_body(), key).status_code == status


def test_account_has_a_hundred_calls_an_hour(mail_sandbox: tuple[Any, str]) -> None:
    world, url = mail_sandbox
    headers = {"api-key": "xkeysib-test"}
    statuses = [requests.get(f"{url}/brevo/v3/account", headers=headers, timeout=10).status_code for _ in range(101)]
    assert (statuses[0], statuses[-1]) == (200, 429)
    world.clock.advance(3_601)
    assert requests.get(f"{url}/brevo/v3/account", headers=headers, timeout=10).status_code == 200


def brevo_hook(url: str, target: str) -> int:
    body = {"url": target, "events": ["delivered", "hardBounce"], "auth": {"type": "bearer", "token": "wh-4f2b"}}
    answer = requests.post(f"{url}/brevo/v3/webhooks", json=body, headers={"api-key": "xkeysib-test"}, timeout=10)
    assert answer.status_code == 201
    number: int = answer.json()["id"]
    return number


def test_brevo_webhooks_carry_the_bearer_token(mail_sandbox: tuple[Any, str], receiver: Receiver) -> None:
    world, url = mail_sandbox
    number = brevo_hook(url, receiver.url)
    message_id = brevo(url, brevo_body(headers={"X-Mailin-custom": "letter-9"})).json()["messageId"]
    brevo(url, brevo_body(to=[{"email": "bounce@example.org"}]))
    assert world.hooks.wait_idle()
    assert {headers["Authorization"] for headers, _ in receiver.calls} == {"Bearer wh-4f2b"}
    events = sorted((json.loads(body) for _, body in receiver.calls), key=lambda one: one["event"])
    assert [one["event"] for one in events] == ["delivered", "hard_bounce"]
    assert (events[0]["message-id"], events[0]["id"]) == (message_id, number)
    assert events[0]["X-Mailin-custom"] == "letter-9"


@pytest.mark.parametrize(("status", "calls"), [(500, 1), (404, 1), (429, 2)])
def test_only_429_and_silence_are_tried_again(
    mail_sandbox: tuple[Any, str], receiver: Receiver, status: int, calls: int
) -> None:
    world, url = mail_sandbox
    brevo_hook(url, receiver.url)
    receiver.statuses = [status]
    brevo(url, brevo_body())
    assert world.hooks.wait_idle()
    world.clock.advance(601)
    assert world.hooks.wait_idle()
    assert len(receiver.calls) == calls


def test_something_can_happen_to_a_mail_later(mail_sandbox: tuple[Any, str], receiver: Receiver) -> None:
    world, url = mail_sandbox
    brevo_hook(url, receiver.url)
    brevo(url, brevo_body())
    assert world.hooks.wait_idle()
    told = {"id": messages(url)[0]["id"], "event": "hard_bounce"}
    assert requests.post(f"{url}{API}/events", json=told, timeout=10).status_code == 202
    assert world.hooks.wait_idle()
    assert [json.loads(body)["event"] for _, body in receiver.calls] == ["delivered", "hard_bounce"]
    assert requests.post(f"{url}{API}/events", json={"id": "no", "event": "x"}, timeout=10).status_code == 400
