"""A product's own prices in another currency: they win over the rate. For each variant, or one for all of them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flask import Response, flash, redirect, request, url_for
from werkzeug.wrappers import Response as BaseResponse

from shop.admin.blueprint import bp
from shop.admin.permissions import May, staff_only
from shop.admin.stale import marks_of, meet
from shop.catalog.editing import Edited, find_product, publish
from shop.catalog.models import Variant
from shop.catalog.reading_fields import read_price
from shop.core import clock
from shop.core.money import format_minor
from shop.core.pages import render
from shop.core.reading_forms import plain_amount
from shop.core.transaction import transaction
from shop.errors import InvalidInput, NotFound
from shop.extensions import db
from shop.tenancy.currencies import Pricing, offered, pricing_for
from shop.tenancy.profile import current_profile

MOST = 400  # variants in one form
ALL, ALL_BEFORE = "all-price", "all-before"


class Changed(Exception):
    """Somebody saved these prices since the form was filled."""


@bp.get("/catalog/<int:product_id>/currencies")
@staff_only()
def fixed_prices(product_id: int) -> Response:
    """?currency=: the first other one without it."""
    found, pricing = _find(product_id), _pricing(request.args.get("currency"))
    return _page(found, pricing, fill(found, pricing.code) if pricing else {})


@bp.post("/catalog/<int:product_id>/currencies")
@staff_only(May.CATALOG)
def save_fixed_prices(product_id: int) -> Response | BaseResponse:
    """currency, v-<variant>-price, v-<variant>-before; do: save | all (one price for every variant) | clear."""
    typed, pricing = request.form.to_dict(), _pricing(request.form.get("currency"))
    if pricing is None or request.form.get("currency") != pricing.code:
        raise NotFound("This currency is not offered.")
    code = pricing.code
    try:
        count = _save(product_id, typed, code)
    except InvalidInput as error:
        found = _find(product_id)
        values = {**fill(found, code), **{k: v for k, v in typed.items() if k.startswith(("v-", "all-"))}}
        return _page(found, pricing, values, status=422, errors=error.fields, marks=typed.get("marks"))
    except Changed:
        found = _find(product_id)
        met = meet(fill(found, code), typed, typed.get("marks", ""))
        return _page(found, pricing, met.values, status=422, changed=met.changed)
    flash(f"Saved: {count} prices in {code}." if count else "Nothing was different, so nothing was changed.", "good")
    return redirect(url_for("admin.fixed_prices", product_id=product_id, currency=code), 303)


def fill(found: Edited, code: str) -> dict[str, str]:
    values = {}
    for variant in found.variants[:MOST]:
        price, before = variant.fixed_prices.get(code) or (0, 0)
        values[f"v-{variant.id}-price"] = plain_amount(price, code) if price else ""
        values[f"v-{variant.id}-before"] = plain_amount(before, code) if before else ""
    return values


def _save(product_id: int, typed: Mapping[str, str], code: str) -> int:
    """How many variants have other prices now. Raises InvalidInput, Changed."""
    with transaction() as session:
        found = find_product(session, product_id, to_change=True)
        if found is None:
            raise NotFound("There is no such product.")
        if meet(fill(found, code), typed, typed.get("marks", "")).changed:
            raise Changed
        wanted = _read(found, typed, code)
        count = 0
        for variant in found.variants:
            own = wanted.get(variant.id, variant.fixed_prices.get(code))
            prices = {k: v for k, v in variant.fixed_prices.items() if k != code} | ({code: own} if own else {})
            if prices != variant.fixed_prices:
                variant.fixed_prices = prices
                count += 1
        if count:
            found.product.updated_at = clock.now()
            publish(session, [found.product.id])
    return count


def _read(found: Edited, typed: Mapping[str, str], code: str) -> dict[int, list[int] | None]:
    """{variant: [price, price before or 0], or None for the rate}. Raises InvalidInput with every wrong field."""
    if typed.get("do") == "clear":
        return {variant.id: None for variant in found.variants}
    errors: dict[str, str] = {}
    if typed.get("do") == "all":
        own = _pair(typed, ALL, ALL_BEFORE, "all variants", code, errors)
        if own is None and not errors:
            errors[ALL] = "Write the price that every variant gets."
        if errors:
            raise InvalidInput(fields=errors)
        return {variant.id: own for variant in found.variants}
    wanted = {}
    for variant in found.variants[:MOST]:
        names = f"v-{variant.id}-price", f"v-{variant.id}-before"
        if names[0] in typed:
            wanted[variant.id] = _pair(typed, *names, variant.title, code, errors)
    if errors:
        raise InvalidInput(fields=errors)
    return wanted


def _pair(
    typed: Mapping[str, str], name: str, before_name: str, title: str, code: str, errors: dict[str, str]
) -> list[int] | None:
    raw, raw_before = typed.get(name, "").strip(), typed.get(before_name, "").strip()
    if not raw and not raw_before:
        return None
    try:
        price = read_price(typed, name, f"Price of {title}", code)
        before = read_price(typed, before_name, f"Price before of {title}", code) if raw_before else 0
    except InvalidInput as error:
        errors.update(error.fields)
        return None
    if before and before <= price:
        errors[before_name] = f"Price before of {title} must be above its price, or empty."
        return None
    return [price, before]


def _pricing(code: str | None) -> Pricing | None:
    """Of another currency that is offered: `code`, else the first; None where there is none."""
    profile = current_profile()
    others = offered(profile)[1:]
    if not others:
        return None
    return pricing_for(profile, code if code in others else others[0])


def _find(product_id: int) -> Edited:
    found = find_product(db.session(), product_id)
    if found is None:
        raise NotFound("There is no such product.")
    return found


def _row(variant: Variant, pricing: Pricing) -> dict[str, Any]:
    return {
        "variant": variant,
        "own": format_minor(variant.price_minor, pricing.base),
        "by_rate": format_minor(pricing.price(variant.price_minor), pricing.code),
        "is_fixed": pricing.code in variant.fixed_prices,
    }


def _page(
    found: Edited,
    pricing: Pricing | None,
    values: dict[str, str],
    *,
    status: int = 200,
    errors: dict[str, str] | None = None,
    changed: dict[str, str] | None = None,
    marks: str | None = None,
) -> Response:
    titles = {f"v-{v.id}-{n}": f"{w} of {v.title}" for v in found.variants for n, w in _WORDS}
    return render(
        "admin/product_currencies.html",
        status=status,
        page_title=f"{found.product.title}: other currencies",
        product=found.product,
        pricing=pricing,
        others=offered(current_profile())[1:],
        rows=[_row(v, pricing) for v in found.variants[:MOST]] if pricing else [],
        more=max(0, len(found.variants) - MOST),
        values=values,
        errors=errors or {},
        changed=None if changed is None else {titles[name]: value for name, value in changed.items()},
        marks=marks if marks is not None else marks_of(fill(found, pricing.code) if pricing else {}),
    )


_WORDS = (("price", "Price"), ("before", "Price before"))
