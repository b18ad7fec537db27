"""/woocommerce/<shop>: its API in both forms of address, the page where a merchant hands over keys, and its control."""

from __future__ import annotations

import secrets
from typing import Any

import requests
from flask import Blueprint, Response, abort, redirect, request

from sandbox.control.replying import done, said, wrong
from sandbox.woocommerce import order_routes, people_routes, product_routes, stall
from sandbox.woocommerce.door import answer
from sandbox.woocommerce.shop import Shop, forget
from sandbox.world import World, current_world

bp = Blueprint("woocommerce", __name__)
_METHODS = ["GET", "POST", "PUT", "PATCH", "DELETE"]
__all__ = ["attach", "bp", "order_routes", "people_routes", "product_routes", "stall"]


def attach(world: World) -> None:
    """Seeds nothing: a shop is there as soon as it is asked."""
    forget(world)


@bp.route("/woocommerce/<name>/wp-json/", methods=_METHODS, defaults={"path": ""})
@bp.route("/woocommerce/<name>/wp-json/<path:path>", methods=_METHODS)
def pretty(name: str, path: str) -> Response:
    shop = Shop(current_world(), name)
    if not shop.settings["pretty_permalinks"]:
        return Response("<html><body>Not found</body></html>", 404, mimetype="text/html")
    return answer(shop, f"/{path}")


@bp.route("/woocommerce/<name>/", methods=_METHODS)
def plain(name: str) -> Response:
    route = request.args.get("rest_route")
    if not route:
        return Response("<html><body>A shop</body></html>", mimetype="text/html")
    return answer(Shop(current_world(), name), route)


@bp.get("/woocommerce/<name>/wc-auth/v1/authorize")
def authorize(name: str) -> Any:
    """The merchant's page, agreed to at once (`?refuse=1`: refused): keys by POST, then back with success=1."""
    shop, asked = Shop(current_world(), name), request.args
    if not all(asked.get(key) for key in ("app_name", "scope", "user_id", "return_url", "callback_url")):
        abort(400)
    back = f"{asked['return_url']}{'&' if '?' in asked['return_url'] else '?'}user_id={asked['user_id']}&success="
    if asked.get("refuse") or asked["scope"] not in ("read", "write", "read_write"):
        return redirect(back + "0")
    pair = {"consumer_key": f"ck_{secrets.token_hex(20)}", "consumer_secret": f"cs_{secrets.token_hex(20)}"}
    shop.set(keys=[*shop.settings["keys"], {**pair, "permissions": asked["scope"]}])
    told = {"key_id": shop.number(), "user_id": asked["user_id"], **pair, "key_permissions": asked["scope"]}
    try:
        heard = requests.post(asked["callback_url"], json=told, timeout=15, allow_redirects=False)
    except requests.RequestException:
        return Response("An error occurred in the request and at the time were unable to send the consumer data", 500)
    if heard.status_code != 200:
        return Response("An error occurred in the request and at the time were unable to send the consumer data", 500)
    return redirect(back + "1")


@bp.post("/control/api/woocommerce/<name>")
def change(name: str) -> Any:
    """Settings of a shop (shop.py, DEFAULTS): plugins on and off, a firewall, a server that drops the keys."""
    try:
        Shop(current_world(), name).set(**said())
    except ValueError as error:
        return wrong(str(error))
    return done()
