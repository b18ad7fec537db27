"""Buttons of the control page: what to type to connect, and the merchant's hand at each platform."""

from __future__ import annotations

from flask import Blueprint, render_template
from werkzeug.wrappers import Response

from sandbox.channels.routes import platforms, stall_of
from sandbox.channels.stall import Json, NotHere
from sandbox.control.replying import done, said, wrong
from sandbox.server import current_world
from sandbox.world import World

bp = Blueprint("channel_hands", __name__)
NAMES = {"shopify": "Shopify", "woocommerce": "WooCommerce", "prestashop": "PrestaShop"}
_GOODS = ("Enamel mug", "Linen apron", "Walnut board", "Wool throw", "Clay vase", "Tin lantern")
_CARD_MINOR = 5_000
_SHOWN = 5


def panel(world: World) -> str:
    """A fragment for the control page."""
    shops = [{"key": key, "name": NAMES.get(key, key), **_shop(world, key)} for key in platforms()]
    return render_template("channels/panel.html", shops=shops)


def _shop(world: World, platform: str) -> Json:
    stall = stall_of(world, platform)
    account = stall.account()
    typed = {"Address": account["store_url"], **account["settings"], **account["secrets"]}
    orders = list(stall.list_orders().items())[-_SHOWN:]
    return {"typed": typed, "products": len(stall.list_products()), "orders": list(reversed(orders))}


@bp.post("/control/api/channels/<platform>/hands/stock")
def stock(platform: str) -> Response:
    """Six products more, made in the platform's own panel."""
    if platform not in platforms():
        return wrong("There is no such platform.", 404)
    stall = stall_of(current_world(), platform)
    count = len(stall.list_products())
    stall.add_products(products=[_product(name, count + n) for n, name in enumerate(_GOODS)])
    return done(anchor="platforms")


@bp.post("/control/api/channels/<platform>/hands/sell")
def sell(platform: str) -> Response:
    """Somebody buys one piece of `sku`, or of the newest product that can be bought."""
    if platform not in platforms():
        return wrong("There is no such platform.", 404)
    stall = stall_of(current_world(), platform)
    sku = str(said().get("sku", "")) or _newest_sku(stall.list_products())
    if not sku:
        return wrong("Nothing is for sale there yet: list a product, or make some.", 409)
    sale = {"lines": [{"sku": sku, "quantity": 1}], "email": "ada@example.com", "name": "Ada Lovelace"}
    try:
        stall.sell(sale={**sale, "country": "US"})
    except (KeyError, ValueError) as error:
        return wrong(f"It cannot be sold: {error}", 422)
    return done(anchor="platforms")


@bp.post("/control/api/channels/<platform>/hands/codes")
def codes(platform: str) -> Response:
    """A discount code, and a gift card where the platform has them."""
    if platform not in platforms():
        return wrong("There is no such platform.", 404)
    stall = stall_of(current_world(), platform)
    try:
        stall.add_discount(discount={"code": "FRIENDS10", "percent_points": 1000})
        stall.add_gift_card(card={"code": "GIFTFORYOU50", "balance_minor": _CARD_MINOR})
    except NotHere:
        pass  # no gift cards there: the code was made
    except (KeyError, ValueError) as error:
        return wrong(f"That cannot be made: {error}", 422)
    return done(anchor="platforms")


def _newest_sku(products: dict[str, Json]) -> str:
    for product in reversed(list(products.values())):
        if product["status"] == "active":
            for variant in product["variants"]:
                if variant["sku"]:
                    return str(variant["sku"])
    return ""


def _product(name: str, number: int) -> Json:
    return {
        "title": name,
        "description_html": f"<p>{name}, made in small numbers.</p>",
        "status": "active",
        "tags": ["home"],
        "vendor": "Fjord",
        "options": ["Size"],
        "images": [],
        "variants": [
            {
                "sku": f"{name[:2].upper()}{number}-{size}",
                "price_minor": 1_900 + 100 * number,
                "options": {"Size": size},
                "stock": 20,
            }
            for size in ("S", "M")
        ],
    }
