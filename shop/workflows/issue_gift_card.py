"""Staff issue a gift card, correct its balance, switch it off and on, send its letter again."""

from __future__ import annotations

from datetime import date, datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from shop.accounts.auditing import note_change
from shop.core import clock
from shop.core.money import format_minor
from shop.core.transaction import run_in_transaction, transaction
from shop.errors import Conflict, NotFound
from shop.promotions.gift_cards.issuing import activate
from shop.promotions.gift_cards.ledger import balance_of, transfer
from shop.promotions.gift_cards.models import GiftCard
from shop.workflows.gift_card_letters import write_to_recipient

LARGEST_BALANCE = 2_000_000_000


def issue_gift_card(
    *,
    form_key: str,
    minor: int,
    currency: str,
    who: str,
    recipient_name: str = "",
    recipient_email: str = "",
    message: str = "",
    note: str = "",
    expires_on: date | None = None,
    deliver_at: datetime | None = None,
    locale: str = "en",
) -> int:
    """Returns the card's id. With an address its letter goes out at `deliver_at`, at once without. The same form again
    returns the card that it made."""

    def work(session: Session) -> int:
        known = session.execute(select(GiftCard.id).where(GiftCard.token == form_key)).scalar()
        if known is not None:
            return int(known)
        card = GiftCard(
            token=form_key,
            currency=currency,
            initial_minor=minor,
            source="issued",
            expires_on=expires_on,
            recipient_name=recipient_name,
            recipient_email=recipient_email,
            message=message,
            note=note,
            issued_by=who,
            locale=locale,
            deliver_at=(deliver_at or clock.now()) if recipient_email else None,
        )
        session.add(card)
        session.flush()
        activate(session, card, who=who, why=note or "Issued by the shop")
        if card.deliver_at is not None and card.deliver_at <= clock.now():
            write_to_recipient(session, card)
        return card.id

    return int(run_in_transaction(work))


def adjust_gift_card(card_id: int, minor: int, *, form_key: str, who: str, why: str) -> None:
    """Add `minor` (may be negative) to the balance. The same form again changes nothing more. Raises Conflict when
    less is on the card than is to be taken."""

    def work(session: Session) -> None:
        card = _hold(session, card_id)
        before = balance_of(session, card_id)
        if before + minor > LARGEST_BALANCE:
            raise Conflict("A gift card cannot hold that much.")
        kind = "add" if minor > 0 else "deduct"
        key = f"adjust:{form_key}"
        if not transfer(session, card_id, kind, abs(minor), key=key, who=who, why=why) and before + minor < 0:
            raise Conflict(f"Only {format_minor(before, card.currency)} is on this card.")
        session.refresh(card)
        if card.status == "expired" and card.balance_minor:
            card.status, card.expires_on = "active", None
        after = {"balance_minor": balance_of(session, card_id)}
        note_change(session, "adjust gift card", f"gift card {card_id}", {"balance_minor": before}, after)

    run_in_transaction(work)


def switch_gift_card(card_id: int, on: bool) -> None:
    """Switched off it pays nothing, and its letter stays; what a checkout has set aside already is kept. A repeat does
    nothing. Raises Conflict for a card that has run out."""
    with transaction() as session:
        card = _hold(session, card_id)
        if card.status not in ("active", "disabled"):
            raise Conflict("This card has run out. Put money on it to open it again.")
        card.status = "active" if on else "disabled"


def send_gift_card_again(card_id: int, to_email: str) -> bool:
    """To the recipient, or another address. Returns whether the card got a new code, since the old one is not kept any
    more. Raises Conflict for a card that cannot pay, or has no address."""

    def work(session: Session) -> bool:
        card = _hold(session, card_id)
        if card.status != "active":
            raise Conflict("This card pays nothing now, so its code is not sent.")
        is_new = card.code is None
        if not write_to_recipient(session, card, to_email=to_email):
            raise Conflict("Write an address to send it to.")
        return is_new

    return bool(run_in_transaction(work))


def _hold(session: Session, card_id: int) -> GiftCard:
    card = session.execute(
        select(GiftCard)
        .where(GiftCard.id == card_id, GiftCard.status != "waiting")
        .with_for_update()
        .execution_options(populate_existing=True)
    ).scalar_one_or_none()
    if card is None:
        raise NotFound("There is no such gift card.")
    if card.source == "channel":
        raise Conflict("This card belongs to another platform: change it there.")
    return card
