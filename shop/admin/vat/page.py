"""VAT in the EU: whose rate is charged, how near the threshold is, and what the quarterly OSS return says."""

from __future__ import annotations

import csv
import io
from typing import Any

from flask import Response, flash, redirect, request, url_for
from sqlalchemy import select
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response as BaseResponse

from shop.admin import reading_forms as read
from shop.admin.blueprint import bp
from shop.admin.permissions import May, staff_only
from shop.admin.stale import marks_of, meet
from shop.admin.words import is_test_mode
from shop.checkout.countries import country_name
from shop.core import clock
from shop.core.pages import render
from shop.core.settings import current_settings
from shop.core.transaction import transaction
from shop.errors import InvalidInput
from shop.extensions import db
from shop.insights.eu_sales import Quarter, Report, quarter_of, read_report, sold_abroad_minor
from shop.tenancy.eu_rules import EU_VAT, OSS, eu_rules_of, with_standard_rates
from shop.tenancy.models import StoreProfile
from shop.tenancy.profile import current_profile, touch_settings

QUARTERS_SHOWN = 8
EARLIEST = 2021  # the one-stop shop began in July of that year
HEAD = ("Kind", "Quarter of the sale", "Country", "Rate", "Currency", "Net", "VAT", "Orders or refunds")


@bp.get("/vat")
@staff_only()
def vat() -> Response:
    """?quarter=2026-4; anything else is this quarter."""
    return _page(_filled())


@bp.post("/vat")
@staff_only(May.SETTINGS)
def save_vat() -> Response | BaseResponse:
    """Whose rate is charged, and the threshold. When somebody else changed it meanwhile, nothing is saved."""
    typed = {name: request.form.get(name, "")[:60].replace("\0", "") for name in ("oss", "threshold")}
    met = meet(_filled(), typed, request.form.get("marks", ""))
    if met.changed:
        return _page(met.values, status=422, changed=met.changed)
    try:
        oss = read.choice(typed, "oss", "The rate", OSS)
        threshold = read.amount(typed, "threshold", "The threshold", current_profile().currency)
        if threshold == 0:
            raise InvalidInput(fields={"threshold": "The threshold is missing."})
    except InvalidInput as error:
        return _page(typed, status=422, errors=error.fields)
    with transaction() as session:
        row = _lock(session)
        row.eu = {**(row.eu or {}), "oss": oss, "threshold_minor": threshold}
        touch_settings(session)
    flash("Saved. The next cart is taxed by it.", "good")
    return redirect(url_for("admin.vat"), 303)


@bp.post("/vat/rates")
@staff_only(May.SETTINGS)
def fill_eu_rates() -> BaseResponse:
    """A row for every EU country that has none in the table of taxes. A repeat adds nothing."""
    with transaction() as session:
        row = _lock(session)
        filled = with_standard_rates(row.tax_rates)
        added = len(filled) - len(row.tax_rates)
        if added:
            row.tax_rates = filled
            touch_settings(session)
    flash(f"{added} rates were added. Change them at Settings → Taxes." if added else "Every country has one.", "good")
    return redirect(url_for("admin.vat"), 303)


@bp.get("/vat.csv")
@staff_only()
def vat_csv() -> Response:
    """The quarter's return as CSV; `bom=1` for Excel."""
    report, profile = _report(), current_profile()
    out = io.StringIO()
    writer = csv.writer(out)
    writer.writerow(HEAD)
    for (country, rate), sums in sorted(report.sales.items()):
        writer.writerow(("sale", report.quarter, country, rate, profile.currency, *_amounts(sums, profile.currency)))
    for (quarter, country, rate), sums in sorted(report.corrections.items()):
        amounts = _amounts(sums, profile.currency, sign=-1)
        writer.writerow(("correction", quarter, country, rate, profile.currency, *amounts))
    text = ("\ufeff" if request.args.get("bom") == "1" else "") + out.getvalue()
    answer = Response(text.encode(), mimetype="text/csv")
    name = f"oss-{report.quarter.year}-q{report.quarter.number}.csv"
    answer.headers["Content-Disposition"] = f'attachment; filename="{name}"'
    return answer


def _amounts(sums: Any, currency: str, sign: int = 1) -> tuple[str, str, int]:
    def plain(minor: int) -> str:
        text = read.plain_amount(abs(minor), currency)
        return f"-{text}" if minor < 0 else text

    return plain(sign * sums.net_minor), plain(sign * sums.vat_minor), sums.orders


def _report() -> Report:
    year, _, number = request.args.get("quarter", "")[:8].partition("-")
    now = quarter_of(clock.now())
    asked = now
    if year.isascii() and year.isdigit() and number in ("1", "2", "3", "4") and EARLIEST <= int(year) <= now.year:
        asked = Quarter(int(year), int(number))
    tests = is_test_mode(current_settings())
    return read_report(db.session(), asked, current_profile().country, with_tests=tests)


def _lock(session: Session) -> StoreProfile:
    found = select(StoreProfile).limit(1).with_for_update().execution_options(populate_existing=True)
    return session.execute(found).scalar_one()


def _filled() -> dict[str, str]:
    row = db.session.execute(select(StoreProfile).limit(1)).scalar_one()
    rules = eu_rules_of(row.eu)
    return {"oss": rules.oss, "threshold": read.plain_amount(rules.threshold(row.currency), row.currency)}


def _page(
    values: dict[str, str],
    *,
    status: int = 200,
    errors: dict[str, str] | None = None,
    changed: dict[str, str] | None = None,
) -> Response:
    profile, report = current_profile(), _report()
    rules, year = eu_rules_of(profile.eu), clock.now().year
    sold = sold_abroad_minor(db.session(), year, profile.country, with_tests=is_test_mode(current_settings()))
    threshold = rules.threshold(profile.currency)
    known = {row.get("country") for row in profile.tax_rates}
    return render(
        "admin/vat.html",
        status=status,
        page_title="VAT in the EU",
        is_in_eu=profile.country in EU_VAT,
        home=country_name(profile.country),
        currency=profile.currency,
        values=values,
        marks=marks_of(_filled()),
        errors=errors or {},
        changed=changed,
        rules=rules,
        sold=sold,
        threshold=threshold,
        percent=min(999, sold * 100 // threshold),
        year=year,
        missing=[country_name(code) for code in sorted(EU_VAT) if code not in known],
        report=report,
        country_name=country_name,
        quarters=[(f"{q.year}-{q.number}", str(q), q == report.quarter) for q in _quarters()],
        chosen=f"{report.quarter.year}-{report.quarter.number}",
    )


def _quarters() -> list[Quarter]:
    found = [quarter_of(clock.now())]
    while len(found) < QUARTERS_SHOWN:
        found.append(found[-1].before)
    return found
