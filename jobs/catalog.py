"""Refresh the catalogue; fetch, re-encode and store its pictures; make products of designs, and many
changes at once."""

from __future__ import annotations

import time

from jobs import base
from jobs.base import job, settle
from shop.catalog.models import CatalogRun, Image
from shop.catalog.runs.models import ChangeRun
from shop.core import durable
from shop.core.durable import Claim
from shop.core.queue import JobName
from shop.core.transaction import transaction
from shop.designing.models import NewProduct
from shop.workflows import create_product, refresh_catalog
from shop.workflows import run_changes as changes
from shop.workflows.fetch_pictures import store_pictures

PICTURES_AT_ONCE = 8  # a few seconds: a stop waits for the batch
LONGEST_SECONDS = 600.0


@job(JobName.REFRESH_CATALOG)
def refresh() -> int:
    return base.drain(CatalogRun, _refresh, batch=1, lease_seconds=refresh_catalog.LEASE_SECONDS)


@job(JobName.DRAIN_PICTURES)
def drain_pictures() -> int:
    """First pictures of every product come first; each batch is on the pages as soon as it is stored.

    The sweep kicks again for what is left after ten minutes.
    """
    handled, stop_at = 0, time.monotonic() + LONGEST_SECONDS
    while not base.out_of_time(stop_at):
        with transaction() as session:
            held = durable.claim(session, Image, PICTURES_AT_ONCE, lease_seconds=600)
        if not held:
            break
        for failed in store_pictures(held):
            settle(Image, failed.claim, failed.error)
        handled += len(held)
    return handled


@job(JobName.DRAIN_NEW_PRODUCTS)
def drain_new_products() -> int:
    return base.drain(NewProduct, create_product.go_on, batch=1)


@job(JobName.RUN_CHANGES)
def run_changes() -> int:
    return base.drain(ChangeRun, _change, batch=1, lease_seconds=changes.LEASE_SECONDS)


def _change(held: Claim) -> None:
    changes.run(held, must_stop=base.out_of_time)


def _refresh(held: Claim) -> None:
    refresh_catalog.run(held)
