from __future__ import annotations

import base64
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from standardwebhooks import Webhook

from shop.webhook_delivery.models import WebhookEndpoint
from shop.webhook_delivery.signing import headers_for, key_of, new_secret, sign

SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"


def test_the_published_vector() -> None:
    signed = sign(SECRET, "msg_p5jXN8AQM9LWM0D4loKWxJek", 1614265330, b'{"test": 2432232314}')
    assert signed == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="


@given(body=st.text(max_size=400), size=st.integers(24, 64))
@settings(max_examples=40, deadline=None)
def test_the_reference_library_accepts_ours(body: str, size: int) -> None:
    secret = "whsec_" + base64.b64encode(bytes(range(size))).decode()
    raw = ('{"data":"' + "".join(c for c in body if c.isalnum()) + '"}').encode()
    headers = headers_for([secret], "msg_1", datetime.now(UTC), raw)
    Webhook(secret).verify(raw.decode(), headers)


def test_both_secrets_sign_during_a_rotation() -> None:
    old, new = new_secret(), new_secret()
    headers = headers_for([new, old], "msg_1", datetime.now(UTC), b"{}")
    assert len(headers["webhook-signature"].split(" ")) == 2
    for secret in (old, new):
        Webhook(secret).verify("{}", headers)


def test_secrets_are_random_and_of_the_right_size() -> None:
    assert len({new_secret() for _ in range(20)}) == 20
    assert len(key_of(new_secret())) == 32


@pytest.mark.parametrize(
    "bad", ["", "whsec_", "whsec_!!", "MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", "whsec_" + "A" * 8, "whsec_" + "A" * 400]
)
def test_other_secrets_are_refused(bad: str) -> None:
    with pytest.raises(ValueError):
        key_of(bad)


def test_secrets_are_not_in_clear_in_a_model_s_words() -> None:
    endpoint = WebhookEndpoint(
        url="https://a.example", events=[], secret=SECRET, old_secret_until=datetime.now(UTC) + timedelta(1)
    )
    assert SECRET not in repr(endpoint)
