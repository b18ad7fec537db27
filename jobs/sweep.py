"""Find due rows whose kick was lost, and kick again. Redis may be empty at any time."""

from __future__ import annotations

from typing import Any

from shop.automations.models import AutomationRun
from shop.catalog.models import CatalogRun, Image
from shop.catalog.runs.models import ChangeRun
from shop.channels.codes.models import CardMove
from shop.channels.files.models import FileImport
from shop.channels.hooking.models import ChannelEvent
from shop.channels.ordering.models import ChannelOrder, ChannelPull, ChannelPush
from shop.channels.syncing.models import SyncRun
from shop.core.durable import has_due
from shop.core.queue import JobName, kick
from shop.customers.models import PrivacyRequest
from shop.designing.models import NewProduct
from shop.email.models import Letter
from shop.extensions import db
from shop.fulfilment.models import FulfilmentOrder
from shop.inbound.models import InboundEvent
from shop.payments.models import DisputeAnswer, Refund
from shop.returns.models import Return, Withdrawal
from shop.subscribers.models import Campaign, CartReminder, ProductWatch
from shop.webhook_delivery.models import WebhookDelivery

#: every kind of durable work, and the job that drains it
WORK: dict[JobName, type[Any]] = {
    JobName.DRAIN_INBOUND: InboundEvent,
    JobName.DRAIN_FULFILMENT: FulfilmentOrder,
    JobName.DRAIN_EMAIL: Letter,
    JobName.DRAIN_PAYMENTS: Refund,
    JobName.DRAIN_DISPUTES: DisputeAnswer,
    JobName.DRAIN_PICTURES: Image,
    JobName.DELIVER_WEBHOOKS: WebhookDelivery,
    JobName.REFRESH_CATALOG: CatalogRun,
    JobName.DRAIN_NEW_PRODUCTS: NewProduct,
    JobName.DRAIN_PRIVACY: PrivacyRequest,
    JobName.RUN_CHANGES: ChangeRun,
    JobName.TELL_WATCHERS: ProductWatch,
    JobName.REMIND_OF_CARTS: CartReminder,
    JobName.SEND_CAMPAIGNS: Campaign,
    JobName.DRAIN_RETURNS: Return,
    JobName.DRAIN_WITHDRAWALS: Withdrawal,
    JobName.RUN_AUTOMATIONS: AutomationRun,
    JobName.DRAIN_CHANNEL_EVENTS: ChannelEvent,
    JobName.DRAIN_SYNC: SyncRun,
    JobName.PULL_CHANNEL_ORDERS: ChannelPull,
    JobName.DRAIN_CHANNEL_ORDERS: ChannelOrder,
    JobName.DRAIN_CHANNEL_PUSHES: ChannelPush,
    JobName.DRAIN_CARD_MOVES: CardMove,
    JobName.DRAIN_FILE_IMPORTS: FileImport,
}


def sweep() -> list[JobName]:
    """Kick the drain job of every kind that has something due. Returns what was kicked."""
    found = [name for name, model in WORK.items() if has_due(db.session(), model)]
    db.session.rollback()
    for name in found:
        kick(name)
    return found
