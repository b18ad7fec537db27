"""Every address a buyer can open."""

from __future__ import annotations

from flask import Blueprint, request
from flask.blueprints import BlueprintSetupState

from shop.extensions import limiter
from shop.storefront import (
    brand,
    cart,
    cart_restoring,
    checkout,
    collection,
    contact,
    context,
    covered,
    currency,
    gift_cards,
    home,
    letters,
    order_moves,
    order_status,
    pages,
    payment_link,
    previews,
    product,
    returns,
    search,
    seo,
    viewed,
    watching,
    wishlist,
    withdrawal,
)
from shop.storefront.reviews import listing as review_listing
from shop.storefront.reviews import writing as review_writing

bp = Blueprint("storefront", __name__)


@bp.record_once
def _prepare(state: BlueprintSetupState) -> None:
    context.init_app(state.app)  # type: ignore[arg-type]


@limiter.request_filter
def _is_a_page_for_everyone() -> bool:
    """Pages that may be kept carry no limit, and looking for one costs a fifth of a short page."""
    return "imprint.page" in request.environ


bp.before_app_request(currency.choose)


@bp.before_request
def _speak_the_stores_language() -> None:
    context.page_locale()


bp.get("/")(home.home_page)
bp.get("/collections")(collection.collections_page)
bp.get("/collections/<slug>")(collection.collection_page)
bp.get("/products/<slug>")(product.product_page)
bp.get("/products/<slug>/reviews")(review_listing.product_reviews)
bp.get("/search")(search.search_page)
bp.get("/search/suggest")(search.suggest_fragment)
bp.get("/pages/<slug>")(pages.content_page)
bp.get("/preview/home")(previews.preview_home)
bp.get("/preview/pages/<int:page_id>")(previews.preview_page)

bp.get("/cart")(cart.cart_page)
bp.post("/cart/lines")(cart.add_to_cart)
bp.post("/cart/lines/<int:line_id>")(cart.change_line)
bp.post("/cart/lines/<int:line_id>/remove")(cart.remove)
bp.post("/cart/destination")(cart.set_destination)
bp.post("/cart/codes")(cart.add_discount_code)
bp.post("/cart/codes/remove")(cart.remove_discount_code)
bp.post("/cart/note")(cart.set_note)
bp.post("/cart/reminder")(cart.set_reminder)
bp.post("/cart/gift-cards/remove")(cart.remove_gift_card_from_cart)
bp.get("/cart/restore/<token>")(cart_restoring.restore)
bp.post("/currency")(currency.choose_currency)
bp.post("/wishlist")(wishlist.wish)
bp.get("/wishlist/<token>")(wishlist.shared_wishlist)
bp.post("/checkout")(checkout.pay)
bp.get("/checkout/details/<reference>")(covered.checkout_details)
bp.post("/checkout/details/<reference>")(covered.place_order_with_cards)
bp.get("/checkout/return")(checkout.come_back)

bp.get("/pay/<token>")(payment_link.payment_link_page)
bp.post("/pay/<token>")(payment_link.pay_link)

bp.get("/gift-card")(gift_cards.gift_card_page)
bp.post("/gift-card")(gift_cards.buy)
bp.get("/gift-card/balance")(gift_cards.balance_page)
bp.post("/gift-card/balance")(gift_cards.balance)
bp.get("/gift-card/print/<token>")(gift_cards.printable)

bp.get("/orders/find")(order_status.lookup_form)
bp.post("/orders/find")(order_status.lookup)
bp.get("/orders/find/sent")(order_status.lookup_sent)
bp.get("/orders/<token>")(order_status.order_page)
bp.get("/orders/<token>/live")(order_status.order_live)
bp.get("/orders/<token>/cancel")(order_moves.cancel_page)
bp.post("/orders/<token>/cancel")(order_moves.cancel)
bp.get("/orders/<token>/address")(order_moves.address_page)
bp.post("/orders/<token>/address")(order_moves.change_address)
bp.get("/orders/<token>/invoice.pdf")(order_moves.invoice_pdf)
bp.post("/orders/<token>/invoice")(order_moves.ask_for_invoice)
bp.post("/orders/<token>/again")(order_moves.buy_again)
bp.get("/reviews/<token>")(review_writing.reviews_of_order)
bp.get("/reviews/<token>/<int:product_id>")(review_writing.review_form)
bp.post("/reviews/<token>/<int:product_id>")(review_writing.send_review)
bp.post("/reviews/<token>/<int:product_id>/delete")(review_writing.take_review_back)
bp.get("/recently-viewed")(viewed.recently_viewed)
bp.post("/recently-viewed/clear")(viewed.clear_recently_viewed)
bp.get("/orders/<token>/return")(returns.return_form)
bp.post("/orders/<token>/return")(returns.ask_for_return)
bp.get("/orders/<token>/returns/<int:return_id>")(returns.return_page)
bp.post("/orders/<token>/returns/<int:return_id>")(returns.answer_return)
bp.get("/orders/<token>/returns/<int:return_id>/pictures/<int:photo_id>")(returns.return_picture)
bp.get("/orders/<token>/withdraw")(withdrawal.withdraw_order)
bp.post("/orders/<token>/withdraw")(withdrawal.withdraw_order_state)
bp.post("/orders/<token>/withdraw/confirm")(withdrawal.withdraw_order_confirm)
bp.get("/withdrawal")(withdrawal.withdrawal_information)
bp.get("/withdraw")(withdrawal.withdraw_form)
bp.post("/withdraw")(withdrawal.withdraw_state)
bp.post("/withdraw/confirm")(withdrawal.withdraw_confirm)
bp.get("/withdraw/received/<token>")(withdrawal.withdraw_received)
bp.get("/contact")(contact.contact_form)
bp.post("/contact")(contact.send_message)

bp.get("/newsletter")(letters.newsletter)
bp.post("/newsletter")(letters.ask_for_newsletter)
bp.get("/letters/confirm/<token>", endpoint="confirm_letters")(letters.confirm)
bp.post("/letters/confirm/<token>", endpoint="confirm_letters_now")(letters.confirm_now)
bp.get("/letters/unsubscribe/<token>", endpoint="unsubscribe")(letters.unsubscribe)
bp.post("/letters/unsubscribe/<token>", endpoint="unsubscribe_now")(letters.unsubscribe_now)
bp.get("/letters/preferences/<token>", endpoint="letter_preferences")(letters.preferences)
bp.post("/letters/preferences/<token>", endpoint="save_letter_preferences")(letters.save_preferences)
bp.get("/letters/watch/<slug>")(watching.watch_form)
bp.post("/letters/watch/<slug>")(watching.watch)

bp.get("/sitemap.xml")(seo.sitemap)
bp.get("/sitemap-<name>.xml")(seo.sitemap_part)
bp.get("/robots.txt")(seo.robots)
bp.get("/manifest.webmanifest")(seo.manifest)
bp.get("/brand.css")(brand.brand_css)
bp.get("/favicon.svg")(brand.favicon)
bp.get("/favicon.ico", endpoint="favicon_ico")(brand.favicon)
