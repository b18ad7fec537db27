"""Printify's REST API, thin: one method a call, answers checked for shape, errors by who must act.

Source: contracts/printify.md §2 to §6. Money is integer minor units, as they send it.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from typing import Any

from shop.core.settings import current_settings
from shop.errors import Misunderstood, NeedsReconnect, Refused
from shop.fulfilment.printify.facts import ORDERS_PER_PAGE, PRODUCTS_PER_PAGE, printify_service
from shop.outbound.answers import Answer, reason_in, reason_of
from shop.outbound.http import call

_ID = re.compile(r"[0-9A-Za-z_-]{1,64}")
_ALREADY_EXISTS = 8503
MAX_PAGES = 20_000


@dataclass(frozen=True)
class Page:
    """One page of a list. `total` and `last_page` are what this page says; pages may disagree."""

    number: int
    last_page: int
    total: int
    per_page: int
    items: list[dict[str, Any]]


class PrintifyClient:
    """Raises RateLimited, Unavailable, NeedsReconnect, Refused or Misunderstood (shop/errors.py)."""

    def __init__(self, base_url: str, token: str, shop_id: int, max_wait: float = 2.0) -> None:
        self.service = printify_service(base_url, token)
        self.shop_id = shop_id
        self.max_wait = max_wait  # seconds to wait for a free slot of the rate budget; long in jobs
        self._shop = f"/v1/shops/{shop_id}"

    # -- shops and the catalogue of blanks

    def list_shops(self) -> list[dict[str, Any]]:
        return self._list(self._get("/v1/shops.json"))

    def list_blueprints(self) -> list[dict[str, Any]]:
        return self._list(self._get("/v1/catalog/blueprints.json"))

    def get_blueprint(self, blueprint_id: int) -> dict[str, Any]:
        return self._object(self._get(f"/v1/catalog/blueprints/{blueprint_id:d}.json"))

    def list_providers(self, blueprint_id: int) -> list[dict[str, Any]]:
        """Who prints this blank: [{id, title, decoration_methods}]."""
        return self._list(self._get(f"/v1/catalog/blueprints/{blueprint_id:d}/print_providers.json"))

    def get_provider(self, provider_id: int) -> dict[str, Any]:
        return self._object(self._get(f"/v1/catalog/print_providers/{provider_id:d}.json"))

    def list_blank_variants(self, blueprint_id: int, provider_id: int) -> list[dict[str, Any]]:
        """Every variant a provider prints of a blank, those out of stock included."""
        path = f"/v1/catalog/blueprints/{blueprint_id:d}/print_providers/{provider_id:d}/variants.json"
        return self._list(self._object(self._get(path, {"show-out-of-stock": 1})).get("variants"))

    def get_shipping(self, blueprint_id: int, provider_id: int) -> dict[str, Any]:
        """The flat profiles of v1: {handling_time, profiles[]}."""
        path = f"/v1/catalog/blueprints/{blueprint_id:d}/print_providers/{provider_id:d}/shipping.json"
        return self._object(self._get(path))

    def list_shipping_methods(self, blueprint_id: int, provider_id: int) -> list[str]:
        """The names of v2's methods: "standard", "priority", "express", "economy"."""
        path = f"/v2/catalog/blueprints/{blueprint_id:d}/print_providers/{provider_id:d}/shipping.json"
        rows = self._list(self._object(self._get(path)).get("data"))
        names = (row.get("attributes", {}).get("name") for row in rows if isinstance(row.get("attributes"), dict))
        return [name for name in names if isinstance(name, str) and re.fullmatch(r"[a-z_]{1,20}", name)]

    def get_shipping_method(self, blueprint_id: int, provider_id: int, method: str) -> list[dict[str, Any]]:
        """v2: one row for each variant and country."""
        path = f"/v2/catalog/blueprints/{blueprint_id:d}/print_providers/{provider_id:d}/shipping/{method}.json"
        return self._list(self._object(self._get(path)).get("data"))

    # -- products

    def read_products_page(self, number: int) -> Page:
        return self._page(f"{self._shop}/products.json", number, PRODUCTS_PER_PAGE, {})

    def iter_products(self) -> Iterator[Page]:
        """Every page of the shop's products, one at a time; at least one, even when there are no products."""
        number, last = 1, 1
        while number <= last:
            page = self.read_products_page(number)
            last = page.last_page
            yield page
            number += 1

    def get_product(self, product_id: str) -> dict[str, Any] | None:
        """None when it does not exist (any more)."""
        path = f"{self._shop}/products/{_checked(product_id)}.json"
        answer = self._get(path, accept=(404,), subject=f"printify:{product_id}")
        return None if answer.status == 404 else self._object(answer)

    def get_safety(self, product_id: str) -> list[dict[str, Any]]:
        """The EU's product safety texts: [{title, text}]; empty when there are none."""
        answer = self._get(f"{self._shop}/products/{_checked(product_id)}/gpsr.json", accept=(404,))
        return [] if answer.status == 404 else self._list(answer)

    def upload_image(self, file_name: str, *, contents: str = "", url: str = "") -> str:
        """The id of the picture in their library; base64 `contents`, or a `url` they fetch. The same bytes have the
        same id, so a repeat is harmless (§5.10)."""
        body = {"file_name": file_name, "contents": contents} if contents else {"file_name": file_name, "url": url}
        return self._id(self._write("POST", "/v1/uploads/images.json", body, repeatable=True))

    def create_product(self, body: dict[str, Any], subject: str = "") -> str:
        """The new product's id. A repeat makes a second one: never repeated blindly (§5.4)."""
        return self._id(self._write("POST", f"{self._shop}/products.json", body, repeatable=False, subject=subject))

    def publish(self, product_id: str) -> None:
        """Lock it and announce it to the shop by `product:publish:started` (§5.5). Refused with 8252 while locked."""
        wanted = dict.fromkeys(("title", "description", "images", "variants", "tags", "keyFeatures"), True)
        path = f"{self._shop}/products/{_checked(product_id)}/publish.json"
        self._write(
            "POST", path, {**wanted, "shipping_template": False}, repeatable=False, subject=f"product:{product_id}"
        )

    def unpublish(self, product_id: str) -> None:
        """Tell them that it is not listed any more. Safe to repeat."""
        path = f"{self._shop}/products/{_checked(product_id)}/unpublish.json"
        self._write("POST", path, {}, repeatable=True, subject=f"product:{product_id}")

    def publishing_succeeded(self, product_id: str, our_id: str, url: str) -> None:
        """Unlock the product and record where it is sold. Safe to repeat."""
        body = {"external": {"id": our_id, "handle": url}}
        path = f"{self._shop}/products/{_checked(product_id)}/publishing_succeeded.json"
        self._write("POST", path, body, repeatable=True, subject=f"product:{product_id}")

    def publishing_failed(self, product_id: str, reason: str) -> None:
        """Unlock the product and show the merchant why. Safe to repeat."""
        path = f"{self._shop}/products/{_checked(product_id)}/publishing_failed.json"
        self._write("POST", path, {"reason": reason[:500]}, repeatable=True, subject=f"product:{product_id}")

    # -- orders

    def submit_order(self, order: dict[str, Any], subject: str = "") -> str:
        """Submit and return Printify's order id. `external_id` is the idempotency key: a repeat answers 409 with
        code 8503 and the id of the order that exists, which is success (§5.6)."""
        answer = self._write(
            "POST", f"{self._shop}/orders.json", order, repeatable=True, subject=subject, accept=(400, 409), bare=True
        )
        told = answer.json()
        existing = told.get("order") if isinstance(told, dict) else None
        if _code(told) == _ALREADY_EXISTS or answer.status == 409:
            found = existing.get("id") if isinstance(existing, dict) else None
            if isinstance(found, str) and found:
                return found
            raise Misunderstood(service="printify", detail=f"a repeated order without its id: {reason_of(answer)}")
        if answer.status == 400 or _is_error(told):
            raise _refused(answer, told)
        return self._id(answer)

    def get_order(self, order_id: str) -> dict[str, Any] | None:
        """None when there is no such order."""
        path = f"{self._shop}/orders/{_checked(order_id)}.json"
        answer = self._get(path, accept=(404,), subject=f"printify:{order_id}")
        return None if answer.status == 404 else self._object(answer)

    def list_orders(self, page: int = 1, status: str | None = None) -> Page:
        """Newest first, ten a page."""
        return self._page(f"{self._shop}/orders.json", page, ORDERS_PER_PAGE, {"status": status} if status else {})

    def send_to_production(self, order_id: str, subject: str = "") -> None:
        """CHARGES the merchant. Never repeated blindly: an unknown outcome is read back with `get_order`."""
        path = f"{self._shop}/orders/{_checked(order_id)}/send_to_production.json"
        self._write("POST", path, {}, repeatable=False, subject=subject)

    def cancel_order(self, order_id: str, subject: str = "") -> dict[str, Any]:
        """Refused once the order is being made (§2)."""
        path = f"{self._shop}/orders/{_checked(order_id)}/cancel.json"
        return self._object(self._write("POST", path, {}, repeatable=True, subject=subject))

    def quote_shipping(self, quote: dict[str, Any]) -> dict[str, int]:
        """Cents by method, keys as they name them today (§5.9); methods that are not offered are absent."""
        answer = self._write("POST", f"{self._shop}/orders/shipping.json", quote, repeatable=True)
        return {k: v for k, v in self._object(answer).items() if isinstance(v, int) and not isinstance(v, bool)}

    # -- webhooks

    def list_webhooks(self) -> list[dict[str, Any]]:
        return self._list(self._get(f"{self._shop}/webhooks.json"))

    def create_webhook(self, topic: str, url: str, secret: str) -> dict[str, Any]:
        body = {"topic": topic, "url": url, "secret": secret}
        return self._object(self._write("POST", f"{self._shop}/webhooks.json", body, repeatable=False))

    def update_webhook(self, webhook_id: str, url: str) -> dict[str, Any]:
        """Only the address can change; the topic is fixed."""
        path = f"{self._shop}/webhooks/{_checked(webhook_id)}.json"
        return self._object(self._write("PUT", path, {"url": url}, repeatable=True))

    def delete_webhook(self, webhook_id: str, host: str) -> None:
        """`host` of the webhook's address is their safety check. Already gone is fine."""
        path = f"{self._shop}/webhooks/{_checked(webhook_id)}.json"
        self._write("DELETE", path, None, repeatable=True, params={"host": host}, accept=(404,))

    # -- reading answers

    def _get(
        self, path: str, params: dict[str, Any] | None = None, accept: Collection[int] = (), subject: str = ""
    ) -> Answer:
        answer = call(
            self.service, "GET", path, params=params, max_wait=self.max_wait, accept=accept, subject=subject
        )
        if answer.status not in accept:
            _refuse_hidden_error(answer)
        return answer

    def _write(
        self,
        method: str,
        path: str,
        body: Any,
        *,
        repeatable: bool,
        subject: str = "",
        params: dict[str, Any] | None = None,
        accept: Collection[int] = (),
        bare: bool = False,
    ) -> Answer:
        answer = call(
            self.service,
            method,
            path,
            json=body,
            params=params,
            repeatable=repeatable,
            subject=subject,
            max_wait=self.max_wait,
            accept=accept,
        )
        if not bare and answer.status not in accept:
            _refuse_hidden_error(answer)
        return answer

    def _page(self, path: str, number: int, limit: int, filters: dict[str, Any]) -> Page:
        told = self._object(self._get(path, {"limit": limit, "page": number, **filters}))
        items = self._list(told.get("data"))
        last, total = _count(told, "last_page"), _count(told, "total")
        page = Page(_count(told, "current_page"), max(last, 1), total, _count(told, "per_page"), items)
        if page.number != number or page.last_page > MAX_PAGES:
            raise _strange(f"asked for page {number}, got {page.number} of {page.last_page}")
        return page

    def _list(self, told: Answer | Any) -> list[dict[str, Any]]:
        rows = told.json() if isinstance(told, Answer) else told
        if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
            raise _strange(f"a list of objects was expected, not {type(rows).__name__}")
        return rows

    def _object(self, answer: Answer) -> dict[str, Any]:
        told = answer.json()
        if not isinstance(told, dict):
            raise _strange(f"an object was expected, not {type(told).__name__}")
        return told

    def _id(self, answer: Answer) -> str:
        found = self._object(answer).get("id")
        if not isinstance(found, str) or not _ID.fullmatch(found):
            raise _strange("the answer has no id")
        return found


def printify_client(max_wait: float = 2.0) -> PrintifyClient:
    """The store's client, from its settings. Raises NeedsReconnect when no token is set."""
    config = current_settings()
    if not config.printify_api_token or not config.printify_shop_id:
        raise NeedsReconnect("Printify is not connected: set PRINTIFY_API_TOKEN.", service="printify")
    return PrintifyClient(config.printify_base_url, config.printify_api_token, config.printify_shop_id, max_wait)


def _refuse_hidden_error(answer: Answer) -> None:
    """Errors have been seen inside HTTP 200 (§6)."""
    if answer.body[:1] == b"{" and (b'"error' in answer.body[:4096]):
        told = answer.json()
        if _is_error(told):
            raise _refused(answer, told)


def _is_error(told: Any) -> bool:
    if not isinstance(told, dict) or "data" in told:
        return False
    return bool(told.get("error") or told.get("errors")) or told.get("status") == "error"


def _refused(answer: Answer, told: Any) -> Refused:
    reason = reason_in(told) or "no reason given"
    return Refused(
        f"Printify refused: {reason}",
        service="printify",
        detail=f"{answer.status} code {_code(told)}: {reason}",
        status=answer.status,
        code=_code(told),
    )


def _code(told: Any) -> int | None:
    if not isinstance(told, dict):
        return None
    inner = told.get("errors") if isinstance(told.get("errors"), dict) else {}
    code = told.get("code", inner.get("code") if isinstance(inner, dict) else None)
    return code if isinstance(code, int) else None


def _count(told: dict[str, Any], name: str) -> int:
    value = told.get(name)
    if isinstance(value, bool) or not isinstance(value, int) or value < 0:
        raise _strange(f"{name} is {value!r}")
    return value


def _checked(outside_id: str) -> str:
    if not _ID.fullmatch(outside_id):
        raise _strange(f"{outside_id[:80]!r} cannot be an id")
    return outside_id


def _strange(detail: str) -> Misunderstood:
    return Misunderstood("Printify's answer was not understood.", service="printify", detail=detail)
