"""How many orders of platforms wait for a person."""

from __future__ import annotations

from sqlalchemy import ScalarSelect, func, or_, select

from shop.channels.ordering.models import ChannelOrder

#: states in which a person must decide
NEEDING = ("unmatched", "held")


def needing_you() -> ScalarSelect[int]:
    """Those that wait for a decision, or were changed there: for one statement with others."""
    return (
        select(func.count())
        .select_from(ChannelOrder)
        .where(or_(ChannelOrder.state.in_(NEEDING), ChannelOrder.attention != ""))
        .scalar_subquery()
    )
