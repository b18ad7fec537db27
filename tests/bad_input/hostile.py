"""What comes through the door when nobody means well, and how to see that nothing came of it."""

from __future__ import annotations

from typing import Any

from flask.testing import FlaskClient
from sqlalchemy import text
from werkzeug.test import TestResponse

from shop.extensions import db

SCRIPT = "<script>alert(1)</script>"
#: any text field
TEXTS: list[str] = [
    "",
    " ",
    "\x00",
    "a\x00b",
    "-1",
    "0",
    "1e9",
    "NaN",
    "null",
    "9" * 400,
    "x" * 20_000,
    SCRIPT,
    '"><img src=x onerror=alert(1)>',
    "{{7*7}}{% raw %}",
    "'; DROP TABLE orders; --",
    "%s%n%d{0}",
    "../../etc/passwd",
    "\r\nBcc: everyone@example.com",
    "\u202egnp.exe",
    "\ufffe\uffff",
    "👩‍👩‍👧‍👦" * 50,
    "=cmd|' /C calc'!A0",
    "https://evil.example/",
    "//evil.example",
    "javascript:alert(1)",
]
#: where a number belongs
NUMBERS: list[str] = [
    "0",
    "-1",
    "1.5",
    "1e3",
    "1000000000",
    "9223372036854775807",
    "9223372036854775808",
    "1" * 60,
    "٣",
    "²",
    "+1",
    " 1 1",
    "0x10",
    "one",
    "",
    "\x00",
    "True",
    "[]",
]
#: JSON values of the wrong kind
VALUES: list[Any] = [
    None,
    True,
    False,
    0,
    -1,
    1.5,
    10**9,
    2**63,
    -(2**63),
    10**30,
    "",
    "x" * 5000,
    "a\x00b",
    SCRIPT,
    [],
    [[]],
    [None],
    {},
    {"a": {}},
    ["x"] * 3,
]
#: path segments as they stand in an address
SEGMENTS: list[str] = [
    "%00",
    "a%00b",
    "%ff%fe",
    "%C0%AE%C0%AE",
    "..%2f..%2fetc%2fpasswd",
    "%2e%2e",
    "-1",
    "0",
    "9" * 40,
    "x" * 3000,
    "%3Cscript%3Ealert(1)%3C%2Fscript%3E",
    "%E2%80%AE",
    "'%20OR%201=1--",
    "%0d%0aSet-Cookie:%20x=y",
    "%25%32%35",
    "🦊",
]
_COUNTED = (
    "orders", "payments", "refunds", "checkouts", "carts", "cart_lines", "letters", "inbound_events",
    "fulfilment_orders", "customers", "order_entries",
)  # fmt: skip


def rows() -> dict[str, int]:
    """How much is stored, table by table."""
    db.session.remove()
    with db.engine.connect() as connection:
        return {t: connection.execute(text(f"SELECT count(*) FROM {t}")).scalar_one() for t in _COUNTED}


def is_civil(answer: TestResponse, about: object = "") -> None:
    """No crash, no inside shown, nothing of theirs run."""
    what = f"{about!r:.200} → {answer.status}"
    assert answer.status_code < 500, what
    if answer.mimetype in ("image/webp", "image/avif", "image/png"):
        return
    page = answer.get_data(as_text=False).decode("utf-8", "replace")
    assert "Traceback" not in page and "psycopg" not in page and "sqlalchemy" not in page.lower(), what
    if answer.mimetype == "text/html":
        assert SCRIPT not in page and "<img src=x onerror" not in page, what
    for header in ("Location", "Set-Cookie", "Refresh"):
        for value in answer.headers.getlist(header):
            assert "\n" not in value and "\r" not in value, what


def ours() -> dict[str, str]:
    """The headers of a form of our own."""
    return {"Sec-Fetch-Site": "same-origin", "Origin": "http://localhost"}


def cart_with_a_shirt(client: FlaskClient, variant_id: int) -> None:
    answer = client.post("/cart/lines", data={"variant": variant_id, "quantity": 1}, headers=ours())
    assert answer.status_code == 303
