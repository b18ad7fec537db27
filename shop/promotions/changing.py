"""Make and change discounts and their codes. The caller commits."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from shop.errors import InvalidInput
from shop.promotions.codes import fold_code, new_code
from shop.promotions.models import Discount, DiscountCode

MOST_AT_ONCE = 1000


def state_of(row: Discount, now: datetime) -> str:
    """off | waiting | ended | used_up | active."""
    if not row.is_active:
        return "off"
    if row.starts_at is not None and now < row.starts_at:
        return "waiting"
    if row.ends_at is not None and now >= row.ends_at:
        return "ended"
    return "used_up" if row.max_uses is not None and row.uses >= row.max_uses else "active"


def write_discount(session: Session, found: Discount | None, columns: dict[str, Any], code: str) -> Discount:
    """Make it, or change what differs. `code`: the one everybody may type; "" leaves those it has.

    Raises InvalidInput for a code that another discount has, also when it is merely spelt alike.
    """
    if found is None:
        found = Discount(**columns)
        session.add(found)
        session.flush()
    else:
        for name, value in columns.items():
            if getattr(found, name) != value:
                setattr(found, name, value)
    if code:
        _write_code(session, found, code)
    session.flush()
    return found


def generate_codes(session: Session, found: Discount, count: int) -> int:
    """New codes for one use each; returns how many there are now more."""
    made = 0
    while made < min(count, MOST_AT_ONCE):
        codes = {fold_code(code): code for code in (new_code() for _ in range(min(count, MOST_AT_ONCE) - made))}
        rows = [{"discount_id": found.id, "code": c, "key": k, "max_uses": 1, "uses": 0} for k, c in codes.items()]
        statement = insert(DiscountCode).values(rows).on_conflict_do_nothing().returning(DiscountCode.id)
        made += len(session.execute(statement).all())
    return made


def _write_code(session: Session, found: Discount, code: str) -> None:
    key = fold_code(code)
    taken = session.execute(select(DiscountCode).where(DiscountCode.key == key)).scalar_one_or_none()
    if taken is not None and taken.discount_id != found.id:
        raise InvalidInput(fields={"code": f"Another discount has the code {taken.code} already."})
    if taken is not None:
        taken.code = code
        return
    main = session.execute(
        select(DiscountCode)
        .where(DiscountCode.discount_id == found.id, DiscountCode.max_uses.is_(None))
        .order_by(DiscountCode.id)
        .limit(1)
    ).scalar_one_or_none()
    if main is None:
        session.add(DiscountCode(discount_id=found.id, code=code, key=key))
    else:
        main.code, main.key = code, key
