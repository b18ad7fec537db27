"""The list of customers; tags for many at once; the list as a CSV file."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import date
from typing import Any

from flask import Flask, Response, current_app, flash, redirect, request, url_for
from werkzeug.wrappers import Response as BaseResponse

from shop.accounts.auditing import note_change
from shop.admin import reading_forms as read
from shop.admin.answering import press
from shop.admin.blueprint import bp
from shop.admin.page_links import page_links
from shop.admin.permissions import May, staff_only
from shop.admin.reading_forms import plain_amount
from shop.checkout.countries import country_name
from shop.core import clock
from shop.core.pages import render
from shop.core.paging import page_number
from shop.core.transaction import transaction
from shop.customers.changing import read_tags, tag_many
from shop.customers.searching import (
    COUNTED_AT_MOST,
    PER_PAGE,
    SORTS,
    TABS,
    CustomerRow,
    Wanted,
    customers_after,
    list_countries,
    list_tags,
    search_customers,
)
from shop.errors import InvalidInput
from shop.extensions import db
from shop.tenancy.profile import current_profile

MOST_AT_ONCE = 500  # tagged
AT_ONCE = 500  # read for the file
LABELS = {  # of the filters
    "country": "Country", "consent": "Mail", "tag": "Tag", "orders_from": "Orders from", "orders_to": "Orders up to",
    "spent_from": "Spent from", "spent_to": "Spent up to", "last_from": "Last order from",
    "last_to": "Last order until",
}  # fmt: skip
FILTERS = ("q", *LABELS)
COLUMNS = (
    "Name", "E-mail", "Telephone", "Country", "Language", "Tags", "Wants mail", "Orders", "Spent", "Currency",
    "First order", "Last order", "Customer since",
)  # fmt: skip


@dataclass(frozen=True)
class Asked:
    """What the address bar asks for; anything that cannot be understood is left out."""

    wanted: Wanted
    typed: dict[str, str]

    def parameters(self, **changes: object) -> dict[str, Any]:
        """For links: only what is set."""
        wanted = self.wanted
        values: dict[str, object] = {
            "tab": wanted.tab if wanted.tab != "all" else "",
            **self.typed,
            "sort": wanted.sort if wanted.sort != "since" else "",
            "dir": "" if wanted.down == SORTS[wanted.sort][1] else ("down" if wanted.down else "up"),
            "page": wanted.page if wanted.page > 1 else "",
            **changes,
        }
        return {k: str(v) for k, v in values.items() if v}

    @property
    def chips(self) -> list[tuple[str, str]]:
        """(what it says, the address without it) of every filter that is set."""
        return [
            (f"{label}: {self._say(name)}", url_for("admin.customers", **self.parameters(**{name: "", "page": ""})))
            for name, label in LABELS.items()
            if self.typed.get(name)
        ]

    def _say(self, name: str) -> str:
        value = self.typed[name]
        return country_name(value, "en") if name == "country" else value

    @property
    def is_narrowed(self) -> bool:
        return bool(self.typed)


def read_asked(args: Mapping[str, str], currency: str) -> Asked:
    def whole(name: str) -> int | None:
        raw = args.get(name, "").strip()
        return int(raw) if raw.isascii() and raw.isdigit() and len(raw) <= 6 else None

    def minor(name: str) -> int | None:
        try:
            return read.amount(args, name, "", currency) if args.get(name, "").strip() else None
        except InvalidInput:
            return None

    def day(name: str) -> date | None:
        try:
            return date.fromisoformat(args.get(name, "").strip()[:10])
        except ValueError:
            return None

    def said(name: str, most: int) -> str:
        return re.sub(r"[\x00-\x1f\x7f\ud800-\udfff]", " ", args.get(name, ""))[:most].strip()

    tab, sort = args.get("tab", ""), args.get("sort", "")
    sort = sort if sort in SORTS else "since"
    wanted = Wanted(
        tab=tab if tab in TABS else "all",
        query=said("q", 100),
        country=said("country", 2).upper(),
        consent=args.get("consent", "") if args.get("consent") in ("yes", "no") else "",
        tag=said("tag", 40),
        orders_from=whole("orders_from"),
        orders_to=whole("orders_to"),
        spent_from=minor("spent_from"),
        spent_to=minor("spent_to"),
        last_from=day("last_from"),
        last_to=day("last_to"),
        sort=sort,
        down={"down": True, "up": False}.get(args.get("dir", ""), SORTS[sort][1]),
        page=min(page_number(args.get("page")), COUNTED_AT_MOST // PER_PAGE),
    )
    return Asked(wanted, {name: text for name in FILTERS if (text := _as_text(wanted, name, currency))})


def _as_text(wanted: Wanted, name: str, currency: str) -> str:
    value = getattr(wanted, "query" if name == "q" else name)
    if value is None:
        return ""
    return plain_amount(value, currency) if name.startswith("spent") else str(value)


@bp.get("/customers")
@staff_only()
def customers() -> Response:
    session, asked = db.session(), read_asked(request.args, current_profile().currency)
    found = search_customers(session, asked.wanted)
    return render(
        "admin/customers.html",
        fragment="results",
        page_title="Customers",
        asked=asked,
        wanted=asked.wanted,
        found=found.page,
        is_more=found.is_more_than_counted,
        tabs=[(k, name, url_for("admin.customers", **asked.parameters(tab=k, page=""))) for k, name in TABS.items()],
        sorts={name: _sorted_by(asked, name) for name in SORTS},
        countries=sorted(((c, country_name(c, "en")) for c in list_countries(session)), key=lambda pair: pair[1]),
        country_name=lambda code: country_name(code, "en"),
        tags=list_tags(session),
        urls=page_links(found.page, lambda n: url_for("admin.customers", **asked.parameters(page=n if n > 1 else ""))),
        csv_url=url_for("admin.customers_csv", **asked.parameters(page="", sort="", dir="")),
    )


def _sorted_by(asked: Asked, name: str) -> tuple[str, str]:
    """(the address that sorts by it, what aria-sort says now)."""
    wanted = asked.wanted
    is_now = wanted.sort == name
    down = not wanted.down if is_now else SORTS[name][1]
    changed = replace(asked, wanted=replace(wanted, sort=name, down=down, page=1))
    said = ("descending" if wanted.down else "ascending") if is_now else ""
    return url_for("admin.customers", **changed.parameters()), said


@bp.post("/customers/tags")
@staff_only(May.CUSTOMERS)
def tag_customers() -> BaseResponse:
    """Give the chosen customers a tag (`do`: add), or take it away (remove)."""

    def work() -> str:
        raw = request.form.getlist("customer")[: MOST_AT_ONCE + 1]
        if not raw or not all(value.isascii() and value.isdigit() and len(value) <= 18 for value in raw):
            raise InvalidInput("Choose at least one customer first.")
        if len(raw) > MOST_AT_ONCE:
            raise InvalidInput(f"At most {MOST_AT_ONCE} customers at once.")
        tags = read_tags(read.text(request.form, "tag", "The tag", 60))
        if len(tags) != 1:
            raise InvalidInput("One tag at a time, without a comma.")
        remove = read.choice(request.form, "do", "Add or remove", ("add", "remove")) == "remove"
        with transaction() as session:
            changed = len(tag_many(session, [int(value) for value in raw], tags[0], remove=remove))
        who = "1 customer" if changed == 1 else f"{changed} customers"
        return f"“{tags[0]}” {'taken from' if remove else 'given to'} {who}."

    asked = read_asked(request.form, current_profile().currency)
    return press(work, done="", back=url_for("admin.customers", **asked.parameters(tag="")))


@bp.get("/customers.csv")
@staff_only(May.PRIVACY)
def customers_csv() -> BaseResponse:
    """Everybody in the view, piece by piece: memory stays flat however many there are."""
    asked = read_asked(request.args, current_profile().currency)
    if asked.wanted.tab == "erased":
        flash("Of the people in this view nothing is left to export.", "bad")
        return redirect(url_for("admin.customers", tab="erased"), 303)
    with transaction() as session:
        note_change(session, "export customers", "customers", {}, {"kind": asked.wanted.tab})
    app: Flask = current_app._get_current_object()  # type: ignore[attr-defined]
    answer = Response(_csv(app, asked.wanted), mimetype="text/csv")
    answer.headers["Content-Disposition"] = f'attachment; filename="customers-{clock.now():%Y-%m-%d}.csv"'
    return answer


def _csv(app: Flask, wanted: Wanted) -> Iterator[str]:
    """Each piece in a context of its own, so that a slow reader holds no connection."""
    yield "\ufeff" + _csv_line(COLUMNS)
    last = 0
    while True:
        with app.app_context():
            rows = customers_after(db.session(), wanted, last, AT_ONCE)
        if rows:
            yield "".join(_csv_line(_cells(row)) for row in rows)
        if len(rows) < AT_ONCE:
            return
        last = rows[-1].id


def _cells(row: CustomerRow) -> tuple[object, ...]:
    spent = plain_amount(row.spent_minor, row.spent_currency) if row.spent_currency else ""
    moments = (row.first_order_at, row.last_order_at, row.created_at)
    days = tuple(f"{moment:%Y-%m-%d}" if moment else "" for moment in moments)
    mail = "yes" if row.accepts_marketing else "no"
    return (
        quoted(row.name), quoted(row.email), quoted(row.phone), row.country, row.locale, quoted(", ".join(row.tags)),
        mail, row.orders_count, spent, row.spent_currency, *days,
    )  # fmt: skip


def quoted(text: str) -> str:
    """A text that no spreadsheet takes for a formula (OWASP: CSV injection)."""
    return f"'{text}" if text[:1] in ("=", "+", "-", "@", "\t", "\r") else text


def _csv_line(cells: tuple[object, ...]) -> str:
    held = io.StringIO()
    csv.writer(held).writerow(cells)
    return held.getvalue()
