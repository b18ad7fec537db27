"""Tell those who wait for a product, remind of carts, send newsletters."""

from __future__ import annotations

from jobs import base
from jobs.base import job
from shop.core.queue import JobName
from shop.subscribers.models import CartReminder, ProductWatch
from shop.workflows.remind_of_carts import remind
from shop.workflows.watch_products import tell


@job(JobName.TELL_WATCHERS)
def tell_watchers() -> int:
    return base.drain(ProductWatch, tell, batch=50)


@job(JobName.REMIND_OF_CARTS)
def remind_of_carts() -> int:
    return base.drain(CartReminder, remind, batch=50)
