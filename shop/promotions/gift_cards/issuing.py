"""Gift cards come into being, change hands and run out. The caller commits."""

from __future__ import annotations

from datetime import date, datetime, timedelta

from sqlalchemy import or_, select, update
from sqlalchemy.orm import Session

from shop.core import clock
from shop.promotions.gift_cards.codes import hash_code, new_code
from shop.promotions.gift_cards.ledger import balance_of, transfer
from shop.promotions.gift_cards.models import GiftCard

#: how long the code itself is kept after it went out, for the printable page and a second letter
CODE_IS_KEPT = timedelta(days=30)
#: a card that had run out, and gets money back, pays for so long again
REOPENED_FOR = timedelta(days=90)
AT_ONCE = 200


def activate(session: Session, card: GiftCard, *, who: str, why: str) -> None:
    """Paid for, or issued: it gets its code and its balance. A repeat does nothing."""
    if card.status != "waiting":
        return
    give_code(card)
    card.status = "active"
    session.flush()
    transfer(session, card.id, "issue", card.initial_minor, key="issue", order_id=card.order_id, who=who, why=why)
    session.refresh(card)


def give_code(card: GiftCard) -> None:
    """A new one; the one it had is worth nothing from now on."""
    code = new_code()
    card.code, card.code_hash, card.last_four = code, hash_code(code), code[-4:]


def reopen(session: Session, card_id: int) -> bool:
    """Money came back to a card that had run out. Returns whether it was reopened."""
    today = clock.now().date()
    until = today + REOPENED_FOR
    reopened = session.execute(
        update(GiftCard)
        .where(
            GiftCard.id == card_id,
            GiftCard.source != "channel",
            GiftCard.expires_on < today,
            GiftCard.status.in_(["active", "expired"]),
        )
        .values(status="active", expires_on=until)
        .returning(GiftCard.id)
        .execution_options(synchronize_session=False)
    ).first()
    return reopened is not None


def expire_due(session: Session) -> int:
    """Cards whose last day is over lose their balance; what is set aside for a checkout stays. Returns how many."""
    today = clock.now().date()
    ids = session.execute(
        select(GiftCard.id)
        .where(GiftCard.status == "active", GiftCard.expires_on < today)
        .order_by(GiftCard.id)
        .limit(AT_ONCE)
        .with_for_update(skip_locked=True)
    ).scalars()
    count = 0
    for card_id in list(ids):
        left = balance_of(session, card_id)
        if left:
            transfer(session, card_id, "expire", left, key=f"expire:{today}", why="Its last day is over")
        session.execute(
            update(GiftCard)
            .where(GiftCard.id == card_id)
            .values(status="expired")
            .execution_options(synchronize_session=False)
        )
        count += 1
    return count


def due_letters(session: Session) -> list[GiftCard]:
    """Cards whose day of delivery has come, held until the commit."""
    rows = session.execute(
        select(GiftCard)
        .where(GiftCard.status == "active", GiftCard.delivered_at.is_(None), GiftCard.deliver_at <= clock.now())
        .order_by(GiftCard.id)
        .limit(AT_ONCE)
        .with_for_update(skip_locked=True)
    )
    return list(rows.scalars())


def forget_codes(session: Session, now: datetime) -> int:
    """Codes that went out long enough ago: from then on only their hash is kept."""
    old = now - CODE_IS_KEPT
    rows = session.execute(
        update(GiftCard)
        .where(
            GiftCard.code.is_not(None),
            GiftCard.created_at < old,
            or_(GiftCard.deliver_at.is_(None), GiftCard.delivered_at < old),
        )
        .values(code=None)
        .returning(GiftCard.id)
        .execution_options(synchronize_session=False)
    ).all()
    return len(rows)


def last_day(months: int) -> date | None:
    """Of a card that is sold today; None for 0: it pays for ever."""
    if not months:
        return None
    today = clock.now().date()
    year, month = divmod(today.year * 12 + today.month - 1 + months, 12)
    for day in range(today.day, 27, -1):
        try:
            return date(year, month + 1, day)
        except ValueError:
            continue
    return date(year, month + 1, min(today.day, 28))
