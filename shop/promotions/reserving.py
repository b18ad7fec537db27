"""Limited uses: taken when the payment page is made, kept when it is paid, given back when nobody pays.

The counters fall and rise by one conditional UPDATE, discount first, in the order of ids: so that any number of buyers
at once never have more uses than there are, and none waits for another in a circle. The caller commits.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from sqlalchemy import delete, or_, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from shop.errors import Conflict
from shop.promotions.gift_cards.reserving import CardUse, give_back, lock_for
from shop.promotions.models import Discount, DiscountCode, Redemption
from shop.words import mark


class UsedUp(Conflict):
    """Somebody else took the last use."""

    title = mark("A discount in your cart has just been used up. Please look at the new total before you pay.")


#: (discount, code or None, minor units taken off)
Use = tuple[int, int | None, int]


def lock_discounts(
    session: Session, checkout_ids: Sequence[int], uses: Iterable[Use], cards: Iterable[CardUse] = ()
) -> bool:
    """Before uses are given back and taken in one transaction: every row of both, in the order of ids; then the gift
    cards of both. Returns whether these checkouts hold any."""
    ids, mine = {use[0] for use in uses}, set()
    if checkout_ids:
        held = select(Redemption.discount_id).where(
            Redemption.checkout_id.in_(checkout_ids), Redemption.state == "reserved"
        )
        mine = set(session.execute(held).scalars())
        ids |= mine
    if ids:
        session.execute(select(Discount.id).where(Discount.id.in_(ids)).order_by(Discount.id).with_for_update()).all()
    return lock_for(session, checkout_ids, cards) or bool(mine)


def reserve(session: Session, checkout_id: int, uses: Iterable[Use]) -> None:
    """Take one use of each for this checkout. Raises UsedUp when one has none left; then nothing may be committed."""
    for discount_id, code_id, minor in sorted(uses, key=lambda use: use[0]):
        _take(session, Discount, discount_id)
        if code_id is not None:
            _take(session, DiscountCode, code_id)
        session.add(Redemption(discount_id=discount_id, code_id=code_id, checkout_id=checkout_id, amount_minor=minor))
    session.flush()


def release(session: Session, checkout_ids: Sequence[int]) -> int:
    """These checkouts will not be paid: uses come back, and what gift cards had set aside. Returns how many uses came
    back; a repeat returns 0."""
    if not checkout_ids:
        return 0
    rows = session.execute(
        select(Redemption)
        .where(Redemption.checkout_id.in_(checkout_ids), Redemption.state == "reserved")
        .order_by(Redemption.discount_id, Redemption.id)
        .with_for_update()
        .execution_options(populate_existing=True)
    ).scalars()
    count = 0
    for row in rows:
        row.state = "released"
        _give_back(session, Discount, row.discount_id)
        if row.code_id is not None:
            _give_back(session, DiscountCode, row.code_id)
        count += 1
    session.flush()
    give_back(session, checkout_ids)
    return count


def redeem(session: Session, checkout_id: int, order_id: int, uses: Iterable[Use]) -> None:
    """The checkout was paid: its reservations belong to the order. A repeat does nothing.

    A reservation that was given back meanwhile (the page was paid at the last moment) is counted again even above the
    limit: the money was taken at that price.
    """
    held = {
        row.discount_id: row
        for row in session.execute(
            select(Redemption)
            .where(or_(Redemption.checkout_id == checkout_id, Redemption.order_id == order_id))
            .with_for_update()
            .execution_options(populate_existing=True)
        ).scalars()
    }
    for discount_id, code_id, minor in sorted(uses, key=lambda use: use[0]):
        row = held.get(discount_id)
        if row is not None and row.state == "redeemed":
            continue
        if row is not None and row.state == "reserved":
            row.state, row.order_id, row.amount_minor = "redeemed", order_id, minor
            continue
        if row is not None:
            session.execute(delete(Redemption).where(Redemption.id == row.id))
        _count(session, Discount, discount_id)
        if code_id is not None:
            _count(session, DiscountCode, code_id)
        values = {
            "discount_id": discount_id, "code_id": code_id, "checkout_id": checkout_id, "order_id": order_id,
            "state": "redeemed", "amount_minor": minor,
        }  # fmt: skip
        session.execute(insert(Redemption).values(values).on_conflict_do_nothing())
    session.flush()


def _take(session: Session, kind: type[Discount] | type[DiscountCode], row_id: int) -> None:
    taken = session.execute(
        update(kind)
        .where(kind.id == row_id, or_(kind.max_uses.is_(None), kind.uses < kind.max_uses))
        .values(uses=kind.uses + 1)
        .returning(kind.id)
        .execution_options(synchronize_session=False)
    ).first()
    if taken is None:
        raise UsedUp()


def _count(session: Session, kind: type[Discount] | type[DiscountCode], row_id: int) -> None:
    session.execute(
        update(kind).where(kind.id == row_id).values(uses=kind.uses + 1).execution_options(synchronize_session=False)
    )


def _give_back(session: Session, kind: type[Discount] | type[DiscountCode], row_id: int) -> None:
    session.execute(
        update(kind)
        .where(kind.id == row_id, kind.uses > 0)
        .values(uses=kind.uses - 1)
        .execution_options(synchronize_session=False)
    )
