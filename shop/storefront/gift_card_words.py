"""Gift cards in a buyer's words: what each pays, what is left on it, and why one pays nothing."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from flask import url_for
from flask_babel import gettext as _
from sqlalchemy import select

from shop.checkout.quoting import Quote
from shop.core.money import format_minor
from shop.extensions import db
from shop.payments.least import least_charge
from shop.promotions.gift_cards.models import GiftCard
from shop.promotions.gift_cards.splitting import CardInCart


def gift_card_facts(quote: Quote, money: Callable[[int], str], locale: str) -> dict[str, Any]:
    """{"gift_cards": [{id, last_four, text, left}], "payable_minor", "payable_text", "gift_note"}: `text` is what the
    card pays, "" for one that pays nothing; `left` says what stays on it, or why it pays nothing."""
    found = quote.paid_by_cards
    note = ""
    if found.kept_back_minor:
        least = money(least_charge(quote.currency))
        note = _(
            "The payment page takes no less than %(least)s, so %(kept)s more stays on your gift card.",
            least=least,
            kept=money(found.kept_back_minor),
        )
    return {
        "gift_cards": [
            {
                "id": part.card.card_id,
                "last_four": part.card.last_four,
                "text": "−" + money(part.minor) if part.minor else "",
                "left": _("%(amount)s stays on it.", amount=money(part.left_minor))
                if part.minor
                else why_not(part.card, locale),
            }
            for part in found.parts
        ],
        "payable_minor": quote.payable_minor,
        "payable_text": money(quote.payable_minor),
        "gift_note": note,
    }


def why_not(card: CardInCart, locale: str) -> str:
    """One sentence: why this card pays nothing now."""
    if card.why == "currency":
        return _(
            "There is %(amount)s on it. It pays for orders in %(currency)s only.",
            amount=format_minor(card.free_minor, card.currency, locale),
            currency=card.currency,
        )
    if card.why == "empty":
        return _("There is nothing left on it.")
    if card.why == "taxes":
        return _("It cannot be used while taxes are worked out on the payment page.")
    if card.why:
        return _("It cannot be used any more. Please remove it.")
    return _("It is not needed for this order.")


def bought_gift_cards(order_id: int) -> list[dict[str, Any]]:
    """The gift cards an order bought, for the buyer's page of the order."""
    asked = select(GiftCard).where(GiftCard.order_id == order_id, GiftCard.status != "waiting").order_by(GiftCard.id)
    return [
        {
            "text": _("Gift card •••• %(last_four)s", last_four=card.last_four),
            "to": card.recipient_email,
            "deliver_at": card.deliver_at,
            "is_sent": card.delivered_at is not None,
            "url": url_for("storefront.printable", token=card.token),
        }
        for card in db.session.execute(asked).scalars()
    ]
