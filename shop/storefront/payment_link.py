"""The page behind a payment link: what was put together for a customer, and the way to pay it."""

from __future__ import annotations

from flask import flash, redirect
from flask_babel import force_locale
from flask_babel import gettext as _
from sqlalchemy import select
from werkzeug.wrappers import Response as BaseResponse

from shop.core import clock, log
from shop.core.pages import render
from shop.drafts.models import DraftOrder
from shop.errors import NotFound, OutsideError, ShopError
from shop.extensions import db, limiter
from shop.orders.draft import OrderDraft
from shop.orders.models import Order
from shop.words import mark, tell
from shop.workflows.letter_facts import day, draft_facts, draft_totals
from shop.workflows.start_checkout import start_draft_checkout

logger = log.get_logger("checkout")


@limiter.limit("120 per minute")
def payment_link_page(token: str) -> BaseResponse:
    """GET /pay/<token>"""
    draft = _find(token)
    state = _state(draft)
    frozen = OrderDraft.from_json(draft.frozen or {})
    paid = None
    if draft.order_id is not None:
        paid = db.session.execute(select(Order.token).where(Order.id == draft.order_id)).scalar()
    with force_locale(draft.locale):
        page: BaseResponse = render(
            "storefront/payment_link.html",
            page_title=_("Your order"),
            canonical_url=None,
            state=state,
            token=draft.token,
            lines=draft_facts(frozen),
            totals=draft_totals(frozen),
            note=draft.note,
            expires=day(draft.link_expires_at, draft.locale) if draft.link_expires_at else "",
            order_url=f"/orders/{paid}" if paid else None,
        )
    page.headers["Cache-Control"] = "private, no-store"
    page.headers["X-Robots-Tag"] = "noindex"
    page.headers["Referrer-Policy"] = "no-referrer"
    return page


@limiter.limit("30 per minute")
def pay_link(token: str) -> BaseResponse:
    """POST /pay/<token>: to the payment page; a second press leads to the same one."""
    if not _is_shaped(token):
        raise NotFound(UNKNOWN)
    here = f"/pay/{token}"
    try:
        started = start_draft_checkout(token)
    except NotFound:
        raise
    except OutsideError as error:
        logger.warning("payment page could not be opened", why=str(error))
        flash(
            _("The payment page cannot be opened right now. Nothing was charged. Please try again in a minute."),
            "error",
        )
        return redirect(here, 303)
    except ShopError as error:
        flash(tell(error.user_message), "error")
        return redirect(here, 303)
    if started.already_paid or not started.url:
        return redirect(f"/checkout/return?session_id={started.session_id}", 303)
    return redirect(started.url, 303)


UNKNOWN = mark("This payment link is not known. It may have been replaced by a newer one.")


def _is_shaped(token: str) -> bool:
    return token.isascii() and token.isprintable() and len(token) <= 64


def _find(token: str) -> DraftOrder:
    found = None
    if _is_shaped(token):
        found = db.session.execute(select(DraftOrder).where(DraftOrder.token == token)).scalar_one_or_none()
    if found is None or found.frozen is None or found.status not in ("sent", "paid"):
        raise NotFound(UNKNOWN)
    return found


def _state(draft: DraftOrder) -> str:
    """paid | expired | open"""
    if draft.status == "paid":
        return "paid"
    return "expired" if draft.link_expires_at is not None and draft.link_expires_at <= clock.now() else "open"
