"""What the letters about a return and a withdrawal are written from, and what their words are."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from typing import Any

from babel.dates import format_datetime
from flask_babel import force_locale
from flask_babel import gettext as _
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from shop.core import clock
from shop.email.requesting import request_letter
from shop.fulfilment.models import Shipment
from shop.orders.models import Order, OrderLine
from shop.returns.counting import lines_of
from shop.returns.models import Return, Withdrawal
from shop.tenancy.profile import current_profile
from shop.tenancy.return_rules import ReturnRules, return_rules_of
from shop.workflows.letter_facts import absolute, day, money, order_facts, order_url, public_url


def rules_now() -> ReturnRules:
    """Without a return address of its own, the shop's address is the one."""
    profile = current_profile()
    rules = return_rules_of(profile.returning)
    return rules if rules.address_lines else replace(rules, address=profile.address.replace(", ", "\n"))


def reason_words(reason: str) -> str:
    """In the language of the moment."""
    return {
        "damaged": _("It arrived damaged"),
        "wrong_item": _("It is not what I ordered"),
        "print_quality": _("The print is not good"),
        "wrong_size": _("The size does not fit"),
        "changed_mind": _("I changed my mind"),
        "never_arrived": _("It never arrived"),
        "withdrawal": _("Withdrawal from the contract"),
    }.get(reason, _("Another reason"))


def wish_words(wish: str) -> str:
    return _("A replacement") if wish == "replacement" else _("My money back")


def delivered_at(session: Session, order: Order) -> datetime | None:
    """When the last parcel of what was ordered arrived; None while something is still to come."""
    if order.fulfilment_status != "delivered":
        return None
    return session.execute(select(func.max(Shipment.delivered_at)).where(Shipment.order_id == order.id)).scalar()


def moment(at: datetime, locale: str) -> str:
    """With the time and its zone: "21 November 2026 at 14:05:10 UTC"."""
    return str(format_datetime(at, "long", locale=locale))


def return_url(order: Order, held: Return) -> str:
    return f"{order_url(order)}/returns/{held.id}"


def return_facts(session: Session, order: Order, held: Return, *, amount: str = "") -> dict[str, Any]:
    """order_facts plus {"back": {…}} (email/samples.py)."""
    rules = rules_now()
    with force_locale(order.locale):
        reason, wish = reason_words(held.reason), wish_words(held.wish)
    return {
        **order_facts(session, order),
        "back": {
            "number": held.number,
            "reason": reason,
            "words": held.words,
            "wish": wish,
            "lines": [_line(line, quantity) for line, quantity in lines_of(session, held.id)],
            "answer": held.answer,
            "question": held.asked,
            "address": rules.address_lines if held.wants_goods_back else [],
            "buyer_pays": rules.buyer_pays and held.reason in ("withdrawal", "changed_mind", "wrong_size"),
            "send_back_by": day(held.send_back_by, order.locale) if held.send_back_by else "",
            "refund_by": day(held.refund_by, order.locale) if held.refund_by else "",
            "outcome": held.outcome,
            "amount": amount,
            "url": return_url(order, held),
        },
    }


def write_to_buyer(
    session: Session, order: Order, held: Return, letter: str, *, once: str = "", amount: str = ""
) -> None:
    """One letter of its kind for each return; `once` names another one of the same kind. The caller commits."""
    session.flush()
    request_letter(
        session,
        letter=letter,
        subject_key=f"return:{held.id}{once}",
        to_email=order.email,
        facts=return_facts(session, order, held, amount=amount),
        locale=order.locale,
        order_id=order.id,
    )


def withdrawal_facts(session: Session, held: Withdrawal) -> dict[str, Any]:
    """{"withdrawal": {…}}: the content of the declaration, and when it was received."""
    return {
        "withdrawal": {
            "reference": held.reference,
            "received": moment(held.received_at, held.locale),
            "name": held.name,
            "email": held.email,
            "order_number": held.order_number,
            "words": held.words,
            "lines": [f"{line['quantity']} × {line['title']}" for line in held.lines],
            "url": public_url(f"/withdraw/received/{held.token}"),
        }
    }


def write_to_merchant(
    session: Session, *, once: str, what: str, why: str, hint: str, path: str, order_id: int | None = None
) -> bool:
    """One letter for each `once`. The caller commits."""
    return request_letter(
        session,
        letter="merchant_failure",
        subject_key=once[:80],
        to_email=current_profile().merchant_email,
        facts={"what": what, "why": why, "hint": hint, "url": public_url(path)},
        locale=current_profile().locale,
        order_id=order_id,
    )


def amount_text(order: Order, minor: int) -> str:
    return money(order, minor)


def _line(line: OrderLine, quantity: int) -> dict[str, Any]:
    return {
        "title": line.title,
        "variant_title": line.variant_title,
        "quantity": quantity,
        "total": "",
        "image_url": absolute(str((line.image or {}).get("src") or "")),
    }


def now_text() -> str:
    return f"{clock.now():%Y-%m-%d %H:%M} UTC"
