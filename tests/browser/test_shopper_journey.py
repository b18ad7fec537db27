"""Everything a shopper does in one life with the shop, from the account to the withdrawal: in English, in the store's
currency, with JavaScript; and in German, in euros, without."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import pytest
from playwright.sync_api import Browser, Locator, Page, expect
from sqlalchemy import select

from shop.accounts import signing_in
from shop.extensions import db, limiter
from shop.returns.models import Return, Withdrawal
from shop.reviews.models import Review
from shop.tenancy import profile
from shop.workflows import ask_for_reviews, watch_subscriptions
from shop.workflows.moderate_reviews import moderate
from tests.browser.conftest import Console
from tests.browser.test_buying import choose, pay
from tests.promotions.conftest import a_discount
from tests.promotions.gift_cards.making import a_card, balance, books_are_right
from tests.reviews.test_reviewing import set_arrival
from tests.storefront.account.conftest import PASSWORD
from tests.storefront.test_currencies import offer
from tests.storefront.test_languages import speak
from tests.town import Town, path_of

EMAIL, GIFT, SAID, WHY = "ada@example.com", 700, "Soft as moss", "One size too small."
LONG = 15000  # milliseconds: a busy machine is not a finding


@dataclass(frozen=True)
class Manner:
    """How a shopper visits: `words` are what the pages must say there, by what they say in English."""

    language: str
    currency: str
    sign: str
    foreign_sign: str
    has_scripts: bool
    words: dict[str, str]

    def __call__(self, english: str) -> str:
        return self.words.get(english, english)

    @property
    def prefix(self) -> str:
        return "" if self.language == "en" else f"/{self.language}"


GERMAN = {
    SAID: "Weich wie Moos",
    WHY: "Eine Nummer zu klein.",
    "Open an account": "Konto eröffnen",
    "Confirm your address": "Bestätigen Sie Ihre Adresse",
    "Confirm and sign in": "Bestätigen und anmelden",
    "We have written to": "Wir haben an",
    "Save to wishlist": "Auf den Wunschzettel",
    "Wishlist": "Wunschzettel",
    "Move to cart": "In den Warenkorb legen",
    "It is in your cart.": "Es liegt in Ihrem Warenkorb.",
    "Your cart": "Ihr Warenkorb",
    "Subtotal": "Zwischensumme",
    "Shipping": "Versand",
    "Total": "Gesamtbetrag",
    "To pay": "Zu zahlen",
    "Gift card": "Gutschein",
    "Check out": "Zur Kasse",
    "Thank you": "Vielen Dank",
    "See your order": "Ihre Bestellung ansehen",
    "is confirmed": "ist bestätigt",
    "How far it is": "Wie weit sie ist",
    "What you bought": "Was Sie gekauft haben",
    "Your order was delivered": "Ihre Bestellung wurde zugestellt",
    "Your parcel was delivered": "Ihr Paket wurde zugestellt",
    "What do you think": "Wie gefällt Ihnen",
    "How many stars?": "Wie viele Sterne?",
    "Your reviews": "Ihre Bewertungen",
    "Write a review": "Bewertung schreiben",
    "Send my review": "Bewertung senden",
    "Somebody reads it before it is shown": "Jemand liest sie, bevor sie erscheint",
    "What buyers say": "Das sagen unsere Kunden",
    "bought it here": "hier gekauft",
    "Return something": "Etwas zurückgeben",
    "The size does not fit": "Die Größe passt nicht",
    "Withdraw from a contract": "Einen Vertrag widerrufen",
    "Confirm your withdrawal": "Bestätigen Sie Ihren Widerruf",
    "Confirm withdrawal": "Widerruf bestätigen",
    "Your withdrawal is received": "Ihr Widerruf ist eingegangen",
    "Receipt of your withdrawal": "Empfangsbestätigung Ihres Widerrufs",
}
MANNERS = [
    Manner("en", "USD", "$", "€", True, {}),
    Manner("de", "EUR", "€", "$", False, GERMAN),
]


@pytest.fixture(autouse=True)
def _first_day(town: Town) -> Iterator[None]:
    watch_subscriptions.run()
    signing_in.forget_tries()
    limiter.reset()
    offer({"code": "EUR", "rate": "0.92", "rounding": "99", "way": "up"})
    speak("de", "fr", "es")
    yield


@pytest.mark.parametrize("manner", MANNERS, ids=["english-usd-js", "german-eur-no-js"])
def test_a_shopper_finds_buys_reviews_returns_and_withdraws(town: Town, browser: Browser, manner: Manner) -> None:
    a_discount(basis_points=1000)
    card_id, card_code = a_card(GIFT, manner.currency)
    context = browser.new_context(
        viewport={"width": 1280, "height": 900}, java_script_enabled=manner.has_scripts, base_url=town.url
    )
    context.set_default_timeout(LONG)
    shopper = Shopper(town, context.new_page(), manner)

    shopper.arrives()
    shopper.registers()
    shopper.follows_the_link_of_the_letter()
    shopper.wishes_for_a_shirt()
    shopper.moves_it_to_the_cart()
    shopper.has_it_sent_to("DE")
    shopper.takes_two()
    before = shopper.totals()
    shopper.types_a_code("SUMMER10", shows="SUMMER10")
    shopper.types_a_code(card_code, shows=card_code[-4:])
    after = shopper.totals()
    assert after.subtotal == before.subtotal and before.discount == before.gift == 0
    assert after.discount == (after.subtotal + 5) // 10 and after.gift == GIFT
    assert after.total == after.subtotal - after.discount + after.shipping
    assert after.to_pay == after.total - GIFT > 0

    shopper.pays(after.to_pay)
    order = town.order()
    assert (order.currency, order.total_minor, order.locale) == (manner.currency, after.total, manner.language)
    assert balance(card_id) == 0
    books_are_right()
    shopper.reads_the_order(after)
    the_merchant_reads_english(town)
    shopper.sees_the_parcel_come()

    shopper.reviews_by_the_letter(SAID)
    shopper.does_not_see_it_yet(SAID)
    staff_show_it()
    shopper.sees_it_on_the_product(SAID)

    shopper.asks_to_send_one_back("The size does not fit")
    shopper.buys_it_again()
    shopper.withdraws_in_two_steps()
    shopper.has_a_receipt()
    assert shopper.console.complaints == []
    context.close()


@dataclass(frozen=True)
class Totals:
    subtotal: int
    shipping: int
    total: int
    discount: int = 0
    gift: int = 0
    to_pay: int = 0


class Shopper:
    """One browser; after each step the page it is on is looked at."""

    def __init__(self, town: Town, page: Page, manner: Manner) -> None:
        self.town, self.page, self.manner = town, page, manner
        self.console = Console(page)
        self.product = self.order_path = ""

    # -- an account

    def arrives(self) -> None:
        self.open("/")
        if self.manner.currency != "USD":
            self.page.locator("#currency-foot").select_option(self.manner.currency)
            self.press("footer form.monies button")
        expect(self.page.locator("#currency-foot")).to_have_value(self.manner.currency)
        self.looks("/$")

    def registers(self) -> None:
        self.page.locator("header a[href$='/account']").click()
        self.page.locator("main a[href$='/account/register']").first.click()
        self.looks("/account/register$", "Open an account")
        self.page.fill("[name=name]", "Ada Byron")
        self.page.fill("main [name=email]", EMAIL)
        self.page.fill("[name=password]", PASSWORD)
        self.press("main form.stack button.primary")
        self.looks("/account/register/sent", "We have written to")

    def follows_the_link_of_the_letter(self) -> None:
        self.open(self.letter_with("Confirm your address", r"/account/verify/"))
        self.looks("/account/verify/", "Confirm your address", "Confirm and sign in")
        self.page.fill("[name=password]", PASSWORD)
        self.press("main form.stack button.primary")
        self.looks("/account$", EMAIL, "Wishlist")

    # -- wishlist and cart

    def wishes_for_a_shirt(self) -> None:
        self.open("/search?q=tee")
        self.page.locator("main a[href*='/products/']").first.click()
        self.product = path_of(self.page.url).partition("?")[0]
        self.looks("/products/", "Save to wishlist", self.manner.sign)
        choose(self.page, "color")
        choose(self.page, "size")
        self.press("button[formaction$='/wishlist']")
        expect(self.page.locator(".wish")).to_have_count(1)
        self.looks("/account/wishlist", "Wishlist", self.manner.sign)

    def moves_it_to_the_cart(self) -> None:
        self.press(f".wish button:has-text('{self.manner('Move to cart')}')")
        expect(self.page.locator(".wish")).to_have_count(0)
        expect(self.page.locator("#toasts")).to_contain_text(self.manner("It is in your cart."))
        self.looks("/account/wishlist", "Wishlist")
        self.page.locator("header a.cart-link").click()
        expect(self.page.locator(".cart-line")).to_have_count(1)
        self.looks("/cart$", "Your cart", "Subtotal", "Shipping", "Total", "Check out", self.manner.sign)

    def has_it_sent_to(self, country: str) -> None:
        with self.a_new_total():
            self.page.select_option("#country", country)
            if not self.manner.has_scripts:
                self.press(".destination button")
        expect(self.page.locator("#country")).to_have_value(country)

    def takes_two(self) -> None:
        with self.a_new_total():
            self.page.locator(".cart-line [name=quantity]").fill("2")
            if self.manner.has_scripts:
                self.page.keyboard.press("Tab")
            else:
                self.press(".how-many form >> nth=0 >> button.text-button")
        expect(self.page.locator(".cart-line [name=quantity]")).to_have_value("2")

    def types_a_code(self, code: str, shows: str) -> None:
        with self.a_new_total():
            self.page.fill("form.code [name=code]", code)
            self.press("#cart form.code button")
        expect(self.page.locator("ul.codes").last).to_contain_text(shows)
        self.looks("/cart")

    def totals(self) -> Totals:
        """As the cart says them, in cents."""
        rows = self.rows("#cart dl.totals > div")
        gift = [amount for label, amount in rows.items() if label.startswith(self.manner("Gift card"))]
        discount = [amount for label, amount in rows.items() if label.startswith("Summer")]
        named = [rows.get(self.manner(label), 0) for label in ("Subtotal", "Shipping", "Total")]
        found = Totals(*named, sum(discount), sum(gift), rows.get(self.manner("To pay"), 0))
        sent = int(self.page.locator("form.pay [name=total]").get_attribute("value") or "0")
        assert sent == (found.to_pay if gift else found.total)
        return found

    # -- the sale

    def pays(self, amount: int) -> None:
        session_id = self.checks_out()
        asked = self.town.stripe.v1.checkout.sessions.retrieve(session_id)
        assert (asked.amount_total, asked.currency) == (amount, self.manner.currency.lower())
        pay(self.page)
        self.looks("/checkout/return", "Thank you", "See your order")
        self.page.locator("main a", has_text=self.manner("See your order")).click()
        self.town.work()

    def checks_out(self) -> str:
        self.press("form.pay button")
        self.page.wait_for_url(re.compile("/pay/"))
        found = re.search(r"cs_\w+", self.page.url)
        assert found, self.page.url
        return found.group()

    def reads_the_order(self, totals: Totals) -> None:
        self.looks("/orders/", "How far it is", "What you bought", "Gift card", self.manner.sign)
        self.order_path = path_of(self.page.url)
        rows = self.rows(".bought dl.totals > div")
        assert rows[self.manner("Subtotal")] == totals.subtotal and rows[self.manner("Total")] == totals.total
        assert {totals.discount, totals.gift} <= set(rows.values()), rows
        self.letter_with("is confirmed", self.order_path)
        self.open("/account")
        self.page.locator(f".account-order a[href='{self.order_path}']").click()
        self.looks(re.escape(self.order_path))

    def sees_the_parcel_come(self) -> None:
        self.town.ship(carrier="dhl", number="JD0146000")
        self.town.work()
        self.town.deliver()
        self.town.work()
        self.page.reload()
        expect(self.page.locator(".parcel")).to_contain_text("JD0146000")
        expect(self.page.locator(".way [aria-current=step]")).to_contain_text(self.manner("Your parcel was delivered"))
        self.looks("/orders/", "Your order was delivered")

    # -- what they think of it

    def reviews_by_the_letter(self, said: str) -> None:
        set_arrival(10)
        assert ask_for_reviews.run() == 1
        assert "1 ×" not in self.letter("What do you think")["text"]  # of two that were bought
        self.open(self.letter_with("What do you think", "/reviews/"))
        self.looks("/reviews/", "How many stars?", "Send my review")
        self.page.locator(".star-choice").last.click()
        self.page.fill("[name=title]", self.manner(said))
        self.page.fill("[name=body]", f"{self.manner(said)}, ★★★★★")
        self.page.fill(".review-write [name=name]", "Ada B.")
        self.press(".review-write form.stack >> nth=0 >> button.primary")
        self.looks("/reviews/", "Your reviews", "Somebody reads it before it is shown")

    def does_not_see_it_yet(self, said: str) -> None:
        self.open(self.product.removeprefix(self.manner.prefix))
        expect(self.page.locator("main")).not_to_contain_text(self.manner(said))

    def sees_it_on_the_product(self, said: str) -> None:
        self.open(self.product.removeprefix(self.manner.prefix))
        expect(self.page.locator("#reviews")).to_contain_text(self.manner(said))
        self.looks("/products/", "What buyers say", "bought it here", self.manner.sign)

    # -- what they do not keep

    def asks_to_send_one_back(self, reason: str) -> None:
        self.open(self.order_path.removeprefix(self.manner.prefix))
        self.page.locator("#returns a.button").click()
        self.looks("/return$", "Return something", reason)
        self.page.locator("#f-lines select").select_option("1")
        self.page.locator("[name=reason]").select_option(label=self.manner(reason))
        self.page.fill("[name=words]", self.manner(WHY))
        self.press(".going-back form.stack button.primary")
        self.looks(r"/returns/\d+", reason, WHY)
        db.session.remove()
        held = db.session.execute(select(Return)).scalar_one()
        assert (held.status, held.reason) == ("requested", "wrong_size")

    def buys_it_again(self) -> None:
        self.open(self.order_path.removeprefix(self.manner.prefix))
        self.press("form[action$='/again'] button")
        expect(self.page.locator(".cart-line")).to_have_count(1)
        self.looks("/cart$", "Your cart", self.manner.sign)
        self.pays(self.totals().total)
        assert [order.currency for order in self.town.orders()] == [self.manner.currency] * 2

    def withdraws_in_two_steps(self) -> None:
        self.looks("/orders/")
        assert path_of(self.page.url) != self.order_path
        self.page.locator("#returns a[href$='/withdraw']").click()
        self.looks("/withdraw$", "Withdraw from a contract")
        self.page.fill(".going-back [name=name]", "Ada Byron")
        self.page.fill(".going-back [name=email]", EMAIL)
        self.press(".going-back form.stack button.primary")
        self.looks("/withdraw", "Confirm your withdrawal", "Confirm withdrawal")
        self.press(".going-back form.stack button.primary")
        self.looks("/withdraw/received/", "Your withdrawal is received")

    def has_a_receipt(self) -> None:
        self.town.work()
        db.session.remove()
        held = db.session.execute(select(Withdrawal)).scalar_one()
        assert (held.order_id, held.locale) == (self.town.orders()[-1].id, self.manner.language)
        assert held.reference in self.letter("Receipt of your withdrawal")["text"]

    # -- how to get about

    def open(self, path: str) -> None:
        """An address without its language, or a letter's with it."""
        whole = path if path.startswith(self.manner.prefix + "/") else self.manner.prefix + path
        answer = self.page.goto(whole)
        assert answer is not None and answer.ok, f"{whole}: {answer and answer.status}"

    def press(self, what: str) -> None:
        self.page.locator(what).first.click()

    @contextmanager
    def a_new_total(self) -> Iterator[None]:
        """What is done inside changes what is to pay, and the cart that says so is on the page."""
        total = self.page.locator("form.pay [name=total]")
        before = total.get_attribute("value") or ""
        yield
        expect(total).not_to_have_value(before, timeout=LONG)

    def looks(self, where: str, *said: str) -> None:
        """This page, in this language and currency, says this, and nothing went wrong on it."""
        self.page.wait_for_url(re.compile(where), timeout=LONG)
        assert path_of(self.page.url).startswith(self.manner.prefix + "/"), self.page.url
        expect(self.page.locator("html")).to_have_attribute("lang", self.manner.language)
        main = self.page.locator("main")
        for text in said:
            expect(main).to_contain_text(self.manner(text))
        expect(main).not_to_contain_text(self.manner.foreign_sign)
        assert self.console.complaints == [], self.page.url

    def rows(self, which: str) -> dict[str, int]:
        """{what it is called: how much it says, in cents}"""
        return {first_line(row.locator("dt")): cents(row.locator("dd")) for row in self.page.locator(which).all()}

    def letter(self, subject: str) -> dict[str, Any]:
        """The one with this in its subject, once the post has been."""
        self.town.work()
        found = [mail for mail in self.town.letters(to=EMAIL) if self.manner(subject) in mail["subject"]]
        assert len(found) == 1, [mail["subject"] for mail in self.town.letters()]
        return found[0]

    def letter_with(self, subject: str, path: str) -> str:
        """The path of the link in a letter: it leads into the shopper's language."""
        found = re.search(
            rf"https?://[^\s/]+(\S*{re.escape(path.removeprefix(self.manner.prefix))}\S*)", self.letter(subject)["text"]
        )
        assert found, subject
        assert found[1].startswith(self.manner.prefix + "/"), found[1]
        return found[1]


def the_merchant_reads_english(town: Town) -> None:
    (mail,) = town.letters(to="merchant@example.com", subject="New order")
    assert "Subtotal: " in mail["text"] and "Gift card •" in mail["text"], mail["text"]


def staff_show_it() -> None:
    db.session.remove()
    review = db.session.execute(select(Review)).scalar_one()
    chosen = {review.id: review.revision}
    db.session.remove()
    assert moderate(chosen, "shown") == 1
    profile.forget()


def first_line(element: Locator) -> str:
    return element.inner_text().strip().splitlines()[0]


def cents(element: Locator) -> int:
    """ "$24.00" and "22,99 €" are both without a point; "free" is nothing."""
    return int(re.sub(r"\D", "", element.inner_text()) or "0")
