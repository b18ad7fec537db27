"""The other services: which keys are set, and a button that says what is wrong."""

from __future__ import annotations

import smtplib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace

import requests
from flask import Response, url_for
from werkzeug.wrappers import Response as BaseResponse

from config import Config
from shop.admin.answering import press
from shop.admin.blueprint import bp
from shop.admin.permissions import May, staff_only
from shop.admin.services.fields import FIELDS, ProviderField, version_of
from shop.admin.settings_forms import SECTIONS
from shop.admin.words import day
from shop.core import redis as redis_door
from shop.core.pages import render
from shop.core.settings import current_settings
from shop.core.storage import storage, store_file
from shop.core.transaction import release_connection
from shop.email.senders import sender_for
from shop.email.senders.smtp import SmtpSender
from shop.errors import NeedsReconnect, NotFound, Refused, Unavailable
from shop.extensions import db
from shop.fulfilment.printify.client import printify_client
from shop.payments.stripe_gateway import StripeGateway, gateway
from shop.tenancy.provider_keys import SavedKey, list_saved

TIMEOUT = (3, 8)
ONE_PIXEL = bytes.fromhex(
    "89504e470d0a1a0a0000000d4948445200000001000000010804000000b51c0c020000000b4944415478da63fcff1f0003030200efbfa7db"
    "0000000049454e44ae426082"
)


@dataclass(frozen=True)
class Row:
    """One setting as it holds: its value (masked), and where that comes from."""

    label: str
    name: str
    value: str
    source: str = ""


@dataclass(frozen=True)
class Provider:
    """`is_set`: everything needed is there. `fields`: what may be changed here; `values`: what the form shows."""

    key: str
    name: str
    what_for: str
    is_set: bool
    rows: list[Row]
    fields: tuple[ProviderField, ...] = ()
    values: Mapping[str, str] = field(default_factory=dict)
    version: str = ""
    has_saved: bool = False
    note: str = ""


@bp.get("/settings/services")
@staff_only()
def providers() -> Response:
    return services_page()


def services_page(
    *,
    opened: str = "",
    typed: Mapping[str, str] | None = None,
    errors: Mapping[str, str] | None = None,
    was_stale: bool = False,
    status: int = 200,
) -> Response:
    """Every service. `opened` is the one whose form was sent and comes back, with what was typed but for secrets."""
    config = current_settings()
    saved = list_saved(db.session())
    made = [make(config, saved) for make in (_printify, _stripe, _mail, _pictures)]
    found = [replace(p, values={**p.values, **(typed or {})}) if p.key == opened else p for p in made]
    return render(
        "admin/providers.html",
        status=status,
        page_title="Services",
        providers=[*found, _redis(config)],
        sections=SECTIONS.values(),
        opened=opened,
        errors=errors or {},
        was_stale=was_stale,
        saved=saved,
        masked=masked,
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


def _rows(key: str, config: Config, saved: Mapping[str, SavedKey], shown: Callable[[str], bool]) -> list[Row]:
    rows = []
    for f in FIELDS[key]:
        if not shown(f.name):
            continue
        mine = saved.get(f.name)
        source = "" if mine is None else f"saved here on {day(mine.saved_at)} by {mine.saved_by}"
        if mine is not None and not mine.is_readable:
            source = f"what was {source} can no longer be decrypted: type it again"
        rows.append(Row(f.label, f.name.upper(), _shown(f, getattr(config, f.name)), source))
    return rows


def _shown(f: ProviderField, value: object) -> str:
    if f.is_secret:
        parts = value if isinstance(value, tuple) else (value,)
        return ", ".join(masked(str(part)) for part in parts) or "not set"
    return dict(f.options).get(str(value), str(value or "not set"))


def _provider(
    key: str,
    name: str,
    what_for: str,
    is_set: bool,
    config: Config,
    saved: Mapping[str, SavedKey],
    shown: Callable[[str], bool] = bool,
    **more: str,
) -> Provider:
    fields = FIELDS[key]
    values = {f.name: str(getattr(config, f.name) or "") for f in fields if not f.is_secret}
    has_saved = any(f.name in saved for f in fields)
    rows = _rows(key, config, saved, shown)
    return Provider(key, name, what_for, is_set, rows, fields, values, version_of(key, saved), has_saved, **more)


def _printify(c: Config, saved: Mapping[str, SavedKey]) -> Provider:
    is_set = bool(c.printify_api_token and c.printify_shop_id)
    return _provider("printify", "Printify", "Prints and sends what you sell", is_set, c, saved)


def _stripe(c: Config, saved: Mapping[str, SavedKey]) -> Provider:
    is_set = bool(c.stripe_secret_key and c.stripe_webhook_secrets)
    return _provider("stripe", "Stripe", "Takes payments", is_set, c, saved)


def _mail(c: Config, saved: Mapping[str, SavedKey]) -> Provider:
    key = {"sendgrid": c.sendgrid_api_key, "brevo": c.brevo_api_key}.get(c.email_provider, c.smtp_host)

    def used(name: str) -> bool:
        return name.startswith(("email_", c.email_provider + "_"))

    return _provider("mail", "Letters", "Carries every letter", bool(key), c, saved, used)


def _pictures(c: Config, saved: Mapping[str, SavedKey]) -> Provider:
    if c.storage == "s3":
        is_set = bool(c.s3_bucket and c.s3_access_key)
        return _provider("pictures", "Pictures", "Keeps what the shop shows", is_set, c, saved)
    note = "Pictures lie in a directory of the server. Moving them to S3 is the operator’s step (docs/deploy.md)."
    rows = [Row("Storage", "STORAGE", c.storage), Row("Directory", "MEDIA_DIR", c.media_dir)]
    return Provider("pictures", "Pictures", "Keeps what the shop shows", True, rows, note=note)


def _redis(c: Config) -> Provider:
    host = c.redis_url.rpartition("@")[2].removeprefix("redis://") if c.redis_url else "not set"
    rows = [Row("Address", "REDIS_URL", host)]
    return Provider("redis", "Redis", "Carries kicks between processes", bool(c.redis_url), rows)


def check_printify() -> str:
    config = current_settings()
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
    config = current_settings()
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
