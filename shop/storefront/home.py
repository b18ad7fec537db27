"""The home page, section by section, as the merchant arranged them (content/home.py); at first: one strong field,
promises, collections, what is new, a short story, what is loved."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from flask import Response

from shop.catalog.collections import current_shelves
from shop.catalog.index import current_index
from shop.catalog.shelf import Card, CardImage, cards_of
from shop.content.home import first_sections
from shop.content.showing import current_content
from shop.content.speaking import text_in
from shop.core.storage import public_url as media_address
from shop.storefront.collection import members, tiles
from shop.storefront.context import first_picture, page_locale, public_url, show
from shop.storefront.seo import organization_data
from shop.storefront.speaking import say as _
from shop.tenancy.profile import current_profile

ROW = 8
TILES = 6
LEAST, MOST = 2, 12
COLLAGE = 3
_PARAGRAPH = re.compile(r"<p>.*?</p>", re.DOTALL)
_GOODS = ("new_arrivals", "best_sellers", "collection_row")


def home_page() -> Response:
    """GET /"""
    return show_home(current_content().home or first_sections())


def show_home(sections: Sequence[Mapping[str, Any]]) -> Response:
    """These sections as a page; hidden ones, and ones with nothing to show, are left out. At most two statements."""
    profile = current_profile()
    shown = [s for s in sections if not s.get("hidden")]
    index = current_index()
    wanted = {s["id"]: _goods(s) for s in shown if s["kind"] in _GOODS}
    newest = index.page(index.all, "newest", 0, ROW)
    cards = {card.id: card for card in cards_of(sorted({i for ids in (newest, *wanted.values()) for i in ids}))}
    new_cards = [cards[i] for i in newest if i in cards]
    made = [_made(s, [cards[i] for i in wanted.get(s["id"], ()) if i in cards], new_cards) for s in shown]
    return show(
        "storefront/home.html",
        sections=[s for s in made if s is not None],
        has_heading=any(s is not None and s["kind"] == "hero" for s in made),
        jsonld=organization_data(),
        page_title=f"{profile.name} – {profile.tagline}" if profile.tagline else profile.name,
        page_description=profile.tagline or profile.name,
        page_image=first_picture(new_cards),
        canonical_url=public_url("/"),
    )


def _said(section: Mapping[str, Any], name: str) -> str:
    """A text of the section in the page's language."""
    return text_in(page_locale(), name, str(section["fields"].get(name) or ""), section.get("texts") or {})


def _count(section: Mapping[str, Any], usual: int) -> int:
    typed = str(section["fields"].get("count") or "")
    return min(max(int(typed), LEAST), MOST) if typed.isascii() and typed.isdigit() else usual


def _goods(section: Mapping[str, Any]) -> Sequence[int]:
    index, count = current_index(), _count(section, ROW)
    if section["kind"] == "new_arrivals":
        return index.page(index.all, "newest", 0, count)
    if section["kind"] == "best_sellers":
        return index.page(index.all, "best_selling", 0, count)
    slug = str(section["fields"].get("collection") or "")
    return index.page(members(index, slug), "featured", 0, count, collection=slug)


def _made(section: Mapping[str, Any], goods: list[Card], newest: list[Card]) -> dict[str, Any] | None:
    """What the section's template gets; None when it has nothing to show."""
    kind = section["kind"]
    if kind == "hero":
        return {"kind": kind, **_hero(section), "collage": [c for c in newest if c.image][:COLLAGE]}
    if kind == "promises":
        return {"kind": kind, "promises": _promises(section)}
    if kind == "collections":
        found = tiles(_count(section, TILES))
        return {"kind": kind, "title": _said(section, "title") or _("Collections"), "tiles": found} if found else None
    if kind in _GOODS:
        return {"kind": "goods", **_row(section), "cards": goods} if goods else None
    if kind == "story":
        return _story(section)
    if kind == "testimonials":
        voices = [(quote, _said(section, f"name_{n}")) for n in range(1, 7) if (quote := _said(section, f"quote_{n}"))]
        title = _said(section, "title") or _("What buyers say")
        return {"kind": kind, "title": title, "voices": voices} if voices else None
    return None


def _hero(section: Mapping[str, Any]) -> dict[str, Any]:
    """What the merchant wrote, else the store's own line."""
    profile = current_profile()
    return {
        "title": _said(section, "title") or profile.tagline or profile.name,
        "text": _said(section, "text") or _("Printed for you, one at a time, and sent straight to your door."),
        "action": _said(section, "action") or _("Shop everything"),
        "link": section["fields"].get("link") or "/search",
        "picture": picture_of(section["fields"].get("picture"), _said(section, "picture_alt")),
        "ground": section["fields"].get("ground") or "paper",
    }


def _row(section: Mapping[str, Any]) -> dict[str, str]:
    title, everything = _said(section, "title"), _("See everything")
    if section["kind"] == "new_arrivals":
        return {"title": title or _("Just in"), "url": "/search?sort=newest", "more": everything}
    if section["kind"] == "best_sellers":
        return {"title": title or _("Most loved"), "url": "/search", "more": everything}
    slug = str(section["fields"].get("collection") or "")
    known = current_shelves().collections.get(slug)
    named = known.title if known else ""
    return {"title": title or named, "url": f"/collections/{slug}", "more": _("See all")}


def _story(section: Mapping[str, Any]) -> dict[str, Any] | None:
    """The merchant's text, else the beginning of the "about" page."""
    picture = picture_of(section["fields"].get("picture"), _said(section, "picture_alt"))
    side = section["fields"].get("side") or "right"
    title, html = _said(section, "title"), _said(section, "html")
    about = current_content().pages(page_locale()).get("about")
    if not html:
        if about is None:
            return None
        beginning = "".join(_PARAGRAPH.findall(about.html)[:2]) or about.html
        more = _("More about us")
        html = f'{beginning}<p><a href="{about.url}">{more}</a></p>'
        title = title or about.title
    return {"kind": "story", "title": title, "html": html, "picture": picture, "side": side}


def _promises(section: Mapping[str, Any]) -> list[dict[str, str]]:
    ours = (
        ("printer", _("Made on demand"), _("Printed after you order, so nothing is wasted.")),
        ("truck", _("Tracked to your door"), _("You see every step from print to parcel.")),
        ("lock", _("Secure payment"), _("You pay on Stripe's own page.")),
    )
    made = []
    for n, (icon, title, text) in enumerate(ours, 1):
        own = _said(section, f"title_{n}")
        made.append(
            {"icon": icon, "title": own or title, "text": _said(section, f"text_{n}") if own else text}
        )
    return made


def picture_of(stored: object, alt: str) -> CardImage | None:
    """A section's picture: {"width", "height", "colour", "renditions": {"avif": [[320, key], …], …}}."""
    if not isinstance(stored, Mapping) or not stored.get("renditions", {}).get("webp"):
        return None
    sets = {
        name: ", ".join(f"{media_address(key)} {width}w" for width, key in stored["renditions"].get(name, []))
        for name in ("avif", "webp")
    }
    largest = media_address(stored["renditions"]["webp"][-1][1])
    return CardImage(
        alt=alt, width=stored["width"], height=stored["height"], src=largest, srcset_avif=sets["avif"],
        srcset_webp=sets["webp"], colour=stored["colour"], full=largest,
    )  # fmt: skip
