"""Who ticks the box on the payment page agrees to mail, and it is written down when and where."""

from __future__ import annotations

from flask import Flask
from sqlalchemy import select

from shop.accounts.models import Customer
from shop.core.transaction import transaction
from shop.customers.models import ConsentChange
from shop.extensions import db
from shop.workflows.complete_checkout import _agree_to_mail
from tests.customers.people import bought, buyer


def test_a_ticked_box_is_one_change_of_consent(app: Flask) -> None:
    with transaction() as session:
        order = bought(session, buyer(session))
        number = order.number
        _agree_to_mail(session, order)
        _agree_to_mail(session, order)
    db.session.remove()
    assert db.session.execute(select(Customer.accepts_marketing)).scalar_one() is True
    (change,) = db.session.execute(select(ConsentChange)).scalars()
    assert (change.accepts, change.source, change.who) == (True, "checkout", "the customer")
    assert change.why == f"Ticked on the payment page of order {number}"
