"""The other services: which keys are set, and a button that says what is wrong."""

from __future__ import annotations

import smtplib
from collections.abc import Callable
from dataclasses import dataclass

import requests
from flask import Response, current_app, url_for
from werkzeug.wrappers import Response as BaseResponse

from config import Config
from shop.admin.answering import press
from shop.admin.blueprint import bp
from shop.admin.permissions import May, staff_only
from shop.admin.settings_forms import SECTIONS
from shop.core import redis as redis_door
from shop.core.pages import render
from shop.core.storage import storage, store_file
from shop.core.transaction import release_connection
from shop.email.senders import sender_for
from shop.email.senders.smtp import SmtpSender
from shop.errors import NeedsReconnect, NotFound, Refused, Unavailable
from shop.fulfilment.printify.client import printify_client
from shop.payments.stripe_gateway import StripeGateway, gateway

TIMEOUT = (3, 8)
ONE_PIXEL = bytes.fromhex(
    "89504e470d0a1a0a0000000d4948445200000001000000010804000000b51c0c020000000b4944415478da63fcff1f0003030200efbfa7db"
    "0000000049454e44ae426082"
)


@dataclass(frozen=True)
class Provider:
    """`rows`: (setting, what it is set to, masked). `is_set`: everything needed is there."""

    key: str
    name: str
    what_for: str
    is_set: bool
    rows: list[tuple[str, str]]
    missing: str = ""


@bp.get("/settings/services")
@staff_only()
def providers() -> Response:
    config: Config = current_app.config["IMPRINT"]
    return render(
        "admin/providers.html",
        page_title="Services",
        providers=[_printify(config), _stripe(config), _mail(config), _pictures(config), _redis(config)],
        sections=SECTIONS.values(),
    )


@bp.post("/settings/services/<name>/check")
@staff_only(May.SETTINGS)
def check_provider(name: str) -> BaseResponse:
    """Ask the service something harmless, now, and say what it answered."""
    check = CHECKS.get(name)
    if check is None:
        raise NotFound("There is no such service.")
    release_connection()
    return press(check, done="", back=url_for("admin.providers") + f"#{name}")


def masked(value: str) -> str:
    """Enough to recognise a key, too little to use it."""
    if not value:
        return "not set"
    if len(value) < 12:
        return "••••••"
    return f"{value[:7] if '_' in value[:8] else value[:2]}••••{value[-4:]}"


def _printify(c: Config) -> Provider:
    rows = [
        ("PRINTIFY_API_TOKEN", masked(c.printify_api_token)),
        ("PRINTIFY_SHOP_ID", str(c.printify_shop_id or "not set")),
        ("PRINTIFY_WEBHOOK_SECRET", masked(c.printify_webhook_secret)),
        ("PRINTIFY_BASE_URL", c.printify_base_url),
    ]
    return Provider("printify", "Printify", "Prints and sends what you sell", bool(c.printify_api_token), rows)


def _stripe(c: Config) -> Provider:
    secrets = ", ".join(masked(s) for s in c.stripe_webhook_secrets) or "not set"
    rows = [("STRIPE_SECRET_KEY", masked(c.stripe_secret_key)), ("STRIPE_WEBHOOK_SECRETS", secrets)]
    if c.stripe_base_url:
        rows.append(("STRIPE_BASE_URL", c.stripe_base_url))
    return Provider("stripe", "Stripe", "Takes payments", bool(c.stripe_secret_key and c.stripe_webhook_secrets), rows)


def _mail(c: Config) -> Provider:
    rows = [("EMAIL_PROVIDER", c.email_provider), ("EMAIL_FROM", c.email_from)]
    if c.email_provider == "smtp":
        rows += [("SMTP_HOST", f"{c.smtp_host}:{c.smtp_port}"), ("SMTP_TLS", c.smtp_tls)]
        rows += [("SMTP_USER", c.smtp_user or "not set"), ("SMTP_PASSWORD", masked(c.smtp_password))]
        is_set = bool(c.smtp_host)
    elif c.email_provider == "sendgrid":
        rows.append(("SENDGRID_API_KEY", masked(c.sendgrid_api_key)))
        is_set = bool(c.sendgrid_api_key)
    else:
        rows.append(("BREVO_API_KEY", masked(c.brevo_api_key)))
        is_set = bool(c.brevo_api_key)
    return Provider("mail", "Letters", "Carries every letter", is_set, rows)


def _pictures(c: Config) -> Provider:
    rows = [("STORAGE", c.storage)]
    if c.storage == "s3":
        rows += [("S3_ENDPOINT", c.s3_endpoint), ("S3_BUCKET", c.s3_bucket), ("S3_ACCESS_KEY", masked(c.s3_access_key))]
    else:
        rows.append(("MEDIA_DIR", c.media_dir))
    return Provider("pictures", "Pictures", "Keeps what the shop shows", c.storage == "disk" or bool(c.s3_bucket), rows)


def _redis(c: Config) -> Provider:
    host = c.redis_url.rpartition("@")[2].removeprefix("redis://") if c.redis_url else "not set"
    return Provider("redis", "Redis", "Carries kicks between processes", bool(c.redis_url), [("REDIS_URL", host)])


def check_printify() -> str:
    config: Config = current_app.config["IMPRINT"]
    shops = printify_client(max_wait=5).list_shops()
    mine = next((s for s in shops if s.get("id") == config.printify_shop_id), None)
    if mine is None:
        known = ", ".join(f"{s.get('id')} ({s.get('title')})" for s in shops[:5]) or "none"
        raise Refused(f"The token works, but shop {config.printify_shop_id} is not among its shops: {known}.")
    return f"Printify works: the shop “{mine.get('title')}” is connected."


def check_stripe() -> str:
    found = gateway()
    if not isinstance(found, StripeGateway):
        raise Refused("This gateway cannot be checked.")
    balance = found._call(lambda: found.client.v1.balance.retrieve())
    mode = "live" if balance.livemode else "test"
    return f"Stripe works: the key is good, in {mode} mode."


def check_mail() -> str:
    config: Config = current_app.config["IMPRINT"]
    if config.email_provider == "sendgrid":
        url, headers = f"{config.sendgrid_base_url}/v3/scopes", {"Authorization": f"Bearer {config.sendgrid_api_key}"}
        return _ask_mail_service("SendGrid", url, headers)
    if config.email_provider == "brevo":
        return _ask_mail_service("Brevo", f"{config.brevo_base_url}/account", {"api-key": config.brevo_api_key})
    sender = sender_for(config)
    if not isinstance(sender, SmtpSender):
        raise Refused("This way of sending cannot be checked.")
    try:
        server = sender._connect()
        code, answer = server.noop()
        server.quit()
    except (smtplib.SMTPAuthenticationError, smtplib.SMTPNotSupportedError) as error:
        raise NeedsReconnect("The mail server refused our sign-in.", service="smtp", detail=str(error)) from error
    except (OSError, smtplib.SMTPException) as error:
        where = f"{config.smtp_host}:{config.smtp_port}"
        raise Unavailable(
            f"The mail server at {where} cannot be reached.", service="smtp", detail=str(error)
        ) from error
    if code >= 400:
        raise Refused("The mail server is not willing.", service="smtp", detail=f"{code} {answer!r}")
    return f"The mail server at {config.smtp_host}:{config.smtp_port} answers."


def _ask_mail_service(name: str, url: str, headers: dict[str, str]) -> str:
    try:
        answer = requests.get(url, headers=headers, timeout=TIMEOUT, allow_redirects=False)
    except requests.RequestException as error:
        raise Unavailable(f"{name} cannot be reached.", service=name.lower(), detail=type(error).__name__) from error
    if answer.status_code in (401, 403):
        raise NeedsReconnect(f"{name} refused our key.", service=name.lower(), detail=str(answer.status_code))
    if answer.status_code >= 400:
        raise Unavailable(f"{name} has trouble.", service=name.lower(), detail=str(answer.status_code))
    return f"{name} works: the key is good."


def check_pictures() -> str:
    """Write a picture of one pixel, and read it back."""
    key = store_file(ONE_PIXEL, "png")
    if storage().read(key) != ONE_PIXEL:
        raise Refused("The storage gave back something else than what was written.")
    return "The storage works: written and read back."


def check_redis() -> str:
    if redis_door.door() is None:
        raise Unavailable("REDIS_URL is not set. Everything works, a little later.")
    if redis_door.attempt(lambda r: r.ping()) is None:
        raise Unavailable("Redis does not answer. Everything goes on, a little later.")
    return "Redis answers."


CHECKS: dict[str, Callable[[], str]] = {
    "printify": check_printify,
    "stripe": check_stripe,
    "mail": check_mail,
    "pictures": check_pictures,
    "redis": check_redis,
}
