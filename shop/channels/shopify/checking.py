"""Their discount codes and gift cards (contracts/shopify.md §7, §8)."""

from __future__ import annotations

import re
from datetime import UTC, datetime, time
from typing import Any

from shop.channels.records import CodeWhy, DiscountAnswer, GiftCardAnswer, Verdict
from shop.channels.shopify import order_documents as documents
from shop.channels.shopify.client import Client
from shop.channels.shopify.reading import read_minor, read_time
from shop.channels.shopify.writing import money
from shop.core import clock
from shop.errors import Misunderstood, NeedsReconnect

Json = dict[str, Any]
_CARD = re.compile(r"[A-Za-z0-9]{8,20}")
LONGEST_CODE = 255
_CLOSED = {"EXPIRED": CodeWhy.ENDED, "SCHEDULED": CodeWhy.NOT_YET}


def check_discount(client: Client, code: str) -> DiscountAnswer:
    asked = code.strip()
    if not asked or len(asked) > LONGEST_CODE:
        return DiscountAnswer(Verdict.INVALID, CodeWhy.UNKNOWN, code=asked[:LONGEST_CODE])
    node = client.read(documents.DISCOUNT, {"code": asked})["codeDiscountNodeByCode"]
    return read_discount(node, asked, clock.now())


def read_discount(node: Json | None, asked: str, now: datetime) -> DiscountAnswer:
    """valid, invalid, or uncertain where the rule has conditions that only Shopify's own checkout can judge. Pure."""
    if node is None:
        return DiscountAnswer(Verdict.INVALID, CodeWhy.UNKNOWN, code=asked)
    rule, external_id = node["codeDiscount"], str(node["id"])

    def answer(verdict: Verdict, why: str, **facts: Any) -> DiscountAnswer:
        return DiscountAnswer(verdict, why, external_id, **{"code": asked, **facts})

    kind = rule["__typename"]
    if rule.get("status") != "ACTIVE":
        return answer(Verdict.INVALID, _CLOSED.get(str(rule.get("status")), CodeWhy.OFF))
    if kind not in ("DiscountCodeBasic", "DiscountCodeFreeShipping"):
        return answer(Verdict.UNCERTAIN, "This code has rules that only Shopify's own checkout can apply.")
    codes = [str(one["code"]) for one in rule["codes"]["nodes"]]
    same = next((one for one in codes if one.casefold() == asked.casefold()), "")
    if not same and len(codes) >= int(rule["codesCount"]["count"]):
        return answer(Verdict.INVALID, CodeWhy.UNKNOWN)
    starts, ends = read_time(rule.get("startsAt")), read_time(rule.get("endsAt"))
    if (starts and starts > now) or (ends and ends <= now):
        return answer(Verdict.INVALID, CodeWhy.NOT_YET if starts and starts > now else CodeWhy.ENDED)
    if rule.get("usageLimit") is not None and int(rule["asyncUsageCount"]) >= int(rule["usageLimit"]):
        return answer(Verdict.INVALID, CodeWhy.USED_UP)
    facts, doubt = _worth(rule)
    doubt = doubt or _doubt(rule)
    facts |= {"code": same or asked, "ends_at": ends}
    return answer(Verdict.UNCERTAIN if doubt else Verdict.VALID, doubt, **facts)


def _worth(rule: Json) -> tuple[Json, str]:
    """(facts of the answer, why nobody here can say)."""
    facts: Json = {}
    minimum = rule.get("minimumRequirement")
    if minimum and minimum["__typename"] == "DiscountMinimumSubtotal":
        least = minimum["greaterThanOrEqualToSubtotal"]
        facts |= {
            "minimum_minor": read_minor(least["amount"], least["currencyCode"]),
            "currency": least["currencyCode"],
        }
    elif minimum:
        return facts, "This code asks for a number of items, which only Shopify's own checkout can count."
    if rule["__typename"] == "DiscountCodeFreeShipping":
        facts["is_free_shipping"] = True
        if rule.get("maximumShippingPrice") or rule["destinationSelection"]["__typename"] != "DiscountCountryAll":
            return facts, "This code is for some ways of shipping only."
        return facts, ""
    value = rule["customerGets"]["value"]
    if value["__typename"] == "DiscountPercentage":
        return facts | {"percent_points": round(float(value["percentage"]) * 10000)}, ""
    if value["__typename"] == "DiscountAmount":
        amount = value["amount"]
        facts |= {"amount_minor": read_minor(amount["amount"], amount["currencyCode"])}
        facts["currency"] = str(amount["currencyCode"])
        return facts, "This code takes an amount off each item." if value["appliesOnEachItem"] else ""
    return facts, "This code has rules that only Shopify's own checkout can apply."


def _doubt(rule: Json) -> str:
    if rule["context"]["__typename"] != "DiscountBuyerSelectionAll":
        return "This code is for certain customers only."
    items = rule.get("customerGets", {}).get("items")
    if items and items["__typename"] != "AllDiscountItems":
        return "This code is for certain products only."
    if rule.get("appliesOncePerCustomer"):
        return "This code is good once for each customer, which only Shopify can tell."
    return ""


# -- gift cards


def check_card(client: Client, code: str) -> GiftCardAnswer:
    """The search is told the whole code, and finds many things: one hit with the same last four letters counts."""
    plain = re.sub(r"[\s-]", "", code)
    if not _CARD.fullmatch(plain):
        return GiftCardAnswer(Verdict.INVALID, CodeWhy.UNKNOWN)
    try:
        found = client.read(documents.GIFT_CARDS, {"query": plain.lower()})["giftCards"]["nodes"]
    except NeedsReconnect as error:
        if error.facts.get("denied"):
            return GiftCardAnswer(Verdict.NOT_OFFERED, "This Shopify shop does not let us use its gift cards.")
        raise
    return read_card(found, plain, clock.now())


def read_card(found: list[Json], code: str, now: datetime) -> GiftCardAnswer:
    same = [one for one in found if str(one["lastCharacters"]).lower() == code[-4:].lower()]
    if len(found) != 1 or len(same) != 1:
        return GiftCardAnswer(Verdict.INVALID, CodeWhy.UNKNOWN)
    card = same[0]
    balance, ends = card["balance"], card.get("expiresOn")
    currency = str(balance["currencyCode"])
    until = datetime.combine(datetime.fromisoformat(ends).date(), time.max, UTC) if ends else None
    facts: Json = {
        "external_id": str(card["id"]), "balance_minor": read_minor(balance["amount"], currency), "currency": currency,
        "expires_at": until,
    }  # fmt: skip
    if not card["enabled"] or card.get("deactivatedAt"):
        return GiftCardAnswer(Verdict.INVALID, CodeWhy.OFF, **facts)
    if until is not None and until < now:
        return GiftCardAnswer(Verdict.INVALID, CodeWhy.ENDED, **facts)
    return GiftCardAnswer(Verdict.VALID, "", **facts)


def move(client: Client, what: str, external_id: str, amount_minor: int, currency: str, key: str) -> str:
    """`what`: debit | credit. Shopify knows no key for it: the note carries ours, and is looked for first."""
    before = find_move(client, external_id, key)
    if before:
        return before
    amount = {"amount": money(amount_minor, currency), "currencyCode": currency}
    given = {f"{what}Amount": amount, "note": key[:255]}
    query = documents.DEBIT if what == "debit" else documents.CREDIT
    made = client.write(query, {"id": external_id, "input": given}, subject=f"gift card:{key}")
    done = made.get(f"giftCard{what.capitalize()}Transaction")
    if not done:
        raise Misunderstood("Shopify did not say what became of the gift card.", service="shopify")
    return str(done["id"])


def find_move(client: Client, external_id: str, key: str) -> str | None:
    """The id of what carries our key; "" when there is surely none; None when more moves than one page hold."""
    card = client.read(documents.CARD_MOVES, {"id": external_id})["giftCard"]
    if card is None:
        return ""
    moves = card["transactions"]["nodes"]
    found = next((str(one["id"]) for one in moves if one.get("note") == key[:255]), "")
    return found or ("" if len(moves) < 100 else None)
