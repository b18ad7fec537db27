"""What one keeps for another day: the wishlist, and carts put aside."""

from __future__ import annotations

from flask import flash, redirect, request, url_for
from flask_babel import gettext as _
from werkzeug.wrappers import Response

from shop.accounts.shopper_models import Shopper
from shop.cart import keeping, wishing
from shop.cart.changing import add_line, count_items
from shop.cart.following import account_cart, find_account_cart
from shop.core.transaction import transaction
from shop.errors import InvalidInput, NotFound, ShopError
from shop.extensions import db
from shop.storefront.account import reading as read
from shop.storefront.account.blueprint import bp, me, page
from shop.storefront.context import public_url
from shop.storefront.visitor import new_cart, remember
from shop.storefront.wishlist import shown_wishes
from shop.tenancy.currencies import current_pricing
from shop.words import tell

LARGEST_ID = 2**62


@bp.get("/wishlist", endpoint="wishlist")
def wishlist() -> Response:
    """Three statements, however many wishes."""
    session = db.session()
    token = me().wishlist_token
    return page(
        "wishlist",
        page_title=_("Your wishlist"),
        wishes=shown_wishes(session, wishing.list_wishes(session, me().id)),
        shared_url=public_url(url_for("storefront.shared_wishlist", token=token)) if token else "",
    )


@bp.post("/wishlist/<int:wish_id>/note", endpoint="note_wish")
def note_wish(wish_id: int) -> Response:
    note = read.line("note", wishing.LONGEST_NOTE)
    with transaction() as session:
        wishing.get_wish(session, me().id, min(wish_id, LARGEST_ID)).note = note
    flash(_("The note is saved."), "good")
    return redirect(url_for("account.wishlist"), 303)


@bp.post("/wishlist/<int:wish_id>/remove", endpoint="remove_wish")
def remove_wish(wish_id: int) -> Response:
    with transaction() as session:
        wishing.remove_wish(session, me().id, min(wish_id, LARGEST_ID))
    flash(_("It is off your wishlist."), "good")
    return redirect(url_for("account.wishlist"), 303)


@bp.post("/wishlist/<int:wish_id>/cart", endpoint="wish_to_cart")
def wish_to_cart(wish_id: int) -> Response:
    """Into the cart and off the list; a product whose option is not chosen yet leads to its page."""
    try:
        with transaction() as session:
            wish = wishing.get_wish(session, me().id, min(wish_id, LARGEST_ID))
            cart = new_cart(session)
            added = add_line(session, cart.token, wish.variant_id, 1, current_pricing(), shopper_id=me().id)
            session.delete(wish)
    except (NotFound, InvalidInput) as problem:
        flash(tell(problem.user_message), "error")
        return redirect(url_for("account.wishlist"), 303)
    flash(_("It is in your cart."), "good")
    return remember(redirect(url_for("account.wishlist"), 303), cart.token, added.cart_count if added else 0)


@bp.post("/wishlist/share", endpoint="share_wishlist")
def share_wishlist() -> Response:
    """A link for others to read it by; switched off, it opens nothing any more, and the next one is another."""
    on = request.form.get("on") == "1"
    with transaction() as session:
        wishing.share(session, me().id, on)
    said = _("Your wishlist has a link now. Whoever has it can read the list.")
    flash(said if on else _("The link opens nothing any more."), "good")
    return redirect(url_for("account.wishlist") + "#share", 303)


@bp.get("/carts", endpoint="saved_carts")
def saved_carts() -> Response:
    return _carts()


@bp.post("/carts", endpoint="save_cart")
def save_cart() -> Response:
    """The cart goes under a name, and is empty then."""
    try:
        name = read.line("name", keeping.LONGEST_NAME, required=_("Please enter a name."))
        with transaction() as session:
            cart = account_cart(session, me().id)
            keeping.save_cart(session, me().id, cart.id, name)
            token = cart.token
    except InvalidInput as error:
        db.session.rollback()
        return _carts(422, error.fields)
    flash(_("Your cart is saved as “%(name)s”. The cart itself is empty now.", name=name), "good")
    return remember(redirect(url_for("account.saved_carts"), 303), token, 0)


@bp.post("/carts/<int:saved_id>/restore", endpoint="restore_cart")
def restore_cart(saved_id: int) -> Response:
    """Its things are in the cart again; what is not sold any more is named."""
    try:
        with transaction() as session:
            cart = new_cart(session)
            gone = keeping.take_up(session, me().id, min(saved_id, LARGEST_ID), cart.id)
            token, count = cart.token, count_items(session, cart.id)
    except NotFound:
        raise
    except ShopError as error:
        flash(tell(error.user_message), "error")
        return redirect(url_for("account.saved_carts"), 303)
    if gone:
        flash(_("Not sold any more, so not in your cart: %(titles)s", titles=", ".join(gone)), "warn")
        return remember(redirect(url_for("account.saved_carts"), 303), token, count)
    return remember(redirect(url_for("storefront.cart_page"), 303), token, count)


@bp.post("/carts/<int:saved_id>/remove", endpoint="remove_cart")
def remove_cart(saved_id: int) -> Response:
    with transaction() as session:
        name = keeping.remove_saved(session, me().id, min(saved_id, LARGEST_ID))
    flash(_("“%(name)s” is removed.", name=name), "good")
    return redirect(url_for("account.saved_carts"), 303)


def _carts(status: int = 200, errors: dict[str, str] | None = None) -> Response:
    session = db.session()
    shopper: Shopper = me()
    cart = find_account_cart(session, shopper.id)
    return page(
        "saved_carts",
        status=status,
        page_title=_("Saved carts"),
        errors=errors or {},
        form=read.typed("name"),
        carts=keeping.list_saved(session, shopper.id),
        count=count_items(session, cart.id) if cart is not None else 0,
    )
