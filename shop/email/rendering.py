"""A letter from its facts: subject, plain text, HTML with inlined CSS."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import css_inline
import nh3
from flask import current_app
from flask_babel import force_locale, gettext, ngettext
from jinja2 import Environment, FileSystemLoader, StrictUndefined, select_autoescape
from markupsafe import Markup

from config import ROOT
from shop.core.languages import path_in
from shop.email.models import Letter, SharedFacts
from shop.email.own_texts import PARTS, as_html, marked_facts, own_words, saved_texts
from shop.email.sealing import veil
from shop.extensions import db
from shop.tenancy.languages import store_languages
from shop.tenancy.profile import Profile, current_profile

LETTERS_FOR_BUYERS = (
    "order_confirmation",
    "payment_failed",
    "shipped",
    "delivered",
    "refunded",
    "cancelled",
    "contact_received",
    "order_link",
    "payment_link",
    "gift_card",
    "gift_card_bought",
    "review_request",
    "return_received",
    "return_question",
    "return_approved",
    "return_declined",
    "return_settled",
    "withdrawal_receipt",
)
LETTERS_FOR_SHOPPERS = (
    "account_verify",
    "account_exists",
    "account_reset",
    "account_password",
    "account_security",
    "account_email_confirm",
    "account_email_changed",
    "account_data",
    "account_delete",
)
LETTERS_FOR_SUBSCRIBERS = (
    "newsletter",
    "newsletter_confirm",
    "stock_confirm",
    "back_in_stock",
    "price_drop",
    "abandoned_cart",
    "abandoned_cart_second",
    "abandoned_cart_last",
)
LETTERS_FOR_MERCHANT = ("contact", "merchant_new_order", "merchant_failure", "merchant_notice", "catalog_stale")
LETTERS_FOR_STAFF = ("staff_invitation", "staff_password_reset", "staff_security")
LETTERS = (
    LETTERS_FOR_BUYERS + LETTERS_FOR_SHOPPERS + LETTERS_FOR_SUBSCRIBERS + LETTERS_FOR_MERCHANT + LETTERS_FOR_STAFF
)


RICH_TAGS = {
    "p", "br", "strong", "b", "em", "i", "u", "s", "a", "ul", "ol", "li", "h2", "h3", "blockquote", "hr",
}  # fmt: skip
RICH_SCHEMES = {"http", "https", "mailto", "tel"}


@dataclass(frozen=True)
class Rendered:
    subject: str
    text: str
    html: str


@lru_cache(maxsize=1)
def _environment() -> Environment:
    env = Environment(
        loader=FileSystemLoader(ROOT / "templates" / "email"),
        autoescape=select_autoescape(["html"]),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        extensions=["jinja2.ext.i18n"],
    )
    env.filters["rich"] = _rich
    env.install_gettext_callables(gettext, ngettext, newstyle=True)  # type: ignore[attr-defined]
    return env


def _rich(html: str) -> Markup:
    """What a merchant wrote with the editor, cleaned once more: mail readers differ in what they let through."""
    return Markup(nh3.clean(html, tags=RICH_TAGS, attributes={"a": {"href"}}, url_schemes=RICH_SCHEMES))  # noqa: S704


def all_facts(letter: Letter) -> dict[str, Any]:
    """What the letter is rendered from: its own facts on top of those it shares with others."""
    if letter.shared_id is None:
        return letter.facts
    shared = db.session.get(SharedFacts, letter.shared_id)
    return {**(shared.facts if shared else {}), **letter.facts}


def brand_facts(profile: Profile) -> dict[str, Any]:
    """What every letter knows of the shop."""
    public_url = current_app.config["IMPRINT"].public_url.rstrip("/")
    brand = profile.brand or {}
    logo = brand.get("logo_url")
    return {
        "name": profile.name,
        "logo_url": f"{public_url}{logo}" if logo and logo.startswith("/") else logo,
        "accent": brand.get("accent") or "#1f5c4a",
        "accent_ink": brand.get("accent_ink") or "#ffffff",
        "url": public_url,
        "support_email": profile.support_email,
        "legal_name": profile.legal_name or profile.name,
        "address": profile.address,
    }


def render_letter(
    letter: str, facts: dict[str, Any], locale: str = "en", texts: Mapping[str, Any] | None = None
) -> Rendered:
    """The letter in the merchant's own words where there are some, else in ours. `texts` {part: text} stands for what
    is saved (to look at it before). Raises KeyError for an unknown letter, UndefinedError when a fact is missing.

    Sealed facts stay hidden: who sends opens them before (email/sealing.py).
    """
    if letter not in LETTERS:
        raise KeyError(letter)
    env = _environment()
    context = {**veil(facts), "brand": brand_facts(current_profile()), "locale": locale}
    found = own_words(letter, context, saved_texts(letter, locale) if texts is None else texts)
    own = {part: found.get(part, "") for part in PARTS}
    with force_locale(locale):
        subject = own["subject"] or env.get_template(f"{letter}/subject.txt").render(context)
        text = env.get_template("_own.txt").render({**context, "own": own, "letter_body": f"{letter}/body.txt"})
        html = env.get_template("_own.html").render(
            {**context, "own": as_html(own), "letter_body": f"{letter}/body.html"}
        )
    text, html = (links_in(written, locale) for written in (text, html))
    inlined = css_inline.CSSInliner(keep_style_tags=True, load_remote_stylesheets=False).inline(html)
    return Rendered(re.sub(r"\s+", " ", subject).strip()[:250], text.strip() + "\n", inlined)


def links_in(written: str, locale: str) -> str:
    """Links to pages of the shop lead to them in the letter's language; the panel, files and pictures have none."""
    base = current_app.config["IMPRINT"].public_url.rstrip("/")
    known = store_languages()
    if locale == known[0] or locale not in known:
        return written
    links = re.compile(re.escape(base) + r"(/[^\s\"'<>]*)?(?=[\s\"'<>]|$)")
    return links.sub(lambda found: base + path_in(found[1] or "/", locale, known[0]), written)


def our_words(letter: str, facts: dict[str, Any], locale: str = "en") -> dict[str, str]:
    """{part: our text, with placeholders where facts would stand}; what a merchant starts from."""
    env = _environment()
    context = marked_facts(letter, {**veil(facts), "brand": brand_facts(current_profile()), "locale": locale})
    with force_locale(locale):
        body = env.get_template(f"{letter}/body.txt")
        words = {"subject": env.get_template(f"{letter}/subject.txt").render(context)}
        for part in ("heading", "intro"):
            block = body.blocks.get(part)
            words[part] = "".join(block(body.new_context(context))) if block else ""
    return {part: re.sub(r"[ \t]+", " ", words.get(part, "")).strip() for part in PARTS}
