"""What of a connection's discount codes and gift cards is taken in our shop: a card on its overview."""

from __future__ import annotations

from flask import render_template, request, url_for
from markupsafe import Markup
from sqlalchemy import select
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response as BaseResponse

from shop.accounts.auditing import note_change
from shop.admin.answering import press
from shop.admin.blueprint import bp
from shop.admin.channels.parts import card, find_connection
from shop.admin.permissions import May, staff_only
from shop.channels import registry
from shop.channels.codes.keeping import choose
from shop.channels.codes.models import CodeChoice
from shop.channels.connector import ChecksDiscounts
from shop.channels.models import Connection
from shop.core.transaction import transaction
from shop.workflows.channel_codes import may_pay


@card
def codes_card(session: Session, found: Connection) -> Markup | str:
    """Two switches; what the platform does not offer is said in their place."""
    if found.status == "disconnected":
        return ""
    choice = session.execute(select(CodeChoice).where(CodeChoice.connection_id == found.id)).scalar_one_or_none()
    return Markup(  # noqa: S704 - our own template made it
        render_template(
            "admin/connection_codes.html",
            connection=found,
            spec=registry.class_of(found.channel).spec,
            has_discounts=registry.can(found.channel, ChecksDiscounts),
            has_cards=may_pay(found.channel),
            takes_discounts=choice is not None and choice.takes_discounts,
            takes_gift_cards=choice is not None and choice.takes_gift_cards,
        )
    )


@bp.post("/channels/<int:connection_id>/codes")
@staff_only(May.SETTINGS)
def save_connection_codes(connection_id: int) -> BaseResponse:
    """Form fields `discounts` and `gift_cards`: 1 or nothing. A repeat changes nothing."""
    wants = {name: request.form.get(name) == "1" for name in ("discounts", "gift_cards")}

    def work() -> str:
        with transaction() as session:
            found = find_connection(session, connection_id, to_change=True)
            discounts = wants["discounts"] and registry.can(found.channel, ChecksDiscounts)
            cards = wants["gift_cards"] and may_pay(found.channel)
            choose(session, connection_id, takes_discounts=discounts, takes_gift_cards=cards)
            note_change(
                session, "codes taken", f"connection {connection_id}", {}, {"discounts": discounts, "gift_cards": cards}
            )
        taken = [words for words, on in (("discount codes", discounts), ("gift cards", cards)) if on]
        return f"Its {' and '.join(taken)} are taken here." if taken else "None of its codes are taken here."

    return press(work, done="", back=url_for("admin.connection", connection_id=min(connection_id, 2**62)))
