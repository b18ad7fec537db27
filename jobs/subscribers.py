"""Tell those who wait for a product, remind of carts, send newsletters."""

from __future__ import annotations

from jobs import base
from jobs.base import job
from shop.core.queue import JobName
from shop.subscribers.models import Campaign, CartReminder, ProductWatch
from shop.workflows.remind_of_carts import remind
from shop.workflows.send_campaigns import send_next
from shop.workflows.watch_products import tell


@job(JobName.TELL_WATCHERS)
def tell_watchers() -> int:
    return base.drain(ProductWatch, tell, batch=50)


@job(JobName.REMIND_OF_CARTS)
def remind_of_carts() -> int:
    return base.drain(CartReminder, remind, batch=50)


@job(JobName.SEND_CAMPAIGNS)
def send_campaigns() -> int:
    return base.drain(Campaign, send_next, batch=1)
