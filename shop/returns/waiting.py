"""How many returns and declarations wait for staff."""

from __future__ import annotations

from sqlalchemy import ScalarSelect, func, select

from shop.returns.models import Return, Withdrawal

#: declarations that lead to nothing by themselves
WAITING = (Withdrawal.status != "closed", Withdrawal.outcome == "", Withdrawal.step == "")


def waiting_returns() -> ScalarSelect[int]:
    """How many returns are to be decided and declarations to be looked at: for one statement with others."""
    returns = select(func.count()).select_from(Return).where(Return.status == "requested", Return.asked == "")
    declared = select(func.count()).select_from(Withdrawal).where(*WAITING)
    return select(returns.scalar_subquery() + declared.scalar_subquery()).scalar_subquery()
