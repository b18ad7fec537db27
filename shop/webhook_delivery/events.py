"""What can be heard of. The data of each event is described in docs/panel/webhooks.md."""

from __future__ import annotations

EVENTS: dict[str, str] = {
    "order.placed": "An order was placed",
    "order.paid": "An order is paid in full",
    "order.cancelled": "An order was cancelled",
    "order.shipped": "A parcel left; once for each parcel",
    "order.delivered": "Every parcel of an order has arrived",
    "refund.succeeded": "Money was given back",
    "return.requested": "A buyer wants to return something, or withdrew from the contract",
    "dispute.opened": "A buyer disputes a payment",
    "dispute.closed": "A dispute is over, won or lost",
    "review.created": "A buyer reviewed a product",
    "product.updated": "A product was changed, published or archived",
    "customer.created": "Somebody bought for the first time",
    "fulfilment.parked": "An order cannot be printed until a person acts",
    "failure.parked": "Something else could not be done and waits for a person",
    "channel.reconnect": "A connected platform must be authorised again",
}
#: sent by the button “Send a test event” alone
TEST_EVENT = "webhook.test"
