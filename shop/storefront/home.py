"""The home page: one strong field, collections, what is new, what is loved, a short story."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from flask import Response

from shop.catalog.collections import current_shelves
from shop.catalog.index import current_index
from shop.catalog.shelf import cards_of
from shop.storefront.collection import tiles
from shop.storefront.context import first_picture, public_url, show
from shop.storefront.seo import organization_data
from shop.storefront.speaking import say as _
from shop.tenancy.profile import Profile, current_profile

ROW = 8
TILES = 6
_PARAGRAPH = re.compile(r"<p>.*?</p>", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Promise:
    icon: str
    title: str
    text: str


def home_page() -> Response:
    """GET /"""
    profile = current_profile()
    index = current_index()
    newest = index.page(index.all, "newest", 0, ROW)
    loved = index.page(index.all, "best_selling", 0, ROW)
    cards = {card.id: card for card in cards_of(sorted({*newest, *loved}))}
    new_cards = [cards[i] for i in newest if i in cards]
    return show(
        "storefront/home.html",
        hero=_hero(profile),
        collections=tiles(TILES),
        newest=new_cards,
        bestsellers=[cards[i] for i in loved if i in cards],
        story=_story(profile),
        promises=_promises(),
        jsonld=organization_data(),
        page_title=f"{profile.name} – {profile.tagline}" if profile.tagline else profile.name,
        page_description=profile.tagline or profile.name,
        page_image=first_picture(new_cards),
        canonical_url=public_url("/"),
    )


def _hero(profile: Profile) -> dict[str, Any]:
    """What the merchant wrote, else the store's own line."""
    written = (profile.brand or {}).get("hero") or {}
    return {
        "title": written.get("title") or profile.tagline or profile.name,
        "text": written.get("text") or _("Printed for you, one at a time, and sent straight to your door."),
        "cta_label": written.get("cta_label") or _("Shop everything"),
        "cta_url": written.get("cta_url") or "/search",
        "image": written.get("image"),
    }


def _story(profile: Profile) -> dict[str, str] | None:
    """The beginning of the "about" page."""
    about = current_shelves().pages.get("about")
    if about is None:
        return None
    beginning = "".join(_PARAGRAPH.findall(about.html)[:2]) or about.html
    return {"title": about.title, "html": f'{beginning}<p><a href="{about.url}">{_("More about us")}</a></p>'}


def _promises() -> list[Promise]:
    return [
        Promise("printer", _("Made on demand"), _("Printed after you order, so nothing is wasted.")),
        Promise("truck", _("Tracked to your door"), _("You see every step from print to parcel.")),
        Promise("lock", _("Secure payment"), _("You pay on Stripe's own page.")),
    ]
