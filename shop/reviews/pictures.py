"""Pictures that buyers send: made anew from their pixels, so that nothing else comes along, and small."""

from __future__ import annotations

from typing import Any

from shop.catalog.pictures import make_small
from shop.core.storage import store_file
from shop.core.words import N_
from shop.errors import InvalidInput, Refused

MOST_BYTES = 10 * 1024 * 1024


def keep_picture(raw: bytes) -> dict[str, Any]:
    """Store it; what a review keeps of it (models.Review.pictures). The same bytes again are the same files.

    Raises InvalidInput for what is no picture, Unavailable while the storage is down. No transaction may be open.
    """
    if len(raw) > MOST_BYTES:
        raise InvalidInput(fields={"pictures": N_("One of the pictures is larger than 10 MB.")})
    try:
        small = make_small(raw)
    except Refused as error:
        why = N_("One of the pictures cannot be read. Send JPEG, PNG or WebP.")
        raise InvalidInput(fields={"pictures": why}) from error
    sizes = [[one.width, store_file(one.body, one.ending)] for one in small.renditions]
    return {
        "alt": "",
        "width": small.width,
        "height": small.height,
        "colour": small.colour,
        "renditions": {"webp": sizes},
    }
