"""The SMTP sink over real SMTP, and reading whatever arrives."""

from __future__ import annotations

import json
import smtplib
from typing import Any

import pytest
import requests
from mail_calls import API, client, letter, messages

from sandbox.mail.reading import read_mail
from sandbox.mail.smtp_sink import start_smtp


def test_a_letter_by_smtp_is_read_back_as_it_was_written(mail_sandbox: tuple[Any, str]) -> None:
    world, url = mail_sandbox
    with client(world) as smtp:
        smtp.login("any", "thing")
        smtp.send_message(letter(), to_addrs=["buyer@example.org", "hidden@example.org"])
    (mail,) = messages(url, to="HIDDEN@example.org")
    assert mail["subject"] == "Café ☕"
    assert mail["from"] == "Shop <shop@example.com>"
    assert mail["to"] == ["buyer@example.org", "hidden@example.org"]
    assert (mail["html"].strip(), mail["text"].strip()) == ("<p>Grüße</p>", "Thank you, Zoë.")
    assert mail["headers"]["Message-ID"] == "<own-1@example.com>"
    assert mail["provider"] == "smtp"


def test_search_finds_by_recipient_subject_and_time(mail_sandbox: tuple[Any, str]) -> None:
    world, url = mail_sandbox
    with client(world) as smtp:
        smtp.send_message(letter("a@example.org", "First"))
        smtp.send_message(letter("b@example.org", "Second"))
    newest = messages(url)[0]
    assert newest["subject"] == "Second"
    assert [one["subject"] for one in messages(url, to="a@example")] == ["First"]
    assert [one["subject"] for one in messages(url, subject="sec")] == ["Second"]
    assert [one["id"] for one in messages(url, since=str(newest["at"]))] == [newest["id"]]
    assert messages(url, since="2999-01-01T00:00:00Z") == []
    assert requests.get(f"{url}{API}/messages?since=yesterday", timeout=10).status_code == 400
    assert requests.delete(f"{url}{API}/messages", timeout=10).json() == {"deleted": 2}
    assert messages(url) == []


@pytest.mark.parametrize(("code", "kind"), [(550, 5), (451, 4)])
def test_one_recipient_is_refused_and_the_other_gets_the_mail(
    mail_sandbox: tuple[Any, str], code: int, kind: int
) -> None:
    world, url = mail_sandbox
    rule = {"action": "refuse", "code": code, "recipient": "bad@"}
    assert requests.post(f"{url}{API}/faults", json=rule, timeout=10).status_code == 201
    with client(world) as smtp:
        refused = smtp.send_message(letter(), to_addrs=["bad@example.org", "good@example.org"])
    assert refused["bad@example.org"][0] == code
    assert refused["bad@example.org"][1].startswith(f"{kind}.".encode())
    assert messages(url)[0]["to"] == ["good@example.org"]


def test_every_fourth_is_refused_at_25_percent(mail_sandbox: tuple[Any, str]) -> None:
    world, url = mail_sandbox
    requests.post(f"{url}{API}/faults", json={"action": "refuse", "percent": 25}, timeout=10)
    outcomes = []
    with client(world) as smtp:
        for _ in range(8):
            try:
                smtp.send_message(letter())
                outcomes.append("ok")
            except smtplib.SMTPRecipientsRefused:
                outcomes.append("no")
    assert outcomes.count("no") == 2
    requests.delete(f"{url}{API}/faults", timeout=10)
    with client(world) as smtp:
        smtp.send_message(letter())
    assert len(messages(url)) == 7


def test_the_answer_can_be_lost_after_the_mail_was_kept(mail_sandbox: tuple[Any, str]) -> None:
    world, url = mail_sandbox
    requests.post(f"{url}{API}/faults", json={"action": "drop_after", "times": 1}, timeout=10)
    smtp = client(world)
    with pytest.raises(smtplib.SMTPServerDisconnected):
        smtp.send_message(letter())
    smtp.close()
    assert len(messages(url)) == 1
    with client(world) as again:
        again.send_message(letter())
    assert len(messages(url)) == 2


def test_the_connection_can_break_before_the_mail_is_kept(mail_sandbox: tuple[Any, str]) -> None:
    world, url = mail_sandbox
    requests.post(f"{url}{API}/faults", json={"action": "drop_before", "times": 1}, timeout=10)
    smtp = client(world)
    with pytest.raises(smtplib.SMTPServerDisconnected):
        smtp.send_message(letter())
    smtp.close()
    assert messages(url) == []


def test_a_wrong_password_is_535(mail_sandbox: tuple[Any, str]) -> None:
    world, url = mail_sandbox
    requests.post(f"{url}{API}/faults", json={"action": "refuse_auth"}, timeout=10)
    with client(world) as smtp, pytest.raises(smtplib.SMTPAuthenticationError) as caught:
        smtp.login("any", "thing")
    assert caught.value.smtp_code == 535


@pytest.mark.parametrize(
    "rule", [{}, {"action": "explode"}, {"action": "refuse", "code": 250}, {"action": "slow", "seconds": "x"}]
)
def test_a_senseless_fault_is_answered_with_a_sentence(mail_sandbox: tuple[Any, str], rule: dict[str, Any]) -> None:
    answer = requests.post(f"{mail_sandbox[1]}{API}/faults", json=rule, timeout=10)
    assert answer.status_code == 400
    assert answer.json()["error"]


def test_a_taken_smtp_port_is_named(mail_sandbox: tuple[Any, str]) -> None:
    world, _ = mail_sandbox
    with pytest.raises(OSError, match=f"SMTP port {world.settings.smtp_port} is taken"):
        start_smtp(world)


def test_old_charsets_are_decoded() -> None:
    raw = b"Subject: =?iso-8859-15?q?10_=A4?=\r\nContent-Type: text/plain; charset=windows-1252\r\n\r\n\x93quoted\x94"
    mail = read_mail(raw)
    assert (mail.subject, mail.text) == ("10 €", "“quoted”")


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"\xff\xfe\x00garbage",
        b"Subject: =?utf-8?b?!!!?=\r\n\r\nx",
        b"Subject: =?no-such-charset?q?=FF?=\r\nContent-Type: text/html; charset=nope\r\n\r\n<p>\xff",
        b"Content-Type: multipart/mixed\r\n\r\nno boundary",
        b"Content-Type: multipart/mixed; boundary=a\r\n\r\n" + b"--a\r\n\r\nx\r\n" * 5000,
        b"Content-Transfer-Encoding: base64\r\n\r\n!!!!not base64",
        b"Subject: a\x00b \xed\xa0\x80\r\n\r\n\x00",
    ],
)
def test_broken_mail_is_read_without_failing(raw: bytes) -> None:
    mail = read_mail(raw)
    json.dumps(mail.headers).encode()
    (mail.text or "").encode("utf-8")
    assert len(mail.attachments) <= 100
