"""Packing slips for one order or many, read in two statements."""

from __future__ import annotations

from collections.abc import Sequence

from flask_babel import force_locale, ngettext
from flask_babel import gettext as _
from sqlalchemy import select
from sqlalchemy.orm import Session, selectinload

from shop.errors import InvalidInput, NotFound
from shop.invoicing.slip import Slip, SlipLine
from shop.orders.models import Order
from shop.orders.numbers import read_number
from shop.tenancy.profile import Profile, current_profile
from shop.workflows.letter_facts import address_lines, day

AT_MOST = 200


def read_numbers(raw: str) -> list[str]:
    """ "K7QM-4T2X,9QRT-22AB" → our numbers, each once, in that order. Raises InvalidInput for none, too many, or
    something that is no number."""
    typed = [part for part in raw[: AT_MOST * 20].replace(";", ",").split(",") if part.strip()]
    if not typed:
        raise InvalidInput("Choose at least one order.")
    if len(typed) > AT_MOST or len(raw) > AT_MOST * 20:
        raise InvalidInput(f"At most {AT_MOST} orders go into one document. Choose fewer.")
    numbers = [read_number(part) for part in typed]
    if None in numbers:
        raise InvalidInput("One of these is no order number.")
    return list(dict.fromkeys(n for n in numbers if n))


def slips_for(session: Session, numbers: Sequence[str]) -> list[Slip]:
    """One slip an order, in the order asked for. Raises NotFound when one of them is not there."""
    found = {
        order.number: order
        for order in session.execute(
            select(Order).where(Order.number.in_(numbers)).options(selectinload(Order.lines))
        ).scalars()
    }
    missing = [number for number in numbers if number not in found]
    if missing:
        raise NotFound(f"There is no order {missing[0]}.")
    profile = current_profile()
    return [_slip(found[number], profile) for number in numbers]


def _slip(order: Order, profile: Profile) -> Slip:
    count = sum(line.quantity for line in order.lines)
    with force_locale(order.locale):
        return Slip(
            locale=order.locale,
            title=_("Packing slip"),
            number=order.number,
            facts=((_("Order date"), day(order.placed_at, order.locale)),)
            + (((_("Shipping"), order.shipping_label),) if order.shipping_label else ()),
            shop_name=profile.name,
            shop=tuple(part.strip() for part in (*profile.address.splitlines(), profile.support_email) if part.strip()),
            ship_heading=_("Ship to"),
            ship_to=tuple(address_lines(order.ship_to, order.locale) or [order.customer_name or order.email]),
            columns=(_("Description"), _("Quantity")),
            lines=tuple(
                SlipLine(line.title, " · ".join(filter(None, [line.variant_title, line.sku])), line.quantity)
                for line in order.lines
            ),
            count=ngettext("%(num)d thing", "%(num)d things", count),
            note_heading=_("Your note"),
            note=order.note,
            thanks=_("Thank you for your order."),
        )
