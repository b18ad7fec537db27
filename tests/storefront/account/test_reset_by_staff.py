"""A lost phone: staff see that there is a second step, never its secret, and may reset it once they know who asks."""

from __future__ import annotations

from collections.abc import Callable

from flask import Flask
from sqlalchemy import select

from shop.accounts.models import AuditEntry, Customer
from shop.extensions import db
from tests.admin.conftest import Staff, staff_as  # noqa: F401  (a fixture)
from tests.storefront.account.conftest import Visitor, letters
from tests.storefront.account.test_two_step import password, secret, switch_on


def test_staff_reset_a_lost_phone_and_never_see_its_secret(
    app: Flask,
    shopper: Visitor,
    staff_as: Callable[[str], Staff],  # noqa: F811
) -> None:
    codes = switch_on(shopper)
    customer_id = db.session.execute(select(Customer.id)).scalar_one()
    hidden = (secret(), " ".join([secret()[:4], secret()[4:8]]), codes[0])
    support, viewer = staff_as("support"), staff_as("viewer")
    path = f"/admin/customers/{customer_id}"
    page = support.get(path).text
    assert "Two-step sign-in" in page and not any(word in page for word in hidden)
    assert viewer.post(f"{path}/reset-sign-in", {"sure": "1", "how": "x"}).status_code == 403
    for form in ({}, {"sure": "1"}, {"how": "called back"}, {"sure": "1", "how": "x" * 301}):
        support.get(path)
        support.post(f"{path}/reset-sign-in", form)
        assert secret() and shopper.is_in(), form
    support.get(path)
    support.post(f"{path}/reset-sign-in", {"sure": "1", "how": "called back on the order's number", "keys": "1"})
    assert not secret() and not shopper.is_in()
    assert password(app)[1].location == "/account"
    assert letters("account_security")[-1][2]["change"] == "two_step_reset"
    db.session.remove()
    entry = db.session.execute(select(AuditEntry).order_by(AuditEntry.id.desc()).limit(1)).scalar_one()
    assert entry.what == "reset sign-in"
    assert "called back on the order" in support.get(path).text
    assert not any(word in f"{entry.before} {entry.after}" for word in hidden)
