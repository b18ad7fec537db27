"""Tell other platforms what was paid with their gift cards."""

from __future__ import annotations

from jobs import base
from jobs.base import job
from shop.channels.codes.models import CardMove
from shop.core.queue import JobName
from shop.workflows.channel_cards import advance_move


@job(JobName.DRAIN_CARD_MOVES)
def drain_card_moves() -> int:
    return base.drain(CardMove, advance_move)
