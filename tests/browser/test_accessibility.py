"""Every page, in every state a visitor meets, phone and desktop, light and dark: axe finds nothing to say."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta

import pytest
from playwright.sync_api import Browser, Page, expect
from sqlalchemy import text

from shop.accounts.api_keys import create_key
from shop.core.transaction import transaction
from shop.extensions import db
from shop.subscribers.choosing import ask_newsletter, keep_subscriber
from shop.subscribers.links import confirm_token, stop_token
from shop.workflows.issue_invoice import issue_invoice
from tests.admin import making
from tests.browser.axe import COLOUR_RULES, violations
from tests.browser.back_office import furnish
from tests.browser.goods_back import shopper_paths
from tests.browser.panel_scenes import panel_addresses
from tests.browser.reviewed import review_pages
from tests.browser.showroom import Showroom
from tests.browser.test_buying import choose
from tests.conftest import ADMIN_PASSWORD
from tests.promotions.gift_cards.making import sell_gift_cards
from tests.town import Town

SIZES = {"desktop": (1280, 900), "phone": (390, 844)}
BOTH = tuple(SIZES)
PARTS = 2  # of the panel's addresses
BROKEN_TABLE = "ALTER TABLE {} RENAME TO {}"


@dataclass(frozen=True)
class Scene:
    """A page, and what is done there before it is looked at."""

    path: str
    act: Callable[[Page], None] | None = None
    cart: str = ""
    sizes: tuple[str, ...] = BOTH
    status: int = 200

    @property
    def name(self) -> str:
        return f"{self.path} {self.act.__name__ if self.act else ''}".strip()


@pytest.fixture
def showroom(town: Town) -> Showroom:
    return Showroom(town)


@pytest.mark.parametrize("size", BOTH)
def test_no_page_of_the_shop_breaks_an_accessibility_rule(showroom: Showroom, browser: Browser, size: str) -> None:
    with a_page(browser, showroom.url, size) as page:
        complaints = look_at_all(page, shop_scenes(showroom), size)
        with without_table("orders"):
            complaints += look_at(page, Scene("/orders/whatever", status=500))
    assert not complaints, "\n".join(complaints)


@pytest.mark.parametrize("size", BOTH)
def test_no_page_of_the_admin_breaks_an_accessibility_rule(showroom: Showroom, browser: Browser, size: str) -> None:
    scenes = admin_scenes(showroom)
    with a_page(browser, showroom.url, size) as page:
        complaints = look_at_all(
            page, [Scene("/admin/sign-in"), Scene("/admin/sign-in", refused_sign_in), Scene("/admin/forgotten")], size
        )
        page.goto("/admin/sign-in")
        sign_in(page, ADMIN_PASSWORD)
        page.wait_for_url(re.compile("/admin/$"))
        complaints += look_at_all(page, scenes, size)
    assert not complaints, "\n".join(complaints)


@pytest.mark.parametrize("size", BOTH)
@pytest.mark.parametrize("part", range(PARTS))
def test_every_address_of_the_panel_keeps_the_accessibility_rules(
    showroom: Showroom, browser: Browser, size: str, part: int
) -> None:
    """Found in the URL map, so that no page is forgotten; in parts, so that none takes too long."""
    stock_the_back_office(showroom)
    furnish(showroom.town)
    found, missed = panel_addresses(showroom.town.app)
    with a_page(browser, showroom.url, size) as page:
        page.goto("/admin/sign-in")
        sign_in(page, ADMIN_PASSWORD)
        page.wait_for_url(re.compile("/admin/$"))
        pages = [Scene(path) for path in found[part::PARTS] if is_a_page(page, path)]
        complaints = look_at_all(page, pages, size)
    assert not complaints, "\n".join(complaints)
    assert not missed, f"nothing to fill their addresses with: {missed}"


def is_a_page(page: Page, path: str) -> bool:
    """Not a file to keep. What does not answer 200 is looked at, so that it is told."""
    answer = page.request.get(path, max_redirects=0)
    return not answer.ok or "text/html" in answer.headers.get("content-type", "")


# -- looking


def look_at_all(page: Page, scenes: list[Scene], size: str) -> list[str]:
    """By night each scene is looked at in one size: a theme knows no sizes."""
    return [
        complaint
        for scene in scenes
        if size in scene.sizes
        for complaint in look_at(page, scene, by_night=size == scene.sizes[0])
    ]


def look_at(page: Page, scene: Scene, by_night: bool = True) -> list[str]:
    """Everything by day; by night only what a theme can change."""
    page.emulate_media(color_scheme="light")
    page.context.clear_cookies(name=re.compile("^cart"))
    if scene.cart:
        origin = page.context.base  # type: ignore[attr-defined]
        page.context.add_cookies([{"name": "cart", "value": scene.cart, "url": origin}])
    answer = page.goto(scene.path)
    if answer is not None and answer.status != scene.status:
        return [f"{scene.name} answers {answer.status}"]
    if scene.act:
        scene.act(page)
    found = [f"{scene.name} · {line}" for line in violations(page)]
    if not by_night:
        return found
    page.emulate_media(color_scheme="dark")
    return found + [f"{scene.name}, dark · {line}" for line in violations(page, COLOUR_RULES)]


@contextmanager
def a_page(browser: Browser, url: str, size: str) -> Iterator[Page]:
    width, height = SIZES[size]
    context = browser.new_context(
        viewport={"width": width, "height": height},
        has_touch=size == "phone",
        base_url=url,
        reduced_motion="reduce",  # a drawer that is still sliding in has colours of its own
    )
    context.base = url  # type: ignore[attr-defined]
    yield context.new_page()
    context.close()


@contextmanager
def without_table(name: str) -> Iterator[None]:
    """Something breaks on our side: the page of an unexpected error."""
    with db.engine.begin() as connection:
        connection.execute(text(BROKEN_TABLE.format(name, f"{name}_away")))
    try:
        yield
    finally:
        with db.engine.begin() as connection:
            connection.execute(text(BROKEN_TABLE.format(f"{name}_away", name)))


# -- the shop


def shop_scenes(room: Showroom) -> list[Scene]:
    payments, orders = room.payments(), room.orders()
    product = f"/products/{room.product}"
    full = room.full_cart()
    sell_gift_cards()
    pages = ["about", "shipping", "returns", "privacy", "terms"]
    return [
        Scene("/"),
        Scene("/", open_menu, sizes=("phone",)),
        Scene("/", open_search),
        Scene("/collections"),
        Scene("/collections/botanical"),
        Scene("/collections/botanical", choose_filters, sizes=("desktop",)),
        Scene("/collections/botanical", open_filters, sizes=("phone",)),
        Scene("/search"),
        Scene("/search?q=tee&sort=price_up"),
        Scene("/search?q=hodie"),
        Scene("/search?q=xqzxqz"),
        Scene("/search?price_min=90000"),
        Scene(product),
        Scene(product, unfold_everything),
        Scene(product, enlarge),
        Scene(product, add_to_cart),
        Scene(f"/products/{room.mug}"),
        Scene(f"/products/{room.sold_out}"),
        Scene("/cart"),
        Scene("/cart", unfold_everything, cart=full),
        *(Scene(f"/checkout/return?session_id={session}") for session in payments.values()),
        *(Scene(f"/orders/{order.token}") for order in orders.values()),
        *(Scene(f"/orders/{orders[name].token}/{form}") for name in list(orders)[:1] for form in ("cancel", "address")),
        Scene("/gift-card"),
        Scene("/gift-card/balance"),
        *(Scene(path) for path in review_pages(room, orders["delivered"])),
        *(Scene(path) for path in shopper_paths(orders["delivered"])),
        Scene("/orders/find"),
        Scene("/orders/find", wrong_number),
        Scene("/orders/find/sent"),
        Scene("/contact"),
        Scene("/contact", wrong_message),
        Scene("/contact?sent"),
        *(Scene(f"/pages/{slug}") for slug in pages),
        *(Scene(path) for path in letter_pages(room.product, room.sold_out)),
        Scene("/nowhere", status=404),
        Scene("about:blank", foreign_form(room.url)),
        Scene("/cart", cart=room.troubled_cart()),
    ]


def letter_pages(product: str, sold_out: str) -> list[str]:
    """Newsletter, wishes, and the pages behind the links of letters."""
    with transaction() as session:
        row = keep_subscriber(session, "ada@example.com", "en")
        ask_newsletter(session, row, source="page", words="Yes")
        stop, sure = stop_token(row.id, "newsletter"), confirm_token("newsletter", row.id)
    pages = [f"/letters/{page}/{stop}" for page in ("unsubscribe", "preferences")]
    watch = [f"/letters/watch/{sold_out}?kind=stock", f"/letters/watch/{product}?kind=price"]
    return ["/newsletter", "/newsletter?sent=1", f"/letters/confirm/{sure}", *pages, *watch]


def open_menu(page: Page) -> None:
    page.locator(".menu-button").click()
    expect(page.locator("#menu")).to_be_visible()


def open_search(page: Page) -> None:
    page.locator("button[popovertarget=search]").first.click()
    page.locator("#q-top").press_sequentially("te")
    expect(page.locator("#suggestions .suggestions")).to_be_visible()


def choose_filters(page: Page) -> None:
    page.locator("#filter-form .check").first.click()
    expect(page.locator(".chip").first).to_be_visible()


def open_filters(page: Page) -> None:
    page.locator(".filter-button").click()
    expect(page.locator("#filter-form")).to_be_visible()


def unfold_everything(page: Page) -> None:
    page.evaluate("() => document.querySelectorAll('main details').forEach(d => d.open = true)")


def enlarge(page: Page) -> None:
    page.locator("[data-zoom]:not([hidden])").first.click()
    expect(page.locator("#zoom")).to_be_visible()


def add_to_cart(page: Page) -> None:
    choose(page, "color")
    choose(page, "size")
    page.locator("[data-buy]").click()
    expect(page.locator("#cart-drawer .cart-line")).to_be_visible()


def without_the_browsers_own_check(page: Page, form: str) -> None:
    page.evaluate("form => { document.querySelector(form).noValidate = true }", form)


def wrong_number(page: Page) -> None:
    without_the_browsers_own_check(page, "main form")
    page.fill("[name=number]", "12")
    page.fill("[name=email]", "ada")
    page.locator("main form button").click()
    expect(page.locator(".error-summary")).to_be_visible()


def wrong_message(page: Page) -> None:
    without_the_browsers_own_check(page, "main form")
    page.fill("[name=email]", "ada")
    page.locator("main form button").click()
    expect(page.locator(".error-summary")).to_be_visible()


def foreign_form(url: str) -> Callable[[Page], None]:
    def post_from_elsewhere(page: Page) -> None:
        page.set_content(f'<form method="post" action="{url}/contact"><button>Go</button></form>')
        page.locator("button").click()
        expect(page.locator(".code")).to_have_text("403")

    return post_from_elsewhere


# -- the admin


def admin_scenes(room: Showroom) -> list[Scene]:
    numbers = stock_the_back_office(room)
    sections = ["general", "brand", "shipping", "taxes", "production", "invoices", "services"]
    return [
        Scene("/admin/"),
        Scene("/admin/", open_admin_menu, sizes=("phone",)),
        Scene("/admin/orders"),
        Scene("/admin/orders?q=nobody-at-all"),
        Scene("/admin/orders?country=US&low=1", unfold_everything),
        Scene("/admin/orders/export?country=US"),
        *(Scene(f"/admin/orders/{numbers['orders'][1]}/{page}") for page in ("refund", "address", *numbers["moves"])),
        *(Scene(f"/admin/orders/{number}", unfold_everything) for number in numbers["orders"]),
        Scene("/admin/customers?orders_from=0"),
        Scene("/admin/customers/1", unfold_everything),
        Scene("/admin/customers/1/merge"),
        Scene("/admin/disputes"),
        *(Scene(f"/admin/disputes/{row}", unfold_everything) for row in numbers["disputes"]),
        Scene("/admin/drafts"),
        *(Scene(f"/admin/drafts/{row}?q=tee", unfold_everything) for row in numbers["drafts"]),
        Scene("/admin/invoices"),
        *(Scene(f"/admin/invoices/{row}") for row in numbers["invoices"]),
        Scene(f"/admin/packing-slips?orders={','.join(numbers['orders'])}"),
        Scene("/admin/catalog"),
        *(Scene(f"/admin/catalog/{product}", wrong_price) for product in numbers["products"]),
        Scene("/admin/catalog", choose_products),
        Scene("/admin/catalog", preview_prices),
        Scene("/admin/collections"),
        Scene("/admin/collections/new"),
        *(Scene(f"/admin/collections/{row}?q=e", unfold_everything) for row in numbers["collections"]),
        *(Scene(f"/admin/catalog/runs/{run}", unfold_everything) for run in numbers["runs"]),
        Scene("/admin/letters"),
        Scene("/admin/letters/kinds"),
        Scene("/admin/letters/kinds/order_confirmation"),
        *(Scene(f"/admin/letters/{letter}", unfold_everything) for letter in numbers["letters"]),
        Scene("/admin/failures"),
        *(Scene(path, unfold_everything) for path in numbers["failures"]),
        *(Scene(f"/admin/settings/{section}") for section in sections),
        Scene("/admin/settings/general", wrong_setting),
        Scene("/admin/developers"),
        Scene("/admin/developers/keys/new"),
        Scene("/admin/developers/keys/1", unfold_everything),
        Scene("/api/v1/docs", sizes=("phone",)),  # long: once is enough
        Scene("/admin/account"),
        Scene("/admin/account/two-step"),
        Scene("/admin/staff"),
        Scene("/admin/staff/1", unfold_everything),
        Scene("/admin/staff/audit", unfold_everything),
        Scene("/admin/orders/NOBODY", status=404),
    ]


def stock_the_back_office(room: Showroom) -> dict[str, list[str]]:
    """Orders, letters, refreshes and failures in every state; what their pages are called."""
    room.town.paid_order(2)
    number = room.town.order().number
    with transaction() as session:
        create_key(session, name="Warehouse", scopes=["orders:write"], is_test=True)
        held = making.paid_order(session, hold_reason="This address needs a postal code.", ago=timedelta(hours=2))
        disputed = making.paid_order(session, name="Katherine Johnson", fulfilment_status="shipped", step="follow")
        making.parcel(session, disputed)
        contested = making.dispute(session, disputed)
        draft = making.draft(session)
        stopped = making.stopped_submission(session)
        refund = making.parked_refund(session, disputed)
        submission = making.work_of(session, stopped)
        letters = [making.letter(session, state).id for state in ("done", "parked")]
        event = making.parked_event(session)
        runs = [
            making.catalog_run(session).id,
            making.catalog_run(session, "waiting", "needs_approval").id,
        ]
        line = session.execute(text("SELECT id FROM order_lines WHERE order_id = :id"), {"id": held.id}).scalar_one()
        moves = [f"parts/{making.work_of(session, held).id}/split", f"lines/{line}/swap?q=tee"]
        making.size_guide(session)
        making.change_run(session, int(session.execute(text("SELECT min(product_id) FROM images")).scalar_one()))
        orders = [number, held.number, disputed.number, stopped.number]
        parked = [("inbound_events", event.id), ("refunds", refund.id), ("fulfilment_orders", submission.id)]
        failures = [f"/admin/failures/{kind}/{row}" for kind, row in parked]
        products = session.execute(text("SELECT product_id FROM images ORDER BY product_id LIMIT 1")).scalars()
        collections = session.execute(text("SELECT collection_id FROM collection_products LIMIT 1")).scalars()
        goods = {"products": [str(n) for n in products], "collections": [str(n) for n in collections]}
    return {
        **goods,
        "disputes": [str(contested.id)],
        "drafts": [str(draft.id)],
        "invoices": [str(issue_invoice(disputed.id, who="Owner").id)],
        "orders": orders,
        "moves": moves,
        "letters": [str(letter) for letter in letters],
        "runs": [str(run) for run in runs],
        "failures": failures,
    }


def sign_in(page: Page, password: str) -> None:
    page.fill("[name=email]", "admin@example.com")
    page.fill("[name=password]", password)
    page.locator("main form button:not([type=button])").click()


def refused_sign_in(page: Page) -> None:
    sign_in(page, "not the password")
    expect(page.locator("main")).to_contain_text("not right")


def wrong_price(page: Page) -> None:
    page.locator(".prices input").first.fill("free")
    page.locator(".save-row button").click()
    expect(page.locator(".error-summary")).to_be_visible()


def choose_products(page: Page) -> None:
    for box in page.locator("[data-pick]").all()[:3]:
        box.check()
    page.get_by_role("button", name="Change the chosen").click()
    expect(page.locator(".bulk-kinds")).to_be_visible()


def preview_prices(page: Page) -> None:
    choose_products(page)
    page.locator("[name=change][value=price]").check()
    page.fill("[name=by]", "10")
    page.get_by_role("button", name="See what would change").click()
    expect(page.get_by_role("button", name="Change 3 products")).to_be_visible()


def open_admin_menu(page: Page) -> None:
    page.locator("button[popovertarget=admin-nav]").click()
    expect(page.locator("#admin-nav")).to_be_visible()


def wrong_setting(page: Page) -> None:
    without_the_browsers_own_check(page, "main form")
    page.locator("main form [type=email]").first.fill("nobody")
    page.locator("main form button:not([type=button])").last.click()
    expect(page.locator(".error-summary")).to_be_visible()


def test_the_looker_is_not_blind(browser: Browser) -> None:
    page = browser.new_page()
    page.set_content('<html><body><img src="data:,"><p style="color:#ccc;background:#fff">Pale</p></body></html>')
    found = " ".join(violations(page))
    page.close()
    assert "image-alt" in found and "color-contrast" in found and "html-has-lang" in found
