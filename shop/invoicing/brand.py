"""The shop's look on paper."""

from __future__ import annotations

from shop.core import log
from shop.core.storage import KEY, storage
from shop.errors import ShopError
from shop.invoicing.paper import Brand
from shop.tenancy.profile import Profile

logger = log.get_logger("papers")


def brand_on_paper(profile: Profile) -> Brand:
    """A logo that cannot be read now is left out: the shop's name stands in its place."""
    brand = profile.brand or {}
    return Brand(
        name=profile.name,
        accent=str(brand.get("accent") or "#23553f"),
        logo=_logo(str(brand.get("logo_url") or "")),
        country=profile.country,
    )


def _logo(url: str) -> bytes | None:
    key = "/".join(url.rsplit("/", 2)[-2:])
    if not KEY.fullmatch(key) or not key.endswith((".png", ".jpg")):
        return None
    try:
        return storage().read(key)
    except ShopError as error:
        logger.warning("the logo could not be read for a document", why=str(error))
        return None
