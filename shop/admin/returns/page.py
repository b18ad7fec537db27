"""One return: what goes back and why, with pictures and its story; decide, settle, and keep the claim."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime, time
from typing import Any

from flask import Response, flash, redirect, request, url_for
from sqlalchemy import select
from sqlalchemy.orm import Session, undefer
from werkzeug.wrappers import Response as BaseResponse

from shop.admin import reading_forms as read
from shop.admin.answering import in_words
from shop.admin.blueprint import bp
from shop.admin.order_moves import who
from shop.admin.permissions import May, allowed, staff_only
from shop.admin.returns.words import CLAIMS, ENTRIES, HOW, REASONS, state_of
from shop.admin.settings_forms import every
from shop.core import clock
from shop.core.pages import render
from shop.core.transaction import release_connection, transaction
from shop.errors import InvalidInput, NotAllowed, NotFound, ShopError
from shop.extensions import db
from shop.fulfilment.models import FulfilmentOrder
from shop.orders.models import Order
from shop.orders.sharing import worth_of_lines, worth_of_shipping
from shop.payments.models import Refund
from shop.payments.summing import given_back, sum_payments
from shop.returns.counting import lines_of
from shop.returns.models import PrintClaim, Return, ReturnEntry, ReturnPicture, Withdrawal
from shop.returns.moving import tell_return
from shop.returns.rules import REASONS as FAULTS
from shop.workflows.decide_return import approve_return, ask_buyer, decline_return, note_goods_back
from shop.workflows.list_failures import try_again
from shop.workflows.return_facts import rules_now
from shop.workflows.settle_return import Settlement, reopen_settlement, request_settlement

WORDS = 2000
CLAIM_CURRENCIES = ("USD", "EUR", "GBP", "CAD", "AUD")


@bp.get("/returns/<int:return_id>")
@staff_only()
def return_request(return_id: int) -> Response:
    return _page(_get(return_id))


@bp.get("/returns/<int:return_id>/pictures/<int:photo_id>")
@staff_only()
def return_photo(return_id: int, photo_id: int) -> Response:
    found = db.session.execute(
        select(ReturnPicture)
        .where(ReturnPicture.id == photo_id, ReturnPicture.return_id == return_id)
        .options(undefer(ReturnPicture.content))
    ).scalar_one_or_none()
    if found is None:
        raise NotFound("There is no such picture.")
    return Response(found.content, mimetype="image/webp")


@bp.post("/returns/<int:return_id>/decide")
@staff_only(May.SUPPORT)
def decide_on_return(return_id: int) -> Response | BaseResponse:
    """`do`: approve | decline | ask | back (the goods are here)."""
    _get(return_id)

    def work() -> str:
        words = read.text(request.form, "words", "The text", WORDS, required=False, lines=True)
        do = read.choice(request.form, "do", "The button", ("approve", "decline", "ask", "back"))
        release_connection()
        if do == "approve":
            wants = request.form.get("wants_goods_back") == "1"
            new = approve_return(return_id, words=words, wants_goods_back=wants, who=who())
            return "Approved. The buyer gets a letter." if new else "It was approved already."
        if do == "decline":
            new = decline_return(return_id, words=words, who=who())
            return "Declined. The buyer gets your words by letter." if new else "It was declined already."
        if do == "ask":
            new = ask_buyer(return_id, words=words, who=who())
            return "Your question is on its way." if new else "You asked that already."
        return "Noted: the goods are back." if note_goods_back(return_id, who=who()) else "It was noted already."

    return _tell(return_id, work)


@bp.post("/returns/<int:return_id>/settle")
@staff_only(May.REFUND)
def settle_return_now(return_id: int) -> Response | BaseResponse:
    """`how`: refund | replace | credit; `do=retry` or `do=reopen` when settling stopped."""
    held = _get(return_id)
    order = _order(held)
    asked = {line.id: quantity for line, quantity in lines_of(db.session(), held.id)}

    def work() -> str:
        if request.form.get("do") == "retry":
            again = try_again("returns", return_id, who=who())
            return "It is tried again now." if again else "There is nothing to try again."
        if request.form.get("do") == "reopen":
            again = reopen_settlement(return_id, who=who())
            return "Choose again how to settle it." if again else "There is nothing to take back."
        wanted = _read_settlement(asked, order.currency)
        release_connection()
        if wanted.how == "replace" and not allowed(May.FULFIL):
            raise NotAllowed("Your role does not include ordering a replacement. Ask the shop's owner.")
        new = request_settlement(return_id, wanted, who=who())
        return f"On its way: {HOW[wanted.how]}. The buyer gets a letter." if new else "It is settled already."

    return _tell(return_id, work)


def _read_settlement(asked: dict[int, int], currency: str) -> Settlement:
    """Raises InvalidInput with every field that is wrong, NotFound for a line of another order."""
    form = request.form
    if any(n.startswith("line-") and n not in {f"line-{k}" for k in asked} for n in form):
        raise NotFound("This return has no such line.")

    def lines() -> dict[int, int]:
        return dict(
            zip(
                asked,
                every(
                    [
                        lambda k=k, n=n: (
                            read.whole(form, f"line-{k}", "How many", 0, n)  # type: ignore[misc]
                            if form.get(f"line-{k}", "").strip()
                            else 0
                        )
                        for k, n in asked.items()
                    ]
                ),
                strict=True,
            )
        )

    def amount() -> int | None:
        if not form.get("amount", "").strip():
            return None
        found = read.amount(form, "amount", "The amount", currency)
        if not found:
            raise InvalidInput(fields={"amount": "The amount must be more than zero."})
        return found

    chosen, how, minor, note = every(
        [
            lines,
            lambda: read.choice(form, "how", "How to settle it", tuple(HOW)),
            amount,
            lambda: read.text(form, "note", "The text", 200, required=form.get("how") == "credit"),
        ]
    )
    return Settlement(how, chosen, form.get("shipping") == "1", minor if how == "refund" else None, note)


@bp.post("/returns/<int:return_id>/claim")
@staff_only(May.FULFIL)
def keep_claim(return_id: int) -> Response | BaseResponse:
    """What became of the claim at the print provider."""
    held = _get(return_id)

    def work() -> str:
        form = request.form
        currency = read.choice(form, "currency", "The currency", CLAIM_CURRENCIES)
        number, state, outcome, recovered, deadline = every(
            [
                lambda: read.text(form, "number", "The number", 80, required=False),
                lambda: read.choice(form, "state", "The state", CLAIMS),
                lambda: read.text(form, "outcome", "The outcome", 1000, required=False, lines=True),
                lambda: read.amount(form, "recovered", "The amount", currency, required=False),
                lambda: _read_day(form.get("deadline", "")),
            ]
        )
        with transaction() as session:
            row = session.execute(
                select(PrintClaim).where(PrintClaim.return_id == return_id).with_for_update()
            ).scalar_one_or_none()
            if row is None:
                row = PrintClaim(return_id=return_id)
                session.add(row)
            if deadline != row.deadline_at:
                row.reminded_at = None
            row.number, row.state, row.outcome, row.recovered_minor = number, state, outcome, recovered
            row.currency, row.deadline_at, row.updated_at = currency, deadline, clock.now()
            mine = session.get_one(Return, held.id)
            tell_return(session, mine, "claim", who=who(), why=f"{CLAIMS[state]} {number}".strip())
        return "The claim is kept."

    return _tell(return_id, work)


def _read_day(raw: str) -> datetime | None:
    if not raw.strip():
        return None
    try:
        found = date.fromisoformat(raw.strip()) if len(raw.strip()) == 10 else None
    except ValueError:
        found = None
    if found is None or not 2000 <= found.year < 2200:
        raise InvalidInput(fields={"deadline": "Write a day like 2026-11-21."})
    return datetime.combine(found, time(23, 59), UTC)


def _tell(return_id: int, work: Callable[[], str]) -> Response | BaseResponse:
    """What was typed stays on the page when something is wrong with it."""
    try:
        said = work()
    except InvalidInput as error:
        db.session.rollback()
        return _page(_get(return_id), errors=dict(error.fields) or {"words": error.user_message}, status=422)
    except NotFound:
        raise
    except ShopError as error:
        db.session.rollback()
        flash(in_words(error), "bad")
    else:
        flash(said, "good")
    return redirect(url_for("admin.return_request", return_id=return_id), 303)


def _get(return_id: int) -> Return:
    found = db.session.execute(select(Return).where(Return.id == return_id)).scalar_one_or_none()
    if found is None:
        raise NotFound("There is no such return.")
    return found


def _order(held: Return) -> Order:
    return db.session.execute(select(Order).where(Order.id == held.order_id)).scalar_one()


def _page(held: Return, *, errors: dict[str, str] | None = None, status: int = 200) -> Response:
    session, order = db.session(), _order(held)
    claim = session.execute(select(PrintClaim).where(PrintClaim.return_id == held.id)).scalar_one_or_none()
    story = session.execute(
        select(ReturnEntry)
        .where(ReturnEntry.return_id == held.id)
        .order_by(ReturnEntry.at.desc(), ReturnEntry.id.desc())
    ).scalars()
    pictures = session.execute(
        select(ReturnPicture.id, ReturnPicture.width, ReturnPicture.height)
        .where(ReturnPicture.return_id == held.id)
        .order_by(ReturnPicture.position)
    ).all()
    return render(
        "admin/return.html",
        status=status,
        page_title=f"Return {held.number}",
        held=held,
        order=order,
        state=state_of(held),
        reason=REASONS.get(held.reason, held.reason),
        is_our_fault=FAULTS.get(held.reason, False),
        lines=lines_of(session, held.id),
        pictures=pictures,
        story=[
            {"at": e.at, "title": ENTRIES.get(e.what, e.what), "text": _said(e), "tone": "done", "current": False}
            for e in story
        ],
        claim=claim,
        claim_states=list(CLAIMS.items()),
        currencies=[(c, c) for c in CLAIM_CURRENCIES],
        declared=session.get(Withdrawal, held.withdrawal_id) if held.withdrawal_id else None,
        rules=rules_now(),
        now=clock.now(),
        form={k: v[:WORDS] for k, v in list(request.form.items())[:300]},
        errors=errors or {},
        **_money(session, order, held),
        made=session.execute(
            select(FulfilmentOrder).where(FulfilmentOrder.return_id == held.id).order_by(FulfilmentOrder.id)
        )
        .scalars()
        .all(),
        refund=session.get(Refund, held.refund_id) if held.refund_id else None,
    )


def _money(session: Session, order: Order, held: Return) -> dict[str, Any]:
    """What each piece is worth, and what is left to give back."""
    worth, (_, shipping_given) = worth_of_lines(order, order.lines), given_back(session, order.id)
    return {
        "each": {line.id: worth[line.id] // line.quantity for line in order.lines},
        "left": sum_payments(session, order.id).refundable,
        "shipping_left": max(0, worth_of_shipping(order, order.lines) - shipping_given),
        "gives_shipping": bool(held.settle_facts.get("shipping")) and order.shipping_method == "standard",
    }


def _said(entry: ReturnEntry) -> str:
    said = HOW.get(entry.why, entry.why) if entry.what == "settling" else entry.why
    return f"{entry.who}: {said}" if said else entry.who
