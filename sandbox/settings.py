"""What the sandbox can be told from outside: one frozen record, read from the environment once."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parent.parent

#: shops on other platforms trade in euros, prices with tax, as the tests have them; "us": in dollars, without
ARE_AMERICAN = os.environ.get("SANDBOX_PLATFORMS") == "us"


@dataclass(frozen=True)
class SandboxSettings:
    """Every setting of the sandbox.

    ``directory`` None keeps all state in memory (tests). Times are seconds of the virtual clock; a production or
    delivery time of None means that orders move on only when the control API says so.
    """

    host: str = "127.0.0.1"
    port: int = 8010
    smtp_port: int = 8025
    directory: Path | None = None
    shop_url: str = "http://127.0.0.1:8000"
    rate_limits: bool = True
    products: int = 0
    specs_directory: Path | None = None
    printify_token: str = "sandbox-printify-token"
    printify_shop_id: int = 815256
    production_seconds: float | None = 60.0
    delivery_seconds: float | None = 180.0
    approval_seconds: float | None = None

    @classmethod
    def from_env(cls, env: Mapping[str, str] | None = None) -> SandboxSettings:
        """Read SANDBOX_* names; raise ValueError with one clear line for a wrong value."""
        source = os.environ if env is None else env
        specs = source.get("SANDBOX_SPECS_DIR") or str(REPOSITORY.parent / "shared" / "contracts" / "specs")
        return cls(
            host=source.get("SANDBOX_HOST") or cls.host,
            port=_whole(source, "SANDBOX_PORT", cls.port),
            smtp_port=_whole(source, "SANDBOX_SMTP_PORT", cls.smtp_port),
            directory=Path(source.get("SANDBOX_DIR") or REPOSITORY / "var" / "sandbox"),
            shop_url=(source.get("SANDBOX_SHOP_URL") or cls.shop_url).rstrip("/"),
            rate_limits=(source.get("SANDBOX_RATE_LIMITS") or "1") not in {"0", "false", "no", "off"},
            products=_whole(source, "SANDBOX_PRODUCTS", 0),
            specs_directory=Path(specs) if Path(specs).is_dir() else None,
            printify_token=source.get("PRINTIFY_API_TOKEN") or cls.printify_token,
            printify_shop_id=_whole(source, "PRINTIFY_SHOP_ID", cls.printify_shop_id),
            production_seconds=_seconds(source, "SANDBOX_PRODUCTION_SECONDS", cls.production_seconds),
            delivery_seconds=_seconds(source, "SANDBOX_DELIVERY_SECONDS", cls.delivery_seconds),
            approval_seconds=_seconds(source, "SANDBOX_APPROVAL_SECONDS", cls.approval_seconds),
        )


def _whole(env: Mapping[str, str], name: str, default: int) -> int:
    text = env.get(name) or ""
    if not text:
        return default
    if not text.isdigit():
        raise ValueError(f"{name} must be a whole number, not {text!r}")
    return int(text)


def _seconds(env: Mapping[str, str], name: str, default: float | None) -> float | None:
    """A time in seconds; "never" (or a negative number) gives None."""
    text = (env.get(name) or "").strip().lower()
    if not text:
        return default
    if text == "never":
        return None
    try:
        value = float(text)
    except ValueError:
        raise ValueError(f'{name} must be a number of seconds or "never", not {text!r}') from None
    return value if value >= 0 else None
