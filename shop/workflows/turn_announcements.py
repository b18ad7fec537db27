"""An announcement begins or ends at its hour: the storefront's pages are made anew."""

from __future__ import annotations

from shop.content.announcing import has_turned, settle
from shop.core.transaction import transaction
from shop.extensions import db


def run() -> bool:
    """True when another line is shown now. A repeat changes nothing."""
    if not has_turned(db.session()):
        return False
    with transaction() as session:
        return settle(session)
