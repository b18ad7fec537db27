"""Tokens from Shopify: consent, its signed way back, and the three kinds of credentials (contracts/shopify.md §1)."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Mapping
from datetime import timedelta
from typing import Any
from urllib.parse import urlencode

from shop.channels.connector import TokenKind
from shop.channels.keeping import secrets_held
from shop.channels.shopify.addressing import base_url, read_domain, service_of
from shop.channels.tokens import Held, Token, register_token_provider
from shop.core import clock
from shop.errors import Misunderstood, NotAllowed, Refused
from shop.outbound.facts import Service
from shop.outbound.http import call

DRIFT = timedelta(seconds=90)  # how old the way back may be
PATH = "/admin/oauth/access_token"


def consent_url(settings: Mapping[str, str], scopes: tuple[str, ...], redirect_uri: str, state: str) -> str:
    """Where the merchant agrees. Raises Refused for a shop that is none."""
    asked = {
        "client_id": settings.get("client_id", ""),
        "scope": ",".join(scopes),
        "redirect_uri": redirect_uri,
        "state": state,
    }
    return f"{base_url(read_domain(settings.get('store_url', '')))}/admin/oauth/authorize?{urlencode(asked)}"


def check_callback(settings: Mapping[str, str], arguments: Mapping[str, str]) -> None:
    """Signed by Shopify, about this shop, just now; the state is checked elsewhere. Raises NotAllowed."""
    expected = sign_callback(arguments, settings.get("client_secret", ""))
    given = arguments.get("hmac", "")
    if not settings.get("client_secret") or not hmac.compare_digest(
        expected.encode(), given.encode("utf-8", "replace")
    ):
        raise NotAllowed("Shopify's signature on this answer does not fit. Check the client secret, and connect again.")
    try:
        is_ours = read_domain(arguments.get("shop", "")) == read_domain(settings.get("store_url", ""))
    except Refused:
        is_ours = False
    if not is_ours:
        raise NotAllowed("This answer is about another shop than the one that was to be connected.")
    stamp = arguments.get("timestamp", "")
    if not stamp.isdigit() or len(stamp) > 12 or abs(clock.now().timestamp() - int(stamp)) > DRIFT.total_seconds():
        raise NotAllowed("This answer is too old. Please connect again.")


def sign_callback(arguments: Mapping[str, str], secret: str) -> str:
    """§1.1: every parameter but the signature, by name, as decoded; HMAC-SHA256 in hex."""
    rest = {name: value for name, value in arguments.items() if name not in ("hmac", "signature")}
    message = "&".join(f"{name}={rest[name]}" for name in sorted(rest))
    return hmac.new(secret.encode(), message.encode("utf-8", "replace"), hashlib.sha256).hexdigest()


def trade_code(settings: Mapping[str, str], arguments: Mapping[str, str]) -> list[Token]:
    """An expiring offline token and what renews it, for a code. Raises what `call` does."""
    domain = read_domain(settings.get("store_url", ""))
    body = {
        "client_id": settings.get("client_id", ""),
        "client_secret": settings.get("client_secret", ""),
        "code": arguments.get("code", ""),
        "expiring": "1",
    }
    return _ask(service_of(domain, domain), body, repeatable=False)


def renew(held: Held) -> list[Token]:
    """The token provider. Refused and NeedsReconnect: it will never come again without the merchant."""
    secrets = secrets_held(held)
    if secrets.get("admin_token"):
        return [Token(TokenKind.ACCESS, secrets["admin_token"])]
    service = service_of(read_domain(held.store_url), str(held.connection_id))
    keys = {
        "client_id": str(held.settings.get("client_id") or ""),
        "client_secret": secrets.get("client_secret", ""),
    }
    if not all(keys.values()):
        raise Refused("The client id or the client secret of the Shopify app is missing.", service="shopify")
    refresh = held.tokens.get(TokenKind.REFRESH)
    if refresh is not None:
        # the one before stays good until the new one is used (§1.2): a lost answer may be asked for again
        return _ask(service, {**keys, "grant_type": "refresh_token", "refresh_token": refresh.value})
    return _ask(service, {**keys, "grant_type": "client_credentials"})


def _ask(service: Service, body: dict[str, str], *, repeatable: bool = True) -> list[Token]:
    try:
        told = call(service, "POST", PATH, json=body, repeatable=repeatable, operation="POST access_token").json()
    except Refused as error:
        raise Refused(
            "Shopify did not accept the app's client id and secret, or what it was given before. Check them, or "
            "connect again.",
            service="shopify", detail=error.detail, **error.facts,
        ) from error  # fmt: skip
    return read_tokens(told)


def read_tokens(told: Any) -> list[Token]:
    """§1.1, §1.2. Without `expires_in` it lasts. Raises Misunderstood."""
    if not isinstance(told, dict) or not isinstance(told.get("access_token"), str) or not told["access_token"]:
        raise Misunderstood("Shopify gave no token.", service="shopify", detail="no access_token in the answer")
    now, seconds = clock.now(), told.get("expires_in")
    ends = now + timedelta(seconds=int(seconds)) if isinstance(seconds, int | float) else None
    tokens = [Token(TokenKind.ACCESS, told["access_token"], ends)]
    refresh, left = told.get("refresh_token"), told.get("refresh_token_expires_in")
    if isinstance(refresh, str) and refresh:
        until = now + timedelta(seconds=int(left)) if isinstance(left, int | float) else None
        tokens.append(Token(TokenKind.REFRESH, refresh, until))
    return tokens


register_token_provider("shopify", renew)
