"""Products: read page by page, listed, changed field by field, taken off sale; stock (contracts/woocommerce.md §3)."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

from shop.channels.connector import Page, PublishesListings, PullsProducts, TakesStock
from shop.channels.records import ListingAnswer, ProductRecord, Unreadable, VariantRecord
from shop.channels.woocommerce.account import WooAccount
from shop.channels.woocommerce.client import NAME, PER_PAGE, Reply
from shop.channels.woocommerce.paging import move_on, query_of, read_place, write_place
from shop.channels.woocommerce.reading import PRODUCT_KEY, has_variations, key_of, read_product
from shop.channels.woocommerce.values import Odd, Terms, parts_of, text_of, variant_key
from shop.channels.woocommerce.writing import (
    TOP_FIELDS,
    VARIANT_FIELDS,
    plain_fields,
    reference_of,
    split_fields,
    stock_body,
    variant_body,
    write_attributes,
    write_images,
)
from shop.errors import Refused, Unavailable

Json = dict[str, Any]
_MOST_SKUS = 20  # named in one search


class ListsProducts(WooAccount, PullsProducts, PublishesListings, TakesStock):
    def pull_products(self, since: datetime | None, cursor: str) -> Page[ProductRecord]:
        reply, following = self.read_page("/products", since, cursor, status="any")
        terms = self.terms
        records = [self._whole(raw, terms) for raw in reply.data]
        return Page(records, following, not following)

    def get_product(self, external_id: str) -> ProductRecord | None:
        raw = self._find(external_id)
        if raw is None or raw.get("status") == "trash":
            return None
        found = self._whole(raw, self.terms)
        if isinstance(found, Unreadable):
            raise Refused(f"This product cannot be read: {found.why}", service=NAME, unreadable=found)
        return found

    def read_page(self, path: str, since: datetime | None, cursor: str, **params: Any) -> tuple[Reply, str]:
        """One page by time of change, and the cursor of the next, "" at the end. Raises Unavailable for an empty page
        where there should be rows: nothing is gone because an answer was cut short."""
        place = read_place(cursor, since)
        order_by = "modified" if self.facts.get("sorts_by_change", True) else "date"
        reply = self.client.get(path, per_page=PER_PAGE, **query_of(place, order_by), **params)
        rows = reply.data if isinstance(reply.data, list) else None
        if rows is None or (not rows and (reply.total or 0) > place.offset):
            raise Unavailable("The shop's answer was not whole.", service=NAME, detail=f"{path}: {reply.total} told")
        told = [(int(r.get("id") or 0), str(r.get("date_modified_gmt") or "")) for r in rows if isinstance(r, dict)]
        following = move_on(place, told, reply.total, PER_PAGE)
        return reply, write_place(following) if following is not None else ""

    def _whole(self, raw: Any, terms: Terms) -> ProductRecord | Unreadable:
        try:
            variations = self._variations(raw["id"]) if has_variations(raw) else []
        except Refused as error:  # deleted between the two questions, or a plugin's own kind
            return Unreadable(str(raw.get("id")), f"its variations could not be read: {error.detail}", raw)
        return read_product(raw, variations, terms)

    def _variations(self, product_id: int | str) -> list[Json]:
        found: dict[int, Json] = {}
        page = 1
        while True:
            reply = self.client.get(
                f"/products/{product_id}/variations", per_page=PER_PAGE, page=page, orderby="id", order="asc"
            )
            if not isinstance(reply.data, list):
                raise Unavailable("The shop's answer was not whole.", service=NAME)
            found |= {int(entry["id"]): entry for entry in reply.data if isinstance(entry, dict)}
            if page >= reply.pages:
                break
            page += 1
        if reply.total is not None and len(found) < reply.total:
            raise Unavailable("The shop's answer was not whole.", service=NAME, detail="variations are missing")
        return list(found.values())

    def _find(self, external_id: str) -> Json | None:
        if not external_id.isdigit():
            return None
        reply = self.client.find(f"/products/{external_id}")
        return reply.data if reply is not None and isinstance(reply.data, dict) else None

    # -- writing

    def push_product(
        self, product: ProductRecord, known: ListingAnswer | None, fields: Collection[str] | None, key: str
    ) -> ListingAnswer:
        theirs = self._find(known.external_id) if known is not None else self._made_before(product, key)
        if known is not None and theirs is None:
            raise Refused("This product is not there any more.", service=NAME, status=404)
        if theirs is None:
            theirs = self._make(product, key)
            fields = ["variants"]  # the rest of it
        elif known is None:
            fields = None  # made before, and perhaps not to its end
        images = dict(known.images) if known is not None else _images_of(product, theirs)
        theirs = self._change_top(product, theirs, fields, images)
        variations = self._change_variants(product, theirs, fields)
        return _answer(product, theirs, variations, images)

    def _made_before(self, product: ProductRecord, key: str) -> Json | None:
        """What an earlier call with this key made, also when its answer was lost."""
        skus = [reference_of(key), *[v.sku for v in product.variants if v.sku and "," not in v.sku]][:_MOST_SKUS]
        for raw in self.client.get("/products", sku=",".join(skus), status="any", per_page=PER_PAGE).data:
            found = self._find(str(raw.get("parent_id"))) if raw.get("parent_id") else raw
            if found is not None and key_of(found) == key:
                return found
        return None

    def _make(self, product: ProductRecord, key: str) -> Json:
        body = plain_fields(product, TOP_FIELDS) | self._named_terms(product, TOP_FIELDS)
        body |= {"images": write_images(product.images, {}), "meta_data": [{"key": PRODUCT_KEY, "value": key}]}
        if _is_simple(product):
            (only,) = product.variants
            body |= {"type": "simple"} | self._body_of(only, VARIANT_FIELDS, None, is_variation=False)
        else:
            attributes = write_attributes(product, None, all_ours=True)
            body |= {"type": "variable", "sku": reference_of(key), "attributes": attributes}
        made: Json = self.client.make("/products", body)
        return made

    def _change_top(self, product: ProductRecord, theirs: Json, fields: Collection[str] | None, images: Json) -> Json:
        top, _, adds = split_fields(fields)
        body = plain_fields(product, top) | self._named_terms(product, top)
        if "images" in top:
            body["images"] = write_images(product.images, images)
        grows = adds and not _is_simple(product)
        if grows and theirs.get("type") == "simple":  # its only variant becomes one of several
            body |= {"type": "variable", "sku": reference_of(f"{theirs['id']}")}
        if not _is_simple(product) and ("options" in top or grows):
            attributes = write_attributes(product, theirs, all_ours="options" in top)
            if _values(attributes) != _values(theirs.get("attributes") or []):
                body["attributes"] = attributes
        body = {name: value for name, value in body.items() if _differs(theirs.get(name), value)}
        if not body:
            return theirs
        changed: Json = self.client.change(f"/products/{theirs['id']}", body)
        return changed

    def _change_variants(self, product: ProductRecord, theirs: Json, fields: Collection[str] | None) -> list[Json]:
        _, named, adds = split_fields(fields)
        if theirs.get("type") == "simple":
            variant = product.variants[0] if len(product.variants) == 1 else None
            body = self._body_of(variant, named, theirs, is_variation=False) if variant and named else {}
            if body:
                theirs |= self.client.change(f"/products/{theirs['id']}", body)
            return []
        there = self._variations(theirs["id"])
        if not named and not adds:
            return there
        by_id, by_sku = {str(v["id"]): v for v in there}, {str(v.get("sku")): v for v in there if v.get("sku")}
        create, update = [], []
        for variant in product.variants:
            held = by_id.get(variant.external_id.rpartition(":")[2]) or by_sku.get(variant.sku)
            if held is None and adds:
                create.append(self._body_of(variant, VARIANT_FIELDS, None, is_variation=True))
            elif held is not None and (body := self._body_of(variant, named, held, is_variation=True)):
                update.append({"id": held["id"], **body})
        written = self._write_variations(theirs["id"], create, update)
        return list(({int(v["id"]): v for v in there} | {int(v["id"]): v for v in written}).values())

    def _write_variations(self, product_id: int, create: list[Json], update: list[Json]) -> list[Json]:
        """One by itself, several in batches of 100. Raises Refused naming those that they refused, after the others."""
        path = f"/products/{product_id}/variations"
        if not create and len(update) == 1:
            (one,) = update
            return [self.client.change(f"{path}/{one['id']}", {n: v for n, v in one.items() if n != "id"})]
        written: list[Json] = []
        refused: list[str] = []
        for kind, bodies in (("create", create), ("update", update)):
            for chunk in _chunks(bodies):
                answer = self.client.make(f"{path}/batch", {kind: chunk})
                for body, told in zip(chunk, answer.get(kind) or [], strict=False):
                    if isinstance(told, dict) and "error" in told:
                        reason = str((told["error"] or {}).get("message") or "refused")[:120]
                        refused.append(f"{body.get('sku') or body.get('id')}: {reason}")
                    else:
                        written.append(told)
        if refused:
            words = "; ".join(refused[:5]) + (f" and {len(refused) - 5} more" if len(refused) > 5 else "")
            raise Refused(f"WooCommerce refused some variants: {words}", service=NAME, status=400)
        return written

    def _body_of(
        self, variant: VariantRecord, fields: Collection[str], theirs: Mapping[str, Any] | None, *, is_variation: bool
    ) -> Json:
        has_barcode = theirs is None or "global_unique_id" in theirs
        return variant_body(
            variant, fields, self.terms, theirs, is_variation=is_variation, has_barcode=has_barcode
        )  # fmt: skip

    def _named_terms(self, product: ProductRecord, fields: Collection[str]) -> Json:
        """Tags and the brand are sent by their ids; new names are made."""
        body: Json = {}
        if "tags" in fields:
            body["tags"] = [{"id": self._term_id("tags", name)} for name in product.tags]
        if "vendor" in fields and product.vendor and self.client.find("/products/brands", per_page=1) is not None:
            body["brands"] = [{"id": self._term_id("brands", product.vendor)}]
        return body

    def _term_id(self, kind: str, name: str) -> int:
        if (kind, name) in self._term_ids:
            return self._term_ids[kind, name]
        same = [
            int(raw["id"])
            for raw in self.client.get(f"/products/{kind}", search=name[:100], per_page=PER_PAGE).data
            if text_of(raw, "name").casefold() == name.casefold()
        ]
        try:
            found = same[0] if same else int(self.client.make(f"/products/{kind}", {"name": name})["id"])
        except Refused as error:
            known = error.facts.get("data")
            if error.facts.get("code") != "term_exists" or not isinstance(known, dict):
                raise
            found = int(known["resource_id"])
        if len(self._term_ids) > 5000:
            self._term_ids.clear()
        self._term_ids[kind, name] = found
        return found

    def archive_product(self, external_id: str) -> None:
        """Private: in their panel still, for visitors not. One that is gone is off sale already."""
        theirs = self._find(external_id)
        if theirs is not None and theirs.get("status") not in ("private", "trash"):
            self.client.change(f"/products/{external_id}", {"status": "private"})

    def set_stock(self, variant_external_id: str, quantity: int, key: str) -> None:
        """The quantity itself; there is no other way (§3)."""
        try:
            product, variation = parts_of(variant_external_id)
        except Odd as error:
            raise Refused(str(error), service=NAME) from None
        path = f"/products/{product}" + (f"/variations/{variation}" if variation != "0" else "")
        self.client.change(path, stock_body(quantity))


def _answer(product: ProductRecord, theirs: Json, variations: Sequence[Json], images: Json) -> ListingAnswer:
    if theirs.get("type") == "simple":
        skus = {variant.sku: variant_key(theirs["id"], 0) for variant in product.variants[:1]}
    else:
        skus = {str(v.get("sku")): variant_key(theirs["id"], v["id"]) for v in variations if v.get("sku")}
    return ListingAnswer(
        external_id=str(theirs["id"]),
        variants=skus,
        images=_images_of(product, theirs) or images,
        url=str(theirs.get("permalink") or ""),
        revision=str(theirs.get("date_modified_gmt") or ""),
    )


def _images_of(product: ProductRecord, theirs: Json) -> Json:
    """Our picture's address → their id, where their list is the one that was sent."""
    told = [str(entry.get("id")) for entry in theirs.get("images") or []]
    sent = sorted(product.images, key=lambda image: (not image.is_main, image.position))
    return {image.url: number for image, number in zip(sent, told, strict=True)} if len(told) == len(sent) else {}


def _differs(there: Any, ours: Any) -> bool:
    """Their lists tell more about each entry than we send: an entry is the same when all that we send is in it."""
    if not isinstance(ours, list) or not isinstance(there, list):
        return bool(there != ours)
    if len(ours) != len(there):
        return True
    return any(held.get(n) != value for entry, held in zip(ours, there, strict=True) for n, value in entry.items())


def _is_simple(product: ProductRecord) -> bool:
    return len(product.variants) == 1 and not product.variants[0].options and not product.options


def _values(attributes: Iterable[Mapping[str, Any]]) -> list[tuple[str, bool, list[str]]]:
    return [(str(a.get("name")), bool(a.get("variation")), list(a.get("options") or [])) for a in attributes]


def _chunks(bodies: list[Json]) -> Iterable[list[Json]]:
    return (bodies[start : start + PER_PAGE] for start in range(0, len(bodies), PER_PAGE))
