"""Their webhooks: registered with our secret, made again when they were disabled, verified, read
(contracts/woocommerce.md §8). They are never repeated by the shop, so polling stays on."""

from __future__ import annotations

import base64
import hashlib
import hmac
import re
from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

import orjson
from flask import current_app

from shop.channels.connector import HookCall, SendsWebhooks
from shop.channels.woocommerce.account import WooAccount
from shop.channels.woocommerce.client import NAME
from shop.channels.woocommerce.values import Odd, time_of
from shop.errors import Misunderstood, Refused
from shop.inbound.verifying import Forged

#: theirs → ours
TOPICS = {
    "product.created": "product.changed", "product.updated": "product.changed", "product.restored": "product.changed",
    "product.deleted": "product.deleted", "order.created": "order.changed", "order.updated": "order.changed",
    "customer.created": "customer.changed", "customer.updated": "customer.changed",
}  # fmt: skip
_OPTIONAL = ("product.restored",)  # not known to every version
_PING = re.compile(rb"webhook_id=\d{1,20}")


class HearsHooks(WooAccount, SendsWebhooks):
    topics: ClassVar[tuple[str, ...]] = tuple(TOPICS)

    def ensure_webhooks(self, url: str, secret: str) -> dict[str, str]:
        """Nothing is written where all of them stand. The name carries a print of the secret, which they never show:
        so that a new secret is noticed. Copies of a subscription are taken away."""
        name, found = self._name(secret), dict[str, str]()
        there = [hook for hook in self._all_hooks() if hook.get("delivery_url") == url]
        for topic in TOPICS:
            same = [hook for hook in there if hook.get("topic") == topic]
            good = [hook for hook in same if hook.get("status") == "active" and hook.get("name") == name]
            kept = (good or same)[:1]
            for copy in same:
                if copy is not (kept[0] if kept else None):
                    self._remove_hook(copy)
            body = {"name": name, "topic": topic, "delivery_url": url, "secret": secret, "status": "active"}
            try:
                if not kept:
                    kept = [self.client.make("/webhooks", body)]
                elif not good:
                    self.client.change(f"/webhooks/{kept[0]['id']}", body)
            except Refused as error:
                if topic in _OPTIONAL and error.facts.get("status") == 400:
                    continue
                raise
            found[topic] = str(kept[0]["id"])
        return found

    def remove_webhooks(self) -> None:
        """Those of this connection, wherever they lead. A repeat finds none."""
        for hook in self._my_hooks():
            self._remove_hook(hook)

    def list_webhooks(self) -> dict[str, str]:
        """Those that still speak; a disabled one keeps its id there when it is switched on again."""
        return {str(hook["topic"]): str(hook["id"]) for hook in self._my_hooks() if hook.get("status") == "active"}

    def _my_hooks(self) -> list[dict[str, Any]]:
        mine = self._name("").rpartition(" ")[0]
        return [hook for hook in self._all_hooks() if str(hook.get("name") or "").rpartition(" ")[0] == mine]

    def _all_hooks(self) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = []
        for page in range(1, 21):
            reply = self.client.get("/webhooks", per_page=100, page=page, orderby="id", order="asc")
            found += [hook for hook in reply.data if isinstance(hook, dict)]
            if page >= reply.pages:
                break
        return found

    def _remove_hook(self, hook: Mapping[str, Any]) -> None:
        try:
            self.client.remove(f"/webhooks/{hook['id']}", force="true")
        except Refused as error:
            if error.facts.get("status") != 404:
                raise

    def _name(self, secret: str) -> str:
        """ "Imprint 7-1a2b3c 4d5e6f7a": this connection of this shop of ours, and the secret's print."""
        ours = hashlib.sha256(current_app.config["IMPRINT"].public_url.encode()).hexdigest()[:6]
        return f"Imprint {self.connection_id}-{ours} {hashlib.sha256(secret.encode()).hexdigest()[:8]}"

    @classmethod
    def read_webhook(cls, headers: Mapping[str, str], body: bytes, secrets: Sequence[str]) -> list[HookCall]:
        """[] for the unsigned ping of a new subscription. Their delivery id repeats within a second, so a call is known
        by its subscription, its thing, the time of change and its content (§8)."""
        held = {name.lower(): value for name, value in headers.items()}
        if _PING.fullmatch(body) and "x-wc-webhook-signature" not in held:
            return []
        _verify(body, held.get("x-wc-webhook-signature", ""), secrets)
        try:
            told = orjson.loads(body)
        except orjson.JSONDecodeError:
            raise Misunderstood(service=NAME, detail="a signed webhook is no JSON") from None
        topic = TOPICS.get(held.get("x-wc-webhook-topic", ""))
        if topic is None or not isinstance(told, dict) or not isinstance(told.get("id"), int):
            return []
        return [_call(topic, told, body, held)]


def _call(topic: str, told: dict[str, Any], body: bytes, held: Mapping[str, str]) -> HookCall:
    try:
        at = time_of(told, "date_modified")
    except Odd:
        at = None
    is_variation = topic.startswith("product.") and bool(told.get("parent_id")) and told.get("type") == "variation"
    thing = told["parent_id"] if is_variation else told["id"]
    if is_variation:
        topic = "product.changed"
    seen = told.get("date_modified_gmt") or held.get("x-wc-webhook-delivery-id", "")
    print_of = hashlib.sha256(body).hexdigest()[:16]
    hook = held.get("x-wc-webhook-id", "")
    return HookCall(
        topic=topic,
        external_id=str(thing),
        dedupe_key=f"{hook}:{told['id']}:{seen}:{print_of}"[:200],
        occurred_at=at,
        record=told if topic != "product.deleted" and not is_variation else None,
    )


def _verify(body: bytes, given: str, secrets: Sequence[str]) -> None:
    for secret in filter(None, secrets):
        made = base64.b64encode(hmac.new(secret.encode(), body, hashlib.sha256).digest()).decode()
        if hmac.compare_digest(made.encode(), given.encode("utf-8", "replace")):
            return
    raise Forged
