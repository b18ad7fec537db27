"""The book of gift cards: every movement has two sides, and the free side is the balance. The caller commits.

Who moves money of several cards in one transaction takes them in the order of their ids (`lock_cards`).
"""

from __future__ import annotations

from collections.abc import Iterable

from sqlalchemy import func, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from shop.core import clock
from shop.promotions.gift_cards.models import GiftCard, GiftCardEntry, GiftCardUse

FREE, HELD, SPENT, SHOP = "free", "held", "spent", "shop"
#: kind → (from, to)
WAYS = {
    "issue": (SHOP, FREE),
    "reserve": (FREE, HELD),
    "capture": (HELD, SPENT),
    "late": (FREE, SPENT),  # captured after the reservation was given back
    "release": (HELD, FREE),
    "refund": (SPENT, FREE),
    "refused": (SPENT, FREE),  # another platform's card, and they would not take it off
    "add": (SHOP, FREE),
    "deduct": (FREE, SHOP),
    "expire": (FREE, SHOP),
}


def lock_cards(session: Session, card_ids: Iterable[int]) -> None:
    """Hold these cards until the commit, in the one order. Before any row that names them is written: such a row holds
    its card a little, and who wants more of it then waits for others who want the same."""
    ids = sorted(set(card_ids))
    if ids:
        found = select(GiftCard.id).where(GiftCard.id.in_(ids)).order_by(GiftCard.id)
        session.execute(found.with_for_update(key_share=True)).all()


def transfer(
    session: Session,
    card_id: int,
    kind: str,
    amount_minor: int,
    *,
    key: str,
    order_id: int | None = None,
    who: str = "system",
    why: str = "",
    only_usable: bool = False,
) -> bool:
    """Move `amount_minor` (> 0) the way of `kind`, once for this `key`. False, and nothing written, when the card has
    not so much (with `only_usable`: or may not pay), or when this transfer was made before."""
    if amount_minor <= 0:
        raise ValueError("a transfer moves more than nothing")
    source, target = WAYS[kind]
    if _is_made(session, card_id, key):
        return False
    if source == FREE and not _take(session, card_id, amount_minor, only_usable):
        return False
    if target == FREE:
        _put(session, card_id, amount_minor)
    common = {
        "card_id": card_id, "transfer": key[:80], "kind": kind, "order_id": order_id, "who": who[:120],
        "why": why[:300], "at": clock.now(),
    }  # fmt: skip
    sides = [
        {**common, "account": source, "amount_minor": -amount_minor},
        {**common, "account": target, "amount_minor": amount_minor},
    ]
    session.execute(insert(GiftCardEntry).values(sides))
    return True


def _is_made(session: Session, card_id: int, key: str) -> bool:
    lock_cards(session, [card_id])
    asked = select(GiftCardEntry.id).where(GiftCardEntry.card_id == card_id, GiftCardEntry.transfer == key[:80])
    return session.execute(asked.limit(1)).first() is not None


def _take(session: Session, card_id: int, amount_minor: int, only_usable: bool) -> bool:
    """The one way a balance falls."""
    allowed = [GiftCard.id == card_id, GiftCard.balance_minor >= amount_minor]
    if only_usable:
        today = clock.now().date()
        allowed += [GiftCard.status == "active", func.coalesce(GiftCard.expires_on, today) >= today]
    taken = session.execute(
        update(GiftCard)
        .where(*allowed)
        .values(balance_minor=GiftCard.balance_minor - amount_minor)
        .returning(GiftCard.id)
        .execution_options(synchronize_session=False)
    ).first()
    return taken is not None


def _put(session: Session, card_id: int, amount_minor: int) -> None:
    session.execute(
        update(GiftCard)
        .where(GiftCard.id == card_id)
        .values(balance_minor=GiftCard.balance_minor + amount_minor)
        .execution_options(synchronize_session=False)
    )


def balance_of(session: Session, card_id: int) -> int:
    """As it stands now, whatever the session remembers."""
    return int(session.execute(select(GiftCard.balance_minor).where(GiftCard.id == card_id)).scalar_one())


def find_differences(session: Session) -> list[str]:
    """What does not add up, a sentence each; [] when every card's book is right. Three statements.

    Checked: every transfer sums to zero; the free account is the balance; the held account is what is reserved.
    """
    wrong = [
        f"Gift card {card_id}: the transfer {key} does not sum to zero."
        for card_id, key in session.execute(
            select(GiftCardEntry.card_id, GiftCardEntry.transfer)
            .group_by(GiftCardEntry.card_id, GiftCardEntry.transfer)
            .having(func.sum(GiftCardEntry.amount_minor) != 0)
        )
    ]
    booked: dict[tuple[int, str], int] = {
        (card_id, account): int(total)
        for card_id, account, total in session.execute(
            select(GiftCardEntry.card_id, GiftCardEntry.account, func.sum(GiftCardEntry.amount_minor)).group_by(
                GiftCardEntry.card_id, GiftCardEntry.account
            )
        )
    }
    held = (
        select(func.coalesce(func.sum(GiftCardUse.amount_minor), 0))
        .where(GiftCardUse.card_id == GiftCard.id, GiftCardUse.state == "reserved")
        .scalar_subquery()
    )
    for card_id, balance, reserved in session.execute(select(GiftCard.id, GiftCard.balance_minor, held)):
        if booked.get((card_id, FREE), 0) != balance:
            wrong.append(f"Gift card {card_id}: its balance is not the sum of its entries.")
        if booked.get((card_id, HELD), 0) != int(reserved):
            wrong.append(f"Gift card {card_id}: what is held is not what is reserved.")
    return wrong
