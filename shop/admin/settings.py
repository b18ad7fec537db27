"""Settings, section by section. Two people editing at once: the second sees what changed and loses nothing."""

from __future__ import annotations

from typing import Any

from flask import Response, flash, redirect, request, url_for
from sqlalchemy import select
from werkzeug.wrappers import Response as BaseResponse

from shop.admin.blueprint import bp
from shop.admin.colours import DARK_PAPER, PAPER, brand_colours, contrast
from shop.admin.logo import store_logo
from shop.admin.permissions import May, staff_only
from shop.admin.settings_forms import DEFAULT_ACCENT, MORE_ROWS, MOST_ROWS, SECTIONS, Section, row_numbers
from shop.admin.store_settings.region_section import currencies, languages
from shop.checkout.countries import all_countries
from shop.core import log
from shop.core.pages import render
from shop.core.transaction import release_connection, transaction
from shop.errors import InvalidInput, NotFound
from shop.extensions import db
from shop.payments.wallets import NAMES as WAYS
from shop.tenancy.brand_style import TYPE_PAIRS
from shop.tenancy.models import StoreProfile
from shop.tenancy.profile import touch_settings

logger = log.get_logger("admin")


class Stale(Exception):
    """Somebody saved this section since the form was filled."""

    def __init__(self, now: dict[str, str], version: str) -> None:
        self.now = now
        self.version = version
        super().__init__("stale")


@bp.get("/settings")
@bp.get("/settings/<section>")
@staff_only()
def settings(section: str = "general") -> Response:
    chosen = _section(section)
    row = db.session.execute(select(StoreProfile).limit(1)).scalar_one()
    return _page(chosen, row, chosen.show(row), chosen.version_of(row))


@bp.post("/settings/<section>")
@staff_only(May.SETTINGS)
def save_settings(section: str) -> Response | BaseResponse:
    chosen = _section(section)
    row = db.session.execute(select(StoreProfile).limit(1)).scalar_one()
    typed = {name: value for name, value in request.form.items() if name not in ("csrf_token", "version", "do")}
    version = request.form.get("version", "")
    if request.form.get("do") == "more":
        return _page(chosen, row, typed, version, more=MORE_ROWS)
    try:
        values = chosen.read(request.form, row.currency)
        if chosen.key == "brand":
            values = {"brand": {**(row.brand or {}), **values["brand"], **_logo(row)}}
        saved = _save(chosen, values, version)
    except InvalidInput as error:
        return _page(chosen, row, typed, version, status=422, errors=error.fields)
    except Stale as stale:
        return _page(chosen, row, typed, stale.version, status=409, now=stale.now)
    if saved:
        logger.info("settings saved", section=chosen.key)
    if chosen.after is not None:
        chosen.after()
    flash("Saved. The shop shows it within a second.", "good")
    return redirect(url_for("admin.settings", section=chosen.key), 303)


def _save(section: Section, values: dict[str, Any], version: str) -> bool:
    """Write the section's columns if nobody did since `version`. Raises Stale. False when nothing differs."""
    with transaction() as session:
        row = session.execute(
            select(StoreProfile).limit(1).with_for_update().execution_options(populate_existing=True)
        ).scalar_one()
        changed = {name: value for name, value in values.items() if getattr(row, name) != value}
        if not changed:
            return False
        if section.version_of(row) != version:
            raise Stale(section.show(row), section.version_of(row))
        for name, value in changed.items():
            setattr(row, name, value)
        touch_settings(session)
    return True


def _logo(row: StoreProfile) -> dict[str, Any]:
    """{"logo_url": …} when the form brings a logo or takes it away."""
    if request.form.get("remove_logo") == "1":
        return {"logo_url": None}
    upload = request.files.get("logo")
    if upload is None or not upload.filename:
        return {}
    raw = upload.stream.read(2_000_001)
    release_connection()
    return {"logo_url": store_logo(raw)}


def _section(key: str) -> Section:
    if key not in SECTIONS:
        raise NotFound("There is no such part of the settings.")
    return SECTIONS[key]


def _page(
    section: Section,
    row: StoreProfile,
    values: dict[str, str],
    version: str,
    *,
    status: int = 200,
    errors: dict[str, str] | None = None,
    now: dict[str, str] | None = None,
    more: int = 0,
) -> Response:
    numbers = row_numbers(values)
    last = numbers[-1] if numbers else -1
    spare = [n for n in range(last + 1, last + 1 + max(more, 1)) if n < MOST_ROWS]
    changed = {} if now is None else {k: v for k, v in now.items() if values.get(k, "") != v}
    return render(
        f"admin/settings_{section.key}.html",
        status=status,
        page_title=section.title,
        section=section,
        sections=SECTIONS.values(),
        values=values,
        version=version,
        errors=errors or {},
        was_stale=now is not None,
        changed=changed,
        rows=[*numbers, *spare],
        currency=row.currency,
        countries=all_countries(),
        logo_url=(row.brand or {}).get("logo_url"),
        colours=_colour_facts(row),
        type_pairs=[(key, pair.name) for key, pair in TYPE_PAIRS.items()],
        languages=languages(),
        currencies=currencies(row.currency),
        **(section.facts(row) if section.facts is not None else {}),
        payment_marks=WAYS,
    )


def _colour_facts(row: StoreProfile) -> dict[str, Any]:
    """The set as it is in use, with its contrasts."""
    try:
        found = brand_colours((row.brand or {}).get("accent") or DEFAULT_ACCENT)
    except InvalidInput:
        return {}
    return {
        **found,
        "on_paper": round(contrast(found["accent"], PAPER), 1),
        "ink_on_it": round(contrast(found["accent"], found["accent_ink"]), 1),
        "dark_on_paper": round(contrast(found["accent_dark"], DARK_PAPER), 1),
    }
