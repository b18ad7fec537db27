"""Home: today's figures, what needs you now, and how the machine is."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from flask import Response, current_app, url_for
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from shop.admin import machine_state
from shop.admin.blueprint import bp
from shop.admin.catalog_state import cache_age, run_to_decide
from shop.admin.figures import HEIGHT, WIDTH, bars_of, last_days
from shop.admin.permissions import staff_only
from shop.admin.words import ago, is_test_mode, money
from shop.core import clock
from shop.core.pages import render
from shop.extensions import db
from shop.fulfilment.models import FulfilmentOrder
from shop.orders.models import Order
from shop.payments.models import Dispute
from shop.payments.summing import OPEN_DISPUTES
from shop.tenancy.profile import current_profile
from shop.workflows.list_failures import count_parked

NEWEST = 6


@dataclass(frozen=True)
class Task:
    """Something that waits for a person. tone: needs | failed."""

    title: str
    text: str
    url: str
    tone: str = "needs"


@bp.get("/")
@staff_only()
def dashboard() -> Response:
    session = db.session()
    profile = current_profile()
    config = current_app.config["IMPRINT"]
    days = last_days(session, profile.currency, with_tests=is_test_mode(config))
    texts = [money(d.sales_minor, profile.currency) for d in days]
    parked = count_parked(session)
    return render(
        "admin/dashboard.html",
        page_title="Home",
        today=days[-1],
        yesterday=days[-2],
        days=days,
        week_orders=sum(d.orders for d in days),
        week_sales=sum(d.sales_minor for d in days),
        chart={"bars": bars_of(days, texts), "width": WIDTH, "height": HEIGHT},
        tasks=_tasks(session, parked),
        newest=session.execute(select(Order).order_by(Order.placed_at.desc()).limit(NEWEST)).scalars().all(),
        **_machine(session, parked),
    )


def _machine(session: Session, parked: dict[str, int]) -> dict[str, Any]:
    parts = [
        machine_state.look_at_database(session),
        machine_state.look_at_redis(),
        *machine_state.look_at_schedules(session),
        *machine_state.look_at_workers(),
    ]
    return {"parts": parts, "backlogs": machine_state.read_backlogs(session, parked)}


def _tasks(session: Session, parked: dict[str, int]) -> list[Task]:
    tasks = [*_dispute_tasks(session), *_held_tasks(session)]
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
    ttl = timedelta(minutes=current_app.config["IMPRINT"].catalog_ttl_minutes)
    if fetched is not None and clock.now() - fetched > 3 * ttl:
        tasks.append(
            Task("The catalogue is old", f"Last read from Printify {ago(fetched)}.", url_for("admin.catalog"))
        )
    return tasks


def _dispute_tasks(session: Session) -> list[Task]:
    rows = session.execute(
        select(Dispute.status, Dispute.evidence_due_at, Dispute.amount_minor, Dispute.currency, Order.number)
        .join(Order, Order.id == Dispute.order_id)
        .where(Dispute.status.in_(OPEN_DISPUTES))
        .order_by(Dispute.evidence_due_at.asc().nulls_last())
        .limit(5)
    )
    return [
        Task(
            f"Order {row.number} is disputed",
            f"{money(row.amount_minor, row.currency)} contested. {_deadline(row.evidence_due_at)}",
            url_for("admin.order", number=row.number),
            "failed" if row.status.endswith("needs_response") else "needs",
        )
        for row in rows
    ]


def _deadline(due: datetime | None) -> str:
    if due is None:
        return "Answer in your Stripe dashboard."
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
