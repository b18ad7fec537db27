"""Calls to one shop: its keys, its two forms of address, its errors in our kinds (contracts/woocommerce.md §1, §2)."""

from __future__ import annotations

import base64
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

import orjson

from shop.channels.calling import own_origins, service_at
from shop.channels.connector import TokenKind
from shop.channels.tokens import with_token
from shop.errors import NeedsReconnect, OutsideError, Refused, Unavailable
from shop.outbound.addresses import origin_of
from shop.outbound.answers import Answer
from shop.outbound.facts import Service
from shop.outbound.http import call

NAME = "woocommerce"
DOCS = "wc/v3, contracts/woocommerce.md"
PER_PAGE = 100  # the most they give
_OURS = (301, 302, 307, 308, 400, 401, 403, 404, 405, 409)  # statuses that are told here, in better words
_TRIES = 3  # of a read whose answer is no JSON: a notice of PHP, a page of the firewall


@dataclass(frozen=True)
class Reply:
    """What they answered. `total`: of a list, None when they did not say."""

    data: Any
    total: int | None = None
    pages: int = 1


class Client:
    """`facts` of the connection remember what its check found: "auth" basic|query, "route" pretty|query."""

    def __init__(self, connection_id: int, store_url: str, facts: Mapping[str, Any]) -> None:
        self.connection_id = connection_id
        self.store_url = store_url.rstrip("/")
        self.auth = str(facts.get("auth") or "basic")
        self.route = str(facts.get("route") or "pretty")

    def get(self, path: str, **params: Any) -> Reply:
        """`path` below wc/v3 ("/products"), or the whole of another namespace ("/wc-shipment-tracking/v3/…")."""
        return self.send("GET", path, params=params)

    def find(self, path: str, **params: Any) -> Reply | None:
        """None: there is no such thing, or no such route."""
        try:
            return self.get(path, **params)
        except Refused as error:
            if error.facts.get("status") == 404:
                return None
            raise

    def make(self, path: str, body: Any, **params: Any) -> Any:
        """POST that is not safe to repeat. Unavailable with `sent`: it may have been done."""
        return self.send("POST", path, params=params, body=body, repeatable=False).data

    def change(self, path: str, body: Any) -> Any:
        """PUT, sent as POST: their firewalls often block PUT (§12). Absolute values, so it may be repeated."""
        return self.send("POST", path, body=body, headers={"X-HTTP-Method-Override": "PUT"}, repeatable=True).data

    def remove(self, path: str, **params: Any) -> Any:
        headers = {"X-HTTP-Method-Override": "DELETE"}
        return self.send("POST", path, params=params, body={}, headers=headers, repeatable=True).data

    def send(
        self,
        method: str,
        path: str,
        *,
        params: Mapping[str, Any] | None = None,
        body: Any = None,
        headers: Mapping[str, str] | None = None,
        repeatable: bool = True,
    ) -> Reply:
        """Raises Refused (facts: status, code), NeedsReconnect, Unavailable, RateLimited, Misunderstood."""
        return with_token(
            self.connection_id,
            lambda token: self._with_keys(
                token, method, path, dict(params or {}), body, dict(headers or {}), repeatable
            ),
            TokenKind.API_KEY,
        )

    def _with_keys(
        self,
        token: str,
        method: str,
        path: str,
        params: dict[str, Any],
        body: Any,
        headers: dict[str, str],
        repeatable: bool,
    ) -> Reply:
        keys = _keys_of(token)
        try:
            return self._read(
                self._exchange(keys, self.auth, method, path, params, body, headers, repeatable), repeatable
            )
        except _Garbage as found:
            if method != "GET":
                raise found.error from None
        except Refused as error:
            # their server may drop the Authorization header: then nobody asked, for all that WordPress knows (§1)
            if self.auth != "basic" or error.facts.get("status") != 401 or not _nobody_asked(error):
                raise
            reply = self._read(
                self._exchange(keys, "query", method, path, params, body, headers, repeatable), repeatable
            )
            self.auth = "query"
            return reply
        return self._again(keys, method, path, params, headers)

    def _again(
        self, keys: tuple[str, str], method: str, path: str, params: dict[str, Any], headers: dict[str, str]
    ) -> Reply:
        for number in range(1, _TRIES):
            time.sleep(0.2 * number)
            try:
                return self._read(self._exchange(keys, self.auth, method, path, params, None, headers, True), True)
            except _Garbage as found:
                last = found.error
        raise last

    def _exchange(
        self,
        keys: tuple[str, str],
        auth: str,
        method: str,
        path: str,
        params: dict[str, Any],
        body: Any,
        headers: dict[str, str],
        repeatable: bool,
    ) -> Answer:
        route = path if path.startswith(("/wc-", "/wp-json")) else f"/wc/v3{path}"
        route = route.removeprefix("/wp-json")
        if auth == "basic":
            headers = {**headers, "Authorization": "Basic " + base64.b64encode(":".join(keys).encode()).decode()}
        else:
            params = {**params, "consumer_key": keys[0], "consumer_secret": keys[1]}
        if self.route == "query":
            path, params = "/", {"rest_route": route or "/", **params}
        else:
            path = f"/wp-json{route}"
        return call(
            self._service(), method, path, json=body, params=params, headers=headers, repeatable=repeatable,
            accept=_OURS, subject=f"connection:{self.connection_id}",
        )  # fmt: skip

    def _service(self) -> Service:
        check_store_url(self.store_url)
        return service_at(NAME, self.store_url, str(self.connection_id), docs=DOCS)

    def _read(self, answer: Answer, repeatable: bool) -> Reply:
        data = parse(answer.body)
        if answer.status >= 300:
            raise error_of(answer, data)
        if data is _NO_JSON:
            raise _Garbage(_garbled(answer, sent=not repeatable))
        headers = answer.headers
        return Reply(data, _number(headers.get("X-WP-Total")), _number(headers.get("X-WP-TotalPages")) or 1)


def check_store_url(url: str) -> None:
    """Keys go over https only; the sandbox's own origin is let through. Raises Refused."""
    if urlsplit(url).scheme != "https" and origin_of(url) not in own_origins():
        raise Refused(
            "The address of the shop must begin with https://, so that the keys cannot be read on the way.",
            service=NAME,
        )


_NO_JSON = object()


class _Garbage(Exception):
    def __init__(self, error: Unavailable) -> None:
        self.error = error


def parse(body: bytes) -> Any:
    """Their JSON, also where PHP printed a notice before it; `_NO_JSON` for anything else."""
    try:
        return orjson.loads(body)
    except orjson.JSONDecodeError:
        if body.lstrip()[:1] in (b"{", b"["):  # cut short: nothing of it is believed
            return _NO_JSON
    start = 0
    for _ in range(8):
        found = [at for at in (body.find(b"{", start), body.find(b"[", start)) if at >= 0]
        if not found:
            break
        start = min(found)
        try:
            return orjson.loads(body[start:])
        except orjson.JSONDecodeError:
            start += 1
    return _NO_JSON


def error_of(answer: Answer, data: Any) -> OutsideError:
    """§2: their code and sentence; the kind says who must act."""
    status = answer.status
    told = data if isinstance(data, dict) else {}
    code, message = str(told.get("code") or ""), str(told.get("message") or "").strip()[:300]
    found = told.get("data")
    inner: dict[str, Any] = found if isinstance(found, dict) else {}
    facts: dict[str, Any] = {"status": status, "code": code, "data": inner}
    detail = f"{status} {code} {message}".strip()
    if 300 <= status < 400:
        where = answer.headers.get("Location", "")[:200]
        words = f"The shop sends us on to another address ({where}). Enter the address that the shop really has."
        return Refused(words, service=NAME, detail=detail, **facts)
    if not told:  # not WordPress itself: a firewall, a password in front of the shop, a maintenance page
        if status in (403, 405, 409):
            return _garbled(answer, sent=False)
        words = "There is no WooCommerce at this address, or something in front of it does not let us in."
        return Refused(words, service=NAME, detail=detail, **facts)
    if status == 401 and code == "woocommerce_rest_authentication_error" and "permission" not in message.lower():
        words = f"The shop does not accept the keys: {message or 'they may have been taken back'}"
        return NeedsReconnect(words, service=NAME, detail=detail, **facts)
    if status in (401, 403):
        words = f"The key may not do this: {message} Make a key with read and write permission for an administrator."
        return Refused(words, service=NAME, detail=detail, **facts)
    if code == "product_invalid_sku":
        words = f"A SKU is taken there already, by the product {inner.get('resource_id')} (it may be in the trash)."
        return Refused(words, service=NAME, detail=detail, **facts)
    return Refused(f"WooCommerce refused: {message or code}", service=NAME, detail=detail, **facts)


def _nobody_asked(error: Refused) -> bool:
    code = str(error.facts.get("code") or "")
    return code.startswith("woocommerce_rest_cannot") or code in ("rest_forbidden", "rest_not_logged_in")


def _garbled(answer: Answer, *, sent: bool) -> Unavailable:
    return Unavailable(
        "The shop answered with a page instead of data; it is tried again later.",
        service=NAME,
        detail=f"{answer.status} no JSON: {' '.join(answer.text[:160].split())}",
        sent=sent,
        status=answer.status,
    )


def _keys_of(token: str) -> tuple[str, str]:
    try:
        held = orjson.loads(token)
        return str(held["consumer_key"]), str(held["consumer_secret"])
    except (orjson.JSONDecodeError, KeyError, TypeError):
        raise NeedsReconnect(
            "The keys of this shop are not readable; please enter them again.", service=NAME, status=401
        ) from None


def _number(text: str | None) -> int | None:
    return int(text) if text and text.isdigit() else None
