"""Orders of other platforms: read them, take them on their way, and tell the platforms what happened here."""

from __future__ import annotations

from jobs import base
from jobs.base import job
from shop.channels.ordering.models import ChannelOrder, ChannelPull, ChannelPush
from shop.core.queue import JobName
from shop.workflows.channel_orders import advance
from shop.workflows.channel_pushes import advance_push
from shop.workflows.pull_channel_orders import read_on

PULL_SECONDS = 300  # a page of a slow platform, with its waits


@job(JobName.PULL_CHANNEL_ORDERS)
def pull() -> int:
    return base.drain(ChannelPull, read_on, batch=1, lease_seconds=PULL_SECONDS)


@job(JobName.DRAIN_CHANNEL_ORDERS)
def drain() -> int:
    return base.drain(ChannelOrder, advance, batch=10)


@job(JobName.DRAIN_CHANNEL_PUSHES)
def push() -> int:
    return base.drain(ChannelPush, advance_push, batch=5)
