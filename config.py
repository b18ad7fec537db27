"""Every setting once, with a comment and a default.

`Config.from_env()` reads the environment (and `.env`), and stops with one clear
message that lists ALL missing or wrong names at once.
"""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from pathlib import Path

from dotenv import dotenv_values

ROOT = Path(__file__).resolve().parent
PRODUCTION_POLICIES = ("at_once", "delayed", "by_hand")
EMAIL_PROVIDERS = ("smtp", "sendgrid", "brevo")
TAX_MODES = ("table", "stripe")


class ConfigError(Exception):
    """One or more settings are missing or wrong; `problems` lists every one."""

    def __init__(self, problems: list[str]) -> None:
        self.problems = problems
        super().__init__("Settings need attention (see .env.example):\n" + "\n".join(f"  - {p}" for p in problems))


@dataclass(frozen=True)
class Config:
    # -- the machine
    database_url: str = ""  # postgresql+psycopg://…; `make run` fills it with the embedded server
    redis_url: str = ""  # redis://…; Redis may be empty or absent at any time, pages only get slower
    secret_key: str = ""  # signs sessions; at least 32 characters
    encryption_keys: tuple[str, ...] = ()  # Fernet keys, newest first; older ones still decrypt
    public_url: str = "http://127.0.0.1:8000"  # how the world reaches the shop; used in letters and to providers
    trusted_proxies: int = 0  # how many reverse proxies stand in front (X-Forwarded-*)
    log_level: str = "INFO"
    log_json: bool = True
    metrics_token: str = ""  # bearer token for /metrics; empty closes the page
    fulfil_api_key: str = ""  # key of POST /api/orders/fulfill; empty closes it
    db_pool_size: int = 5
    work_lease_seconds: int = 60  # a worker that is silent for so long has died; another one takes its rows over

    # -- the store (first values; the admin panel changes them later)
    store_name: str = "Fern & Fable"
    store_tagline: str = "Printed when you order. Made to be kept."
    store_currency: str = "USD"
    store_country: str = "US"
    store_locale: str = "en"
    store_legal_name: str = "Fern & Fable Studio"
    store_address: str = "12 Mill Lane, Portland, OR 97209, USA"
    support_email: str = "hello@example.com"
    merchant_email: str = "merchant@example.com"  # receives new orders and alarms
    free_shipping_minor: int = 7500  # free standard shipping from this subtotal; 0 switches it off

    # -- Printify
    printify_api_token: str = ""
    printify_shop_id: int = 0
    printify_base_url: str = "https://api.printify.com"
    printify_webhook_secret: str = ""
    printify_production: str = "at_once"  # at_once | delayed | by_hand: when orders are sent to production
    printify_production_delay_minutes: int = 60
    printify_currency: str = "USD"  # currency of Printify's shipping costs
    catalog_ttl_minutes: int = 60  # how old the catalogue cache may grow before a job refreshes it
    catalog_removal_brake_percent: int = 5  # a plan that would remove more stops and asks

    # -- Stripe
    stripe_secret_key: str = ""
    stripe_webhook_secrets: tuple[str, ...] = ()  # two during rotation
    stripe_base_url: str = ""  # empty is the real Stripe
    stripe_webhook_tolerance: int = 300  # seconds
    checkout_expires_minutes: int = 60
    tax_mode: str = "table"  # table: rates set in the panel; stripe: Stripe Tax

    # -- outgoing webhooks
    #: origins on this machine that may be called without https (the sandbox, a developer's receiver); else none
    webhook_origins: tuple[str, ...] = ()

    # -- channels
    #: origins on this machine where a connected store may be (the sandbox); else public addresses only
    channel_origins: tuple[str, ...] = ()
    shopify_base_url: str = "https://{shop}"  # where a Shopify shop's Admin API is; {shop} is its domain

    # -- letters
    email_provider: str = "smtp"  # smtp | sendgrid | brevo
    email_from: str = "shop@example.com"
    smtp_host: str = "127.0.0.1"
    smtp_port: int = 8025
    smtp_user: str = ""
    smtp_password: str = ""
    smtp_tls: str = "none"  # none | starttls | tls
    sendgrid_api_key: str = ""
    sendgrid_base_url: str = "https://api.sendgrid.com"
    brevo_api_key: str = ""
    brevo_base_url: str = "https://api.brevo.com/v3"

    # -- pictures
    storage: str = "disk"  # disk | s3 (Cloudflare R2, MinIO, AWS)
    media_dir: str = str(ROOT / "var" / "media")
    media_url: str = "/media"  # for s3: the public address of the bucket's custom domain
    s3_endpoint: str = ""
    s3_bucket: str = ""
    s3_access_key: str = ""
    s3_secret_key: str = ""
    s3_region: str = "auto"

    # -- first admin, created by `flask seed`
    admin_email: str = "admin@example.com"
    admin_password: str = ""

    testing: bool = False
    flask: dict[str, object] = field(default_factory=dict)  # extra Flask settings, for tests

    @classmethod
    def from_env(cls, env: Mapping[str, str] | None = None) -> Config:
        """Read settings from `env` (default: .env, overridden by the process environment).

        Raises ConfigError naming every problem at once.
        """
        if env is None:
            env = {**{k: v for k, v in dotenv_values(ROOT / ".env").items() if v is not None}, **os.environ}
        values: dict[str, object] = {}
        problems: list[str] = []
        for f in fields(cls):
            raw = env.get(f.name.upper(), "").strip()
            if not raw or f.name in ("flask", "testing"):
                continue
            try:
                values[f.name] = _parse(str(f.type), raw)
            except ValueError:
                problems.append(f"{f.name.upper()} is {raw!r}, which is not a {f.type}")
        config = cls(**values)  # type: ignore[arg-type]
        problems += config.problems()
        if problems:
            raise ConfigError(problems)
        return config

    def problems(self) -> list[str]:
        """Every reason why the application could not run with these settings."""
        found = [f"{n.upper()} is missing" for n in ("database_url", "secret_key") if not getattr(self, n)]
        if not self.encryption_keys:
            found.append("ENCRYPTION_KEYS is missing")
        if self.secret_key and len(self.secret_key) < 32:
            found.append("SECRET_KEY is shorter than 32 characters")
        if self.database_url and not self.database_url.startswith("postgresql"):
            found.append("DATABASE_URL must be a PostgreSQL address (postgresql+psycopg://…)")
        found += _choice("PRINTIFY_PRODUCTION", self.printify_production, PRODUCTION_POLICIES)
        found += _choice("EMAIL_PROVIDER", self.email_provider, EMAIL_PROVIDERS)
        found += _choice("STORAGE", self.storage, ("disk", "s3"))
        found += _choice("TAX_MODE", self.tax_mode, TAX_MODES)
        found += _choice("SMTP_TLS", self.smtp_tls, ("none", "starttls", "tls"))
        if self.printify_api_token and not self.printify_shop_id:
            found.append("PRINTIFY_SHOP_ID is missing (PRINTIFY_API_TOKEN is set)")
        if self.stripe_secret_key and not self.stripe_webhook_secrets:
            found.append("STRIPE_WEBHOOK_SECRETS is missing (STRIPE_SECRET_KEY is set)")
        if self.storage == "s3" and not (self.s3_endpoint and self.s3_bucket and self.s3_access_key):
            found.append("S3_ENDPOINT, S3_BUCKET and S3_ACCESS_KEY are needed when STORAGE=s3")
        found += [
            f"{name} names {origin}, which is not on this machine (http://127.0.0.1:8010)"
            for name, origins in (("WEBHOOK_ORIGINS", self.webhook_origins), ("CHANNEL_ORIGINS", self.channel_origins))
            for origin in origins
            if not re.fullmatch(r"https?://(127\.\d+\.\d+\.\d+|localhost|\[::1\])(:\d+)?", origin)
        ]
        if not 1 <= self.work_lease_seconds <= 3600:
            found.append("WORK_LEASE_SECONDS must be between 1 and 3600")
        if not 30 <= self.checkout_expires_minutes <= 1440:
            found.append("CHECKOUT_EXPIRES_MINUTES must be between 30 and 1440 (Stripe's limits)")
        return found


def _parse(kind: str, raw: str) -> object:
    if kind == "int":
        return int(raw)
    if kind == "bool":
        if raw.lower() not in ("1", "0", "true", "false", "yes", "no"):
            raise ValueError(raw)
        return raw.lower() in ("1", "true", "yes")
    if kind.startswith("tuple"):
        return tuple(part.strip() for part in raw.split(",") if part.strip())
    return raw


def _choice(name: str, value: str, allowed: tuple[str, ...]) -> list[str]:
    return [] if value in allowed else [f"{name} is {value!r}; it must be one of {', '.join(allowed)}"]
