"""Discount codes and gift cards (contracts/shopify.md §7, §8). Codes of gift cards can be searched, never read."""

from __future__ import annotations

import secrets
from datetime import UTC, datetime
from typing import Any

from sandbox.shopify.executing import Call
from sandbox.shopify.product_nodes import connection
from sandbox.shopify.shelf import Shelf, shelf_of
from sandbox.shopify.shopfront import CURRENCY, Json, amount, gid, minor_of, number_of, seconds_of, stamp

DISCOUNT, CARD = "shopify_discount", "shopify_gift_card"


def new_discount(shelf: Shelf, told: Json) -> Json:
    """As a Stall tells it (sandbox/channels/stall.py)."""
    starts, ends = told.get("starts_at"), told.get("ends_at")
    discount: Json = {
        **told, "id": shelf.number("discount"), "starts": seconds_of(starts) if starts else shelf.now() - 60,
        "ends": seconds_of(ends) if ends else None,
    }  # fmt: skip
    return shelf.world.store.put(DISCOUNT, str(told["code"]).lower(), discount)


def discount_by_code(call: Call, asked: Json) -> Json | None:
    """Whatever the case of its letters."""
    found = call.world.store.get(DISCOUNT, str(asked["code"]).lower())
    if found is None:
        return None
    return {
        "__typename": "DiscountCodeNode",
        "id": gid("DiscountCodeNode", found["id"]),
        "codeDiscount": _node(call, found),
    }


def _node(call: Call, found: Json) -> Json:
    now = shelf_of(call.world).now()
    status = "SCHEDULED" if found["starts"] > now else "EXPIRED" if found["ends"] and found["ends"] < now else "ACTIVE"
    node: Json = {
        "__typename": "DiscountCodeFreeShipping" if found.get("is_free_shipping") else "DiscountCodeBasic",
        "title": found["code"],
        "status": status,
        "codes": connection([found["code"]], lambda code: {"id": gid("DiscountRedeemCode", found["id"]), "code": code}),
        "codesCount": {"count": 1, "precision": "EXACT"},
        "startsAt": stamp(found["starts"]),
        "endsAt": stamp(found["ends"]) if found["ends"] else None,
        "usageLimit": found.get("usage_limit"),
        "asyncUsageCount": found.get("used") or 0,
        "appliesOncePerCustomer": bool(found.get("once_per_customer")),
        "minimumRequirement": _minimum(found),
        "combinesWith": {"orderDiscounts": False, "productDiscounts": False, "shippingDiscounts": True},
        "context": {"__typename": "DiscountBuyerSelectionAll"},
        "destinationSelection": {"__typename": "DiscountCountryAll"},
        "maximumShippingPrice": None,
    }
    percent, minor = found.get("percent_points"), found.get("amount_minor")
    value: Json = {"__typename": "DiscountPercentage", "percentage": (percent or 0) / 10000}
    if minor:
        value = {"__typename": "DiscountAmount", "amount": amount(minor), "appliesOnEachItem": False}
    items = "DiscountProducts" if found.get("is_conditional") else "AllDiscountItems"
    node["customerGets"] = {"value": value, "items": {"__typename": items}}
    return node


def _minimum(found: Json) -> Json | None:
    if not found.get("minimum_minor"):
        return None
    told = amount(found["minimum_minor"])
    return {"__typename": "DiscountMinimumSubtotal", "greaterThanOrEqualToSubtotal": told}


def new_card(shelf: Shelf, code: str, minor: int, expires_on: str | None = None) -> Json:
    card: Json = {
        "id": shelf.number("gift_card"), "code": code.lower(), "balance": minor, "first": minor,
        "expires_on": expires_on, "is_enabled": True, "movements": [],
    }  # fmt: skip
    shelf.world.store.put("shopify_card_code", card["code"], {"card": card["id"]})
    return shelf.world.store.put(CARD, str(card["id"]), card)


def card_node(card: Json) -> Json:
    return {
        "__typename": "GiftCard",
        "id": gid("GiftCard", card["id"]),
        "lastCharacters": card["code"][-4:],
        "maskedCode": f"•••• •••• •••• {card['code'][-4:]}",
        "balance": amount(card["balance"]),
        "initialValue": amount(card["first"]),
        "enabled": card["is_enabled"],
        "expiresOn": card["expires_on"],
        "deactivatedAt": None if card["is_enabled"] else stamp(0),
        "transactions": connection(card["movements"], lambda one: _movement_node(card, one)),
    }


def _movement_node(card: Json, one: Json) -> Json:
    return {
        "__typename": "GiftCardDebitTransaction" if one["amount_minor"] < 0 else "GiftCardCreditTransaction",
        "id": gid("GiftCardTransaction", one["id"]),
        "amount": amount(one["amount_minor"]),
        "note": one["note"],
        "processedAt": stamp(one["at"]),
        "giftCard": {"id": gid("GiftCard", card["id"]), "balance": amount(card["balance"])},
    }


def list_cards(call: Call, asked: Json) -> Any:
    """The default search term covers the whole code."""
    kept = call.world.store.get("shopify_card_code", str(asked.get("query") or "").lower())
    found = [call.world.store.get(CARD, str(kept["card"]))] if kept else []
    return connection(found, card_node)


def get_card(call: Call, asked: Json) -> Json | None:
    found = call.world.store.get(CARD, str(number_of(asked.get("id", ""), "GiftCard")))
    return card_node(found) if found else None


def debit(call: Call, asked: Json) -> Json:
    return _move(call, asked, "debit", -1)


def credit(call: Call, asked: Json) -> Json:
    return _move(call, asked, "credit", 1)


def _move(call: Call, asked: Json, what: str, sign: int) -> Json:
    shelf, told = shelf_of(call.world), asked[f"{what}Input"]
    name = f"giftCard{what.capitalize()}Transaction"
    money_, today = told[f"{what}Amount"], datetime.fromtimestamp(shelf.now(), UTC).date().isoformat()

    def no(field: str, message: str, code: str) -> Json:
        return {name: None, "userErrors": [{"field": [field], "message": message, "code": code}]}

    with shelf.lock:
        card = call.world.store.get(CARD, str(number_of(asked["id"], "GiftCard")))
        if card is None:
            return no("id", "The gift card could not be found.", "GIFT_CARD_NOT_FOUND")
        minor = minor_of(money_["amount"])
        if minor <= 0:
            return no(f"{what}Input", "A positive amount must be used.", "NEGATIVE_OR_ZERO_AMOUNT")
        if money_["currencyCode"] != CURRENCY:
            return no(f"{what}Input", "The currency does not match that of the gift card.", "MISMATCHING_CURRENCY")
        if not card["is_enabled"] or (card["expires_on"] or today) < today:
            return no("id", "The gift card cannot be used.", "INVALID")
        if sign < 0 and minor > card["balance"]:
            return no(f"{what}Input", "The gift card does not have sufficient funds.", "INSUFFICIENT_FUNDS")
        one = {
            "id": shelf.number("movement"),
            "amount_minor": sign * minor,
            "note": told.get("note"),
            "at": shelf.now(),
        }
        card["balance"] += sign * minor
        card["movements"].append(one)
        call.world.store.put(CARD, str(card["id"]), card)
    shelf.note_write()
    return {name: _movement_node(card, one), "userErrors": []}


def create_card(call: Call, asked: Json) -> Json:
    told = asked["input"]
    code = str(told.get("code") or secrets.token_hex(8)).lower()
    card = new_card(shelf_of(call.world), code, minor_of(told["initialValue"]), told.get("expiresOn"))
    return {"giftCard": card_node(card), "giftCardCode": code, "userErrors": []}


QUERIES = {"codeDiscountNodeByCode": discount_by_code, "giftCards": list_cards, "giftCard": get_card}
MUTATIONS = {"giftCardDebit": debit, "giftCardCredit": credit, "giftCardCreate": create_card}
