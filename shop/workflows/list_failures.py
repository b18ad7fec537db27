"""Everything that waits for a person: what it is, why it stopped, and the two ways on (try again, give up)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Integer, ScalarSelect, String, cast, false, func, literal, null, select, union_all, update
from sqlalchemy.orm import Session

from shop.automations.models import Automation, AutomationRun
from shop.catalog.models import CatalogRun, Image
from shop.catalog.runs.models import ChangeRun
from shop.channels.codes.models import CardMove
from shop.channels.files.models import FileImport
from shop.channels.hooking.models import ChannelEvent
from shop.channels.ordering.models import ChannelOrder, ChannelPull, ChannelPush
from shop.channels.syncing.models import SyncRun
from shop.core import clock, durable
from shop.core.money import format_minor
from shop.core.queue import JobName, enqueue_after_commit
from shop.core.transaction import run_in_transaction, transaction
from shop.customers.models import PrivacyRequest
from shop.designing.models import NewProduct
from shop.email.models import Letter
from shop.errors import Conflict, NotFound
from shop.extensions import db
from shop.fulfilment.models import FulfilmentOrder
from shop.inbound.models import InboundEvent
from shop.orders.models import Order
from shop.orders.statuses import tell
from shop.payments.models import DisputeAnswer, Refund
from shop.returns.models import Return, Withdrawal
from shop.subscribers.models import Campaign, CartReminder, ProductWatch
from shop.webhook_delivery.models import WebhookDelivery, WebhookMessage
from shop.workflows.failure_hints import hint_for
from shop.workflows.order_again import order_again
from shop.workflows.refund_order import give_up_refund
from shop.workflows.report_failure import WHAT
from shop.workflows.submit_fulfilment import release

#: every kind of durable work: its rows, and the job that drains them
KINDS: dict[str, tuple[type[Any], JobName]] = {
    "inbound_events": (InboundEvent, JobName.DRAIN_INBOUND),
    "fulfilment_orders": (FulfilmentOrder, JobName.DRAIN_FULFILMENT),
    "letters": (Letter, JobName.DRAIN_EMAIL),
    "refunds": (Refund, JobName.DRAIN_PAYMENTS),
    "dispute_answers": (DisputeAnswer, JobName.DRAIN_DISPUTES),
    "images": (Image, JobName.DRAIN_PICTURES),
    "catalog_runs": (CatalogRun, JobName.REFRESH_CATALOG),
    "webhook_deliveries": (WebhookDelivery, JobName.DELIVER_WEBHOOKS),
    "new_products": (NewProduct, JobName.DRAIN_NEW_PRODUCTS),
    "privacy_requests": (PrivacyRequest, JobName.DRAIN_PRIVACY),
    "change_runs": (ChangeRun, JobName.RUN_CHANGES),
    "channel_card_moves": (CardMove, JobName.DRAIN_CARD_MOVES),
    "file_imports": (FileImport, JobName.DRAIN_FILE_IMPORTS),
    "returns": (Return, JobName.DRAIN_RETURNS),
    "withdrawals": (Withdrawal, JobName.DRAIN_WITHDRAWALS),
    "channel_events": (ChannelEvent, JobName.DRAIN_CHANNEL_EVENTS),
    "sync_runs": (SyncRun, JobName.DRAIN_SYNC),
    "automation_runs": (AutomationRun, JobName.RUN_AUTOMATIONS),
    "product_watches": (ProductWatch, JobName.TELL_WATCHERS),
    "cart_reminders": (CartReminder, JobName.REMIND_OF_CARTS),
    "campaigns": (Campaign, JobName.SEND_CAMPAIGNS),
    "channel_pulls": (ChannelPull, JobName.PULL_CHANNEL_ORDERS),
    "channel_orders": (ChannelOrder, JobName.DRAIN_CHANNEL_ORDERS),
    "channel_pushes": (ChannelPush, JobName.DRAIN_CHANNEL_PUSHES),
}
#: what else becomes of a row that is given up
_GIVEN_UP: dict[str, dict[str, Any]] = {
    "catalog_runs": {"outcome": "failed"},
    "sync_runs": {"outcome": "failed"},
    "webhook_deliveries": {"outcome": "failed"},
    "automation_runs": {"outcome": "failed"},
    "product_watches": {"status": "ended"},
    "cart_reminders": {"status": "stopped", "why": "given_up"},
    "campaigns": {"status": "cancelled"},
}
#: an order is cancelled instead; a return, and an order of a channel, is settled on its own page
GIVE_UP = frozenset(KINDS) - {"fulfilment_orders", "returns", "withdrawals", "channel_orders", "channel_pulls"}


@dataclass(frozen=True)
class Failure:
    """One row that stopped, or is being retried. `about` names the thing; `is_unsure`: it may have happened already."""

    kind: str
    id: int
    about: str
    order_id: int | None
    order_number: str | None
    error_kind: str
    why: str
    at: datetime | None
    due_at: datetime
    attempts: int
    is_held: bool
    is_unsure: bool

    @property
    def what(self) -> str:
        if self.is_held:
            return "An order is on hold"
        return WHAT.get(self.kind, "Something could not be done")

    @property
    def named(self) -> str:
        """What it is about, for a list."""
        about = self.about.replace("_", " ") if self.kind == "letters" else self.about
        if self.kind == "refunds":
            minor, _, currency = self.about.partition(" ")
            about = format_minor(int(minor), currency)
        order = f"Order {self.order_number}" if self.order_number else ""
        return order if self.kind == "fulfilment_orders" else " · ".join(part for part in (order, about) if part)

    @property
    def hint(self) -> str:
        if self.is_held:
            return "Open the order. Release it when all is well, or cancel it."
        if self.kind == "letters" and self.is_unsure:
            return "It may have arrived. Ask the reader, or send it again: then they may get it twice."
        if self.kind == "catalog_runs" and self.error_kind == "approval":
            return "Look at the plan on the catalogue page, then approve or reject it."
        return hint_for(self.kind, self.error_kind, self.why)

    @property
    def may_retry(self) -> bool:
        return not self.is_held

    @property
    def may_retry_in_bulk(self) -> bool:
        """What may reach somebody twice is decided one by one."""
        return self.may_retry and not (self.kind == "letters" and self.is_unsure)

    @property
    def may_give_up(self) -> bool:
        if self.kind == "privacy_requests" and self.about == "erasure":
            return False  # half of a person is not forgotten
        return self.kind in GIVE_UP and not (self.kind == "refunds" and self.is_unsure)

    @property
    def may_give_up_in_bulk(self) -> bool:
        return self.may_give_up and not self.is_unsure


def count_parked(session: Session, **also: ScalarSelect[int]) -> dict[str, int]:
    """How many rows of each kind wait for a person; one statement. `also`: other counts to take with it, by name."""
    counts = union_all(
        *(
            select(literal(kind).label("kind"), func.count().label("n")).where(model.work_state == "parked")
            for kind, (model, _) in KINDS.items()
        ),
        *(select(literal(name), number) for name, number in also.items()),
    )
    return {kind: int(n) for kind, n in session.execute(counts)}


def list_failures(
    session: Session, *, kind: str = "", retrying: bool = False, offset: int = 0, limit: int = 50
) -> list[Failure]:
    """Parked rows, newest first; with `retrying`, the rows that failed and will be tried again by themselves."""
    chosen = [kind] if kind in KINDS else list(KINDS)
    union = union_all(*(_parked(k, retrying) for k in chosen)).subquery()
    rows = session.execute(
        select(union, Order.number)
        .outerjoin(Order, Order.id == union.c.order_id)
        .order_by(union.c.at.desc().nulls_last(), union.c.id.desc())
        .offset(offset)
        .limit(limit)
    )
    return [_failure(row) for row in rows]


def get_failure(session: Session, kind: str, row_id: int) -> Failure:
    """One row in any state. Raises NotFound."""
    if kind not in KINDS:
        raise NotFound("There is no such failure.")
    part = _columns(kind).where(KINDS[kind][0].id == row_id).subquery()
    row = session.execute(select(part, Order.number).outerjoin(Order, Order.id == part.c.order_id)).first()
    if row is None:
        raise NotFound("There is no such failure.")
    return _failure(row)


def try_again(kind: str, row_id: int, *, who: str) -> bool:
    """Make the row due again. False when it is not parked (a repeat does nothing). Raises Conflict for a held order."""
    model, job = _known(kind)
    if kind == "fulfilment_orders":
        return _submit_again(row_id, who)

    def again(session: Session) -> bool:
        if not durable.retry_parked(session, model, row_id):
            return False
        if kind == "letters":  # a person has decided: it is sent, whether or not the first one arrived
            session.execute(
                update(Letter)
                .where(Letter.id == row_id)
                .values(calling_since=None)
                .execution_options(synchronize_session=False)
            )
        if kind == "catalog_runs":
            session.execute(
                update(CatalogRun)
                .where(CatalogRun.id == row_id)
                .values(outcome="running")
                .execution_options(synchronize_session=False)
            )
        _tell_order(session, model, row_id, f"Tried again: {WHAT[kind].lower()}", who)
        enqueue_after_commit(session, job)
        return True

    return run_in_transaction(again)


def give_up(kind: str, row_id: int, *, who: str) -> bool:
    """It will not be done, and need not be: out of the list, with the story kept. A repeat does nothing."""
    model, _ = _known(kind)
    if kind not in GIVE_UP:
        raise Conflict("An order is not given up here: cancel it on its page.")
    if kind == "privacy_requests" and not get_failure(db.session(), kind, row_id).may_give_up:
        raise Conflict("A person who asked to be forgotten is: press “Try again”.")
    if kind == "refunds":
        give_up_refund(row_id, who)
        return True
    values: dict[str, Any] = {"work_state": "done", "finished_at": clock.now(), "fence": model.fence + 1}
    values |= _GIVEN_UP.get(kind, {})
    with transaction() as session:
        given = session.execute(
            update(model)
            .where(model.id == row_id, model.work_state == "parked")
            .values(**values)
            .returning(model.id)
            .execution_options(synchronize_session=False)
        ).first()
        if given:
            _tell_order(session, model, row_id, f"Given up: {WHAT[kind].lower()}", who)
    return given is not None


def _submit_again(row_id: int, who: str) -> bool:
    with transaction() as session:
        row = session.execute(
            select(
                FulfilmentOrder.work_state, FulfilmentOrder.is_held, FulfilmentOrder.status, FulfilmentOrder.order_id
            ).where(FulfilmentOrder.id == row_id)
        ).first()
        if row is None or row.work_state != "parked":
            return False
        if row.is_held and row.status != "cancelled":
            raise Conflict("This order is on hold. Open it, and release it when all is well.")
    if row.status == "cancelled":
        order_again(row.order_id, row_id, who=who)
        return True
    if not release(row_id):
        return False
    with transaction() as session:
        _tell_order(session, FulfilmentOrder, row_id, "Tried again: sending it to the print provider", who)
    return True


def _tell_order(session: Session, model: type[Any], row_id: int, why: str, who: str) -> None:
    if not hasattr(model, "order_id"):
        return
    order = session.execute(
        select(Order).join(model, model.order_id == Order.id).where(model.id == row_id)
    ).scalar_one_or_none()
    if order is not None:
        tell(session, order, "staff", why=why, who=who)


def _known(kind: str) -> tuple[type[Any], JobName]:
    if kind not in KINDS:
        raise NotFound("There is no such failure.")
    return KINDS[kind]


def _parked(kind: str, retrying: bool) -> Any:
    model = KINDS[kind][0]
    if retrying:
        return _columns(kind).where(model.work_state.in_(["due", "working"]), model.error_text.is_not(None))
    return _columns(kind).where(model.work_state == "parked")


def _columns(kind: str) -> Any:
    model: Any = KINDS[kind][0]
    about: dict[str, Any] = {
        "inbound_events": lambda: InboundEvent.source + " · " + InboundEvent.topic,
        "fulfilment_orders": lambda: FulfilmentOrder.external_key,
        "letters": lambda: Letter.letter + " → " + Letter.to_email,
        "refunds": lambda: cast(Refund.amount_minor, String) + " " + Refund.currency,
        "dispute_answers": lambda: DisputeAnswer.step,
        "images": lambda: Image.alt,
        "catalog_runs": lambda: CatalogRun.cause,
        "webhook_deliveries": lambda: (
            select(WebhookMessage.type).where(WebhookMessage.id == WebhookDelivery.message_id).scalar_subquery()
        ),
        "new_products": lambda: NewProduct.title,
        "privacy_requests": lambda: PrivacyRequest.kind,
        "change_runs": lambda: ChangeRun.title,
        "channel_card_moves": lambda: CardMove.key,
        "file_imports": lambda: FileImport.name,
        "returns": lambda: Return.number,
        "withdrawals": lambda: Withdrawal.reference,
        "automation_runs": lambda: (
            select(Automation.name).where(Automation.id == AutomationRun.automation_id).scalar_subquery()
        ),
        "channel_events": lambda: ChannelEvent.topic + " · " + ChannelEvent.subject_id,
        "sync_runs": lambda: SyncRun.entity + " · " + SyncRun.mode,
        "product_watches": lambda: ProductWatch.email,
        "cart_reminders": lambda: CartReminder.email,
        "campaigns": lambda: Campaign.title,
        "channel_pulls": lambda: cast(ChannelPull.connection_id, String),
        "channel_orders": lambda: ChannelOrder.number,
        "channel_pushes": lambda: ChannelPush.kind,
    }
    order_id = getattr(model, "order_id", None)
    return select(
        literal(kind).label("kind"),
        model.id.label("id"),
        about[kind]().label("about"),
        (order_id if order_id is not None else cast(null(), Integer)).label("order_id"),
        model.error_kind.label("error_kind"),
        model.error_text.label("why"),
        model.error_at.label("at"),
        model.due_at.label("due_at"),
        model.attempts.label("attempts"),
        (FulfilmentOrder.is_held if kind == "fulfilment_orders" else false()).label("is_held"),
        model.calling_since.is_not(None).label("is_unsure"),
    )


def _failure(row: Any) -> Failure:
    return Failure(
        kind=row.kind,
        id=row.id,
        about=row.about or "",
        order_id=row.order_id,
        order_number=row.number,
        error_kind=row.error_kind or "us",
        why=row.why or "",
        at=row.at,
        due_at=row.due_at,
        attempts=row.attempts,
        is_held=row.is_held,
        is_unsure=row.is_unsure,
    )
