"""A cart rule of theirs → what we may promise at our own till (contracts/prestashop.md §6; unified-model.md §8). Pure.

There is no call that checks a code: its row is judged here. What the row alone cannot say is uncertain, never applied.
"""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from typing import Any

from shop.channels.prestashop.reading import Row, text
from shop.channels.prestashop.terms import Terms, flag, minor, number
from shop.channels.records import CodeWhy, DiscountAnswer, Verdict

#: flags and fields of conditions that stand in tables which the webservice does not show
_CONDITIONS = {
    "country_restriction": "some countries", "carrier_restriction": "some carriers",
    "group_restriction": "some groups of customers", "cart_rule_restriction": "no other codes beside it",
    "product_restriction": "some products", "shop_restriction": "some shops",
    "reduction_exclude_special": "products that are not on sale",
}  # fmt: skip
_IDS = {
    "id_customer": "one customer", "gift_product": "a free gift", "reduction_product": "certain products",
}  # fmt: skip


def can_be_asked(code: str) -> bool:
    """Signs that are operators of their filters are in no code that we look for (§6)."""
    return bool(code) and len(code) <= 254 and not any(mark in code for mark in "[]|%")


def judge(row: Row, terms: Terms, now: datetime) -> DiscountAnswer:
    """Raises ValueError for a row that cannot be read."""
    told: dict[str, Any] = {"external_id": text(row.get("id")), "code": text(row.get("code"))}
    ends_at = terms.utc(row.get("date_to"))
    if (wrong := _invalid(row, terms, now)) is not None:
        return DiscountAnswer(Verdict.INVALID, wrong, ends_at=ends_at, **told)
    percent, amount = number(row.get("reduction_percent")), number(row.get("reduction_amount"))
    if amount and not flag(row.get("reduction_tax")):
        amount *= 1 + terms.rate
    minimum = number(row.get("minimum_amount"))
    if minimum and not flag(row.get("minimum_amount_tax")):
        minimum *= 1 + terms.rate
    is_free = flag(row.get("free_shipping"))
    told |= {
        "percent_points": int(percent * 100),
        "amount_minor": 0 if percent else minor(amount, terms.currency),
        "currency": terms.currency,
        "is_free_shipping": is_free,
        "minimum_minor": minor(minimum, terms.currency),
        "ends_at": ends_at,
    }
    if why := _uncertain(row, terms, percent, amount, minimum, is_free=is_free):
        return DiscountAnswer(Verdict.UNCERTAIN, why, **told)
    return DiscountAnswer(Verdict.VALID, **told)


def _invalid(row: Row, terms: Terms, now: datetime) -> CodeWhy | None:
    starts_at, ends_at, left = terms.utc(row.get("date_from")), terms.utc(row.get("date_to")), text(row.get("quantity"))
    if not flag(row.get("active")):
        return CodeWhy.OFF
    if starts_at is not None and starts_at > now:
        return CodeWhy.NOT_YET
    if ends_at is not None and ends_at < now:
        return CodeWhy.ENDED
    if left and number(left) <= 0:  # none is told where it has no end (9.1)
        return CodeWhy.USED_UP
    return None


def _uncertain(row: Row, terms: Terms, percent: Decimal, amount: Decimal, minimum: Decimal, *, is_free: bool) -> str:
    reasons = [words for name, words in _CONDITIONS.items() if flag(row.get(name))]
    reasons += [words for name, words in _IDS.items() if text(row.get(name)).strip() not in ("", "0")]
    ours = terms.setting("PS_CURRENCY_DEFAULT")
    for is_asked, name in ((amount and not percent, "reduction_currency"), (minimum, "minimum_amount_currency")):
        if is_asked and text(row.get(name)) not in ("", "0", ours):
            reasons.append("another currency")
    if minimum and flag(row.get("minimum_amount_shipping")):
        reasons.append("a minimum that counts the shipping")
    if number(row.get("minimum_product_quantity")) > 1:
        reasons.append("a number of products")
    if reasons:
        return f"In the shop this code is for {', '.join(dict.fromkeys(reasons))}; that cannot be checked here."
    if not (percent or amount or is_free):
        return "This code has no effect that can be told from here."
    return "" if percent <= 100 and amount >= 0 and percent >= 0 else "This code takes off more than there is."
