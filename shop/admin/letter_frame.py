"""A letter's HTML in a frame of its own: styled by itself, without scripts, seen by the panel only."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

from flask import Response, current_app, make_response

from shop.core import log
from shop.email.rendering import Rendered, render_letter
from shop.errors import NotFound

logger = log.get_logger("admin")


def render_safely(
    letter: str, facts: dict[str, Any], locale: str, texts: Mapping[str, str] | None = None
) -> tuple[Rendered | None, str]:
    """The letter, or the reason why it cannot be written."""
    try:
        return render_letter(letter, facts, locale, texts), ""
    except Exception as error:  # noqa: BLE001  (old facts may not fit today's template: the page says so)
        logger.warning("letter cannot be shown", letter=letter, why=str(error)[:200])
        return None, f"{type(error).__name__}: {error}"[:300]


def frame_of(letter: str, facts: dict[str, Any], locale: str, texts: Mapping[str, str] | None = None) -> Response:
    rendered, problem = render_safely(letter, facts, locale, texts)
    if rendered is None:
        raise NotFound(f"This letter cannot be shown: {problem}")
    return framed(rendered.html)


def framed(html: str, status: int = 200) -> Response:
    """The HTML with a policy of its own: inline style is allowed here and nowhere else, scripts nowhere."""
    response = make_response(html, status)
    response.headers["Content-Security-Policy"] = "; ".join(
        [
            "default-src 'none'",
            "style-src 'unsafe-inline'",
            f"img-src 'self' data: {_picture_origins()}",
            "frame-ancestors 'self'",
            "form-action 'none'",
            "base-uri 'none'",
            "sandbox",
        ]
    )
    response.headers["X-Frame-Options"] = "SAMEORIGIN"
    return response


def _picture_origins() -> str:
    config = current_app.config["IMPRINT"]
    origins = {_origin(url) for url in (config.public_url, config.media_url) if url.startswith("http")}
    return " ".join(sorted(origins))


def _origin(url: str) -> str:
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}"
