"""Once a day: which ways to pay the account at Stripe offers."""

from __future__ import annotations

from sqlalchemy import select

from shop.core.settings import current_settings
from shop.core.transaction import release_connection, transaction
from shop.payments.stripe_gateway import gateway
from shop.tenancy.models import StoreProfile
from shop.tenancy.profile import touch_settings


def run() -> bool:
    """Whether something changed. Raises OutsideError kinds; what was known stays then."""
    if not current_settings().stripe_secret_key:
        return False
    release_connection()
    found = list(gateway().list_ways_to_pay())
    with transaction() as session:
        row = session.execute(select(StoreProfile).limit(1).with_for_update()).scalar_one_or_none()
        if row is None or (row.payment_marks or {}).get("found") == found:
            return False
        row.payment_marks = {**(row.payment_marks or {}), "found": found}
        touch_settings(session)
    return True
