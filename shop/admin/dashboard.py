"""Home: how the shop sells, beside the time before; what needs you now; how the machine is."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlsplit

from flask import Response, request, url_for
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from shop.admin import charts, machine_state
from shop.admin.blueprint import bp
from shop.admin.catalog_state import cache_age, run_to_decide
from shop.admin.permissions import staff_only
from shop.admin.words import ago, is_test_mode, money
from shop.core import clock
from shop.core.pages import render
from shop.core.settings import current_settings
from shop.extensions import db
from shop.fulfilment.models import FulfilmentOrder
from shop.insights.models import ThresholdNotice
from shop.insights.selling import Selling, period_of, read_selling
from shop.orders.models import Order
from shop.payments.models import Dispute
from shop.payments.summing import OPEN_DISPUTES
from shop.tenancy.eu_rules import eu_rules_of
from shop.tenancy.profile import current_profile
from shop.webhook_delivery.models import WebhookEndpoint
from shop.workflows.list_failures import count_parked

NEWEST = 6


@dataclass(frozen=True)
class Task:
    """Something that waits for a person. tone: needs | failed."""

    title: str
    text: str
    url: str
    tone: str = "needs"


#: days → what the period and the one before it are called
PERIODS = {
    1: ("Today", "yesterday until this hour"),
    7: ("7 days", "the 7 days before"),
    30: ("30 days", "the 30 days before"),
    90: ("90 days", "the 90 days before"),
    365: ("12 months", "the 12 months before"),
}
USUAL = 7


@dataclass(frozen=True)
class Figure:
    """One number of the page and what it was before. `way`: up | down | same; `is_good`: whether that is welcome."""

    name: str
    value: str
    before: str
    percent: str
    way: str
    is_good: bool


@bp.get("/")
@staff_only()
def dashboard() -> Response:
    """?days=1|7|30|90|365; anything else is the usual week."""
    session = db.session()
    profile = current_profile()
    asked = request.args.get("days", "")
    days = int(asked) if asked in {str(n) for n in PERIODS} else USUAL
    selling = read_selling(session, period_of(days), profile.currency, with_tests=is_test_mode(current_settings()))
    steps = charts.steps_of(selling)
    parked = count_parked(session)
    return render(
        "admin/dashboard.html",
        page_title="Home",
        selling=selling,
        figures=figures_of(selling),
        steps=steps,
        chart={"bars": charts.bars_of(steps), "width": charts.WIDTH, "height": charts.HEIGHT, "floor": charts.BOTTOM},
        days=days,
        periods=[(n, name, url_for("admin.dashboard", days=n)) for n, (name, _) in PERIODS.items()],
        compared_with=PERIODS[days][1],
        tasks=_tasks(session, parked),
        newest=session.execute(select(Order).order_by(Order.placed_at.desc()).limit(NEWEST)).scalars().all(),
        **_machine(session, parked),
    )


def figures_of(selling: Selling) -> list[Figure]:
    now, before, currency = selling.now, selling.before, selling.currency

    def coins(minor: int) -> str:
        return money(minor, currency)

    return [
        _figure("Sales", now.sales_minor, before.sales_minor, coins),
        _figure("Orders", now.orders, before.orders, "{:,}".format),
        _figure("Average order", now.average_minor, before.average_minor, coins),
        _figure("Visitors", now.visitors, before.visitors, "{:,}".format),
        _figure("Conversion", now.conversion, before.conversion, "{:.1%}".format),
        _figure("Refunds", now.refunded_minor, before.refunded_minor, coins, more_is_good=False),
    ]


def _figure(name: str, now: Any, before: Any, say: Callable[[Any], str], *, more_is_good: bool = True) -> Figure:
    way = "same" if now is None or before is None or now == before else "up" if now > before else "down"
    percent = f"{abs(now - before) / before:.0%}" if way != "same" and before else ""
    texts = [say(value) if value is not None else "–" for value in (now, before)]
    return Figure(name, texts[0], texts[1], percent, way, (way == "up") == more_is_good)


def _machine(session: Session, parked: dict[str, int]) -> dict[str, Any]:
    parts = [
        machine_state.look_at_database(session),
        machine_state.look_at_redis(),
        *machine_state.look_at_schedules(session),
        *machine_state.look_at_workers(),
    ]
    return {"parts": parts, "backlogs": machine_state.read_backlogs(session, parked)}


def _tasks(session: Session, parked: dict[str, int]) -> list[Task]:
    tasks = [*_dispute_tasks(session), *_held_tasks(session), *_webhook_tasks(session), *_threshold_tasks(session)]
    held = sum(1 for task in tasks if task.tone == "needs" and "hold" in task.title)
    stopped = max(0, sum(parked.values()) - held)
    if stopped:
        noun = "thing has" if stopped == 1 else "things have"
        tasks.append(Task(f"{stopped} {noun} stopped", "See why, and try again.", url_for("admin.failures"), "failed"))
    run = run_to_decide(session)
    if run is not None:
        text = (run.plan or {}).get("note") or "The last refresh would remove many products."
        tasks.append(Task("A catalogue change waits for your yes", str(text)[:200], url_for("admin.catalog")))
    fetched = cache_age(session)
    ttl = timedelta(minutes=current_settings().catalog_ttl_minutes)
    if fetched is not None and clock.now() - fetched > 3 * ttl:
        tasks.append(Task("The catalogue is old", f"Last read from Printify {ago(fetched)}.", url_for("admin.catalog")))
    return tasks


def _dispute_tasks(session: Session) -> list[Task]:
    rows = session.execute(
        select(
            Dispute.id, Dispute.status, Dispute.evidence_due_at, Dispute.amount_minor, Dispute.currency, Order.number
        )
        .join(Order, Order.id == Dispute.order_id)
        .where(Dispute.status.in_(OPEN_DISPUTES))
        .order_by(Dispute.evidence_due_at.asc().nulls_last())
        .limit(5)
    )
    return [
        Task(
            f"Order {row.number} is disputed",
            f"{money(row.amount_minor, row.currency)} contested. {_deadline(row.evidence_due_at)}",
            url_for("admin.dispute", dispute_id=row.id),
            "failed" if row.status.endswith("needs_response") else "needs",
        )
        for row in rows
    ]


def _webhook_tasks(session: Session) -> list[Task]:
    """Endpoints of others that answer badly, or that were switched off for it."""
    rows = session.execute(
        select(WebhookEndpoint.id, WebhookEndpoint.url, WebhookEndpoint.is_enabled, WebhookEndpoint.failing_since)
        .where(WebhookEndpoint.failing_since.is_not(None))
        .order_by(WebhookEndpoint.failing_since)
        .limit(5)
    )
    return [
        Task(
            "A webhook fails" if row.is_enabled else "A webhook was switched off",
            f"{urlsplit(row.url).netloc} has answered nothing good since {ago(row.failing_since)}.",
            url_for("admin.webhook_endpoint", endpoint_id=row.id),
        )
        for row in rows
    ]


def _threshold_tasks(session: Session) -> list[Task]:
    """Near or above the EU's threshold, until the rates of other countries are charged."""
    if eu_rules_of(current_profile().eu).oss != "home":
        return []
    reached = session.execute(
        select(func.max(ThresholdNotice.percent)).where(ThresholdNotice.year == clock.now().year)
    ).scalar()
    if reached is None:
        return []
    title = f"Sales to other EU countries reached {reached} % of the threshold"
    text = "Above it, their VAT is owed." if reached < 100 else "Their VAT is owed now: switch the rates."
    return [Task(title, text, url_for("admin.vat"), "failed" if reached >= 100 else "needs")]


def _deadline(due: datetime | None) -> str:
    if due is None:
        return "The bank names no deadline."
    left = due - clock.now()
    word = "The deadline has passed" if left < timedelta(0) else f"Evidence is due {ago(due)}"
    return f"{word} ({due.day} {due:%B})."


def _held_tasks(session: Session) -> list[Task]:
    held = (
        FulfilmentOrder.is_held.is_(True),
        FulfilmentOrder.work_state == "parked",
        FulfilmentOrder.status != "cancelled",
    )
    rows = session.execute(
        select(Order.number, FulfilmentOrder.hold_reason, func.count().over().label("n"))
        .join(Order, Order.id == FulfilmentOrder.order_id)
        .where(*held)
        .order_by(FulfilmentOrder.created_at)
        .limit(5)
    ).all()
    return [
        Task(f"Order {row.number} is on hold", row.hold_reason[:200], url_for("admin.order", number=row.number))
        for row in rows
    ]
