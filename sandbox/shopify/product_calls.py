"""Queries and mutations of products and publications (contracts/shopify.md §4)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from sandbox.shopify import goods
from sandbox.shopify.executing import Call, Wrong
from sandbox.shopify.goods import MOST_VARIANTS, PLAIN, Taken
from sandbox.shopify.product_nodes import connection, cursor_read, cursor_write, page_of, product_node, variant_node
from sandbox.shopify.searching import since_of, words_of
from sandbox.shopify.shelf import Drawer, Shelf, shelf_of
from sandbox.shopify.shopfront import LOCATION, PUBLICATION, Json, gid, minor_of, number_of

MOST_INPUT = 250
_GRAMS = {"GRAMS": 1.0, "KILOGRAMS": 1000.0, "OUNCES": 28.349523125, "POUNDS": 453.59237}


def list_products(call: Call, asked: Json) -> Any:
    return listing(call, asked, shelf_of(call.world).products, product_node)


def listing(call: Call, asked: Json, drawer: Drawer, node: Callable[[Json], Json]) -> Json:
    """A connection in the order of change, with `updated_at:>=` as its filter. Raises Wrong."""
    if call.is_bulk:
        return page_of(list(drawer.each()), node, lambda i, _: cursor_write(i), False)
    most = asked.get("first")
    if not most or not 0 < int(most) <= MOST_INPUT:
        raise Wrong("you must provide one of first or last, at most 250")
    query = str(asked.get("query") or "")
    if query and asked.get("sortKey") != "UPDATED_AT" and "updated_at" in query:
        raise Wrong("this stand-in pages changes with sortKey: UPDATED_AT")
    try:
        after = cursor_read(asked["after"]) if asked.get("after") else None
        since = since_of(query)
    except ValueError as error:
        raise Wrong("Invalid cursor or date for current pagination sort.") from error
    place = (float(after[0]), int(after[1])) if after else None
    found, more = drawer.page(place, since, int(most))
    return page_of(found, node, lambda _, thing: cursor_write(thing["updated_at"], thing["id"]), more)


def get_product(call: Call, asked: Json) -> Json | None:
    found = shelf_of(call.world).products.get(number_of(asked.get("id", ""), "Product"))
    return product_node(found) if found else None


def product_by_identifier(call: Call, asked: Json) -> Json | None:
    shelf, told = shelf_of(call.world), asked["identifier"]
    number = shelf.handles.get(told["handle"], 0) if "handle" in told else number_of(told.get("id", ""), "Product")
    found = shelf.products.get(number)
    return product_node(found) if found else None


def get_variant(call: Call, asked: Json) -> Json | None:
    shelf, number = shelf_of(call.world), number_of(asked.get("id", ""), "ProductVariant")
    product = shelf.products.get(shelf.variants.get(number, 0))
    if product is None:
        return None
    place = next(i for i, variant in enumerate(product["variants"], 1) if variant["id"] == number)
    return variant_node(product, place, product["variants"][place - 1])


def list_variants(call: Call, asked: Json) -> Any:
    """By `sku:` only."""
    shelf, sku = shelf_of(call.world), words_of(str(asked.get("query") or "")).get("sku", "")
    product = shelf.products.get(shelf.skus.get(sku, 0))
    found = [(p, v) for p, v in enumerate(product["variants"], 1) if v["sku"] == sku] if product else []
    return connection(found, lambda pair: variant_node(product or {}, *pair))


def count_products(call: Call, asked: Json) -> Json:
    return {"count": len(shelf_of(call.world).products), "precision": "EXACT"}


def list_publications(call: Call, asked: Json) -> Any:
    node = {"id": gid("Publication", PUBLICATION), "name": "Online Store", "catalog": {"title": "Online Store"}}
    return connection([node], lambda item: item)


# -- writes


def set_product(call: Call, asked: Json) -> Json:
    """Create, or replace what is named; a list that is sent replaces the whole list."""
    shelf, told = shelf_of(call.world), asked["input"]
    with shelf.lock:
        try:
            product = _identified(shelf, asked.get("identifier") or {})
            is_new = product is None
            if product is None:
                product = goods.new_product(shelf, told.get("title") or "", handle=told.get("handle") or "")
            _write(shelf, product, told)
            if "productOptions" in told or is_new:
                options = [(o["name"], [v["name"] for v in o["values"]]) for o in told.get("productOptions") or []]
                goods.set_options(shelf, product, options)
            if "variants" in told or is_new:
                _replace_variants(shelf, product, told.get("variants") or [])
            if "files" in told:
                product["media"] = []
                goods.add_media(shelf, product, [(f["originalSource"], f.get("alt") or "") for f in told["files"]])
        except Taken as error:
            return {"product": None, "productSetOperation": None, "userErrors": [error.error]}
        goods.save(shelf, [product], is_new=is_new)
    shelf.note_write()
    return {"product": product_node(product), "productSetOperation": None, "userErrors": []}


def update_product(call: Call, asked: Json) -> Json:
    shelf, told = shelf_of(call.world), asked["product"]
    with shelf.lock:
        product = shelf.products.get(number_of(told.get("id", ""), "Product"))
        if product is None:
            return {"product": None, "userErrors": [_gone(["id"])]}
        try:
            _write(shelf, product, told)
            media = asked.get("media") or []
            goods.add_media(shelf, product, [(m["originalSource"], m.get("alt") or "") for m in media])
        except Taken as error:
            return {"product": None, "userErrors": [error.error]}
        goods.save(shelf, [product])
    shelf.note_write()
    return {"product": product_node(product), "userErrors": []}


def delete_product(call: Call, asked: Json) -> Json:
    shelf = shelf_of(call.world)
    product = shelf.products.get(number_of(asked["input"]["id"], "Product"))
    if product is None:
        return {"deletedProductId": None, "userErrors": [_gone(["id"])]}
    goods.remove(shelf, product)
    shelf.note_write()
    return {"deletedProductId": gid("Product", product["id"]), "userErrors": []}


def create_variants(call: Call, asked: Json) -> Json:
    def add(shelf: Shelf, product: Json, told: Json) -> Json:
        given = {value["optionName"]: value["name"] for value in told.get("optionValues") or []}
        values = [given.get(option["name"], "") for option in product["options"]]
        if "" in values:
            raise Taken(["variants", "optionValues"], "You need to add option values for all options", "NEED_TO_ADD")
        variant = goods.new_variant(shelf, product, values)
        _write_variant(variant, told)
        for level in told.get("inventoryQuantities") or []:
            variant["stock"][str(number_of(level["locationId"], "Location"))] = level["availableQuantity"]
        return variant

    return _each_variant(call, asked, add)


def update_variants(call: Call, asked: Json) -> Json:
    def change(shelf: Shelf, product: Json, told: Json) -> Json:
        number = number_of(told.get("id", ""), "ProductVariant")
        for variant in product["variants"]:
            if variant["id"] == number:
                _write_variant(variant, told)
                return variant
        raise Taken(["variants", "id"], "Product variant does not exist", "PRODUCT_VARIANT_DOES_NOT_EXIST")

    return _each_variant(call, asked, change)


def publish(call: Call, asked: Json) -> Json:
    shelf = shelf_of(call.world)
    with shelf.lock:
        product = shelf.products.get(number_of(asked["id"], "Product"))
        if product is None:
            return {"publishable": None, "userErrors": [_gone(["id"])]}
        product["published_at"] = product["published_at"] or shelf.now()
        goods.save(shelf, [product])
    shelf.note_write()
    return {"publishable": product_node(product), "userErrors": []}


def update_files(call: Call, asked: Json) -> Json:
    """Texts of pictures only."""
    shelf, texts = shelf_of(call.world), {number_of(f["id"], "MediaImage"): f.get("alt") for f in asked["files"]}
    with shelf.lock:
        touched = [p for p in shelf.products.each() if any(m["id"] in texts for m in p["media"])]
        for product in touched:
            for media in product["media"]:
                media["alt"] = texts.get(media["id"]) or media["alt"]
        goods.save(shelf, touched)
    shelf.note_write()
    return {"files": [{"__typename": "MediaImage", "id": gid("MediaImage", n)} for n in texts], "userErrors": []}


def delete_media(call: Call, asked: Json) -> Json:
    shelf, numbers = shelf_of(call.world), {number_of(i, "MediaImage") for i in asked["mediaIds"]}
    with shelf.lock:
        product = shelf.products.get(number_of(asked["productId"], "Product"))
        if product is None:
            return {"deletedMediaIds": [], "mediaUserErrors": [_gone(["productId"])]}
        product["media"] = [media for media in product["media"] if media["id"] not in numbers]
        goods.save(shelf, [product])
    shelf.note_write()
    return {"deletedMediaIds": [gid("MediaImage", n) for n in numbers], "mediaUserErrors": []}


def _each_variant(call: Call, asked: Json, act: Callable[[Shelf, Json, Json], Json]) -> Json:
    shelf, told = shelf_of(call.world), asked["variants"]
    if len(told) > MOST_INPUT:
        raise Wrong(
            f"The input array size of {len(told)} is greater than the maximum allowed of 250.", "MAX_INPUT_SIZE"
        )
    with shelf.lock:
        product = shelf.products.get(number_of(asked["productId"], "Product"))
        if product is None:
            return {"product": None, "productVariants": [], "userErrors": [_gone(["productId"])]}
        try:
            done = [act(shelf, product, one) for one in told]
        except Taken as error:
            return {"product": None, "productVariants": [], "userErrors": [error.error]}
        goods.save(shelf, [product])
    shelf.note_write()
    places = {id(variant): place for place, variant in enumerate(product["variants"], 1)}
    nodes = [variant_node(product, places[id(variant)], variant) for variant in done]
    return {"product": product_node(product), "productVariants": nodes, "userErrors": []}


def _write(shelf: Shelf, product: Json, told: Json) -> None:
    names = {"title": "title", "descriptionHtml": "html", "vendor": "vendor", "productType": "type", "status": "status"}
    for theirs, ours in names.items():
        if theirs in told:
            product[ours] = told[theirs] or ""
    if not product["title"].strip():
        raise Taken(["title"], "Title can't be blank", "BLANK")
    if "tags" in told:
        product["tags"] = list(dict.fromkeys(told["tags"] or []))
    if told.get("seo"):
        product["seo"] |= {name: value or None for name, value in told["seo"].items()}
    if told.get("handle") and told["handle"] != product["handle"]:
        if told["handle"] in shelf.handles:
            raise Taken(["handle"], f"Handle '{told['handle']}' already in use. Please provide a new handle.", "TAKEN")
        shelf.handles.pop(product["handle"], None)
        product["handle"] = told["handle"]
    for field in told.get("metafields") or []:
        product["metafields"][f"{field['namespace']}.{field['key']}"] = field["value"]


def _replace_variants(shelf: Shelf, product: Json, told: list[Json]) -> None:
    if len(told) > MOST_VARIANTS:
        raise Taken(
            ["input", "variants"], "You can have a maximum of 2048 variants per product.", "VARIANTS_OVER_LIMIT"
        )
    before = {variant["id"]: variant for variant in product["variants"]}
    product["variants"] = []
    for one in told or [{}]:
        given = {value["optionName"]: value["name"] for value in one.get("optionValues") or []}
        values = [given.get(option["name"], PLAIN[1]) for option in product["options"]]
        kept = before.get(number_of(one.get("id", ""), "ProductVariant"))
        if kept is not None:
            variant = kept | {"values": values}
            product["variants"].append(variant)
        else:
            variant = goods.new_variant(shelf, product, values)
        _write_variant(variant, one)
        for level in one.get("inventoryQuantities") or []:
            variant["stock"][str(number_of(level["locationId"], "Location") or LOCATION)] = level["quantity"]


def _write_variant(variant: Json, told: Json) -> None:
    if "price" in told:
        variant["price"] = minor_of(told["price"] or 0)
        if variant["price"] < 0:
            raise Taken(["variants", "price"], "Price must be greater than or equal to 0", "GREATER_THAN_OR_EQUAL_TO")
    if "compareAtPrice" in told:
        variant["compare_at"] = None if told["compareAtPrice"] is None else minor_of(told["compareAtPrice"])
    for theirs, ours in (("sku", "sku"), ("barcode", "barcode"), ("inventoryPolicy", "policy")):
        if theirs in told:
            variant[ours] = told[theirs]
    item = told.get("inventoryItem") or {}
    if "sku" in item:
        variant["sku"] = item["sku"] or ""
    if "cost" in item:
        variant["cost"] = None if item["cost"] is None else minor_of(item["cost"])
    if "tracked" in item:
        variant["tracked"] = bool(item["tracked"])
    weight = (item.get("measurement") or {}).get("weight")
    if weight:
        variant["grams"] = round(float(weight["value"]) * _GRAMS[weight["unit"]])


def _identified(shelf: Shelf, told: Json) -> Json | None:
    if told.get("handle"):
        return shelf.products.get(shelf.handles.get(told["handle"], 0))
    if told.get("id"):
        found = shelf.products.get(number_of(told["id"], "Product"))
        if found is None:
            raise Taken(["identifier"], "Product does not exist", "PRODUCT_DOES_NOT_EXIST")
        return found
    return None


def _gone(field: list[str]) -> Json:
    return {"field": field, "message": "Product does not exist", "code": "PRODUCT_DOES_NOT_EXIST"}


QUERIES = {
    "products": list_products, "product": get_product, "productByIdentifier": product_by_identifier,
    "productVariant": get_variant, "productVariants": list_variants, "productsCount": count_products,
    "publications": list_publications,
}  # fmt: skip
MUTATIONS = {
    "productSet": set_product, "productUpdate": update_product, "productDelete": delete_product,
    "productVariantsBulkCreate": create_variants, "productVariantsBulkUpdate": update_variants,
    "publishablePublish": publish, "fileUpdate": update_files, "productDeleteMedia": delete_media,
}  # fmt: skip
