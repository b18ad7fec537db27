"""Saved addresses."""

from __future__ import annotations

from flask import flash, redirect, request, url_for
from flask_babel import get_locale
from flask_babel import gettext as _
from werkzeug.wrappers import Response

from shop.accounts.shopper_models import ShopperAddress
from shop.accounts.shoppers import address_book
from shop.checkout.countries import all_countries, countries_served, country_name
from shop.core.transaction import transaction
from shop.errors import InvalidInput
from shop.extensions import db
from shop.storefront.account import reading as read
from shop.storefront.account.blueprint import bp, me, page
from shop.tenancy.profile import current_profile

LENGTHS = {"name": 120, "line1": 120, "line2": 120, "city": 80, "state": 80, "postal_code": 20}
LARGEST_ID = 2**62


@bp.get("/addresses")
def addresses() -> Response:
    locale = str(get_locale())
    return page(
        "addresses",
        page_title=_("Your addresses"),
        addresses=address_book.list_addresses(db.session(), me().id),
        country_name=lambda code: country_name(code, locale),
    )


@bp.get("/addresses/new")
def new_address() -> Response:
    return _form(None, {"country": current_profile().country})


@bp.post("/addresses/new", endpoint="add_address")
def add_address() -> Response:
    return _save(None)


@bp.get("/addresses/<int:address_id>")
def address(address_id: int) -> Response:
    row = address_book.get_address(db.session(), me().id, min(address_id, LARGEST_ID))
    return _form(row, {name: getattr(row, name) for name in address_book.FIELDS})


@bp.post("/addresses/<int:address_id>", endpoint="save_address")
def save_address(address_id: int) -> Response:
    return _save(address_book.get_address(db.session(), me().id, min(address_id, LARGEST_ID)))


@bp.post("/addresses/<int:address_id>/default", endpoint="make_default_address")
def make_default_address(address_id: int) -> Response:
    with transaction() as session:
        address_book.make_default(session, me().id, min(address_id, LARGEST_ID))
    flash(_("This is your usual address now."), "good")
    return redirect(url_for("account.addresses"), 303)


@bp.post("/addresses/<int:address_id>/remove", endpoint="remove_address")
def remove_address(address_id: int) -> Response:
    with transaction() as session:
        address_book.remove_address(session, me().id, min(address_id, LARGEST_ID))
    flash(_("The address is removed."), "good")
    return redirect(url_for("account.addresses"), 303)


def _save(row: ShopperAddress | None) -> Response:
    missing = {"name": _("Please enter the name."), "line1": _("Please enter the street and number."),
               "city": _("Please enter the town.")}  # fmt: skip
    values: dict[str, str] = {}
    errors: dict[str, str] = {}
    for name, most in LENGTHS.items():
        try:
            values[name] = read.line(name, most, required=missing.get(name, ""))
        except InvalidInput as error:
            errors |= error.fields
    values["country"] = request.form.get("country", "")[:2]
    if values["country"] not in {code for code, _name in all_countries()}:
        errors["country"] = _("Please choose a country from the list.")
    if errors:
        return _form(row, read.typed(*address_book.FIELDS), 422, errors)
    with transaction() as session:
        address_book.save_address(
            session,
            me().id,
            values,
            address_id=row.id if row else None,
            default=request.form.get("default") == "1",
        )
    flash(_("The address is saved."), "good")
    return redirect(url_for("account.addresses"), 303)


def _form(
    row: ShopperAddress | None, form: dict[str, str], status: int = 200, errors: dict[str, str] | None = None
) -> Response:
    countries = countries_served(tuple(current_profile().ships_to), str(get_locale()))
    return page(
        "address",
        status=status,
        page_title=_("Change the address") if row else _("New address"),
        errors=errors or {},
        form=form,
        row=row,
        countries=countries,
    )
