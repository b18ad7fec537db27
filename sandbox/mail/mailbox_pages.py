"""The mailbox page: what was sent, as a person reads it; a mail's own HTML stays in a sandboxed frame."""

from __future__ import annotations

import base64
import re
from datetime import UTC, datetime
from typing import Any

from flask import Blueprint, Response, abort, redirect, render_template, request, url_for

from sandbox.mail.mailbox import clear_mailbox, find_mail, list_cards
from sandbox.world import current_world

bp = Blueprint("pages", __name__, url_prefix="/mailbox")

PAGE = 50
TABS = ("html", "text", "headers", "raw")
WIDTHS = ("phone", "desktop")
SCHEMES = ("auto", "light", "dark")
_PAGE_CSP = (
    "default-src 'none'; style-src 'self'; img-src 'self' data:; frame-src 'self'; "
    "form-action 'self'; base-uri 'none'; frame-ancestors 'self'"
)
# Mail brings inline styles and outside pictures; it gets those and nothing else: no script, form or origin.
_FRAME_CSP = (
    "sandbox allow-popups allow-popups-to-escape-sandbox; default-src 'none'; style-src 'unsafe-inline'; "
    "img-src * data:; font-src 'none'; form-action 'none'; frame-ancestors 'self'"
)


@bp.after_request
def protect(answer: Response) -> Response:
    """Strict policy for our pages; the frame has set its own."""
    answer.headers.setdefault("Content-Security-Policy", _PAGE_CSP)
    answer.headers["X-Content-Type-Options"] = "nosniff"
    answer.headers["Referrer-Policy"] = "no-referrer"
    answer.headers["Cache-Control"] = "no-store"
    return answer


@bp.app_template_filter("mail_time")
def mail_time(at: float) -> str:
    """`21 Nov 2026, 09:41 UTC`."""
    return datetime.fromtimestamp(at, UTC).strftime("%-d %b %Y, %H:%M UTC")


@bp.app_template_filter("mail_iso")
def mail_iso(at: float) -> str:
    """For the `datetime` attribute."""
    return datetime.fromtimestamp(at, UTC).isoformat(timespec="seconds")


@bp.get("")
@bp.get("/")
def index() -> str:
    """The list: newest first, `?q=` looks in recipient, sender and subject, `?page=`, `?refresh=on`."""
    world = current_world()
    query = request.args.get("q", "")[:200]
    cards = list_cards(world, query=query)
    pages = max(1, -(-len(cards) // PAGE))
    page = max(1, min(pages, request.args.get("page", 1, type=int)))
    return render_template(
        "mail/index.html",
        cards=cards[(page - 1) * PAGE : page * PAGE],
        total=len(cards),
        page=page,
        pages=pages,
        query=query,
        refresh=request.args.get("refresh") == "on",
        smtp_port=world.settings.smtp_port,
    )


@bp.get("/<mail_id>")
def message(mail_id: str) -> str:
    """One mail: `?tab=html|text|headers|raw`, `?width=phone|desktop`, `?scheme=auto|light|dark`."""
    mail = _mail(mail_id)
    tab = _choice("tab", TABS, "html" if mail["html"] is not None else "text")
    return render_template(
        "mail/message.html",
        mail=mail,
        tab=tab,
        width=_choice("width", WIDTHS, "desktop"),
        scheme=_choice("scheme", SCHEMES, "auto"),
    )


@bp.get("/<mail_id>/frame")
def frame(mail_id: str) -> Response:
    """The mail's own HTML, fenced in by its policy; `?scheme=` shows it light or dark. Links open in a new tab."""
    mail = _mail(mail_id)
    html = _in_scheme(str(mail["html"] or ""), _choice("scheme", SCHEMES, "auto"))
    for number, part in enumerate(mail["attachments"]):
        if part["content_id"]:
            html = html.replace(f"cid:{part['content_id']}", url_for(".part", mail_id=mail_id, number=number))
    answer = Response(_with_base(html), mimetype="text/html")
    answer.headers["Content-Security-Policy"] = _FRAME_CSP
    return answer


@bp.get("/<mail_id>/source.eml")
def source(mail_id: str) -> Response:
    """The raw source as a file."""
    answer = Response(_mail(mail_id)["raw"].encode("utf-8"), mimetype="message/rfc822")
    answer.headers["Content-Disposition"] = f'attachment; filename="{mail_id}.eml"'
    return answer


@bp.get("/<mail_id>/part/<int:number>")
def part(mail_id: str, number: int) -> Response:
    """One attachment: pictures are shown, everything else is a download."""
    parts = _mail(mail_id)["attachments"]
    if number >= len(parts):
        abort(404)
    one = parts[number]
    picture = one["type"] in ("image/png", "image/jpeg", "image/gif", "image/webp", "image/avif")
    answer = Response(base64.b64decode(one["content"]), mimetype=one["type"] if picture else "application/octet-stream")
    if not picture:
        name = re.sub(r"[^\w.-]+", "_", one["filename"], flags=re.ASCII) or "file"
        answer.headers["Content-Disposition"] = f'attachment; filename="{name}"'
    return answer


@bp.post("/clear")
def clear() -> Any:
    """Delete all, then back to the (empty) list."""
    clear_mailbox(current_world())
    return redirect(url_for(".index"), 303)


def _mail(mail_id: str) -> dict[str, Any]:
    mail = find_mail(current_world(), mail_id)
    if mail is None:
        abort(404)
    return mail


def _choice(name: str, allowed: tuple[str, ...], default: str) -> str:
    value = request.args.get(name, "")
    return value if value in allowed else default


def _in_scheme(html: str, scheme: str) -> str:
    """A frame follows the reader's own setting; for the other one its media query is made always or never true."""
    if scheme == "auto":
        return html
    for asked in ("light", "dark"):
        query = "(min-width: 0)" if asked == scheme else "(max-width: 0)"
        html = re.sub(rf"\(\s*prefers-color-scheme\s*:\s*{asked}\s*\)", query, html)
    return html


def _with_base(html: str) -> str:
    base = '<base target="_blank">'
    head = re.search(r"<head\b[^>]*>", html, re.IGNORECASE)
    return html[: head.end()] + base + html[head.end() :] if head else base + html
