"""What a fresh shop has: languages, currencies, countries, states of orders, settings, a tax, a carrier."""

from __future__ import annotations

from sandbox.prestashop.tables import Shop, forget_shops, shop_of
from sandbox.settings import ARE_AMERICAN
from sandbox.world import World

KEY = "ZR92FNY5UFRERNI3O9Z5QDHWKTP3YIIT"
READ_ONLY_KEY = "LOOKONLY5UFRERNI3O9Z5QDHWKTP3YII"
TAX_PERCENT = "0" if ARE_AMERICAN else "19"
CARRIER, OTHER_CARRIER = 2, 3
SHIPPING_MINOR = 490

#: id, name, (paid, shipped, delivery, logable, invoice): as a fresh installation has them (§4)
STATES = (
    (1, "Awaiting check payment", ""), (2, "Payment accepted", "paid logable invoice"),
    (3, "Processing in progress", "paid delivery logable invoice"),
    (4, "Shipped", "paid shipped delivery logable invoice"),
    (5, "Delivered", "paid shipped delivery logable invoice"), (6, "Canceled", ""), (7, "Refunded", "invoice"),
    (8, "Payment error", ""), (9, "On backorder (paid)", "paid invoice"), (10, "Awaiting bank wire payment", ""),
    (11, "Remote payment accepted", "paid logable invoice"), (12, "On backorder (not paid)", ""),
    (13, "Awaiting Cash On Delivery validation", ""),
)  # fmt: skip
COUNTRIES = ((1, "DE"), (2, "AT"), (3, "BE"), (8, "FR"), (13, "NL"), (17, "GB"), (19, "CH"), (21, "US"), (6, "ES"))
SETTINGS = {
    "PS_SHOP_NAME": "Fjord & Fell", "PS_TIMEZONE": "Europe/Berlin", "PS_CURRENCY_DEFAULT": "1", "PS_LANG_DEFAULT": "1",
    "PS_WEIGHT_UNIT": "kg", "PS_DIMENSION_UNIT": "cm", "PS_ORDER_OUT_OF_STOCK": "0", "PS_OS_CANCELED": "6",
    "PS_OS_REFUND": "7", "PS_OS_ERROR": "8", "PS_OS_SHIPPING": "4", "PS_OS_PAYMENT": "2", "PS_OS_WS_PAYMENT": "11",
    "PS_CARRIER_DEFAULT": str(CARRIER), "PS_COUNTRY_DEFAULT": "1", "PS_HOME_CATEGORY": "2",
}  # fmt: skip


def attach(world: World) -> None:
    """Called when the sandbox starts and after each reset."""
    forget_shops(world)
    shop = shop_of(world)
    if not shop["languages"].ids():
        _seed(shop)


def _seed(shop: Shop) -> None:
    for row_id, code, locale in ((1, "en", "en-US"), (2, "de", "de-DE")):
        shop.save("languages", {"id": row_id, "name": code, "iso_code": code, "locale": locale, "active": "1"})
    own, other = ("USD", "EUR") if ARE_AMERICAN else ("EUR", "USD")
    for row_id, code, rate in ((1, own, "1.000000"), (2, other, "1.160000"), (3, "JPY", "171.500000")):
        currency = {"id": row_id, "name": code, "iso_code": code, "conversion_rate": rate, "active": "1"}
        shop.save("currencies", currency)
    for row_id, code in COUNTRIES:
        shop.save("countries", {"id": row_id, "iso_code": code, "active": "1", "name": {"1": code, "2": code}})
    for row_id, code in ((1, "NY"), (2, "CA"), (3, "TX")):
        shop.save(
            "states", {"id": row_id, "id_country": "21", "id_zone": "2", "iso_code": code, "name": code, "active": "1"}
        )
    for row_id, name, flags in STATES:
        told = dict.fromkeys(flags.split(), "1")
        shop.save("order_states", {"id": row_id, "name": {"1": name, "2": name}, **told})
    for number, (name, value) in enumerate(SETTINGS.items(), 1):
        shop.save("configurations", {"id": number, "name": name, "value": value})
    shop.save("taxes", {"id": 1, "rate": f"{TAX_PERCENT}.000", "active": "1", "name": {"1": "VAT", "2": "USt."}})
    shop.save("tax_rules", {"id": 1, "id_tax_rules_group": "1", "id_country": "1", "id_tax": "1"})
    for row_id, name in ((CARRIER, "Parcel post"), (OTHER_CARRIER, "Express")):
        shop.save("carriers", {"id": row_id, "name": name, "active": "1", "url": "https://track.example/@"})
    shop.save(
        "categories", {"id": 2, "name": {"1": "Home", "2": "Start"}, "active": "1", "link_rewrite": {"1": "home"}}
    )
    shop.world.store.put(
        "ps_keys", f"{shop.name}:{KEY}", {"methods": ["GET", "PUT", "POST", "PATCH", "DELETE", "HEAD"]}
    )
    shop.world.store.put("ps_keys", f"{shop.name}:{READ_ONLY_KEY}", {"methods": ["GET", "HEAD"]})
    # ids of what is seeded by hand stay below those the shop gives
    for table in shop.tables.values():
        for _ in range(max([0, *table.ids()])):
            table.new_id()
