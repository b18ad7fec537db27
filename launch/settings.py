"""The environment every process is started with: .env, kept secrets, sandbox mode."""

from __future__ import annotations

import base64
import fcntl
import os
import secrets
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import IO

from dotenv import dotenv_values

from launch.ports import is_busy
from launch.say import Problem
from launch.setup import ROOT

VAR = ROOT / "var"

MAIL_SETTINGS = ("EMAIL_PROVIDER", "SMTP_HOST", "SENDGRID_API_KEY", "BREVO_API_KEY")
PORTS = {"PORT": "8000", "SANDBOX_PORT": "8010", "SANDBOX_SMTP_PORT": "8025"}

# Any of these set means: trade with the real providers.
PROVIDER_KEYS = ("PRINTIFY_API_TOKEN", "STRIPE_SECRET_KEY")


def _fernet_key() -> str:
    return base64.urlsafe_b64encode(os.urandom(32)).decode()


SECRETS: dict[str, Callable[[], str]] = {
    "SECRET_KEY": lambda: secrets.token_urlsafe(48),
    "ENCRYPTION_KEYS": _fernet_key,
    "ADMIN_PASSWORD": lambda: secrets.token_urlsafe(12),
    "FULFIL_API_KEY": lambda: secrets.token_urlsafe(32),
    "METRICS_TOKEN": lambda: secrets.token_urlsafe(32),
}


def read_settings(root: Path = ROOT, environ: Mapping[str, str] | None = None) -> dict[str, str]:
    """.env overridden by the process environment; an empty value counts as not set."""
    given = os.environ if environ is None else environ
    merged = {**read_env_file(root / ".env"), **given}
    return {name: value for name, value in merged.items() if value.strip()}


def keep_secrets(env: dict[str, str], path: Path) -> None:
    """Fill in every secret not given, from `path`, generating it there (0600) on the first run."""
    kept = read_env_file(path)
    fresh = {name: make() for name, make in SECRETS.items() if name not in env and name not in kept}
    if fresh:
        path.parent.mkdir(parents=True, exist_ok=True)
        write_private(path, {**kept, **fresh})
    for name in SECRETS:
        env.setdefault(name, fresh.get(name) or kept.get(name) or "")


def write_private(path: Path, values: Mapping[str, str]) -> None:
    """Write NAME='value' lines that only we can read, all or nothing."""
    draft = path.with_name(path.name + ".new")
    draft.unlink(missing_ok=True)
    lines = "".join(f"{name}='{value}'\n" for name, value in values.items())
    draft.touch(mode=0o600)
    draft.write_text(lines, encoding="utf-8")
    draft.replace(path)


def is_sandbox(env: Mapping[str, str]) -> bool:
    """All or nothing: play money must never order real prints, nor real money play prints."""
    return not any(env.get(name) for name in PROVIDER_KEYS)


def use_sandbox(env: dict[str, str], var: Path = VAR) -> None:
    """Point every provider at the sandbox; letters too, unless a mail server was named."""
    sandbox = f"http://127.0.0.1:{env['SANDBOX_PORT']}"
    env.update(
        PRINTIFY_API_TOKEN="sandbox-printify-token",
        PRINTIFY_SHOP_ID="815256",
        PRINTIFY_WEBHOOK_SECRET="sandbox-printify-webhook-secret",
        PRINTIFY_BASE_URL=f"{sandbox}/printify",
        STRIPE_SECRET_KEY="sk_test_sandbox",
        STRIPE_WEBHOOK_SECRETS="whsec_sandbox",
        STRIPE_BASE_URL=f"{sandbox}/stripe",
        WEBHOOK_ORIGINS=sandbox,
        CHANNEL_ORIGINS=sandbox,
        SHOPIFY_BASE_URL=f"{sandbox}/shopify/{{shop}}",
        SANDBOX_SHOP_URL=f"http://127.0.0.1:{env['PORT']}",
    )
    env.setdefault("SANDBOX_DIR", str(var / "sandbox"))
    env.setdefault("SANDBOX_PLATFORMS", "us")  # as the shop that is seeded: dollars, prices without tax
    if not any(env.get(name) for name in MAIL_SETTINGS):
        env.update(EMAIL_PROVIDER="smtp", SMTP_HOST="127.0.0.1", SMTP_TLS="none")
        env["SMTP_PORT"] = env["SANDBOX_SMTP_PORT"]


def set_defaults(env: dict[str, str]) -> None:
    """Addresses and numbers that the processes have to agree on."""
    for name, value in PORTS.items():
        env.setdefault(name, value)
        if not env[name].isdigit() or not 0 < int(env[name]) < 65536:
            raise Problem(f"{name} is {env[name]!r}; it must be a port number between 1 and 65535.")
    env.setdefault("HOST", "127.0.0.1")
    env.setdefault("PUBLIC_URL", f"http://127.0.0.1:{env['PORT']}")
    env.setdefault("ADMIN_EMAIL", "admin@example.com")
    env.setdefault("WEB_PROCESSES", "2")
    env.setdefault("LOG_JSON", "0")
    env["PYTHONUNBUFFERED"] = "1"


def check_ports(env: Mapping[str, str], sandbox: bool) -> None:
    """Raises Problem naming the setting to change for the first busy port."""
    names = {"PORT": "the shop"}
    if sandbox:
        names |= {"SANDBOX_PORT": "the sandbox", "SANDBOX_SMTP_PORT": "the sandbox's mail sink"}
    for name, what in names.items():
        port = int(env[name])
        if is_busy(port, env["HOST"] if name == "PORT" else "127.0.0.1"):
            advice = f"stop what holds it, or choose another: {name}={port + 100} make run"
            raise Problem(f"Port {port} ({what}) is in use: {advice}")


def lock(path: Path) -> IO[str] | None:
    """Hold `path` while the returned file is open; None when another launcher holds it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    file = path.open("a")
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        file.close()
        return None
    return file


def read_env_file(path: Path) -> dict[str, str]:
    return {name: value for name, value in dotenv_values(path).items() if value}
