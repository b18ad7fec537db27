"""Cart reminders: when they leave, with which code, on what basis; and what they brought."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from flask import Response, flash, redirect, request, url_for
from sqlalchemy import func, select
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response as BaseResponse

from shop.admin import reading_forms as read
from shop.admin.blueprint import bp
from shop.admin.permissions import May, staff_only
from shop.admin.stale import marks_of, meet
from shop.core import clock
from shop.core.pages import render
from shop.core.transaction import transaction
from shop.errors import InvalidInput
from shop.extensions import db
from shop.subscribers.models import CartReminder
from shop.tenancy.models import StoreProfile
from shop.tenancy.profile import current_versions, touch_settings
from shop.tenancy.reminder_rules import LONGEST_HOURS, STEPS, reminder_rules
from shop.workflows.remind_of_carts import usable_code

DAYS = 30
ENDS = {
    "bought": "bought", "gone": "the cart was bought or emptied elsewhere", "empty": "the cart was emptied",
    "unavailable": "nothing of it can be bought", "refused": "no reminders wanted", "came_back": "came back to pay",
    "given_up": "given up by staff", "off": "reminders were switched off",
}  # fmt: skip


@bp.get("/cart-reminders")
@staff_only()
def cart_reminders() -> Response:
    return _page(_stored(db.session()))


@bp.post("/cart-reminders")
@staff_only(May.SETTINGS)
def save_cart_reminders() -> Response | BaseResponse:
    """When somebody else saved meanwhile, nothing is written and both versions are shown."""
    form = request.form
    typed = {name: form.get(name, "").replace("\0", "")[:60] for name in _labels()}
    try:
        rules = _read(db.session(), typed)
    except InvalidInput as error:
        return _page({**_stored(db.session()), **typed}, 422, errors=error.fields, marks=form.get("marks", ""))
    db.session.rollback()
    with transaction() as session:
        profile = session.execute(select(StoreProfile).with_for_update().limit(1)).scalar_one()
        met = meet(_shown(profile.reminders), typed, form.get("marks", ""))
        if not met.changed:
            profile.reminders = rules
            touch_settings(session)
    if met.changed:
        return _page(met.values, 409, changed={_labels()[name]: value for name, value in met.changed.items()})
    current_versions(fresh=True)
    flash("Saved. Carts that are waiting follow it, too.", "good")
    return redirect(url_for("admin.cart_reminders"), 303)


def _labels() -> dict[str, str]:
    labels: dict[str, str] = {"soft_opt_in": "Also who did not ask"}
    for step in range(1, STEPS + 1):
        labels[f"on_{step}"] = f"Letter {step}"
        labels[f"hours_{step}"], labels[f"code_{step}"] = f"Letter {step}: hours", f"Letter {step}: code"
    return labels


def _shown(stored: Mapping[str, Any]) -> dict[str, str]:
    rules = reminder_rules(stored)
    values = {"soft_opt_in": "1" if rules.soft_opt_in else ""}
    for number, step in enumerate(rules.steps, 1):
        values |= {
            f"on_{number}": "1" if step.on else "",
            f"hours_{number}": str(step.hours),
            f"code_{number}": step.code,
        }
    return values


def _stored(session: Session) -> dict[str, str]:
    return _shown(session.execute(select(StoreProfile.reminders).limit(1)).scalar_one())


def _read(session: Session, typed: Mapping[str, str]) -> dict[str, Any]:
    errors: dict[str, str] = {}
    steps: list[dict[str, Any]] = []
    for number in range(1, STEPS + 1):
        hours, code = 0, typed[f"code_{number}"].strip()
        try:
            hours = read.whole(typed, f"hours_{number}", "The hours", 1, LONGEST_HOURS)
            if steps and hours <= steps[-1]["hours"]:
                errors[f"hours_{number}"] = "Each letter comes later than the one before."
        except InvalidInput as error:
            errors |= error.fields
        if code and not usable_code(session, code, clock.now()):
            errors[f"code_{number}"] = "No discount that can be used now has this code."
        steps.append({"hours": hours, "on": typed[f"on_{number}"] == "1", "code": code})
    if errors:
        raise InvalidInput(fields=errors)
    return {"steps": steps, "soft_opt_in": typed["soft_opt_in"] == "1"}


def _figures(session: Session) -> dict[str, Any]:
    """The last thirty days: three statements."""
    since = clock.now() - timedelta(days=DAYS)
    recent = CartReminder.created_at > since
    left, letters = session.execute(
        select(func.count(), func.coalesce(func.sum(CartReminder.letters), 0)).where(recent)
    ).one()
    won = session.execute(
        select(CartReminder.currency, func.count(), func.sum(CartReminder.amount_minor))
        .where(CartReminder.is_recovered, CartReminder.ended_at > since)
        .group_by(CartReminder.currency)
        .order_by(CartReminder.currency)
    ).all()
    ends = session.execute(
        select(CartReminder.why, func.count())
        .where(CartReminder.status == "stopped", CartReminder.ended_at > since)
        .group_by(CartReminder.why)
        .order_by(func.count().desc())
    ).all()
    return {
        "left": left, "letters": letters, "won": [(c, int(n), int(total or 0)) for c, n, total in won],
        "count": sum(int(row[1]) for row in won), "ends": [(ENDS.get(why, why), int(n)) for why, n in ends],
    }  # fmt: skip


def _page(
    values: dict[str, str],
    status: int = 200,
    *,
    errors: dict[str, str] | None = None,
    changed: dict[str, str] | None = None,
    marks: str | None = None,
) -> Response:
    session = db.session()
    return render(
        "admin/cart_reminders.html",
        status=status,
        page_title="Cart reminders",
        part="reminders",
        values=values,
        errors=errors or {},
        changed=changed,
        marks=marks if marks is not None else marks_of(_stored(session)),
        figures=_figures(session),
        days=DAYS,
        steps=range(1, STEPS + 1),
    )
