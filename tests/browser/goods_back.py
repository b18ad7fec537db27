"""Returns and withdrawals in every state that has a page."""

from __future__ import annotations

from sqlalchemy import select

from shop.core.transaction import transaction
from shop.extensions import db
from shop.orders.models import Order, OrderLine
from shop.returns.models import PrintClaim, Withdrawal
from shop.returns.pictures import draw
from shop.tenancy.models import StoreProfile
from shop.tenancy.profile import touch_settings
from shop.workflows.decide_return import approve_return, ask_buyer
from shop.workflows.declare_withdrawal import Declared, declare
from shop.workflows.request_return import Asked, request_return
from tests.returns.making import picture

ADDRESS = "Fern & Fable Studio\n12 Mill Lane\nPortland, OR 97209"


def stock_returns(order: Order) -> tuple[int, int]:
    """(one with a question and pictures, one that is approved and goes back) of a delivered order of two; beside them
    a declaration about no known order."""
    order_id = order.id
    line = db.session.execute(select(OrderLine.id).where(OrderLine.order_id == order_id).limit(1)).scalar_one()
    db.session.remove()
    with transaction() as session:
        profile = session.execute(select(StoreProfile)).scalar_one()
        profile.returning = {**(profile.returning or {}), "address": ADDRESS}
        touch_settings(session)
    photos = [draw(picture(500).getvalue()), draw(picture(300).getvalue())]
    words = "The print is blurred on the left, and there is a stain near the hem."
    first = request_return(order_id, Asked({line: 1}, "print_quality", words, "replacement", photos), form_key="a")
    ask_buyer(first, words="Could you send us a picture of the label too?", who="Ada")
    with transaction() as session:
        session.execute(select(PrintClaim).where(PrintClaim.return_id == first)).scalar_one().number = "SR-1044"
    second = request_return(order_id, Asked({line: 1}, "wrong_size", "Too small."), form_key="b")
    approve_return(second, words="Gladly: send it to us.", wants_goods_back=True, who="Ada")
    declare(Declared("Eve Sommer", "eve@example.com", "K7QM-4T2X", "The mug I bought in May"), form_key="c")
    return first, second


def shopper_paths(order: Order) -> list[str]:
    """The storefront's pages about them."""
    own = f"/orders/{order.token}"
    first, second = stock_returns(order)
    receipt = db.session.execute(select(Withdrawal.token).limit(1)).scalar_one()
    return [
        own,
        f"{own}/return",
        f"{own}/returns/{first}",
        f"{own}/returns/{second}",
        f"{own}/withdraw",
        "/withdraw",
        "/withdrawal",
        f"/withdraw/received/{receipt}",
    ]
