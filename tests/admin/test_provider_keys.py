"""Keys of outside services in the panel: encrypted, masked, in force everywhere, and never told again."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from cryptography.fernet import Fernet
from flask import Flask
from sqlalchemy import text

from shop.core import secrets
from shop.core.settings import current_settings
from shop.core.transaction import transaction
from shop.extensions import db
from shop.tenancy import profile, provider_keys
from tests.admin.conftest import Staff, counting

HOME = "/admin/settings/services"
LIVE = "sk_live_Zebra51Nm4kQqqWERTY7890"
ROOT = Path(__file__).resolve().parents[2]


def version(staff: Staff, service: str) -> str:
    page = staff.get(HOME).text
    part = page[page.index(f'action="{HOME}/{service}"') :]
    found = re.search(r'name="version" value="([^"]*)"', part)
    assert found
    return found[1]


def save(staff: Staff, service: str, **values: str) -> Any:
    return staff.post(f"{HOME}/{service}", {"version": version(staff, service), **values})


def rows() -> str:
    db.session.remove()
    return str(db.session.execute(text("SELECT * FROM provider_keys")).all())


def test_a_saved_key_stands_over_the_environments_and_is_encrypted(staff: Staff) -> None:
    assert save(staff, "stripe", stripe_secret_key=LIVE).status_code == 303
    assert current_settings().stripe_secret_key == LIVE
    assert current_settings().stripe_webhook_secrets == ("whsec_sandbox",)
    assert LIVE not in rows()
    assert re.search(r"'[0-9a-f]{8}:gAAAA", rows())


def test_a_saved_key_is_shown_by_its_last_four_and_who_saved_it(staff: Staff) -> None:
    save(staff, "stripe", stripe_secret_key=LIVE)
    page = staff.get(HOME).text
    assert LIVE not in page
    assert "7890" in page
    assert "by admin@example.com" in page


def test_the_banner_for_test_keys_follows_what_is_saved(staff: Staff) -> None:
    assert "Test mode" in staff.get("/admin/").text
    save(staff, "stripe", stripe_secret_key=LIVE)
    assert "Test mode" not in staff.get("/admin/").text
    save(staff, "stripe", stripe_secret_key="sk_test_again12345")
    assert "Test mode" in staff.get("/admin/").text


def test_another_process_sees_the_change_within_a_second(staff: Staff) -> None:
    assert current_settings().stripe_secret_key == "sk_test_sandbox"
    with transaction() as session:  # another process wrote
        provider_keys.save_keys(session, {"stripe_secret_key": LIVE}, by="x")
    assert current_settings().stripe_secret_key == "sk_test_sandbox"  # looked less than half a second ago
    assert profile.LOOK_EVERY_SECONDS < 1
    profile._looked.clear()  # half a second later
    assert current_settings().stripe_secret_key == LIVE


def test_asking_costs_no_statement_while_nothing_changes(app: Flask) -> None:
    current_settings()
    with counting() as seen:
        for _ in range(50):
            current_settings()
    assert seen == []


def test_a_password_is_kept_when_only_the_user_changes(staff: Staff) -> None:
    assert save(staff, "mail", smtp_password="first-password", smtp_user="bob").status_code == 303
    assert save(staff, "mail", smtp_password="", smtp_user="alice").status_code == 303
    assert (current_settings().smtp_user, current_settings().smtp_password) == ("alice", "first-password")


def test_saving_what_is_there_already_saves_nothing(staff: Staff) -> None:
    assert save(staff, "mail", email_provider="smtp", smtp_host="127.0.0.1").status_code == 303
    assert rows() == "[]"


def test_deleting_brings_the_environments_back(staff: Staff) -> None:
    save(staff, "stripe", stripe_secret_key=LIVE)
    assert "in use again" in staff.press(f"{HOME}/stripe/forget")
    assert current_settings().stripe_secret_key == "sk_test_sandbox"
    assert "Nothing was saved here" in staff.press(f"{HOME}/stripe/forget")


def test_the_second_of_two_is_told_and_overwrites_nothing(staff: Staff) -> None:
    seen = version(staff, "stripe")
    save(staff, "stripe", stripe_secret_key=LIVE)
    answer = staff.post(f"{HOME}/stripe", {"version": seen, "stripe_secret_key": "sk_live_TheOtherOne1234"})
    assert answer.status_code == 409
    assert "Somebody else saved these keys" in answer.text
    assert "sk_live_TheOtherOne1234" not in answer.text
    assert current_settings().stripe_secret_key == LIVE


@pytest.mark.parametrize(
    ("service", "values", "said"),
    [
        ("stripe", {"stripe_secret_key": "pk_live_abcdefgh"}, "publishable key"),
        ("stripe", {"stripe_secret_key": "hello"}, "begins with sk_test_"),
        ("stripe", {"stripe_secret_key": "sk_live_abc\x00def"}, "begins with sk_test_"),
        ("stripe", {"stripe_webhook_secrets": "whsec_aaaa,whsec_bbbb,whsec_cccc"}, "At most two"),
        ("stripe", {"stripe_webhook_secrets": "abc"}, "begins with whsec_"),
        ("printify", {"printify_api_token": "a b"}, "no key has"),
        ("printify", {"printify_api_token": "x" * 5000}, "too long"),
        ("printify", {"printify_shop_id": "seven"}, "whole number"),
        ("printify", {"printify_shop_id": "0"}, "That cannot work yet"),
        ("mail", {"email_provider": "pigeon"}, "choose one"),
        ("mail", {"email_from": "nobody"}, "not an e-mail address"),
        ("mail", {"smtp_port": "99999"}, "whole number"),
        ("mail", {"smtp_host": "10.0.0.5"}, "not public"),
        ("mail", {"smtp_host": "169.254.169.254"}, "not public"),
        ("mail", {"smtp_host": "a/b"}, "name alone"),
        ("mail", {"smtp_user": "x" * 300}, "too long"),
        ("pictures", {"s3_endpoint": "http://storage.example"}, "begins with https"),
        ("pictures", {"s3_endpoint": "https://127.0.0.1:9000"}, "not public"),
        ("pictures", {"s3_bucket": "My Bucket!"}, "small letters"),
    ],
)
def test_bad_input_is_told_beside_its_field(staff: Staff, service: str, values: dict[str, str], said: str) -> None:
    seen = version(staff, service) if service != "pictures" else ""
    answer = staff.post(f"{HOME}/{service}", {"version": seen, **values})
    assert answer.status_code == 422
    assert said in answer.text
    assert rows() == "[]"


def test_a_secret_that_was_refused_does_not_come_back_in_the_page(staff: Staff) -> None:
    answer = save(staff, "stripe", stripe_secret_key="pk_live_VeryOwnKey123456")
    assert answer.status_code == 422
    assert "VeryOwnKey" not in answer.text


def test_an_unknown_service_is_not_there(staff: Staff) -> None:
    assert staff.post(f"{HOME}/redis", {}).status_code == 404
    assert staff.post(f"{HOME}/nonsense/forget", {}).status_code == 404


def test_support_may_look_but_not_change(staff_as: Callable[[str], Staff]) -> None:
    someone = staff_as("support")
    assert "Change" not in someone.get(HOME).text
    assert someone.post(f"{HOME}/stripe", {"stripe_secret_key": LIVE}).status_code == 403


def test_a_key_that_cannot_be_decrypted_any_more_stops_nothing(staff: Staff, app: Flask) -> None:
    save(staff, "stripe", stripe_secret_key=LIVE)
    before = app.config["IMPRINT"].encryption_keys
    try:
        secrets.load_keys([Fernet.generate_key().decode()])
        profile.forget()
        assert current_settings().stripe_secret_key == "sk_test_sandbox"
        page = staff.get(HOME)
        assert page.status_code == 200
        assert "can no longer be decrypted" in page.text
    finally:
        secrets.load_keys(before)


def test_an_older_key_still_decrypts(staff: Staff, app: Flask) -> None:
    save(staff, "stripe", stripe_secret_key=LIVE)
    before = app.config["IMPRINT"].encryption_keys
    try:
        secrets.load_keys([Fernet.generate_key().decode(), *before])
        profile.forget()
        assert current_settings().stripe_secret_key == LIVE
    finally:
        secrets.load_keys(before)


def test_a_saved_key_is_what_the_services_are_asked_with(staff: Staff, sandbox: object) -> None:
    assert "Printify works" in staff.press(f"{HOME}/printify/check")
    save(staff, "printify", printify_shop_id="1")
    assert "not among its shops" in staff.press(f"{HOME}/printify/check")
    save(staff, "mail", smtp_port="1")
    assert "cannot be reached" in staff.press(f"{HOME}/mail/check")


def test_a_webhook_is_judged_by_the_saved_secrets(staff: Staff, app: Flask) -> None:
    save(staff, "printify", printify_webhook_secret="brand-new-secret-for-hooks")
    import hashlib
    import hmac

    body = b'{"id": "e1", "type": "order:updated", "resource": {"id": "o1", "type": "order"}}'

    def call(secret: str) -> int:
        digest = hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()
        headers = {"X-Pfy-Signature": f"sha256={digest}"}
        return app.test_client().post("/api/webhooks/printify", data=body, headers=headers).status_code

    assert call("sandbox-printify-webhook-secret") == 400
    assert call("brand-new-secret-for-hooks") == 200


def test_the_audit_log_names_the_key_and_never_tells_it(staff: Staff) -> None:
    save(staff, "stripe", stripe_secret_key=LIVE)
    staff.press(f"{HOME}/stripe/forget")
    told = str(db.session.execute(text("SELECT to_jsonb(e) FROM audit_entries e")).all())
    assert "service stripe" in told
    assert "'replaced': 'stripe_secret_key'" in told
    assert "Zebra51" not in told
    assert "7890" not in told


def test_nothing_saved_reaches_the_logs(staff: Staff, capfd: pytest.CaptureFixture[str]) -> None:
    from shop.core import log

    log.configure("DEBUG", as_json=True)
    try:
        save(staff, "stripe", stripe_secret_key=LIVE)
        save(staff, "stripe", stripe_secret_key="pk_live_RefusedOne1234")
        staff.press(f"{HOME}/stripe/forget")
    finally:
        log.configure("CRITICAL", as_json=True)
    said = capfd.readouterr()
    assert "provider keys saved" in said.out + said.err
    assert "Zebra51" not in said.out + said.err
    assert "RefusedOne" not in said.out + said.err


def test_every_user_of_a_key_goes_through_the_one_door() -> None:
    names = "|".join(provider_keys.KNOWN)
    told = subprocess.run(
        ["grep", "-rlE", rf"\b(config|c)\.({names})\b", "shop", "jobs", "--include=*.py"],
        cwd=ROOT, capture_output=True, text=True, check=False,
    ).stdout.split()  # fmt: skip
    outside = [p for p in told if 'config["IMPRINT"]' in (ROOT / p).read_text()]
    assert outside == []
