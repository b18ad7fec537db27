"""What stands before and after every request: ids for the logs, the origin check, the security headers, the errors."""

from __future__ import annotations

import secrets
import time
from typing import Any
from urllib.parse import urlsplit

from flask import Flask, Response, current_app, g, jsonify, request
from sqlalchemy.exc import SQLAlchemyError
from werkzeug.exceptions import HTTPException
from werkzeug.wrappers import Response as BaseResponse

from config import Config
from shop.core import log
from shop.core.pages import render
from shop.errors import InvalidInput, NotAllowed, ShopError
from shop.tenancy.languages import main_language
from shop.words import mark, tell, tell_all

logger = log.get_logger("web")
UNSAFE = frozenset({"POST", "PUT", "PATCH", "DELETE"})
#: reads no cookie (api/v1/authenticating.py): a bearer key there is proof enough, wherever the request comes from
KEYED = "/api/v1/"

CSP = "; ".join(
    [
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self'",
        "img-src 'self' data: {media}",
        "font-src 'self'",
        "connect-src 'self'",
        "form-action 'self' {pay}",
        "manifest-src 'self'",
        "frame-src 'self'",
        "frame-ancestors 'none'",
        "base-uri 'none'",
        "object-src 'none'",
    ]
)


class ForeignOrigin(NotAllowed):
    title = mark("This request came from another site")


def init_app(app: Flask) -> None:
    """Hang the guards on the app."""
    config: Config = app.config["IMPRINT"]
    app.extensions["imprint.headers"] = security_headers(config)
    app.before_request(begin)
    app.before_request(refuse_foreign_origin)
    app.after_request(finish)
    app.register_error_handler(Exception, answer_error)


def security_headers(config: Config) -> dict[str, str]:
    """The headers of every answer, cached pages included."""
    media = _origin(config.media_url) if config.media_url.startswith("http") else ""
    pay = "https://checkout.stripe.com " + (_origin(config.stripe_base_url) if config.stripe_base_url else "")
    headers = {
        "Content-Security-Policy": CSP.format(media=media, pay=pay.strip()).replace(" ;", ";"),
        "X-Content-Type-Options": "nosniff",
        "Referrer-Policy": "strict-origin-when-cross-origin",
        "X-Frame-Options": "DENY",
        "Permissions-Policy": "camera=(), microphone=(), geolocation=(), browsing-topics=()",
        "Cross-Origin-Opener-Policy": "same-origin",
    }
    if config.public_url.startswith("https://"):
        headers["Strict-Transport-Security"] = "max-age=31536000; includeSubDomains"
    return headers


def in_our_frames() -> str:
    """The usual policy for a page that our own pages show in a frame."""
    usual: str = current_app.extensions["imprint.headers"]["Content-Security-Policy"]
    return usual.replace("frame-ancestors 'none'", "frame-ancestors 'self'")


def choose_locale() -> str:
    """The language of this request. Pages are served in the store's language; letters choose their own."""
    return str(g.get("locale") or "en")


def begin() -> None:
    log.clear()
    g.request_id = secrets.token_hex(8)
    g.started = time.perf_counter()
    log.bind(request_id=g.request_id)


def refuse_foreign_origin() -> BaseResponse | None:
    """Every unsafe request must come from our own pages, whether or not it carries a token.

    Machines (webhooks, API keys) send neither header and prove themselves by a signature or a key; a browser
    always sends at least one of the two.
    """
    if request.method not in UNSAFE or _brings_a_key():
        return None
    site = request.headers.get("Sec-Fetch-Site")
    origin = request.headers.get("Origin")
    if site in ("same-origin", "none"):
        return None
    if site is None and (origin is None or _same_origin(origin)):
        return None
    return answer_error(ForeignOrigin("It was refused, and nothing was changed."))


def _brings_a_key() -> bool:
    return request.path.startswith(KEYED) and request.headers.get("Authorization", "").lower().startswith("bearer ")


def _same_origin(origin: str) -> bool:
    theirs, ours = urlsplit(origin), urlsplit(request.host_url)
    public = urlsplit(current_app.config["IMPRINT"].public_url)
    return (theirs.scheme, theirs.netloc) in ((ours.scheme, ours.netloc), (public.scheme, public.netloc))


def finish(response: Response) -> Response:
    for name, value in current_app.extensions["imprint.headers"].items():
        response.headers.setdefault(name, value)
    if "started" in g:
        took = (time.perf_counter() - g.started) * 1000
        response.headers["X-Request-Id"] = g.request_id
        if response.status_code >= 500 or took > 1000:
            logger.warning(
                "request", method=request.method, path=request.path[:200], status=response.status_code, ms=round(took)
            )
    return response


def answer_error(error: Exception) -> BaseResponse:
    """One table: our errors say what they may say; others show a reference, never their text. The API has its own."""
    if request.path.startswith(KEYED):
        return current_app.extensions["imprint.api_problems"](error)
    if isinstance(error, InvalidInput):
        return _answer(error.status, error.title, error.user_message, fields=error.fields)
    if isinstance(error, ShopError):
        return _answer(error.status, error.title, error.user_message)
    if isinstance(error, HTTPException):
        if error.code is not None and error.code < 400:
            return error.get_response()
        return _answer(error.code or 500, *_HTTP_TEXTS.get(error.code or 500, _HTTP_TEXTS[400]))
    if current_app.config.get("PROPAGATE_EXCEPTIONS"):
        raise error
    logger.exception("unhandled error", exc_info=error, path=request.path[:200])
    return _answer(500, *_HTTP_TEXTS[500])


_HTTP_TEXTS: dict[int, tuple[str, str]] = {
    400: (
        mark("This request does not make sense"),
        mark("Something in it could not be read. Please go back and try again."),
    ),
    403: (mark("You may not do that"), mark("Your account has no permission for this page.")),
    404: (mark("This page does not exist"), mark("It may have moved, or the link has a typo.")),
    405: (mark("That is not possible here"), mark("This address answers other requests.")),
    413: (mark("That is too much at once"), mark("What you sent is larger than we accept.")),
    429: (mark("Too many tries"), mark("Please wait a few minutes and try again.")),
    500: (
        mark("Something broke on our side"),
        mark("We have written it down and will look at it. Nothing you paid is lost."),
    ),
    503: (mark("We will be back in a moment"), mark("The shop is busy. Please try again shortly.")),
}


def _answer(status: int, title: str, text: str, fields: dict[str, str] | None = None) -> Response:
    reference = g.get("request_id", "")
    if g.get("locale") is None:
        g.locale = _main_language()
    title, text, fields = tell(title), tell(text), tell_all(fields or {})
    if wants_json():
        body: dict[str, Any] = {"type": "about:blank", "title": title, "status": status, "detail": text}
        if fields:
            body["fields"] = fields
        body["reference"] = reference
        answer: Response = jsonify(body)
        answer.status_code = status
        answer.mimetype = "application/problem+json"
        return answer
    template = "errors/404.html" if status == 404 else "errors/error.html"
    return render(template, status=status, code=status, title=title, text=text, reference=reference)


def _main_language() -> str:
    """Even when the database is down."""
    try:
        return "en" if request.path.startswith("/api/") else main_language()
    except (SQLAlchemyError, RuntimeError):
        return "en"


def wants_json() -> bool:
    return request.path.startswith("/api/") or request.accept_mimetypes.best == "application/json"


def _origin(url: str) -> str:
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}"
