"""Made-up facts for every letter, to look at it before anyone gets one; also the reference of what each is given.

Order letters   `order` {number, placed_on, url, email, customer_name, lines, totals, ship_to}
                lines   [{title, variant_title, quantity, total, image_url}]; image_url "" leaves the picture out
                totals  [{label, text, strong}]; ship_to [line, …]
shipped, delivered        + `parcel` {carrier, number, url, items, partial?}; items are lines, or plain sentences
refunded                  + `refund` {amount, reason}
cancelled                 + `cancellation` {reason, refund} (optional; refund is an amount as text)
review_request            `order`, `goods` (lines with a `url` each), `review_url`, `stop_url`
order_link                `order` {number, url}
payment_link              `lines`, `totals`, `pay_url`, `expires`, `name`, `note` (empty where there is none)
gift_card                 `gift`, `code` (sealed), `shop_url`, `balance_url`
gift_card_bought          `gift` {amount, sender, recipient, recipient_email, message, currency, expires, deliver_on},
                          `print_url` (sealed), `order` {number, url}
payment_failed            `checkout` {lines, retry_url, problem?, totals?}
abandoned_cart(_second, _last)  `lines`, `restore_url`, `pay_url`?, `expires`, `code`?
newsletter                `subject`, `preview`, `body_html`, `body_text`, `items`, `shop_url`
newsletter_confirm        `confirm_url` (sealed)
stock_confirm             `kind` (stock | price), `title`, `items`, `confirm_url` (sealed)
back_in_stock, price_drop `items` [{title, variant_title?, price, was?, url, image_url?}]
What may be stopped also has `stop_url` and `letters_url` (sealed); the first one stands in its headers, too.
contact, contact_received `name`, `email`, `order_number`, `message`
merchant_new_order        `order`, `admin_url`
merchant_failure          `what`, `why`, `hint`, `url`
merchant_notice           `title`, `text`, `url`
catalog_stale             `age`, `since`, `why`, `url`
staff_invitation          `invited_by`, `role`, `accept_url` (sealed: email/sealing.py)
staff_password_reset      `reset_url` (sealed)
account_verify            `verify_url` (sealed)
account_exists            `sign_in_url`, `reset_url` (plain pages)
account_reset             `reset_url` (sealed)
account_password          `at`, `where`, `reset_url` (a plain page)
account_security          `change` (a word of its template), `what`, `at`, `where`, `security_url` (a plain page)
account_email_confirm     `side` (old | new), `old_email`, `new_email`, `confirm_url` (sealed)
account_email_changed     `old_email`, `new_email`
account_data              `data_url`
account_delete            `confirm_url` (sealed)
return_…, withdrawal_receipt   (email/samples_of_returns.py)
staff_security            `change` (a word of its template), `at`, `where`, `account_url`

Prices, dates and addresses are text already, in the reader's language; every address of a page is absolute.
A name with a question mark may be missing; any other must be there, empty where nothing is known.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import date
from typing import Any

from babel.dates import format_date

from shop.core.money import format_minor
from shop.email.sample_drawings import drawing
from shop.email.sample_words import SAID
from shop.email.samples_of_returns import LETTERS_OF_RETURNS, sample_returns


def sample_facts(letter: str, locale: str = "en", pictures: Sequence[str] = ()) -> dict[str, Any]:
    """Facts to render `letter` with; KeyError for an unknown one.

    `pictures` are absolute addresses of goods to show; without them drawn ones (data: addresses) are used.
    """
    return _MAKERS[letter](_Words(locale, pictures))


class _Words:
    """The sample's texts in one language."""

    def __init__(self, locale: str, pictures: Sequence[str]) -> None:
        self.locale = locale
        self.pictures = pictures

    def say(self, english: str) -> str:
        return SAID[english].get(self.locale[:2], english) if english in SAID else english

    def price(self, minor: int) -> str:
        return format_minor(minor, "USD", self.locale)

    def day(self, year: int, month: int, day: int) -> str:
        return str(format_date(date(year, month, day), "long", locale=self.locale))

    def picture(self, index: int) -> str:
        if self.pictures:
            return self.pictures[index % len(self.pictures)]
        return drawing(index)


def _lines(words: _Words) -> list[dict[str, Any]]:
    goods = (
        ("Fern Study tee", "Moss / M", 2, 5600),
        ("Tide Lines mug", "330 ml", 1, 1800),
        ("Midnight Grove print", "30 × 40 cm", 1, 2400),
    )
    return [
        {
            "title": words.say(title),
            "variant_title": words.say(variant),
            "quantity": quantity,
            "total": words.price(minor),
            "image_url": words.picture(index),
        }
        for index, (title, variant, quantity, minor) in enumerate(goods)
    ]


def _totals(words: _Words) -> list[dict[str, Any]]:
    return [
        {"label": words.say("Subtotal"), "text": words.price(9800), "strong": False},
        {"label": words.say("Shipping"), "text": words.price(499), "strong": False},
        {"label": words.say("Total"), "text": words.price(10299), "strong": True},
    ]


def _order(words: _Words) -> dict[str, Any]:
    return {
        "order": {
            "number": "K7QM-4T2X",
            "placed_on": words.day(2026, 11, 21),
            "url": "https://shop.example.com/orders/sample",
            "email": "ada@example.org",
            "customer_name": "Ada Byron",
            "lines": _lines(words),
            "totals": _totals(words),
            "ship_to": ["Ada Byron", "12 Mill Lane", "Portland, OR 97209", words.say("United States")],
        }
    }


def _parcel(words: _Words) -> dict[str, Any]:
    return {
        **_order(words),
        "parcel": {
            "carrier": "USPS",
            "number": "9400 1000 0000 0000 0000 00",
            "url": "https://tools.usps.com/go/TrackConfirmAction?tLabels=9400100000000000000000",
            "items": [{**line, "total": ""} for line in _lines(words)[:2]],
            "partial": True,
        },
    }


def _refunded(words: _Words) -> dict[str, Any]:
    reason = words.say("The mug arrived with a chip.")
    return {**_order(words), "refund": {"amount": words.price(1800), "reason": reason}}


def _cancelled(words: _Words) -> dict[str, Any]:
    reason = words.say("You asked us to.")
    return {**_order(words), "cancellation": {"reason": reason, "refund": words.price(10299)}}


def _payment_failed(words: _Words) -> dict[str, Any]:
    problem = words.say("Your bank declined the payment.")
    return {
        "checkout": {
            "lines": _lines(words),
            "totals": _totals(words),
            "retry_url": "https://shop.example.com/cart",
            "problem": problem,
        }
    }


def _stoppable(facts: dict[str, Any]) -> dict[str, Any]:
    pages = "https://shop.example.com/letters/"
    return {**facts, "stop_url": pages + "unsubscribe/sample", "letters_url": pages + "preferences/sample"}


def _items(words: _Words) -> list[dict[str, Any]]:
    return [
        {
            "title": line["title"],
            "variant_title": line["variant_title"],
            "price": words.price(minor),
            "was": words.price(was) if was else "",
            "url": "https://shop.example.com/products/sample",
            "image_url": line["image_url"],
        }
        for line, minor, was in zip(_lines(words)[:2], (2400, 1800), (2800, 0), strict=True)
    ]


def _abandoned(words: _Words) -> dict[str, Any]:
    return _stoppable(
        {
            "lines": _lines(words),
            "restore_url": "https://shop.example.com/cart/restore/sample",
            "pay_url": "https://shop.example.com/pay/sample",
            "expires": words.day(2026, 12, 21),
            "code": "WELCOME10",
        }
    )


def _newsletter(words: _Words) -> dict[str, Any]:
    subject = words.say("New for the winter")
    first = words.say("Three designs arrived this week, drawn by the fire.")
    return _stoppable(
        {
            "subject": subject,
            "preview": first,
            "body_html": f"<p>{first}</p>",
            "body_text": first,
            "items": _items(words),
            "shop_url": "https://shop.example.com",
        }
    )


def _watched(words: _Words) -> dict[str, Any]:
    """Every letter about a thing that somebody waits for."""
    items = _items(words)
    confirm = "https://shop.example.com/letters/confirm/sample"
    return _stoppable({"kind": "stock", "title": items[0]["title"], "items": items, "confirm_url": confirm})


def _payment_link(words: _Words) -> dict[str, Any]:
    note = words.say("As agreed at the market on Saturday.")
    return {
        "lines": _lines(words),
        "totals": _totals(words),
        "pay_url": "https://shop.example.com/pay/sample",
        "expires": words.day(2026, 12, 5),
        "name": "Ada Byron",
        "note": note,
    }


def _gift_card(words: _Words) -> dict[str, Any]:
    message = words.say("Happy birthday! Choose something you like.")
    return {
        "gift": {
            "amount": words.price(5000),
            "sender": "Ada Byron",
            "recipient": "Grace",
            "recipient_email": "grace@example.org",
            "message": message,
            "currency": "USD",
            "expires": words.day(2029, 11, 21),
            "deliver_on": words.day(2026, 12, 24),
        },
        "code": "K7QM-4T2X-WD9N-3HVB-8F0R",
        "shop_url": "https://shop.example.com/",
        "balance_url": "https://shop.example.com/gift-card/balance",
        "print_url": "https://shop.example.com/gift-card/print/sample",
        "order": _order(words)["order"],
    }


def _review_request(words: _Words) -> dict[str, Any]:
    link = "https://shop.example.com/reviews/sample"
    goods = [{**line, "total": "", "url": f"{link}/1"} for line in _lines(words)[:2]]
    for line in goods:
        del line["quantity"]  # each product is asked about once
    return {**_order(words), "goods": goods, "review_url": link, "stop_url": "https://shop.example.com/reviews/stop/sample"}


def _contact(words: _Words) -> dict[str, Any]:
    message = words.say(
        "Hello,\n\nmy parcel says delivered, but the porch is empty. Could you have a look?\n\nThank you\nAda"
    )
    return {"name": "Ada Byron", "email": "ada@example.org", "order_number": "K7QM-4T2X", "message": message}


def _new_order(words: _Words) -> dict[str, Any]:
    return {**_order(words), "admin_url": "https://shop.example.com/admin/orders/K7QM-4T2X"}


def _failure(words: _Words) -> dict[str, Any]:
    return {
        "what": "Order K7QM-4T2X could not be sent to the print provider",
        "why": "Printify: the address is missing a postal code.",
        "hint": "Open the order, put the address right, then press “Try again”.",
        "url": "https://shop.example.com/admin/failures",
    }


def _stale(words: _Words) -> dict[str, Any]:
    return {
        "age": words.say("7 hours"),
        "since": words.day(2026, 11, 21),
        "why": "Printify: 503 Service Unavailable",
        "url": "https://shop.example.com/admin/catalog",
    }


def _invitation(words: _Words) -> dict[str, Any]:
    return {
        "invited_by": "Ada Byron",
        "role": "support",
        "accept_url": "https://shop.example.com/admin/invitation/sample",
    }


def _notice(words: _Words) -> dict[str, Any]:
    return {
        "title": "The buyer of order K7QM-4T2X changed its address",
        "text": "From 12 Fern Lane, Portland to 14 Moss Street, Portland.",
        "url": "https://shop.example.com/admin/orders/K7QM-4T2X",
    }


def _password_reset(words: _Words) -> dict[str, Any]:
    return {"reset_url": "https://shop.example.com/admin/new-password/sample"}


def _security(words: _Words) -> dict[str, Any]:
    return {
        "change": "two_step_on",
        "at": words.day(2026, 11, 21) + ", 14:05 UTC",
        "where": words.say("198.51.100.7, Firefox on Windows"),
        "account_url": "https://shop.example.com/admin/account",
    }


def _account(words: _Words) -> dict[str, Any]:
    """Every letter about a shopper's account takes what it needs."""
    pages = "https://shop.example.com/account/"
    return {
        "verify_url": pages + "verify/sample",
        "sign_in_url": pages + "sign-in",
        "reset_url": pages + "forgotten",
        "confirm_url": pages + "confirm/sample",
        "data_url": pages + "data",
        "security_url": pages + "security",
        "change": "two_step_on",
        "what": "",
        "side": "new",
        "old_email": "ada@example.org",
        "new_email": "ada.byron@example.org",
        "at": words.day(2026, 11, 21) + ", 14:05 UTC",
        "where": words.say("198.51.100.7, Firefox on Windows"),
    }


def _return(words: _Words) -> dict[str, Any]:
    return _order(words) | sample_returns(words.say, _lines(words)[1:2], words.day(2026, 12, 5), words.price(1800))


_MAKERS: dict[str, Callable[[_Words], dict[str, Any]]] = {
    "order_confirmation": _order,
    "payment_failed": _payment_failed,
    "shipped": _parcel,
    "delivered": _parcel,
    "refunded": _refunded,
    "cancelled": _cancelled,
    "abandoned_cart": _abandoned,
    "abandoned_cart_second": _abandoned,
    "abandoned_cart_last": _abandoned,
    "newsletter": _newsletter,
    "newsletter_confirm": _watched,
    "stock_confirm": _watched,
    "back_in_stock": _watched,
    "price_drop": _watched,
    "contact": _contact,
    "contact_received": _contact,
    "order_link": _order,
    "payment_link": _payment_link,
    "gift_card": _gift_card,
    "gift_card_bought": _gift_card,
    "review_request": _review_request,
    **dict.fromkeys(LETTERS_OF_RETURNS, _return),
    "merchant_new_order": _new_order,
    "merchant_failure": _failure,
    "merchant_notice": _notice,
    "catalog_stale": _stale,
    "account_verify": _account,
    "account_exists": _account,
    "account_reset": _account,
    "account_password": _account,
    "account_security": _account,
    "account_email_confirm": _account,
    "account_email_changed": _account,
    "account_data": _account,
    "account_delete": _account,
    "staff_invitation": _invitation,
    "staff_password_reset": _password_reset,
    "staff_security": _security,
}
