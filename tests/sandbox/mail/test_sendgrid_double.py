"""SendGrid's stand-in, spoken to by the real library."""

from __future__ import annotations

import base64
import json
from pathlib import Path
from typing import Any

import pytest
import requests
from mail_calls import API, Receiver, messages
from python_http_client.exceptions import BadRequestsError, ForbiddenError, UnauthorizedError
from sendgrid import SendGridAPIClient
from sendgrid.helpers.eventwebhook import EventWebhook
from sendgrid.helpers.mail import Attachment, Bcc, Content, CustomArg, Email, Mail, MailSettings, SandBoxMode, To

from sandbox.mail.sendgrid_rules import check_mail
from sandbox.mail.sendgrid_spec import FILE, spec_problems

SPECS = Path(__file__).resolve().parents[4] / "shared" / "contracts" / "specs"


def sendgrid(url: str, key: str = "SG.test.key") -> SendGridAPIClient:
    library = SendGridAPIClient(key, host=f"{url}/sendgrid")
    library.client.timeout = 10
    return library


def sendgrid_mail(to: str = "buyer@example.org", sender: str = "shop@example.com") -> Mail:
    mail = Mail(Email(sender, "Shop"), To(to, "Bo"), "Your order", Content("text/plain", "plain"))
    mail.add_content(Content("text/html", "<p>rich</p>"))
    return mail


def test_the_library_sends_and_the_mailbox_has_it(mail_sandbox: tuple[Any, str]) -> None:
    _, url = mail_sandbox
    mail = sendgrid_mail()
    mail.add_bcc(Bcc("copy@example.org"))
    mail.add_attachment(Attachment(base64.b64encode(b"%PDF").decode(), "bill.pdf", "application/pdf"))
    answer = sendgrid(url).send(mail)
    assert (answer.status_code, answer.body) == (202, b"")
    (kept,) = messages(url)
    assert kept["reference"] == answer.headers["X-Message-Id"]
    assert kept["to"] == ["buyer@example.org", "copy@example.org"]
    assert (kept["text"].strip(), kept["html"].strip()) == ("plain", "<p>rich</p>")
    assert kept["attachments"][0]["filename"] == "bill.pdf"
    assert kept["from"] == '"Shop" <shop@example.com>'
    assert int(answer.headers["X-RateLimit-Remaining"]) < 600


def test_sandbox_mode_checks_and_sends_nothing(mail_sandbox: tuple[Any, str]) -> None:
    _, url = mail_sandbox
    mail = sendgrid_mail()
    mail.mail_settings = MailSettings(sandbox_mode=SandBoxMode(enable=True))
    assert sendgrid(url).send(mail).status_code == 200
    assert messages(url) == []


@pytest.mark.parametrize(
    ("key", "error"),
    [("SG.revoked.x", UnauthorizedError), ("SG.quota.x", UnauthorizedError), ("SG.readonly.x", ForbiddenError)],
)
def test_a_key_that_may_not_send_is_told_so(mail_sandbox: tuple[Any, str], key: str, error: type[Exception]) -> None:
    with pytest.raises(error):
        sendgrid(mail_sandbox[1], key).send(sendgrid_mail())


def test_an_unverified_sender_is_403(mail_sandbox: tuple[Any, str]) -> None:
    with pytest.raises(ForbiddenError):
        sendgrid(mail_sandbox[1]).send(sendgrid_mail(sender="shop@unverified.example.com"))


def test_a_missing_or_foreign_key_is_401_and_too_large_is_413(mail_sandbox: tuple[Any, str]) -> None:
    _, url = mail_sandbox
    address = f"{url}/sendgrid/v3/mail/send"
    assert requests.post(address, json={}, timeout=10).status_code == 401
    assert requests.post(address, json={}, headers={"Authorization": "Bearer nope"}, timeout=10).status_code == 401
    headers = {"Authorization": "Bearer SG.test.key", "Content-Type": "application/json"}
    assert requests.post(address, data=b"x" * 30_000_001, headers=headers, timeout=30).status_code == 413
    assert requests.get(address, headers=headers, timeout=10).status_code == 405
    assert requests.get(f"{url}/sendgrid/v3/nothing", headers=headers, timeout=10).status_code == 404


def test_too_many_in_a_minute_is_429_with_its_headers(mail_sandbox: tuple[Any, str]) -> None:
    world, url = mail_sandbox
    from sandbox.mail.sendgrid import LIMIT

    for _ in range(LIMIT.limit):
        world.limits.spend(LIMIT)
    headers = {"Authorization": "Bearer SG.test.key"}
    answer = requests.post(f"{url}/sendgrid/v3/mail/send", json={}, headers=headers, timeout=10)
    assert answer.status_code == 429
    assert answer.headers["X-RateLimit-Remaining"] == "0"


def good_mail(**more: Any) -> dict[str, Any]:
    return {
        "from": {"email": "shop@example.com"},
        "personalizations": [{"to": [{"email": "a@example.com"}]}],
        "subject": "s",
        "content": [{"type": "text/plain", "value": "x"}, {"type": "text/html", "value": "<p>x"}],
        "custom_args": {"order_id": "42"},
        **more,
    }


BAD_MAIL: list[tuple[dict[str, Any], str]] = [
    ({"from": None}, "from"),
    ({"from": {"email": "no address"}}, "from.email"),
    ({"personalizations": []}, "personalizations"),
    ({"personalizations": [{"to": []}]}, "personalizations.0.to"),
    ({"personalizations": [{"to": [{"email": "a@x.y"}], "cc": [{"email": "A@x.y"}]}]}, "personalizations.0"),
    ({"personalizations": [{"to": [{"email": f"a{n}@x.y"} for n in range(1001)]}]}, "personalizations"),
    ({"personalizations": [{"to": [{"email": "a@x.y", "name": "A, B"}]}]}, "personalizations.0.to.0.name"),
    ({"subject": None}, "subject"),
    ({"subject": ""}, "subject"),
    ({"content": None}, "content"),
    ({"content": [{"type": "text/plain", "value": ""}]}, "content.0.value"),
    ({"content": [{"type": "text/html", "value": "x"}, {"type": "text/plain", "value": "x"}]}, "content"),
    ({"reply_to": {"email": "a@x.y"}, "reply_to_list": [{"email": "b@x.y"}]}, "reply_to"),
    ({"categories": ["a", "a"]}, "categories"),
    ({"categories": [str(n) for n in range(11)]}, "categories"),
    ({"send_at": 1_795_255_200 + 4 * 86_400}, "send_at"),
    ({"attachments": [{"content": "not base64!", "filename": "a"}]}, "attachments.0.content"),
    ({"attachments": [{"content": "QQ=="}]}, "attachments.0.filename"),
    ({"asm": {"group_id": "7"}}, "asm.group_id"),
    ({"ip_pool_name": "x"}, "ip_pool_name"),
    ({"mail_settings": {"sandbox_mode": {"enable": "true"}}}, "mail_settings.sandbox_mode.enable"),
    (
        {"mail_settings": {"bypass_list_management": {"enable": True}, "bypass_spam_management": {"enable": True}}},
        "mail_settings",
    ),
    ({"custom_args": {"a": "x" * 10_001}}, "custom_args"),
]


@pytest.mark.parametrize(("change", "field"), BAD_MAIL)
def test_sendgrid_names_the_field_it_refuses(change: dict[str, Any], field: str) -> None:
    assert field in [one["field"] for one in check_mail(good_mail(**change), 1_795_255_200)]


@pytest.mark.parametrize("body", [None, [], "x", 7, {"personalizations": [7]}, {"content": [None], "from": "a@b.c"}])
def test_a_senseless_body_is_refused_without_failing(mail_sandbox: tuple[Any, str], body: Any) -> None:
    headers = {"Authorization": "Bearer SG.test.key"}
    answer = requests.post(f"{mail_sandbox[1]}/sendgrid/v3/mail/send", json=body, headers=headers, timeout=10)
    assert answer.status_code == 400
    assert answer.json()["errors"]


def test_our_rules_and_the_published_schema_agree() -> None:
    if not (SPECS / FILE).is_file():
        pytest.skip(f"the OpenAPI document {FILE} is not at hand")
    assert check_mail(good_mail(), 0) == []
    assert spec_problems(SPECS, good_mail()) == []
    # Whatever the schema refuses, our rules refuse too; they know more, since the schema has no rule across fields.
    refused = [change for change, _ in BAD_MAIL if spec_problems(SPECS, good_mail(**change))]
    assert len(refused) >= 8


def test_the_library_raises_bad_request_with_the_errors(mail_sandbox: tuple[Any, str]) -> None:
    mail = Mail(Email("shop@example.com"), To("buyer@example.org"), "Your order")
    with pytest.raises(BadRequestsError) as caught:
        sendgrid(mail_sandbox[1]).send(mail)
    assert caught.value.to_dict["errors"][0]["field"] == "content"


def test_mail_for_later_arrives_when_the_clock_says_so(mail_sandbox: tuple[Any, str]) -> None:
    world, url = mail_sandbox
    headers = {"Authorization": "Bearer SG.test.key"}
    body = good_mail(send_at=int(world.clock.now()) + 3_600)
    assert requests.post(f"{url}/sendgrid/v3/mail/send", json=body, headers=headers, timeout=10).status_code == 202
    assert messages(url) == []
    world.clock.advance(3_601)
    assert len(messages(url)) == 1


def test_events_are_signed_as_the_library_expects(mail_sandbox: tuple[Any, str], receiver: Receiver) -> None:
    world, url = mail_sandbox
    hooks = sendgrid(url).client.user.webhooks.event.settings
    made = hooks.post(
        request_body={"url": receiver.url, "enabled": True, "delivered": True, "bounce": True, "processed": True}
    )
    setting = json.loads(made.body)["id"]
    key = json.loads(hooks.signed._(setting).patch(request_body={"enabled": True}).body)["public_key"]
    mail = sendgrid_mail()
    mail.custom_arg = [CustomArg("letter_id", "77")]
    sent = sendgrid(url).send(mail)
    sendgrid(url).send(sendgrid_mail("bounce+1@example.org"))
    assert world.hooks.wait_idle()
    assert len(receiver.calls) == 2
    for headers, body in receiver.calls:
        assert body.endswith(b"\r\n")
        signature = headers["X-Twilio-Email-Event-Webhook-Signature"]
        stamp = headers["X-Twilio-Email-Event-Webhook-Timestamp"]
        verifier = EventWebhook(key)
        assert verifier.verify_signature(body.decode(), signature, stamp)
        assert not verifier.verify_signature(body.decode().strip(), signature, stamp)
    events = [event for _, body in receiver.calls for event in json.loads(body)]
    assert sorted(one["event"] for one in events) == ["bounce", "delivered", "processed", "processed"]
    delivered = next(one for one in events if one["event"] == "delivered")
    assert delivered["sg_message_id"].split(".")[0] == sent.headers["X-Message-Id"]
    assert delivered["letter_id"] == "77"
    assert len({one["sg_event_id"] for one in events}) == 4
    assert [one["to"] for one in messages(url)] == [["buyer@example.org"]]


def test_a_suppressed_address_is_dropped_with_an_event(mail_sandbox: tuple[Any, str], receiver: Receiver) -> None:
    world, url = mail_sandbox
    sendgrid(url).client.user.webhooks.event.settings.post(
        request_body={"url": receiver.url, "enabled": True, "dropped": True}
    )
    requests.post(f"{url}{API}/suppressions", json={"email": "buyer@example.org"}, timeout=10)
    assert sendgrid(url).send(sendgrid_mail()).status_code == 202
    assert world.hooks.wait_idle()
    assert [one["event"] for one in json.loads(receiver.calls[0][1])] == ["dropped"]
    assert messages(url) == []
