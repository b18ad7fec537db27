"""What every page of the shop knows: the store, its menus, words and macros. No statement once it is warm."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import orjson
from flask import Flask, Response, current_app, g, request, url_for
from jinja2 import Environment
from sqlalchemy.exc import SQLAlchemyError

from config import Config
from shop import page_cache
from shop.catalog.collections import current_shelves
from shop.catalog.shelf import Card
from shop.catalog.structured import absolute
from shop.content.showing import Content, ShownItem, current_content
from shop.core.languages import REGIONS
from shop.core.money import format_minor
from shop.core.scope import current_store
from shop.core.statics import static_url
from shop.payments.wallets import marks_of
from shop.reviews.rules import review_rules
from shop.storefront import speaking
from shop.storefront.currency import choices
from shop.storefront.grid import kept_grid
from shop.storefront.languages import alternates, other_languages
from shop.storefront.speaking import say as _
from shop.storefront.tax_words import vat_words
from shop.tenancy.brand_style import brand_version
from shop.tenancy.currencies import current_pricing
from shop.tenancy.gift_card_rules import gift_card_rules
from shop.tenancy.languages import address_in, main_language
from shop.tenancy.profile import current_profile, current_versions, on_forget

MACROS = ("icon", "badge", "breadcrumbs", "empty", "form", "free_shipping", "pagination", "picture", "price",
          "product_card", "stars", "timeline", "toast")  # fmt: skip
MENU_LENGTH = 12
PRIVATE = "private, max-age=0, must-revalidate"
BAR_LENGTH = 6


@dataclass(frozen=True, slots=True)
class Store:
    """The store as templates see it."""

    name: str
    tagline: str
    logo_url: str | None
    currency: str
    support_email: str
    legal_name: str
    address: str
    theme: str | None
    locale: str


@dataclass(frozen=True, slots=True)
class Link:
    title: str
    url: str
    items: tuple[Link, ...] = ()


@dataclass(frozen=True, slots=True)
class Menus:
    """`bar` is as much of the header's menu as fits; `footer` has the legal texts in any case."""

    header: tuple[Link, ...] = ()
    bar: tuple[Link, ...] = ()
    footer: tuple[Link, ...] = ()


def init_app(app: Flask) -> None:
    """Give the app's templates their words, filters and macros."""
    env = app.jinja_env
    env.globals["static_url"] = static_url
    env.globals["money"] = _money
    env.filters["money"] = _money
    env.globals.update(alternates=alternates, other_languages=other_languages, currency_choices=choices)
    env.globals.update(page_currency=_page_currency)
    env.globals["shows_reviews"] = shows_reviews
    env.policies["json.dumps_function"] = _dumps
    env.policies["json.dumps_kwargs"] = {}
    speaking.install(env)
    register_macros(env)
    app.context_processor(_for_every_template)


def register_macros(env: Environment) -> None:
    """Every macro becomes a global: a block rendered alone does not see its page's imports. Twice, so that macros may
    use each other whatever their order."""
    for _turn in range(2):
        for name in MACROS:
            module = env.get_template(f"macros/{name}.html").make_module()
            env.globals.update({k: v for k, v in vars(module).items() if callable(v) and not k.startswith("_")})
    grid: Any = env.globals["product_grid"]
    env.globals["product_grid"] = kept_grid(grid)


def show(
    template: str,
    *,
    fragment: str | None = None,
    shared: bool = True,
    robots: str | None = None,
    **context: Any,
) -> Response:
    """A page that is the same for every visitor: it may be kept (page_cache), and looks at no session.

    `fragment` names the block an htmx request gets; `shared=False` keeps it in this process alone.
    """
    page = current_app.jinja_env.get_template(template)
    values = {**base_context(), "current_path": request.path, **context}
    if fragment is not None and page_cache.wants_fragment(request.environ):
        body = "".join(page.blocks[fragment](page.new_context(values)))
    else:
        body = page.render(values)
    page_cache.allow(shared=shared)
    response = Response(body, mimetype="text/html")
    if not current_pricing().is_base:  # a cookie may have chosen it: nobody between us and the visitor may share it
        response.headers["Cache-Control"] = PRIVATE
    if fragment is not None:
        response.headers["Vary"] = "HX-Request, HX-Boosted, HX-History-Restore-Request"
    if robots:
        response.headers["X-Robots-Tag"] = robots
    return response


_held: dict[tuple[str, str], tuple[tuple[int, int], dict[str, Any]]] = {}


def base_context() -> dict[str, Any]:
    """store, nav, lang, brand_css_url: made once for each version and language. Raises when the database is down and
    nothing is known yet."""
    locale = page_locale()
    key = (f"{current_store()}@{current_app.config['DATABASE_KEY']}", locale)
    versions = current_versions()
    version = (versions.catalog, versions.settings)
    held = _held.get(key)
    if held is not None and held[0] == version:
        return held[1]
    profile = current_profile()
    brand = profile.brand or {}
    made = {
        "store": Store(
            profile.name,
            profile.tagline,
            brand.get("logo_url"),
            profile.currency,
            profile.support_email,
            profile.legal_name,
            profile.address,
            brand.get("theme"),
            profile.locale,
        ),
        "nav": menus(current_content(), locale),
        "announcement": current_content().announcement(locale),
        "vat_words": vat_words(profile, locale),
        "pay_marks": marks_of(profile.payment_marks),
        "lang": locale,
        "og_locale": REGIONS[locale],
        "brand_css_url": f"/brand.css?v={brand_version(brand)}",
    }
    _held[key] = (version, made)
    return made


def menus(content: Content, locale: str) -> Menus:
    """The merchant's menus; where there is none, the collections, and the pages meant for the footer."""
    pages = content.pages(locale).values()
    header, footer = content.menu("header", locale), content.menu("footer", locale)
    if header is None:
        made = tuple(Link(c.title, c.url) for c in list(current_shelves().collections.values())[:MENU_LENGTH])
        bar = made[:BAR_LENGTH]
    else:
        made = bar = tuple(_link(item) for item in header)
    if footer is None:
        below = (*(Link(p.title, p.url) for p in pages if p.in_footer), Link(_("Contact"), "/contact"))
    else:
        own = tuple(_link(item) for item in footer)
        linked = {link.url for item in own for link in (item, *item.items)}
        below = (*own, *(Link(p.title, p.url) for p in pages if p.legal and p.url not in linked))
    if gift_card_rules(current_profile().gift_cards).on and all(link.url != "/gift-card" for link in below):
        below = (*below, Link(_("Gift card"), url_for("storefront.gift_card_page")))
    return Menus(made, bar, below)


def _link(item: ShownItem) -> Link:
    return Link(item.title, item.url, tuple(Link(below.title, below.url) for below in item.items))


def page_locale() -> str:
    """The language of this page: what its address says, else the store's main one."""
    chosen = g.get("locale")
    if chosen is None:
        try:
            chosen = main_language()
        except (SQLAlchemyError, RuntimeError):
            chosen = "en"
        g.locale = chosen
    return str(chosen)


def public_url(path: str = "") -> str:
    """An absolute address of ours, in this page's language."""
    config: Config = current_app.config["IMPRINT"]
    return config.public_url.rstrip("/") + (address_in(path, page_locale()) if path else "")


def first_picture(cards: Sequence[Card]) -> str | None:
    """The absolute address of the first picture, for those who share the page."""
    return next((absolute(c.image.full, public_url()) for c in cards if c.image), None)


def shows_reviews() -> bool:
    """Whether the merchant has reviews switched on."""
    return review_rules(current_profile().reviews).is_on


def _for_every_template() -> dict[str, Any]:
    """For pages that are made by `render`: error pages too, so nothing here may fail."""
    try:
        known = base_context()
    except (SQLAlchemyError, RuntimeError):
        known = _without_database(current_app.config["IMPRINT"])
    return {"current_path": request.path if request else "", **known}


def _without_database(config: Config) -> dict[str, Any]:
    store = Store(
        config.store_name, config.store_tagline, None, config.store_currency, config.support_email,
        config.store_legal_name, config.store_address, None, config.store_locale,
    )  # fmt: skip
    return {"store": store, "nav": Menus(), "lang": str(g.get("locale") or "en"), "brand_css_url": "/brand.css"}


def _money(minor: int, currency: str | None = None) -> str:
    """{{ 2500|money("USD") }} -> "$25.00", in the page's language."""
    profile = current_profile()
    return format_minor(int(minor), currency or profile.currency, page_locale())


def _page_currency() -> str:
    """Of the prices on this page. Never fails: error pages have a footer too."""
    try:
        return current_pricing().code
    except (SQLAlchemyError, RuntimeError):
        return str(current_app.config["IMPRINT"].store_currency)


def _dumps(value: object, **_options: object) -> str:
    return orjson.dumps(value, option=orjson.OPT_NON_STR_KEYS).decode()


@on_forget
def forget() -> None:
    """Drop what this process remembers."""
    _held.clear()
