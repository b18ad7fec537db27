"""Pictures are downloaded once, re-encoded, stored, and the pages that show them are rebuilt.

Two threads fetch and encode while the claimed rows wait; then one transaction writes what came of the whole batch.
"""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

from flask import Flask, current_app
from sqlalchemy import select, text
from sqlalchemy.orm import Session

from shop.catalog import documents
from shop.catalog.applying import drop_replaced_images
from shop.catalog.bulk import as_json, lock_catalog
from shop.catalog.models import Image
from shop.catalog.pictures import MOST_BYTES, Picture, make_renditions
from shop.core import log
from shop.core.durable import Claim
from shop.core.settings import current_settings
from shop.core.storage import store_file
from shop.core.transaction import transaction
from shop.outbound.addresses import origin_of
from shop.outbound.fetching import fetch
from shop.tenancy.profile import touch_catalog

THREADS = 2
ACCEPT = "image/avif,image/webp,image/png,image/jpeg;q=0.9"
_FORMATS = {"jpg": "jpeg"}
logger = log.get_logger("pictures")

_STORED = text("""
    UPDATE images i SET work_state = 'done', finished_at = now(), lease_until = NULL, error_kind = NULL,
           error_text = NULL, width = n.width, height = n.height, colour = n.colour, renditions = n.renditions
      FROM json_to_recordset(CAST(:rows AS json)) AS n(id bigint, fence int, width int, height int, colour text,
           renditions jsonb)
     WHERE i.id = n.id AND i.fence = n.fence
    RETURNING i.product_id""")


@dataclass(frozen=True)
class Stored:
    claim: Claim
    picture: Picture
    renditions: dict[str, list[list[Any]]]


@dataclass(frozen=True)
class Failed:
    claim: Claim
    error: Exception


def store_pictures(claims: Sequence[Claim]) -> list[Failed]:
    """Work through claimed images. Returns those that failed, for the caller to postpone or park.

    A repeat stores the same files under the same keys.
    """
    with transaction() as session:
        urls = _addresses(session, claims)
    app = current_app._get_current_object()  # type: ignore[attr-defined]
    wanted = [claim for claim in claims if claim.id in urls]  # others were removed meanwhile
    with ThreadPoolExecutor(THREADS, thread_name_prefix="pictures") as pool:
        results = list(pool.map(lambda claim: _make(app, claim, urls[claim.id]), wanted))
    stored = [result for result in results if isinstance(result, Stored)]
    if stored:
        with transaction() as session:
            _write(session, stored)
    return [result for result in results if isinstance(result, Failed)]


def store_picture(url: str) -> tuple[Picture, dict[str, list[list[Any]]]]:
    """Fetch, encode and store one. Raises Refused, Unavailable or NeedsReconnect."""
    body = fetch(url, max_bytes=MOST_BYTES, allowed_origins=_own_origins(), accept=ACCEPT)
    picture = make_renditions(body)
    renditions: dict[str, list[list[Any]]] = {}
    for rendition in picture.renditions:
        key = store_file(rendition.body, rendition.ending)
        renditions.setdefault(_FORMATS.get(rendition.ending, rendition.ending), []).append([rendition.width, key])
    return picture, renditions


def _make(app: Flask, claim: Claim, url: str) -> Stored | Failed:
    with app.app_context():
        try:
            return Stored(claim, *store_picture(url))
        except Exception as error:  # noqa: BLE001  (becomes the row's next step)
            return Failed(claim, error)


def _write(session: Session, stored: Sequence[Stored]) -> None:
    rows = [
        {
            "id": one.claim.id,
            "fence": one.claim.fence,
            "width": one.picture.width,
            "height": one.picture.height,
            "colour": one.picture.colour,
            "renditions": one.renditions,
        }
        for one in stored
    ]
    lock_catalog(session)
    products = sorted({row[0] for row in session.execute(_STORED, {"rows": as_json(rows)})})
    drop_replaced_images(session, products)
    documents.rebuild(session, products)
    touch_catalog(session)
    logger.info("pictures stored", pictures=len(stored), products=len(products))


def _addresses(session: Session, claims: Sequence[Claim]) -> dict[int, str]:
    rows = session.execute(select(Image.id, Image.source_url).where(Image.id.in_([claim.id for claim in claims])))
    return {row[0]: row[1] for row in rows}


def _own_origins() -> tuple[str, ...]:
    """The sandbox's pictures stand on loopback: allowed because a setting names that address."""
    config = current_settings()
    return (origin_of(config.printify_base_url),)
