"""The customer's own account, as far as staff may see it: never a secret. A lost phone is helped here, once it is clear
who is asking."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from flask import request, url_for
from sqlalchemy import func, select
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response

from shop.accounts.shopper_models import Shopper, ShopperPasskey, ShopperSession
from shop.admin import reading_forms as read
from shop.admin.answering import press
from shop.admin.blueprint import bp
from shop.admin.customers.moves import who
from shop.admin.permissions import May, staff_only
from shop.core.transaction import transaction
from shop.errors import InvalidInput
from shop.workflows.shopper_accounts import reset_sign_in


@dataclass(frozen=True)
class ShownAccount:
    email: str
    since: datetime
    two_step_on_at: datetime | None
    passkeys: int
    browsers: int


def accounts_of(session: Session, customer_id: int) -> list[ShownAccount]:
    """One statement; after a merge there may be two."""
    keys = select(func.count()).where(ShopperPasskey.shopper_id == Shopper.id).scalar_subquery()
    browsers = select(func.count()).where(ShopperSession.shopper_id == Shopper.id).scalar_subquery()
    rows = session.execute(
        select(Shopper.email, Shopper.created_at, Shopper.totp_on_at, keys, browsers)
        .where(Shopper.customer_id == customer_id)
        .order_by(Shopper.id)
    )
    return [ShownAccount(*row) for row in rows]


@bp.post("/customers/<int:customer_id>/reset-sign-in")
@staff_only(May.CUSTOMERS)
def reset_customer_sign_in(customer_id: int) -> Response:
    """Switch the second step off, and with `keys` remove the passkeys; how the person was recognised is kept."""

    def work() -> str:
        how = read.text(request.form, "how", "How you know that it is them", 300)
        if request.form.get("sure") != "1":
            raise InvalidInput(fields={"sure": "Tick the box to say that you checked who is asking."})
        with transaction() as session:
            done = reset_sign_in(session, customer_id, how, keys=request.form.get("keys") == "1", who=who())
        if not done:
            return "There was nothing to reset: two-step sign-in is off."
        return "Two-step sign-in is off, every browser is signed out, and we have written to the customer."

    return press(work, done="", back=url_for("admin.customer", customer_id=customer_id) + "#account")
