"""What every call passes first: is the service on, whose key is it, may it do this; errors in its words (§2)."""

from __future__ import annotations

import base64
import binascii

from flask import Response, g, request

from sandbox.prestashop import wire
from sandbox.prestashop.asking import Wrong
from sandbox.prestashop.schema import RESOURCES
from sandbox.prestashop.tables import LANGUAGES, Shop, shop_of
from sandbox.world import current_world

VERSION = "9.1.4"


def enter() -> Response | None:
    """None lets the call in."""
    try:
        shop = shop_of(current_world(), (request.view_args or {}).get("shop", ""))
    except KeyError:
        return Response("No such shop.", 404)
    g.shop = shop
    if "/api" not in request.path:
        return None
    moods = shop.moods
    if moods.get("moved"):
        return Response("", 301, {"Location": f"https://www.shop.example{request.path}"})
    if moods.get("garbage"):
        return Response(
            "<!DOCTYPE html><html><body><h1>Checking your browser…</h1></body></html>", mimetype="text/html"
        )
    if moods.get("off"):
        text = "The PrestaShop webservice is disabled. Please activate it in the PrestaShop Back Office"
        return refused(Wrong(503, 22, text))
    key = _key(shop)
    if key is None:
        return Response("401 Unauthorized", 401, {"WWW-Authenticate": 'Basic realm="Welcome to PrestaShop Webservice"'})
    known = shop.world.store.get("ps_keys", f"{shop.name}:{key}")
    if len(key) != 32 or known is None:
        return refused(Wrong(401, 18 if len(key) != 32 else 20, "Invalid authentication key format"))
    if request.args.get("id_shop", "1") != "1":
        return refused(Wrong(403, 132, "No permission on this shop or shop group"))
    g.methods = known["methods"]
    g.allowed = known.get("resources") or list(RESOURCES)
    return None


def leave(response: Response) -> Response:
    response.headers["PSWS-Version"] = VERSION
    response.headers["Execution-Time"] = "0.004"
    return response


def refused(error: Wrong) -> Response:
    json = wants_json()
    body = wire.errors_as([(error.code, error.message)], json=json)
    return Response(body, error.status, mimetype="application/json" if json else "text/xml")


def wants_json() -> bool:
    asked = [request.args.get("output_format"), request.args.get("io_format")]
    asked += [request.headers.get("Output-Format"), request.headers.get("Io-Format")]
    return "JSON" in asked


def method() -> str:
    """The verb; `ps_method` stands for it where a proxy blocks some."""
    return request.args.get("ps_method", request.method).upper()


def check_right(resource: str) -> None:
    """Raises Wrong."""
    if resource not in RESOURCES and resource != "images":
        raise Wrong(400, 27, f"Resource of type '{resource}' does not exists.")
    if resource not in g.allowed and resource != "images":
        raise Wrong(401, 26, f'Resource of type "{resource}" is not allowed with this authentication key')
    if resource != "images" and method() not in RESOURCES[resource].methods | {"HEAD"}:
        raise Wrong(405, 101, f"Method {method()} not allowed for the resource {resource}")
    if method() not in g.methods:
        raise Wrong(
            405, 25, f"Method {method()} is not allowed for the resource {resource} with this authentication key"
        )


def languages() -> list[str]:
    """Those asked for by `language=1` or `language=[1|2]`; else all that are installed."""
    installed = LANGUAGES[:1] if g.shop.moods.get("one_language") else LANGUAGES
    raw = request.args.get("language", "").strip("[]")
    return [lang for lang in installed if not raw or lang in raw.split("|")]


def base() -> str:
    return f"{request.host_url.rstrip('/')}/prestashop/{g.shop.name}/api"


def _key(shop: Shop) -> str | None:
    """From Basic (key as the user, no password), which some hosts drop; or from the address."""
    header = request.headers.get("Authorization", "")
    if header.startswith("Basic ") and not shop.moods.get("no_authorization"):
        try:
            user, _, password = base64.b64decode(header[6:], validate=True).decode().partition(":")
        except (binascii.Error, UnicodeDecodeError):
            return None
        return None if password else user or None
    return request.args.get("ws_key") or None
