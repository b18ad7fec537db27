"""Shopify's OAuth: consent, and the four grants of contracts/shopify.md §1."""

from __future__ import annotations

import base64
import hashlib
import hmac
import secrets
from typing import Any
from urllib.parse import urlencode

from flask import Response, jsonify, redirect, request

from sandbox.shopify.shopfront import CLIENT_ID, CLIENT_SECRET, SCOPES, SHOP, Json
from sandbox.world import World, current_world

_EXCHANGE = "urn:ietf:params:oauth:grant-type:token-exchange"
_HOUR, _DAY = 3600.0, 86400.0


def authorize() -> Any:
    """The merchant agrees at once: 302 back with a signed answer."""
    world, asked = current_world(), request.args
    if asked.get("client_id") != CLIENT_ID or not asked.get("redirect_uri"):
        return jsonify(error="invalid_request", error_description="Could not find Shopify API application"), 400
    code = secrets.token_hex(16)
    world.store.put("shopify_code", code, {"scope": asked.get("scope") or SCOPES, "used": False})
    host = base64.b64encode(f"admin.shopify.com/store/{SHOP.split('.')[0]}".encode()).decode().rstrip("=")
    back = {
        "code": code,
        "host": host,
        "shop": SHOP,
        "state": asked.get("state", ""),
        "timestamp": str(int(world.clock.now())),
    }
    message = "&".join(f"{name}={back[name]}" for name in sorted(back))
    back["hmac"] = hmac.new(CLIENT_SECRET.encode(), message.encode(), hashlib.sha256).hexdigest()
    joint = "&" if "?" in asked["redirect_uri"] else "?"
    return redirect(f"{asked['redirect_uri']}{joint}{urlencode(back)}", 302)


def give_token() -> Any:
    world = current_world()
    asked: Json = request.get_json(silent=True) or request.form.to_dict()
    if asked.get("client_id") != CLIENT_ID or asked.get("client_secret") != CLIENT_SECRET:
        return _no("invalid_client", "The app's credentials do not match")
    grant = asked.get("grant_type") or "authorization_code"
    with world.store.lock:
        if grant == "client_credentials":
            return jsonify(_new(world, SCOPES, _DAY - 1))
        if grant == "authorization_code":
            return _by_code(world, asked)
        if grant == "refresh_token":
            return _by_refresh(world, str(asked.get("refresh_token", "")))
        if grant == _EXCHANGE:
            return _by_exchange(world, str(asked.get("subject_token", "")))
    return _no("unsupported_grant_type", grant)


def _by_code(world: World, asked: Json) -> Any:
    found = world.store.get("shopify_code", str(asked.get("code", "")))
    if found is None or found["used"]:
        return _no("invalid_request", "The authorization code was not found or was already used")
    world.store.put("shopify_code", asked["code"], {**found, "used": True})
    return jsonify(_new(world, found["scope"], _HOUR if _is_set(asked.get("expiring")) else None))


def _by_refresh(world: World, given: str) -> Any:
    """The one before stays usable until the new one is first used (§1.2)."""
    found = world.store.get("shopify_refresh", given)
    if found is None or found["is_over"] or found["ends"] < world.clock.now():
        return _no("invalid_grant", "This request requires an active refresh_token")
    if found["before"] and (before := world.store.get("shopify_refresh", found["before"])):
        world.store.put("shopify_refresh", found["before"], {**before, "is_over": True})
    return jsonify(_new(world, found["scope"], _HOUR, before=given))


def _by_exchange(world: World, given: str) -> Any:
    found = world.store.get("shopify_token", given)
    if found is None or found["ends"] is not None:
        return _no("invalid_subject_token", "The subject token cannot be exchanged")
    world.store.delete("shopify_token", given)
    return jsonify(_new(world, found["scope"], _HOUR))


def _new(world: World, scope: str, seconds: float | None, before: str = "") -> Json:
    now, access = world.clock.now(), f"shpat_{secrets.token_hex(16)}"
    ends = None if seconds is None else now + seconds
    world.store.put("shopify_token", access, {"scope": scope, "ends": ends})
    answer: Json = {"access_token": access, "scope": scope}
    if seconds is not None:
        answer["expires_in"] = int(seconds)
    if seconds == _HOUR:
        refresh = f"shprt_{secrets.token_hex(16)}"
        kept = {"scope": scope, "ends": now + 90 * _DAY, "is_over": False, "before": before}
        world.store.put("shopify_refresh", refresh, kept)
        answer |= {"refresh_token": refresh, "refresh_token_expires_in": int(90 * _DAY)}
    return answer


def make_lasting_token(world: World) -> str:
    """An admin token of an old custom app."""
    return str(_new(world, SCOPES, None)["access_token"])


def scopes_of(world: World, token: str) -> set[str] | None:
    """What this token may do; None: it is not (or no longer) good."""
    found = world.store.get("shopify_token", token)
    if found is None or (found["ends"] is not None and found["ends"] < world.clock.now()):
        return None
    return set(found["scope"].split(","))


def _is_set(value: object) -> bool:
    return str(value).lower() in ("1", "true")


def _no(error: str, why: str) -> tuple[Response, int]:
    return jsonify(error=error, error_description=why), 400
