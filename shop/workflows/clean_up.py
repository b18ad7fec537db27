"""Once an hour: let old things go, recount what sells."""

from __future__ import annotations

from datetime import timedelta

from sqlalchemy import delete, func, select, update

from shop.accounts.api_answers import let_old_ones_go
from shop.accounts.sessions import IDLE
from shop.accounts.shoppers.closing import let_old_rows_go
from shop.accounts.staff_models import StaffInvitation, StaffReset, StaffSession
from shop.automations.models import AutomationRun
from shop.cart.models import Cart, CartLine
from shop.catalog.models import Product
from shop.catalog.past_prices.lowest import let_old_prices_go
from shop.catalog.runs.models import ChangeFile, ChangeItem, ChangeRun
from shop.channels.codes.keeping import forget_codes as forget_codes_of_others
from shop.channels.hooking.models import ChannelEvent
from shop.channels.syncing.models import SyncRun
from shop.core import clock
from shop.core.transaction import transaction
from shop.inbound.models import InboundEvent
from shop.orders.models import OrderLine
from shop.outbound.models import OutboundCall
from shop.promotions.gift_cards.issuing import forget_codes
from shop.promotions.gift_cards.models import GiftCard
from shop.subscribers.watching import let_old_ones_go as let_old_wishes_go
from shop.tenancy.profile import touch_catalog
from shop.webhook_delivery.models import WebhookDelivery, WebhookMessage
from shop.workflows.export_customer import forget_old_files

KEEP_CHANGES = timedelta(days=90)
KEEP_CALLS = timedelta(days=30)
KEEP_INVITATIONS = timedelta(days=60)
KEEP_EVENTS = timedelta(days=60)
KEEP_AUTOMATION_RUNS = timedelta(days=30)
KEEP_CHANNEL_EVENTS = timedelta(days=14)
KEEP_WEBHOOKS = timedelta(days=30)
KEEP_EMPTY_CARTS = timedelta(days=7)
KEEP_UNPAID_GIFTS = timedelta(days=30)
KEEP_CARTS = timedelta(days=180)
KEEP_CARD_CODES = timedelta(days=90)


def run() -> None:
    """A repeat does nothing more."""
    now = clock.now()
    with transaction() as session:
        session.execute(delete(OutboundCall).where(OutboundCall.at < now - KEEP_CALLS))
        session.execute(
            delete(InboundEvent).where(InboundEvent.work_state == "done", InboundEvent.received_at < now - KEEP_EVENTS)
        )
        session.execute(
            delete(ChannelEvent).where(
                ChannelEvent.work_state == "done", ChannelEvent.finished_at < now - KEEP_CHANNEL_EVENTS
            )
        )
        session.execute(
            delete(AutomationRun).where(
                AutomationRun.work_state == "done", AutomationRun.finished_at < now - KEEP_AUTOMATION_RUNS
            )
        )
        session.execute(
            delete(SyncRun).where(SyncRun.work_state == "done", SyncRun.started_at < now - KEEP_CHANGES,
                                  SyncRun.outcome != "waiting")
        )  # fmt: skip
        owed = select(WebhookDelivery.id).where(
            WebhookDelivery.message_id == WebhookMessage.id, WebhookDelivery.work_state != "done"
        )
        session.execute(
            delete(WebhookMessage)
            .where(WebhookMessage.created_at < now - KEEP_WEBHOOKS, ~owed.exists())
            .execution_options(synchronize_session=False)
        )
        session.execute(delete(StaffSession).where(StaffSession.last_seen_at < now - IDLE))
        session.execute(delete(StaffReset).where(StaffReset.expires_at < now))
        session.execute(delete(StaffInvitation).where(StaffInvitation.expires_at < now - KEEP_INVITATIONS))
        let_old_ones_go(session)
        let_old_rows_go(session)
        let_old_prices_go(session)
        let_old_wishes_go(session)
        forget_old_files(session)
        forget_codes(session, now)
        forget_codes_of_others(session, now - KEEP_CARD_CODES)
        session.execute(
            delete(GiftCard).where(GiftCard.status == "waiting", GiftCard.created_at < now - KEEP_UNPAID_GIFTS)
        )
        old = select(ChangeRun.id).where(ChangeRun.created_at < now - KEEP_CHANGES, ChangeRun.work_state == "done")
        for rows in (ChangeItem, ChangeFile):
            session.execute(
                delete(rows).where(rows.run_id.in_(old)).execution_options(synchronize_session=False)
            )
        has_lines = select(CartLine.id).where(CartLine.cart_id == Cart.id).exists()
        session.execute(
            delete(Cart)
            .where((Cart.updated_at < now - KEEP_CARTS) | ((Cart.updated_at < now - KEEP_EMPTY_CARTS) & ~has_lines))
            .execution_options(synchronize_session=False)
        )
    with transaction() as session:
        sold = (
            select(OrderLine.product_id, func.sum(OrderLine.quantity).label("n"))
            .where(OrderLine.product_id.is_not(None))
            .group_by(OrderLine.product_id)
            .subquery()
        )
        changed = session.execute(
            update(Product)
            .where(Product.id == sold.c.product_id, Product.sold_count != sold.c.n)
            .values(sold_count=sold.c.n)
            .returning(Product.id)
            .execution_options(synchronize_session=False)
        ).all()
        if changed:
            touch_catalog(session)
