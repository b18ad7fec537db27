"""Printify says that our shop was disconnected there: nothing can be printed until it is connected again."""

from __future__ import annotations

from shop.core import clock
from shop.core.transaction import transaction
from shop.email.requesting import request_letter
from shop.tenancy.profile import current_profile
from shop.workflows.letter_facts import public_url


def from_shop(shop_id: str) -> None:
    """One letter a day to the merchant; orders wait in their rows and go on by themselves afterwards."""
    with transaction() as session:
        request_letter(
            session,
            letter="merchant_failure",
            subject_key=f"printify:disconnected:{shop_id}:{clock.now():%Y%m%d}"[:80],
            to_email=current_profile().merchant_email,
            facts={
                "what": "Printify has disconnected your shop",
                "why": "New orders cannot be printed until it is connected again. None is lost: they wait.",
                "hint": "Connect the shop in your Printify account, then check the key under Settings.",
                "url": public_url("/admin/settings"),
            },
        )
