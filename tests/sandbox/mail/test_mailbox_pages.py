"""The mailbox as a person sees it."""

from __future__ import annotations

from typing import Any

import requests
from mail_calls import client, letter, messages


def test_the_mailbox_lists_and_shows_a_letter(mail_sandbox: tuple[Any, str]) -> None:
    world, url = mail_sandbox
    with client(world) as smtp:
        smtp.send_message(letter(subject="<b>Your order</b>"))
    page = requests.get(f"{url}/mailbox", timeout=10)
    assert "&lt;b&gt;Your order&lt;/b&gt;" in page.text
    assert "script" not in page.headers["Content-Security-Policy"]
    assert "Nothing matches" in requests.get(f"{url}/mailbox?q=nobody", timeout=10).text
    mail_id = messages(url)[0]["id"]
    for tab, words in (("html", "iframe"), ("text", "Thank you, Zoë."), ("headers", "own-1@"), ("raw", "multipart/")):
        assert words in requests.get(f"{url}/mailbox/{mail_id}?tab={tab}", timeout=10).text
    for query in ("width=phone", "scheme=dark", "tab=%00", "width=../x"):
        assert requests.get(f"{url}/mailbox/{mail_id}?{query}", timeout=10).status_code == 200
    assert requests.get(f"{url}/mailbox/{mail_id}/source.eml", timeout=10).status_code == 200
    assert requests.get(f"{url}/mailbox/unknown", timeout=10).status_code == 404


def test_a_letters_own_html_is_fenced_in(mail_sandbox: tuple[Any, str]) -> None:
    world, url = mail_sandbox
    with client(world) as smtp:
        smtp.send_message(letter(html="<html><head></head><body><script>steal()</script></body></html>"))
    frame = requests.get(f"{url}/mailbox/{messages(url)[0]['id']}/frame", timeout=10)
    policy = frame.headers["Content-Security-Policy"]
    assert policy.startswith("sandbox allow-popups")
    assert "allow-scripts" not in policy
    assert "allow-same-origin" not in policy
    assert "default-src 'none'" in policy


def test_the_frame_shows_the_other_colours_on_request(mail_sandbox: tuple[Any, str]) -> None:
    world, url = mail_sandbox
    with client(world) as smtp:
        smtp.send_message(
            letter(html="<style>@media (prefers-color-scheme: dark) { p { color: #fff } }</style><p>x</p>")
        )
    frame = f"{url}/mailbox/{messages(url)[0]['id']}/frame"
    assert "(prefers-color-scheme: dark)" in requests.get(frame, timeout=10).text
    assert "@media (min-width: 0)" in requests.get(f"{frame}?scheme=dark", timeout=10).text
    assert "@media (max-width: 0)" in requests.get(f"{frame}?scheme=light", timeout=10).text


def test_delete_all_empties_the_mailbox(mail_sandbox: tuple[Any, str]) -> None:
    world, url = mail_sandbox
    with client(world) as smtp:
        smtp.send_message(letter())
    page = requests.post(f"{url}/mailbox/clear", timeout=10)
    assert "No letters yet" in page.text
