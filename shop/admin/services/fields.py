"""What may be typed for each outside service, and how it is read: shapes that cannot work are refused with a reason."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from config import EMAIL_PROVIDERS, Config
from shop.admin import reading_forms as read
from shop.errors import InvalidInput, Refused
from shop.outbound.addresses import check_host
from shop.tenancy.provider_keys import SavedKey

Form = Mapping[str, str]
Reader = Callable[[Form, str, Config], str]
LONGEST_KEY = 4000
_STRIPE_KEY = re.compile(r"(?:sk|rk)_(?:test|live)_[A-Za-z0-9_]{4,300}")
_STRIPE_SECRET = re.compile(r"whsec_[A-Za-z0-9_+/=-]{4,200}")
_HOST = re.compile(r"(?=.{1,253}$)[A-Za-z0-9]([A-Za-z0-9.-]*[A-Za-z0-9])?")
_BUCKET = re.compile(r"[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]")
_S3_ADDRESS = re.compile(r"https://([^/\s:@]+)(?::\d{1,5})?(?:/[A-Za-z0-9._/-]{0,100})?")


@dataclass(frozen=True)
class ProviderField:
    """`name` as in config.py. `read` gets the form, the label and the environment's settings."""

    name: str
    label: str
    read: Reader
    is_secret: bool = False
    hint: str = ""
    options: tuple[tuple[str, str], ...] = ()
    group: str = ""


def _bad(name: str, text: str) -> InvalidInput:
    return InvalidInput(fields={name: text})


def _key(name: str) -> Reader:
    """Any secret: printable ASCII without spaces."""

    def reader(form: Form, label: str, base: Config) -> str:
        value = form.get(name, "").strip()
        if len(value) > LONGEST_KEY:
            raise _bad(name, f"{label} is too long to be a key.")
        if not value.isascii() or not value.isprintable() or " " in value:
            raise _bad(name, f"{label} has characters that no key has. Copy it again, without spaces.")
        return value

    return reader


def _stripe_key(form: Form, label: str, base: Config) -> str:
    value = form.get("stripe_secret_key", "").strip()
    if value.startswith("pk_"):
        raise _bad("stripe_secret_key", "This is the publishable key. The secret key begins with sk_ or rk_.")
    if value and not _STRIPE_KEY.fullmatch(value):
        raise _bad("stripe_secret_key", "A secret key of Stripe begins with sk_test_, sk_live_, rk_test_ or rk_live_.")
    return value


def _stripe_secrets(form: Form, label: str, base: Config) -> str:
    parts = [p for p in re.split(r"[,\s]+", form.get("stripe_webhook_secrets", "")[:1000]) if p]
    if len(parts) > 2:
        raise _bad("stripe_webhook_secrets", "At most two: the new one, and the old one until Stripe stops using it.")
    if not all(_STRIPE_SECRET.fullmatch(p) for p in parts):
        raise _bad("stripe_webhook_secrets", "A signing secret of Stripe begins with whsec_.")
    return ",".join(parts)


def _whole(name: str, low: int, high: int) -> Reader:
    return lambda form, label, base: str(read.whole(form, name, label, low, high))


def _text(name: str, most: int) -> Reader:
    return lambda form, label, base: read.text(form, name, label, most, required=False)


def _choice(name: str, options: tuple[str, ...]) -> Reader:
    return lambda form, label, base: read.choice(form, name, label, options)


def _smtp_host(form: Form, label: str, base: Config) -> str:
    host = read.text(form, "smtp_host", label, 253).lower()
    if not _HOST.fullmatch(host):
        raise _bad("smtp_host", "Write the server's name alone, like smtp.example.com.")
    return _reachable("smtp_host", host, host, base.smtp_host)


def _s3_endpoint(form: Form, label: str, base: Config) -> str:
    url = read.text(form, "s3_endpoint", label, 300, required=False).rstrip("/")
    if not url or url == base.s3_endpoint:
        return url
    found = _S3_ADDRESS.fullmatch(url)
    if found is None:
        raise _bad("s3_endpoint", "Write an address that begins with https://.")
    return _reachable("s3_endpoint", url, found[1], "")


def _reachable(name: str, value: str, host: str, of_the_server: str) -> str:
    """Nobody reaches into the server's own network from here; who runs the server may, in its environment."""
    if host != of_the_server:
        try:
            check_host(host)
        except Refused as error:
            raise _bad(name, error.user_message) from error
    return value


def _bucket(form: Form, label: str, base: Config) -> str:
    value = read.text(form, "s3_bucket", label, 63, required=False)
    if value and not _BUCKET.fullmatch(value):
        raise _bad("s3_bucket", "A bucket's name has small letters, digits, dots and hyphens.")
    return value


def _email_from(form: Form, label: str, base: Config) -> str:
    return read.email(form, "email_from", label)


MAIL_NAMES = {"smtp": "A mail server (SMTP)", "sendgrid": "SendGrid", "brevo": "Brevo"}
TLS_NAMES = {"none": "none: only inside one machine", "starttls": "STARTTLS (usually port 587)", "tls": "TLS (465)"}

FIELDS: dict[str, tuple[ProviderField, ...]] = {
    "printify": (
        ProviderField("printify_api_token", "API token", _key("printify_api_token"), True,
                      "Printify → Account → Connections"),
        ProviderField("printify_shop_id", "Shop number", _whole("printify_shop_id", 0, 2_000_000_000),
                      hint="“Check” names the shops your token knows"),
        ProviderField("printify_webhook_secret", "Webhook secret", _key("printify_webhook_secret"), True,
                      "Any long text you make up; we tell it to Printify"),
    ),
    "stripe": (
        ProviderField("stripe_secret_key", "Secret key", _stripe_key, True, "Stripe → Developers → API keys"),
        ProviderField("stripe_webhook_secrets", "Webhook signing secret", _stripe_secrets, True,
                      "Stripe → Developers → Webhooks. While you change it: the new one, a comma, the old one"),
    ),
    "mail": (
        ProviderField("email_provider", "Letters leave by", _choice("email_provider", EMAIL_PROVIDERS),
                      options=tuple(MAIL_NAMES.items())),
        ProviderField("email_from", "From", _email_from, hint="Your provider must know this address"),
        ProviderField("smtp_host", "Server", _smtp_host, group="Mail server"),
        ProviderField("smtp_port", "Port", _whole("smtp_port", 1, 65_535), group="Mail server"),
        ProviderField("smtp_tls", "Encryption", _choice("smtp_tls", tuple(TLS_NAMES)), group="Mail server",
                      options=tuple(TLS_NAMES.items())),
        ProviderField("smtp_user", "User", _text("smtp_user", 254), group="Mail server"),
        ProviderField("smtp_password", "Password", _key("smtp_password"), True, group="Mail server"),
        ProviderField("sendgrid_api_key", "API key", _key("sendgrid_api_key"), True, "Like SG.…", group="SendGrid"),
        ProviderField("brevo_api_key", "API key", _key("brevo_api_key"), True, "Begins with xkeysib-", group="Brevo"),
    ),
    "pictures": (
        ProviderField("s3_endpoint", "Address", _s3_endpoint, hint="Like https://….r2.cloudflarestorage.com"),
        ProviderField("s3_bucket", "Bucket", _bucket),
        ProviderField("s3_region", "Region", _text("s3_region", 40), hint="“auto” for Cloudflare R2"),
        ProviderField("s3_access_key", "Access key", _key("s3_access_key"), True),
        ProviderField("s3_secret_key", "Secret key", _key("s3_secret_key"), True),
    ),
}  # fmt: skip


def version_of(name: str, saved: Mapping[str, SavedKey]) -> str:
    """Changes whenever something of this service is saved or deleted."""
    mine = [f"{f.name}={saved[f.name].saved_at.isoformat()}" for f in FIELDS[name] if f.name in saved]
    return hashlib.sha256("|".join(mine).encode()).hexdigest()[:16]
