"""/products, their variations, batches, tags and brands (contracts/woocommerce.md §2, §3)."""

from __future__ import annotations

import html
from collections.abc import Callable
from typing import Any

from flask import request

from sandbox.woocommerce.door import CHANGE, Listed, Wrong, choose, page_of, route, said
from sandbox.woocommerce.goods import (
    new_product,
    new_variation,
    save_product,
    settle_parent,
    write_product,
    write_variation,
)
from sandbox.woocommerce.notices import notify
from sandbox.woocommerce.shop import Json, Shop

MOST_IN_BATCH = 100


@route("/wc/v3/products", "GET")
def list_products(shop: Shop) -> Listed:
    skus = request.args.get("sku")
    status, slug, search = (request.args.get(name, "") for name in ("status", "slug", "search"))
    if skus:  # looks among variations too
        owners = [shop.sku_owner(sku.strip()) for sku in skus.split(",")]
        rows = [owner for owner in owners if owner is not None and owner["status"] != "trash"]
        rows = list({row["id"]: row for row in rows}.values())
        numbers, total, per_page = page_of(range(len(rows)))
        return Listed([rows[place] for place in numbers], total, per_page)
    chosen = choose(shop, "product")
    if status not in ("", "any") or slug or search:
        chosen = [
            row["id"]
            for row in shop.many("product", chosen)
            if (status in ("", "any") or row["status"] == status)
            and (not slug or row["slug"] == slug)
            and (not search or search.lower() in row["name"].lower())
        ]
    numbers, total, per_page = page_of(chosen)
    return Listed(shop.many("product", numbers), total, per_page)


@route("/wc/v3/products", "POST")
def make_product(shop: Shop) -> tuple[Json, int]:
    return write_product(shop, new_product(shop), said(), is_new=True), 201


@route("/wc/v3/products/<number>", "GET")
def read_product(shop: Shop, number: int) -> Json:
    return _product(shop, number)


@route("/wc/v3/products/<number>", *CHANGE)
def change_product(shop: Shop, number: int) -> Json:
    with shop.world.store.lock:
        return write_product(shop, _product(shop, number), said())


@route("/wc/v3/products/<number>", "DELETE")
def remove_product(shop: Shop, number: int) -> Json:
    product = _product(shop, number)
    if request.args.get("force") == "true":
        return delete_product(shop, product)
    product["status"] = "trash"
    shop.stamp(product, "date_modified")
    shop.put("product", product)
    notify(shop, "product.deleted", product)
    return product


def delete_product(shop: Shop, product: Json) -> Json:
    """For good, with its variations."""
    for variation in shop.many("variation", product["variations"]):
        shop.claim_sku("variation", {"id": variation["id"], "sku": ""}, variation["sku"])
        shop.drop("variation", variation["id"])
    shop.claim_sku("product", {"id": product["id"], "sku": ""}, product["sku"])
    shop.drop("product", product["id"])
    notify(shop, "product.deleted", product)
    return product


@route("/wc/v3/products/batch", *CHANGE)
def batch_products(shop: Shop) -> Json:
    return _batch(
        lambda body: write_product(shop, new_product(shop), body, is_new=True),
        lambda body: write_product(shop, _product(shop, body.get("id", 0)), body),
        lambda number: delete_product(shop, _product(shop, number)),
    )


@route("/wc/v3/products/<parent>/variations", "GET")
def list_variations(shop: Shop, parent: int) -> Listed:
    product = _product(shop, parent)
    ids = sorted(product["variations"], reverse=request.args.get("order", "desc") == "desc")
    numbers, total, per_page = page_of(ids)
    return Listed(shop.many("variation", numbers), total, per_page)


@route("/wc/v3/products/<parent>/variations", "POST")
def make_variation(shop: Shop, parent: int) -> tuple[Json, int]:
    with shop.world.store.lock:
        product = _product(shop, parent)
        made = write_variation(shop, product, new_variation(shop, product), said(), is_new=True)
        settle_parent(shop, product)
    return made, 201


@route("/wc/v3/products/<parent>/variations/<number>", "GET")
def read_variation(shop: Shop, parent: int, number: int) -> Json:
    return _variation(shop, parent, number)


@route("/wc/v3/products/<parent>/variations/<number>", *CHANGE)
def change_variation(shop: Shop, parent: int, number: int) -> Json:
    with shop.world.store.lock:
        product = _product(shop, parent)
        changed = write_variation(shop, product, _variation(shop, parent, number), said())
        settle_parent(shop, product)
    return changed


@route("/wc/v3/products/<parent>/variations/<number>", "DELETE")
def remove_variation(shop: Shop, parent: int, number: int) -> Json:
    if request.args.get("force") != "true":
        raise Wrong("woocommerce_rest_trash_not_supported", "Variations do not support trashing.", 501)
    with shop.world.store.lock:
        product, variation = _product(shop, parent), _variation(shop, parent, number)
        _drop_variation(shop, product, variation)
        settle_parent(shop, product)
    return variation


def _drop_variation(shop: Shop, product: Json, variation: Json) -> Json:
    shop.claim_sku("variation", {"id": variation["id"], "sku": ""}, variation["sku"])
    shop.drop("variation", variation["id"])
    product["variations"].remove(variation["id"])
    return variation


@route("/wc/v3/products/<parent>/variations/batch", *CHANGE)
def batch_variations(shop: Shop, parent: int) -> Json:
    with shop.world.store.lock:
        product = _product(shop, parent)
        told = _batch(
            lambda body: write_variation(shop, product, new_variation(shop, product), body, is_new=True),
            lambda body: write_variation(shop, product, _variation(shop, parent, body.get("id", 0)), body),
            lambda number: _drop_variation(shop, product, _variation(shop, parent, number)),
        )
        settle_parent(shop, product)
    return told


def _batch(create: Callable[[Json], Json], update: Callable[[Json], Json], delete: Callable[[int], Json]) -> Json:
    """Errors of one item stand in its place; the answer as a whole is 200 (§2)."""
    body = said()
    items = {kind: body.get(kind) or [] for kind in ("create", "update", "delete")}
    if sum(map(len, items.values())) > MOST_IN_BATCH:
        raise Wrong("woocommerce_rest_request_entity_too_large", "Unable to accept more than 100 items.", 413)
    told: Json = {}
    for kind, act in (("create", create), ("update", update), ("delete", delete)):
        if items[kind]:
            told[kind] = [_one(act, item) for item in items[kind]]
    return told


def _one(act: Callable[[Any], Json], item: Any) -> Json:
    number = item if isinstance(item, int) else item.get("id", 0)
    try:
        return act(item)
    except Wrong as wrong:
        return {"id": number, "error": wrong.body}


for _kind in ("tags", "brands", "categories"):

    def _list(shop: Shop, kind: str = _kind) -> Listed:
        search = html.escape(request.args.get("search", ""), quote=False).lower()
        ids = [term["id"] for term in shop.all(kind) if search in term["name"].lower()]
        numbers, total, per_page = page_of(ids)
        return Listed(shop.many(kind, numbers), total, per_page)

    def _make(shop: Shop, kind: str = _kind) -> tuple[Json, int]:
        return make_term(shop, kind, str(said().get("name") or "")), 201

    route(f"/wc/v3/products/{_kind}", "GET")(_list)
    route(f"/wc/v3/products/{_kind}", "POST")(_make)


def make_term(shop: Shop, kind: str, name: str) -> Json:
    """Terms are stored with entities. Raises Wrong for one that is there."""
    name = html.escape(name.strip(), quote=False)
    if not name:
        raise Wrong("empty_term_name", "A name is required for this term.")
    with shop.world.store.lock:
        for term in shop.all(kind):
            if term["name"].lower() == name.lower():
                words = "A term with the name provided already exists in this taxonomy."
                raise Wrong("term_exists", words, resource_id=term["id"])
        number = shop.number()
        return shop.put(kind, {"id": number, "name": name, "slug": f"{kind}-{number}", "count": 0})


def _product(shop: Shop, number: int) -> Json:
    found = shop.get("product", number)
    if found is None:
        raise Wrong("woocommerce_rest_product_invalid_id", "Invalid ID.", 404)
    return found


def _variation(shop: Shop, parent: int, number: int) -> Json:
    found = shop.get("variation", number)
    if found is None or found["parent_id"] != parent:
        raise Wrong("woocommerce_rest_product_variation_invalid_id", "Invalid ID.", 404)
    return found


__all__ = ["delete_product", "make_term", "save_product"]
