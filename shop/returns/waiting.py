"""How many returns and declarations wait for staff."""

from __future__ import annotations

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from shop.returns.models import Return, Withdrawal

#: declarations that lead to nothing by themselves
WAITING = (Withdrawal.status != "closed", Withdrawal.outcome == "", Withdrawal.step == "")


def count_waiting(session: Session) -> int:
    """Returns to decide and declarations to look at; one statement."""
    returns = select(func.count()).select_from(Return).where(Return.status == "requested", Return.asked == "")
    declared = select(func.count()).select_from(Withdrawal).where(*WAITING)
    return int(session.execute(select(returns.scalar_subquery() + declared.scalar_subquery())).scalar_one())
