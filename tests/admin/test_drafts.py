"""Draft orders: priced as a cart is, paid once, by a link or at the counter."""

from __future__ import annotations

import re
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import func, select, update

from shop.cart.models import Cart
from shop.catalog.models import Product, Variant
from shop.checkout.models import Checkout
from shop.checkout.quoting import draft_of
from shop.core import clock
from shop.core.transaction import transaction
from shop.drafts.models import DraftItem, DraftOrder
from shop.drafts.pricing import order_draft
from shop.email.models import Letter
from shop.errors import Conflict
from shop.extensions import db
from shop.fulfilment.models import FulfilmentOrder
from shop.invoicing.finding import find_invoice
from shop.orders.models import Order
from shop.payments.models import Payment, Refund
from shop.tenancy import profile
from shop.tenancy.models import StoreProfile
from shop.workflows.draft_orders import priced, take_link_back, take_payment
from shop.workflows.refund_order import request_refund
from shop.workflows.start_checkout import quote_for
from tests.admin.conftest import Staff, counting
from tests.town import Town

ADDRESS = {"line1": "12 Mill Lane", "city": "Portland", "state": "OR", "postal_code": "97209", "country": "US"}
BASIC = {
    "email": "ada@example.com",
    "customer_name": "Ada Byron",
    "shipping_method": "standard",
    "locale": "en",
    **ADDRESS,
}


class Desk:
    """Somebody composes a draft in a browser without JavaScript."""

    def __init__(self, town: Town, staff: Staff) -> None:
        self.town, self.staff = town, staff
        self.path = staff.post("/admin/drafts").location
        self.id = int(self.path.rpartition("/")[2])

    def form(self, **changes: Any) -> dict[str, Any]:
        page = self.staff.get(self.path).text
        marks = re.search(r'name="marks" value="([^"]*)"', page)
        items = self.items()
        values = {f"i-{i.id}-quantity": str(i.quantity) for i in items}
        values |= {f"i-{i.id}-own": "" if i.own_minor is None else f"{i.own_minor / 100:.2f}" for i in items}
        values |= {f"i-{i.id}-reason": i.reason for i in items}
        values |= {f"i-{i.id}-handed": "1" for i in items if i.handed_over}
        return {**BASIC, **values, "marks": marks[1] if marks else "", "do": "save", **changes}

    def post(self, **changes: Any) -> Any:
        return self.staff.post(self.path, self.form(**changes))

    def add(self, variant: Variant) -> None:
        answer = self.post(add=str(variant.product_id), do="", **{f"variant-{variant.product_id}": str(variant.id)})
        assert answer.status_code == 303, answer.text[:500]

    def row(self) -> DraftOrder:
        db.session.remove()
        return db.session.get_one(DraftOrder, self.id)

    def items(self) -> list[DraftItem]:
        db.session.remove()
        query = select(DraftItem).where(DraftItem.draft_id == self.id).order_by(DraftItem.id)
        return list(db.session.execute(query).scalars())

    def total(self) -> int:
        db.session.remove()
        return priced(db.session(), self.row()).quote.total_minor

    def pay(self) -> str:
        """The customer opens the link and presses Pay; the payment page's id."""
        answer = self.town.buyer.post(f"/pay/{self.row().token}", allow_redirects=False)
        assert answer.status_code == 303, answer.text[:500]
        found = re.search(r"cs_[A-Za-z0-9_]+", answer.headers["Location"])
        assert found, answer.headers["Location"]
        return found.group()


@pytest.fixture
def desk(town: Town, staff: Staff) -> Desk:
    return Desk(town, staff)


@pytest.fixture
def filled(desk: Desk) -> Desk:
    desk.add(desk.town.a_shirt())
    return desk


def taxes(**columns: Any) -> None:
    with transaction() as session:
        session.execute(update(StoreProfile).values(**columns))
        profile.touch_settings(session)
    profile.forget()


def orders() -> list[Order]:
    db.session.remove()
    return list(db.session.execute(select(Order).order_by(Order.id)).scalars())


# -- composing


def test_goods_are_found_and_added_without_javascript(desk: Desk) -> None:
    assert desk.post(do="search", q="tee").location.endswith("q=tee")
    page = desk.staff.get(f"{desk.path}?q=tee").text
    assert 'name="add"' in page and "<option" in page
    assert "Add " in desk.staff.get(f"{desk.path}/goods?q=mug").text
    assert "Nothing fits" in desk.staff.get(f"{desk.path}/goods?q=zzzzz%00%25").text
    desk.add(desk.town.a_shirt())
    desk.add(desk.town.a_shirt())
    (item,) = desk.items()
    assert item.quantity == 2


@pytest.mark.parametrize("inclusive", [True, False])
@pytest.mark.parametrize("quantity", [1, 3, 7])
def test_a_draft_costs_what_the_checkout_asks_for_the_same(filled: Desk, inclusive: bool, quantity: int) -> None:
    rate = [{"country": "US", "rate": "0.0725", "on_shipping": True, "name": "Tax"}]
    taxes(tax_rates=rate, prices_include_tax=inclusive)
    (item,) = filled.items()
    filled.post(**{f"i-{item.id}-quantity": str(quantity)})
    filled.town.buyer.fill_cart(quantity)
    with transaction() as session:
        cart = session.execute(select(Cart)).scalar_one()
        cart.country = "US"
        of_cart = draft_of(quote_for(session, cart, profile.current_profile()), channel="draft")
        draft = session.get_one(DraftOrder, filled.id)
        of_draft = order_draft(draft, priced(session, draft), channel="draft")
    assert of_draft == of_cart
    assert of_draft.sum_of("tax") > 0


def test_a_price_of_its_own_needs_a_reason_and_percent_off_is_reckoned_per_piece(filled: Desk) -> None:
    (item,) = filled.items()
    at = f"i-{item.id}"
    assert filled.post(**{f"{at}-own": "5.00"}).status_code == 422
    assert filled.post(**{f"{at}-own": "5.00", f"{at}-off": "10", f"{at}-reason": "x"}).status_code == 422
    before = filled.total()
    filled.post(**{f"{at}-own": "5.00", f"{at}-reason": "Small flaw"})
    assert filled.items()[0].own_minor == 500
    filled.post(**{f"{at}-own": "", f"{at}-reason": ""}, percent_off="10", reason="Friends")
    list_price = filled.town.a_shirt().price_minor
    assert before - filled.total() == round(list_price * 0.1)


def test_a_known_customers_address_comes_by_itself(town: Town, staff: Staff) -> None:
    town.paid_order()
    desk = Desk(town, staff)
    empty = dict.fromkeys((*ADDRESS, "customer_name"), "")
    desk.post(**{**empty, "country": "US", "email": "ADA@example.com"})
    draft = desk.row()
    assert draft.customer_name == "Ada Buyer" and draft.ship_to["city"] == "Portland"


def test_changed_prices_are_told_and_charged(filled: Desk) -> None:
    assert "Prices have changed" not in filled.staff.get(filled.path).text
    with transaction() as session:
        session.execute(update(Variant).values(price_minor=Variant.price_minor + 300))
    page = filled.staff.get(filled.path).text
    assert "Prices have changed since this was last saved" in page
    filled.post()
    assert "Prices have changed" not in filled.staff.get(filled.path).text


def test_two_people_at_one_draft_lose_nothing(filled: Desk) -> None:
    first, second = filled.form(note="From Ada"), filled.form(note="From Grace")
    assert filled.staff.post(filled.path, first).status_code == 303
    answer = filled.staff.post(filled.path, second)
    assert answer.status_code == 422
    assert "Somebody else saved this" in answer.text and "From Ada" in answer.text and "From Grace" in answer.text


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("email", "nobody"), ("email", "x" * 300), ("country", "ZZ"), ("country", ""), ("shipping_method", "teleport"),
        ("locale", "xx"), ("percent_off", "100"), ("percent_off", "-5"), ("percent_off", "abc"), ("note", "x" * 2001),
        ("customer_name", "x" * 201), ("line1", "x" * 201),
    ],
)  # fmt: skip
def test_wrong_fields_are_told_beside_them(desk: Desk, field: str, value: str) -> None:
    answer = desk.post(**{field: value})
    assert answer.status_code == 422 and f'id="f-{field}-error"' in answer.text


@pytest.mark.parametrize("quantity", ["0", "-1", "1.5", "", "201", "9" * 30, "\x00", "½"])
def test_a_wrong_quantity_is_told_beside_it(filled: Desk, quantity: str) -> None:
    (item,) = filled.items()
    answer = filled.post(**{f"i-{item.id}-quantity": quantity})
    assert answer.status_code == 422 and f'id="f-i-{item.id}-quantity-error"' in answer.text
    assert filled.items()[0].quantity == 1


def test_what_cannot_be_bought_is_not_added(filled: Desk) -> None:
    for variant in ("999999", "x", "", "\x00", "9" * 30):
        assert filled.post(add="1", **{"variant-1": variant}, do="").status_code == 422
    assert len(filled.items()) == 1
    with transaction() as session:
        session.execute(update(Product).values(status="archived"))
    assert "cannot be bought any more" in filled.staff.get(filled.path).text
    assert "Take it out" in filled.staff.get(filled.post(do="send", days="7").location).text


def test_deleted_drafts_can_be_brought_back(filled: Desk) -> None:
    filled.staff.press(f"{filled.path}/delete")
    filled.staff.press(f"{filled.path}/delete")
    assert f'{filled.path}"' in filled.staff.get("/admin/drafts?tab=deleted").text
    assert "Bring it back first" in filled.staff.get(filled.post().location).text
    filled.staff.press(f"{filled.path}/restore")
    assert filled.row().status == "open" and len(filled.items()) == 1


def test_lists_and_pages_cost_the_same_however_long(town: Town, staff: Staff) -> None:
    desk = Desk(town, staff)
    with transaction() as session:
        variants = list(session.execute(select(Variant).where(Variant.is_available).limit(9)).scalars())

    def cost(path: str) -> int:
        staff.get(path)
        with counting() as seen:
            assert staff.get(path).status_code == 200
        return len(seen)

    for variant in variants[:3]:
        desk.add(variant)
    page, listed = cost(desk.path), cost("/admin/drafts")
    for variant in variants[3:]:
        desk.add(variant)
        Desk(town, staff)
    assert cost(desk.path) == page
    assert cost("/admin/drafts") == listed


def test_who_only_looks_changes_nothing(filled: Desk, staff_as: Callable[[str], Staff]) -> None:
    viewer = staff_as("viewer")
    assert viewer.post("/admin/drafts").status_code == 403
    assert viewer.post(filled.path, {"do": "save"}).status_code == 403
    page = viewer.get(filled.path).text
    assert "Save and send" not in page and "Delete" not in page


# -- a link


def test_a_paid_link_becomes_one_order(filled: Desk) -> None:
    assert filled.post(do="send", days="7").status_code == 303
    filled.town.work()
    (letter,) = filled.town.letters(to="ada@example.com")
    assert "ready to pay" in letter["subject"]
    page = filled.town.buyer.get(f"/pay/{filled.row().token}")
    assert page.status_code == 200 and "Pay now" in page.text
    session_id = filled.pay()
    assert filled.pay() == session_id
    filled.town.buyer.pay(session_id)
    filled.town.control("POST", f"stripe/events/{last_event(filled.town)}/resend", times=3)
    filled.town.buyer.come_back(session_id)
    filled.town.work()
    (order,) = orders()
    draft = filled.row()
    assert (draft.status, draft.order_id, order.channel) == ("paid", order.id, "draft")
    assert order.total_minor == draft.total_minor
    assert db.session.execute(select(FulfilmentOrder)).scalar_one().is_held is False
    page = filled.town.buyer.get(f"/pay/{draft.token}")
    assert "This is paid" in page.text and order.token in page.text
    answer = filled.town.buyer.post(f"/pay/{draft.token}", allow_redirects=False)
    assert answer.headers["Location"].endswith(f"/pay/{draft.token}")


def last_event(town: Town) -> str:
    return str(town.stripe.v1.events.list({"limit": 1}).data[0].id)


def test_frozen_prices_hold_until_the_link_is_taken_back(filled: Desk) -> None:
    filled.post(do="send", days="7")
    sent = filled.row().total_minor
    with transaction() as session:
        session.execute(update(Variant).values(price_minor=Variant.price_minor + 900))
    filled.town.buyer.pay(filled.pay())
    filled.town.work()
    assert orders()[0].total_minor == sent


def test_two_presses_send_one_letter(filled: Desk) -> None:
    form = filled.form(do="send", days="7")
    for _ in range(2):
        assert filled.staff.post(filled.path, form).status_code == 303
    assert db.session.execute(select(func.count()).select_from(Letter)).scalar() == 1


def test_an_expired_link_cannot_be_paid(filled: Desk) -> None:
    filled.post(do="send", days="1")
    token = filled.row().token
    clock.advance(timedelta(days=2))
    profile.forget()
    assert "run out" in filled.town.buyer.get(f"/pay/{token}").text
    assert filled.town.buyer.post(f"/pay/{token}", allow_redirects=False).headers["Location"].endswith(f"/pay/{token}")
    assert db.session.execute(select(Checkout.id)).first() is None
    clock.fix(None)


def test_a_link_taken_back_leads_nowhere_and_its_page_is_closed(filled: Desk) -> None:
    filled.post(do="send", days="7")
    token, session_id = filled.row().token, filled.pay()
    filled.staff.press(f"{filled.path}/take-back")
    assert filled.row().status == "open"
    assert filled.town.buyer.get(f"/pay/{token}").status_code == 404
    assert filled.town.buyer.post(f"/pay/{token}").status_code == 404
    assert filled.town.stripe.v1.checkout.sessions.retrieve(session_id).status == "expired"


def test_a_link_that_was_just_paid_cannot_be_taken_back(filled: Desk) -> None:
    filled.post(do="send", days="7")
    filled.town.buyer.pay(filled.pay())
    with pytest.raises(Conflict, match="paid through the link"):
        take_link_back(filled.id)
    filled.town.work()
    assert filled.row().status == "paid"


def test_a_second_payment_of_the_same_link_is_held_for_a_person(filled: Desk) -> None:
    filled.post(do="send", days="7")
    first = filled.pay()
    with transaction() as session:  # the page was forgotten here, and is still open there
        session.execute(update(Checkout).values(expires_at=clock.now()))
    second = filled.pay()
    assert first != second
    for session_id in (first, second):
        filled.town.buyer.pay(session_id)
    filled.town.work()
    one, two = orders()
    assert filled.row().order_id == one.id
    held = {w.order_id: w.hold_reason for w in db.session.execute(select(FulfilmentOrder)).scalars()}
    assert held[one.id] == "" and "paid twice" in held[two.id]


@pytest.mark.parametrize("token", ["x", "%00", "a" * 200, "é", "..%2f"])
def test_an_unknown_link_is_not_found(town: Town, token: str) -> None:
    assert town.buyer.get(f"/pay/{token}").status_code == 404
    assert town.buyer.post(f"/pay/{token}").status_code == 404


def test_a_link_needs_an_address_to_go_to(filled: Desk) -> None:
    answer = filled.post(do="send", days="7", email="")
    assert answer.status_code == 422 and 'id="f-email-error"' in answer.text
    assert filled.post(do="send", days="0").status_code == 422


# -- the counter


def take(desk: Desk, **how: Any) -> Any:
    return desk.post(**{"do": "take", "method": "cash", "received": "100.00", **how})


def hand_over(desk: Desk) -> None:
    desk.post(**{f"i-{item.id}-handed": "1" for item in desk.items()})


def test_cash_at_the_counter_is_an_order_at_once_with_change(filled: Desk) -> None:
    hand_over(filled)
    total = filled.total()
    answer = take(filled)
    page = filled.staff.get(answer.location).text
    assert f"${(10_000 - total) / 100:.2f} back" in page
    (order,) = orders()
    payment = db.session.execute(select(Payment)).scalar_one()
    assert (order.status, order.payment_status, order.fulfilment_status) == ("completed", "paid", "delivered")
    assert (order.channel, order.shipping_minor, order.total_minor) == ("counter", 0, total)
    assert (payment.gateway, payment.amount_minor) == ("cash", total)
    assert "received $100.00" in payment.method
    assert db.session.execute(select(FulfilmentOrder.id)).first() is None


def test_a_double_press_sells_once(filled: Desk) -> None:
    form = filled.form(do="take", method="terminal")
    for _ in range(2):
        assert "/admin/orders/" in filled.staff.post(filled.path, form).location
    assert len(orders()) == 1


def test_eight_presses_at_once_sell_once(filled: Desk) -> None:
    filled.post()
    app = filled.town.app

    def press(_: int) -> str:
        with app.app_context():
            try:
                return take_payment(filled.id, method="terminal", received_minor=None, who="Ada")[0]
            finally:
                db.session.remove()

    with ThreadPoolExecutor(8) as pool:
        numbers = set(pool.map(press, range(8)))
    assert len(numbers) == 1 and len(orders()) == 1


def test_too_little_cash_is_told(filled: Desk) -> None:
    for received in ("1.00", "", "abc", "-5"):
        answer = take(filled, received=received)
        assert answer.status_code == 422 and 'id="f-received-error"' in answer.text
    assert take(filled, method="barter").status_code == 422
    assert orders() == []


def test_what_is_to_be_sent_needs_an_address_and_is_printed(filled: Desk) -> None:
    answer = take(filled, line1="", city="")
    assert answer.status_code == 422 and 'id="f-line1-error"' in answer.text
    assert take(filled).status_code == 303
    (order,) = orders()
    assert order.fulfilment_status == "requested" and order.shipping_minor > 0
    filled.town.work()
    assert len(filled.town.provider_orders()) == 1


def test_only_what_is_not_taken_away_is_printed(filled: Desk) -> None:
    with transaction() as session:
        other = session.execute(
            select(Variant).where(Variant.is_available).order_by(Variant.id.desc()).limit(1)
        ).scalar_one()
    filled.add(other)
    first, second = filled.items()
    filled.post(**{f"i-{first.id}-handed": "1", f"i-{second.id}-handed": ""})
    assert take(filled, received="500").status_code == 303
    work = db.session.execute(select(FulfilmentOrder)).scalar_one()
    assert [line.sku for line in work.lines] == [other.sku]


def test_cash_given_back_is_recorded_and_never_asked_of_stripe(filled: Desk) -> None:
    hand_over(filled)
    taxes(invoicing={"automatic": True})
    take(filled)
    (order,) = orders()
    request_refund(order.id, 500, reason="A stain", who="Ada")
    filled.town.work()
    refund = db.session.execute(select(Refund)).scalar_one()
    assert (refund.status, refund.work_state) == ("succeeded", "done")
    assert orders()[0].payment_status == "partly_refunded"
    assert filled.town.stripe.v1.refunds.list({}).data == []
    assert find_invoice(db.session(), order.id) is not None


def test_cash_closes_the_link_that_is_out(filled: Desk) -> None:
    filled.post(do="send", days="7")
    session_id = filled.pay()
    assert "/admin/orders/" in filled.staff.post(filled.path, {"do": "take", "method": "terminal"}).location
    assert filled.town.stripe.v1.checkout.sessions.retrieve(session_id).status == "expired"
    assert len(orders()) == 1
