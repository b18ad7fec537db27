"""Customers and webhook subscriptions there (contracts/shopify.md §6, §9)."""

from __future__ import annotations

import re
from typing import Any

from shop.channels.records import CustomerRecord
from shop.channels.shopify import order_documents as documents
from shop.channels.shopify.client import Client
from shop.channels.shopify.ordering import write_address
from shop.errors import Misunderstood, Refused

Json = dict[str, Any]


def push(client: Client, customer: CustomerRecord, external_id: str | None) -> str:
    """Their id. By the e-mail address the same person is never made twice; addresses there are left alone."""
    given: Json = {"firstName": customer.first_name, "lastName": customer.last_name}
    if customer.email:
        given["email"] = customer.email
    if re.fullmatch(r"\+[1-9]\d{6,14}", customer.phone):  # anything else they refuse (E.164)
        given["phone"] = customer.phone
    if customer.tags:
        given["tags"] = list(customer.tags)
    if external_id is None:
        if not customer.email:
            raise Refused("A customer without an e-mail address cannot be told to Shopify.", service="shopify")
        if customer.addresses:
            given["addresses"] = [write_address(one) for one in customer.addresses[:10]]
    identifier = {"id": external_id} if external_id else {"email": customer.email}
    answer = client.write(documents.SET_CUSTOMER, {"identifier": identifier, "input": given}, repeatable=True)
    made = answer["customer"]
    if made is None:
        raise Misunderstood("Shopify did not say which customer that is.", service="shopify")
    _consent(client, customer, made)
    return str(made["id"])


def _consent(client: Client, customer: CustomerRecord, made: Json) -> None:
    """Only what is known here, and only where it is otherwise there."""
    state = (made.get("defaultEmailAddress") or {}).get("marketingState")
    if customer.accepts_marketing is None or not state or (state == "SUBSCRIBED") is customer.accepts_marketing:
        return
    told = {"marketingState": "SUBSCRIBED" if customer.accepts_marketing else "UNSUBSCRIBED"}
    if customer.accepts_marketing:
        told["marketingOptInLevel"] = "SINGLE_OPT_IN"
    given = {"customerId": made["id"], "emailMarketingConsent": told}
    client.write(documents.SET_CONSENT, {"input": given}, repeatable=True)


def hooks(client: Client) -> list[Json]:
    """All subscriptions of this app in this shop."""
    found: list[Json] = []
    after = None
    while True:
        page = client.read(documents.HOOKS, {"after": after})["webhookSubscriptions"]
        found += page["nodes"]
        if not page["pageInfo"]["hasNextPage"]:
            return found
        after = page["pageInfo"]["endCursor"]


def subscribe(client: Client, topic: str, url: str) -> str:
    """The subscription's id; the one that stands there when another was quicker."""
    given = {"uri": url, "format": "JSON"}
    try:
        made = client.write(documents.CREATE_HOOK, {"topic": topic, "webhookSubscription": given})
    except Refused as error:
        standing = next((h for h in hooks(client) if h["topic"] == topic and h["uri"] == url), None)
        if standing is None:
            raise error
        return str(standing["id"])
    return str(made["webhookSubscription"]["id"])


def unsubscribe(client: Client, hook_id: str) -> None:
    """A repeat does nothing."""
    try:
        client.write(documents.DELETE_HOOK, {"id": hook_id}, repeatable=True)
    except Refused as error:
        if "does not exist" not in error.detail:
            raise
