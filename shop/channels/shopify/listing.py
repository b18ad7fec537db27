"""Our products there: made once, changed field by field (contracts/shopify.md §4). A list is never sent in part."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import replace
from typing import Any, TypeVar

from shop.channels.records import ListingAnswer, ProductRecord, ProductStatus
from shop.channels.shopify import documents, writing
from shop.channels.shopify.client import Client
from shop.errors import Refused

Json = dict[str, Any]
T = TypeVar("T")


def push(
    client: Client, product: ProductRecord, known: ListingAnswer | None, fields: Collection[str] | None, key: str
) -> ListingAnswer:
    """See PublishesListings.push_product."""
    if len(product.variants) > writing.MOST_VARIANTS:
        raise Refused(
            f"Shopify takes {writing.MOST_VARIANTS} variants of a product; this one has {len(product.variants)}.",
            service="shopify",
        )
    if known is None:
        return _create(client, product, key)
    wanted = frozenset(fields) if fields is not None else _everything()
    node, images = _change(client, product, known, wanted)
    answer = _answer(client, node, product)
    return replace(answer, images={**known.images, **images})


def archive(client: Client, external_id: str) -> None:
    client.write(documents.UPDATE, {"product": {"id": external_id, "status": "ARCHIVED"}}, repeatable=True)


def _everything() -> frozenset[str]:
    each = {f"variants.{name}" for name in writing.VARIANT_FIELDS - {"options"}}
    return writing.PLAIN_FIELDS | {"images", "variants"} | each


# -- a new one


def _create(client: Client, product: ProductRecord, key: str) -> ListingAnswer:
    """Looks for what it made with this key before it makes another; then completes it."""
    one, two = writing.handles(product, key)
    found = client.read(documents.FIND_MADE, {"one": one, "two": two})
    made = next((node for node in found.values() if _is_made_with(node, key)), None)
    if made is None:
        given = writing.write_product(product, two if found["one"] else one, key)
        made = client.write(documents.CREATE, {"input": given}, subject=f"listing:{key}")["product"]
    made = _add_missing(client, product, made)
    _publish(client, product, made)
    images = dict(zip((i.url for i in product.images), (m["id"] for m in made["media"]["nodes"]), strict=False))
    return replace(_answer(client, made, product), images=images)


def _is_made_with(node: Json | None, key: str) -> bool:
    return bool(node and node["ours"] and node["ours"]["value"] == key[:255])


def _publish(client: Client, product: ProductRecord, node: Json) -> None:
    """ACTIVE alone does not show it: it must be published to a publication, too."""
    if product.status is not ProductStatus.ACTIVE or node.get("publishedAt"):
        return
    found = client.read(documents.PUBLICATIONS)["publications"]["nodes"]
    if found:
        shops = [p for p in found if "online store" in str((p.get("catalog") or {}).get("title", "")).lower()]
        given = [{"publicationId": one["id"]} for one in (shops or found)[:1]]
        client.write(documents.PUBLISH, {"id": node["id"], "input": given}, repeatable=True)


# -- changes


def _change(
    client: Client, product: ProductRecord, known: ListingAnswer, wanted: Collection[str]
) -> tuple[Json, dict[str, str]]:
    """The listing as it stands afterwards, and new pictures by their addresses."""
    plain = writing.write_fields(product, wanted)
    node: Json | None = None
    media: list[Json] = []
    new: list[str] = []
    if "images" in wanted:
        new, media = _images(client, product, known)
    if plain or media:
        given: Json = {"product": {"id": known.external_id, **plain}}
        if media:
            given["media"] = media
        subject = f"listing:{known.external_id}"
        node = client.write(documents.UPDATE, given, repeatable=not media, subject=subject)["product"]
    if node is None:
        node = client.read(documents.ONE_LISTING, {"id": known.external_id})["product"]
        if node is None:
            raise Refused("This product is not in the Shopify shop any more.", service="shopify", status=404)
    images = dict(zip(new, [m["id"] for m in node["media"]["nodes"]][-len(new) :], strict=False)) if new else {}
    if "status" in wanted:
        _publish(client, product, node)
    each = writing.variant_fields(wanted) & writing.VARIANT_FIELDS
    if each:
        _change_variants(client, product, known.external_id, each)
    if "variants" in wanted:
        node = _add_missing(client, product, node)
    return node, images


def _change_variants(client: Client, product: ProductRecord, external_id: str, fields: Collection[str]) -> None:
    """Only those that are there, and of them only these fields."""
    given = []
    for variant in product.variants:
        facts = writing.write_variant(variant, product.currency, fields)
        if "options" in fields:
            facts["optionValues"] = writing.write_values(variant, product)
        if variant.external_id and facts:
            given.append({"id": variant.external_id, **facts})
    for some in _batches(given):
        client.write(documents.UPDATE_VARIANTS, {"id": external_id, "variants": some}, repeatable=True)


def _add_missing(client: Client, product: ProductRecord, node: Json) -> Json:
    """New variants are added, none is taken away. The node, as it stands afterwards."""
    theirs = list(_variants(client, node))
    ids = {one["id"] for one in theirs}
    there = {writing.options_key(one) for one in theirs}
    missing = [v for v in product.variants if v.external_id not in ids and frozenset(v.options.items()) not in there]
    if not missing:
        return {**node, "variants": {"nodes": theirs, "pageInfo": {"hasNextPage": False}}}
    for some in _batches(missing):
        given = [writing.added_variant(variant, product) for variant in some]
        client.write(documents.ADD_VARIANTS, {"id": node["id"], "variants": given})
    found: Json = client.read(documents.ONE_LISTING, {"id": node["id"]})["product"]
    return found


def _batches(items: Sequence[T]) -> Iterator[list[T]]:
    for start in range(0, len(items), writing.MOST_INPUT):
        yield list(items[start : start + writing.MOST_INPUT])


def _images(client: Client, product: ProductRecord, known: ListingAnswer) -> tuple[list[str], list[Json]]:
    """New pictures to be sent. Texts are changed, and of those that are gone here only what we put there is removed:
    the merchant's own pictures stay."""
    node = client.read(documents.ONE_PRODUCT, {"id": known.external_id})["product"]
    if node is None:
        raise Refused("This product is not in the Shopify shop any more.", service="shopify", status=404)
    theirs = {one["id"]: one for one in node["media"]["nodes"]}
    by_url = {(one.get("image") or {}).get("url"): one["id"] for one in theirs.values()}
    kept, new, texts = set(), [], []
    for image in product.images:
        told = (image.external_id, known.images.get(image.url), by_url.get(image.url))
        at = next((one for one in told if one in theirs), "")
        if not at:
            new.append(image)
            continue
        kept.add(at)
        if image.alt and image.alt != (theirs[at].get("alt") or ""):
            texts.append({"id": at, "alt": image.alt})
    gone = [at for at in known.images.values() if at in theirs and at not in kept]
    if texts:
        client.write(documents.UPDATE_FILES, {"files": texts}, repeatable=True)
    if gone:
        client.write(documents.DELETE_MEDIA, {"id": known.external_id, "media": gone}, repeatable=True)
    given = [{"originalSource": i.url, "alt": i.alt, "mediaContentType": "IMAGE"} for i in new]
    return [i.url for i in new], given


# -- answers


def _answer(client: Client, node: Json, product: ProductRecord) -> ListingAnswer:
    """Variants by our SKUs: by the id we know, else by their options, else by their SKU."""
    theirs = list(_variants(client, node))
    by_id, by_sku = {one["id"]: one for one in theirs}, {one.get("sku"): one for one in theirs}
    by_options = {writing.options_key(one): one for one in theirs}
    found = {}
    for variant in product.variants:
        same = by_id.get(variant.external_id) or by_options.get(frozenset(variant.options.items()))
        same = same or by_sku.get(variant.sku)
        if same is not None:
            found[variant.sku] = str(same["id"])
    return ListingAnswer(str(node["id"]), found, url=str(node.get("onlineStoreUrl") or ""))


def _variants(client: Client, node: Json) -> Iterator[Json]:
    page = node["variants"]
    while True:
        yield from page["nodes"]
        if not page["pageInfo"]["hasNextPage"]:
            return
        asked = {"id": node["id"], "first": writing.MOST_INPUT, "after": page["pageInfo"]["endCursor"]}
        found = client.read(documents.LISTED_VARIANTS, asked)["product"]
        if found is None:
            return
        page = found["variants"]
