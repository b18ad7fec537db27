"""The cart: look, add, change, remove, say where to."""

from __future__ import annotations

from email_validator import EmailNotValidError, validate_email
from flask import Response, flash, g, redirect
from flask_babel import get_locale
from flask_babel import gettext as _
from htmx_flask import request
from sqlalchemy import select
from werkzeug.wrappers import Response as BaseResponse

from shop.cart.changing import (
    Added,
    accept_new_prices,
    add_code,
    add_gift_card,
    add_line,
    count_items,
    find_cart,
    read_quantity,
    remove_code,
    remove_gift_card,
    remove_line,
    set_currency,
    set_quantity,
)
from shop.cart.models import Cart
from shop.catalog.models import Product, Variant
from shop.catalog.shelf import Card, cards_of
from shop.checkout.countries import known_codes
from shop.checkout.quoting import Quote
from shop.checkout.shipping import METHODS
from shop.core.pages import render
from shop.core.transaction import transaction
from shop.errors import InvalidInput, NotFound, ShopError
from shop.extensions import db, limiter
from shop.promotions.codes import MOST_CODES
from shop.recommending.bought_together import ideas_for
from shop.storefront.cart_facts import cart_facts
from shop.storefront.currency import remember_currency
from shop.storefront.visitor import cart_token, new_cart, remember, signed_in_id, visitors_cart
from shop.tenancy.checkout_rules import rules_of
from shop.tenancy.currencies import current_pricing, offered
from shop.tenancy.profile import current_profile
from shop.words import mark, tell
from shop.workflows.channel_codes import cart_keys_of, look_up_code
from shop.workflows.find_gift_cards import MOST_CARDS
from shop.workflows.start_checkout import quote_for

NOTE_LENGTH = 500
IDEAS = 4


def cart_page() -> BaseResponse:
    """GET /cart"""
    return _show(visitors_cart())


def add_to_cart() -> BaseResponse:
    """POST /cart/lines: variant (id), or product (slug) + option.<key> (value ids); quantity."""
    try:
        variant_id = _wanted_variant()
        quantity = read_quantity(request.form.get("quantity", "1"))
        added, token = _add(variant_id, quantity)
    except (InvalidInput, NotFound) as problem:
        return _refuse_add(problem)
    if _is_htmx():
        response: BaseResponse = _drawer(find_cart(db.session(), token))
    else:
        response = redirect("/cart", 303)
    if "currency" in request.form:  # bought at this price: the next page has the same currency
        remember_currency(response, "" if current_pricing().is_base else current_pricing().code)
    return remember(response, token, added.cart_count)


def _add(variant_id: int, quantity: int) -> tuple[Added, str]:
    token, shopper_id, profile = cart_token(), signed_in_id(), current_profile()
    if request.form.get("currency") in offered(profile):
        g.currency = request.form["currency"]
    pricing = current_pricing()
    if token:
        with transaction() as session:
            if profile.currencies and (cart := find_cart(session, token)) and cart.shopper_id in (None, shopper_id):
                set_currency(session, cart.id, pricing)
            added = add_line(session, token, variant_id, quantity, pricing, shopper_id=shopper_id)
        if added is not None:
            return added, token
    with transaction() as session:
        fresh = new_cart(session).token
        added = add_line(session, fresh, variant_id, quantity, pricing, shopper_id=shopper_id)
    if added is None:
        raise NotFound(mark("This item is not available any more."))
    return added, fresh


def _wanted_variant() -> int:
    raw = request.form.get("variant", "").strip()
    if raw:
        if not raw.isascii() or not raw.isdigit() or len(raw) > 18:
            raise NotFound(mark("This item is not known."))
        return int(raw)
    slug = _slug()
    picked = [v for k, v in request.form.items() if k.startswith("option.")][:10]
    if not all(v.isascii() and v.isdigit() and len(v) <= 9 for v in picked):
        raise InvalidInput(mark("Please choose one of the options shown."))
    found = db.session.execute(
        select(Variant.id, Product.options)
        .join(Product, Product.id == Variant.product_id)
        .where(
            Product.slug == slug,
            Product.status == "active",
            Variant.option_value_ids.contains([int(v) for v in picked]),
            Variant.is_available,
        )
        .order_by(Variant.is_default.desc(), Variant.position)
        .limit(2)
    ).all()
    db.session.rollback()
    if not found:
        raise InvalidInput(mark("This combination is not available. Please choose another one."))
    if len(found) > 1 and len(picked) < len(found[0].options):
        raise InvalidInput(mark("Please choose every option first."))
    return int(found[0].id)


def _slug() -> str:
    return request.form.get("product", "").replace("\x00", "")[:160]


def change_line(line_id: int) -> BaseResponse:
    """POST /cart/lines/<id>: quantity (0 removes)."""
    cart = _cart_or_404()
    problem = None
    try:
        quantity = read_quantity(request.form.get("quantity"), least=0)
        with transaction() as session:
            set_quantity(session, cart.id, line_id, quantity)
    except (InvalidInput, NotFound) as error:
        problem = error
    return _changed(cart, problem)


def remove(line_id: int) -> BaseResponse:
    """POST /cart/lines/<id>/remove"""
    cart = _cart_or_404()
    with transaction() as session:
        remove_line(session, cart.id, line_id)
    return _changed(cart)


def set_destination() -> BaseResponse:
    """POST /cart/destination: country, method."""
    cart = _cart_or_404()
    country = request.form.get("country", "").upper()
    method = request.form.get("method", "") or cart.shipping_method
    problem: ShopError | None = None
    if country not in known_codes():
        problem = InvalidInput(mark("Please choose a country from the list."))
    elif method not in METHODS:
        problem = InvalidInput(mark("Please choose one of the ways to send it."))
    else:
        with transaction() as session:
            mine = session.get_one(Cart, cart.id)
            mine.country, mine.shipping_method = country, method
    return _changed(cart, problem)


@limiter.limit("20 per minute; 120 per hour")
def add_discount_code() -> BaseResponse:
    """POST /cart/codes: code, of a discount or a gift card. One that is known stays in the cart, with the reason while
    it takes nothing off."""
    cart = _cart_or_404()
    found = look_up_code(request.form.get("code", "").replace("\x00", ""))
    db.session.rollback()
    problem: ShopError | None = None
    try:
        if found.key:
            with transaction() as session:
                add_code(session, cart.id, found.key, MOST_CODES)
        elif found.card_id is not None:
            with transaction() as session:
                add_gift_card(session, cart.id, found.card_id, MOST_CARDS)
        else:
            problem = InvalidInput(found.problem)
    except InvalidInput as error:
        problem = error
    return _changed(cart, problem)


def remove_gift_card_from_cart() -> BaseResponse:
    """POST /cart/gift-cards/remove: card, a number that the cart has"""
    cart = _cart_or_404()
    raw = request.form.get("card", "")
    if raw.isascii() and raw.isdigit() and len(raw) <= 18:
        with transaction() as session:
            remove_gift_card(session, cart.id, int(raw))
    return _changed(cart)


def remove_discount_code() -> BaseResponse:
    """POST /cart/codes/remove: code"""
    cart = _cart_or_404()
    with transaction() as session:
        for key in cart_keys_of(session, cart.codes, request.form.get("code", "")):
            remove_code(session, cart.id, key)
    return _changed(cart)


def set_note() -> BaseResponse:
    """POST /cart/note"""
    cart = _cart_or_404()
    note = request.form.get("note", "").replace("\x00", "").strip()[:NOTE_LENGTH]
    if note and not rules_of(current_profile().checkout).takes_notes:
        raise NotFound(mark("This shop takes no notes with an order."))
    with transaction() as session:
        session.get_one(Cart, cart.id).note = note
    return _changed(cart)


def set_reminder() -> BaseResponse:
    """POST /cart/reminder: email. Typing it here is the consent to be reminded of this cart; empty takes it back."""
    cart = _cart_or_404()
    typed = request.form.get("email", "").strip()
    problem: ShopError | None = None
    address: str | None = None
    if typed:
        try:
            address = validate_email(typed[:254], check_deliverability=False).normalized.lower()
        except EmailNotValidError:
            problem = InvalidInput(mark("Please enter an address we can write to."))
    if problem is None:
        with transaction() as session:
            session.get_one(Cart, cart.id).email = address
        flash(_("We will remind you if you leave without paying.") if address else _("No reminder, then."), "info")
    return _changed(cart, problem)


def _cart_or_404() -> Cart:
    cart = visitors_cart()
    if cart is None:
        raise NotFound(mark("Your cart is gone. Please add what you like again."))
    db.session.rollback()
    return cart


def _changed(cart: Cart, problem: ShopError | None = None) -> BaseResponse:
    if problem is not None:
        flash(tell(problem.user_message), "error")
    if _is_htmx():
        response: BaseResponse = _show(visitors_cart())
    else:
        response = redirect("/cart", 303)
    return remember(response, cart.token, count_items(db.session(), cart.id))


def _refuse_add(problem: ShopError) -> BaseResponse:
    if _is_htmx():
        return _drawer(visitors_cart(), problem=tell(problem.user_message))
    flash(tell(problem.user_message), "error")
    return redirect("/cart", 303)  # product pages are kept whole and show no message of one visitor


def _ideas(quote: Quote | None) -> list[Card]:
    """What goes with what is in the cart; on the whole page alone. Two statements at most."""
    if quote is None or not quote.lines or _is_htmx():
        return []
    ids = ideas_for(db.session(), sorted({line.product_id for line in quote.lines}))
    return [card for card in cards_of(ids[: 2 * IDEAS]) if not card.sold_out][:IDEAS]


def _show(cart: Cart | None) -> Response:
    profile = current_profile()
    quote = _quote(cart)
    facts = cart_facts(cart, quote, profile, str(get_locale()))
    page = render(
        "storefront/cart.html",
        fragment="cart",
        cart=facts,
        ideas=_ideas(quote),
        page_title=_("Your cart"),
        canonical_url=None,
    )
    if quote is not None and facts["notices"]:
        db.session.rollback()
        with transaction() as session:
            accept_new_prices(session, quote.lines)
    page.headers["Cache-Control"] = "private, no-store"
    return page


def _quote(cart: Cart | None) -> Quote | None:
    """A cart with something in it says what currency its page is in."""
    if cart is None:
        return None
    quote = quote_for(db.session(), cart, current_profile())
    if quote.lines:
        g.currency = quote.currency
    return quote


def _drawer(cart: Cart | None, problem: str | None = None) -> Response:
    profile = current_profile()
    quote = _quote(cart)
    facts = cart_facts(cart, quote, profile, str(get_locale()))
    page = render("storefront/cart_drawer.html", cart=facts, problem=problem)
    page.headers["Cache-Control"] = "private, no-store"
    return page


def _is_htmx() -> bool:
    return bool(request.htmx)
