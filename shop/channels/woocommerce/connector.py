"""WooCommerce (REST API wc/v3), as its shop offers it (contracts/woocommerce.md).

Gift cards: its core has none, and the extension's API can tell a balance but take nothing from it (§7), so the role is
not offered; the check says in its facts whether the extension answers.
"""

from __future__ import annotations

from datetime import datetime

from shop.channels.connector import ChecksDiscounts, Page, SyncsCustomers
from shop.channels.records import CodeWhy, CustomerRecord, DiscountAnswer, Unreadable, Verdict
from shop.channels.registry import register
from shop.channels.woocommerce.client import NAME, PER_PAGE
from shop.channels.woocommerce.hooking import HearsHooks
from shop.channels.woocommerce.ordering import HandlesOrders
from shop.channels.woocommerce.reading_orders import read_coupon, read_customer
from shop.channels.woocommerce.values import Odd
from shop.channels.woocommerce.writing_orders import customer_body
from shop.core import clock
from shop.errors import Refused

_LONGEST_CODE = 100


@register
class WooCommerce(HandlesOrders, HearsHooks, SyncsCustomers, ChecksDiscounts):
    def pull_customers(self, since: datetime | None, cursor: str) -> Page[CustomerRecord]:
        """All of them, whatever `since` says: they cannot be asked by change (§5)."""
        page = int(cursor) if cursor.isdigit() else 1
        reply = self.client.get("/customers", per_page=PER_PAGE, page=page, orderby="id", order="asc")
        records = [read_customer(raw) for raw in reply.data]
        is_last = page >= reply.pages
        return Page(records, "" if is_last else str(page + 1), is_last)

    def get_customer(self, external_id: str) -> CustomerRecord | None:
        reply = self.client.find(f"/customers/{external_id}") if external_id.isdigit() else None
        if reply is None:
            return None
        found = read_customer(reply.data)
        if isinstance(found, Unreadable):
            raise Refused(f"This customer cannot be read: {found.why}", service=NAME, unreadable=found)
        return found

    def push_customer(self, customer: CustomerRecord, external_id: str | None, key: str) -> str:
        """The e-mail address is unique there: one that exists is changed, whoever made it."""
        known = external_id or self._customer_with(customer.email)
        if known is not None:
            self.client.change(f"/customers/{known}", customer_body(customer))
            return known
        try:
            return str(self.client.make("/customers", customer_body(customer))["id"])
        except Refused as error:
            made = self._customer_with(customer.email) if "exists" in str(error.facts.get("code")) else None
            if made is None:
                raise
            return made

    def _customer_with(self, email: str) -> str | None:
        for raw in self.client.get("/customers", email=email, role="all").data:
            if str(raw.get("email") or "").casefold() == email.casefold():
                return str(raw["id"])
        return None

    def check_discount(self, code: str) -> DiscountAnswer:
        code = code.strip()
        if not code or len(code) > _LONGEST_CODE:
            return DiscountAnswer(Verdict.INVALID, CodeWhy.UNKNOWN)
        for raw in self.client.get("/coupons", code=code, per_page=10).data:
            if isinstance(raw, dict) and str(raw.get("code") or "").casefold() == code.casefold():
                try:
                    return read_coupon(raw, self.terms.currency, clock.now())
                except (Odd, ValueError, TypeError, ArithmeticError) as error:
                    return DiscountAnswer(Verdict.UNCERTAIN, f"This coupon cannot be read: {error}")
        return DiscountAnswer(Verdict.INVALID, CodeWhy.UNKNOWN)
