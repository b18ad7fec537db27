"""One product of ours, written into the shop: made or changed, its combinations, stock rows and pictures with it (§3).

Each row is read whole, only what is asked for is changed in it, and it goes back whole: a PUT that leaves something out
would wipe it. After a lost answer the row is looked for before it is made again.
"""

from __future__ import annotations

import io
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from xml.etree.ElementTree import Element

from PIL import Image, UnidentifiedImageError

from shop.channels.calling import own_origins
from shop.channels.prestashop.client import Client
from shop.channels.prestashop.dictionaries import Dictionaries
from shop.channels.prestashop.reading import text
from shop.channels.prestashop.terms import Terms, number
from shop.channels.prestashop.wire import SERVICE, set_list, set_text, without
from shop.channels.prestashop.writing import (
    READ_ONLY,
    change_links,
    change_product,
    change_stock,
    change_variant,
    clean_name,
    clean_reference,
    new_combination,
    new_product,
    reference_of,
    wants,
)
from shop.channels.records import ImageRecord, ListingAnswer, ProductRecord, VariantRecord
from shop.errors import Refused, Unavailable
from shop.outbound.fetching import fetch

Fields = Collection[str] | None
MOST_PICTURE_BYTES = 16 * 1024 * 1024
_KINDS = {"JPEG": "image/jpeg", "PNG": "image/png", "GIF": "image/gif"}
_OF_A_VARIANT = (
    "variants.price_minor",
    "variants.weight_grams",
    "variants.sku",
    "variants.barcode",
    "variants.cost_minor",
)
_NOTHING = {"price": Decimal(0), "weight": Decimal(0)}


@dataclass
class Listing:
    """One push. `push` may be repeated: it goes on from what stands there."""

    client: Client
    words: Dictionaries
    terms: Terms
    tax_rules_group: str
    _new: set[str] = field(default_factory=set)  # combinations made by this push

    def push(self, product: ProductRecord, known: ListingAnswer | None, fields: Fields) -> ListingAnswer:
        product_id = known.external_id if known else self._find(product)
        if not product_id:
            node = new_product(product, self.terms, self.tax_rules_group)
            product_id = self.client.create("products", node, lambda: self._find(product))
        node = self._product_node(product_id)
        self._change_product(node, product, fields)
        variants = self._change_variants(node, product_id, product, fields)
        self._change_stock(product_id, product, variants, fields)
        images = dict(known.images) if known else {}
        if wants(fields, "images"):
            images = self._change_pictures(node, product_id, product, known)
        slug = self._text(node, "link_rewrite")
        return ListingAnswer(
            external_id=product_id,
            variants={sku: f"{product_id}:{found}" for sku, found in variants.items()},
            images=images,
            url=f"{self.client.base_url}/{product_id}-{slug}.html" if slug else "",
        )

    # -- the product itself

    def _find(self, product: ProductRecord) -> str | None:
        """What an earlier try made: it has our reference, and nothing that is not ours. References are not unique."""
        ours = {clean_reference(variant.sku) for variant in product.variants}
        title = clean_name(product.title, 128)
        rows = self.client.find_rows("products", "reference", reference_of(product), language=self.terms.language_id)
        for row in sorted(rows, key=lambda found: int(text(found.get("id")) or 0)):
            own = self.client.list_rows("combinations", {"filter[id_product]": f"[{text(row.get('id'))}]"})
            skus = {text(combination.get("reference")) for combination in own}
            if (skus and skus <= ours) or (not skus and text(row.get("name")) == title):
                return text(row.get("id"))
        return None

    def _product_node(self, product_id: str) -> Element:
        node = self.client.get_node("products", product_id)
        if node is None:
            raise Refused(
                "This listing is not there any more.",
                service=SERVICE,
                detail=f"product {product_id} is gone",
                status=404,
            )
        return without(node, READ_ONLY)

    def _change_product(self, node: Element, product: ProductRecord, fields: Fields) -> None:
        changed = change_product(node, product, fields, self.terms)
        tags = [self.words.tag_id(tag, self.terms) for tag in product.tags] if wants(fields, "tags") else None
        maker = None
        if wants(fields, "vendor") and (product.vendor or fields is not None):
            maker = self.words.maker_id(product.vendor) if product.vendor else "0"
        changed |= change_links(node, tags, maker)
        only = product.variants[0] if len(product.variants) == 1 and not product.variants[0].options else None
        if only is not None and not _ids(node, "combinations"):
            changed |= change_variant(node, only, fields, _NOTHING, self.terms)
        elif wants(fields, "variants") and any(variant.options for variant in product.variants):
            changed |= set_text(node, "product_type", "combinations")
        if changed:
            self.client.replace("products", node)

    # -- variants

    def _change_variants(
        self, node: Element, product_id: str, product: ProductRecord, fields: Fields
    ) -> dict[str, str]:
        """Our SKU → the combination's id. New ones are made where `variants` is named; none is taken away."""
        if fields is not None and not any(name.partition(".")[0] == "variants" for name in fields):
            return {v.sku: v.external_id.partition(":")[2] for v in product.variants if _owner(v) == product_id}
        there = {
            _id(found): without(found, READ_ONLY)
            for found in self.client.list_nodes("combinations", "id_product", product_id)
        }
        base = {name: number(node.findtext(name)) for name in ("price", "weight")}
        found: dict[str, str] = {}
        for variant in product.variants:
            combination_id = _match(variant, product_id, there)
            if combination_id is None and not variant.options and not there and len(product.variants) == 1:
                found[variant.sku] = "0"
                continue
            if combination_id is None:
                if not wants(fields, "variants"):
                    continue
                combination_id = self._make(product_id, variant, base, is_default=not there)
                self._new.add(combination_id)
                there[combination_id] = Element("combination")
            else:
                self._change_combination(there[combination_id], variant, fields, base)
            found[variant.sku] = combination_id
        return found

    def _make(self, product_id: str, variant: VariantRecord, base: Mapping[str, Decimal], *, is_default: bool) -> str:
        values = [self.words.value_id(option, value, self.terms) for option, value in variant.options.items()]
        node = new_combination(product_id, variant, values, base, self.terms, is_default=is_default)

        def find() -> str | None:
            nodes = self.client.list_nodes("combinations", "id_product", product_id)
            return _match(variant, product_id, {_id(found): found for found in nodes})

        return self.client.create("combinations", node, find)

    def _change_combination(
        self, node: Element, variant: VariantRecord, fields: Fields, base: Mapping[str, Decimal]
    ) -> None:
        changed = change_variant(node, variant, fields, base, self.terms)
        if fields is not None and "variants.options" in fields:
            values = [self.words.value_id(option, value, self.terms) for option, value in variant.options.items()]
            if sorted(values) != sorted(_ids(node, "product_option_values")):
                changed |= set_list(node, "product_option_values", "product_option_value", [{"id": v} for v in values])
        if changed:
            self.client.replace("combinations", node)

    # -- stock

    def _change_stock(
        self, product_id: str, product: ProductRecord, variants: Mapping[str, str], fields: Fields
    ) -> None:
        counted = wants(fields, "variants.stock")
        if not counted and not self._new:
            return
        rows = self.client.list_nodes("stock_availables", "id_product", product_id)
        by_combination = {(row.findtext("id_product_attribute") or "0").strip(): row for row in rows}
        for variant in product.variants:
            combination_id = variants.get(variant.sku)
            row = by_combination.get(combination_id or "")
            if row is None or not (counted or combination_id in self._new):
                continue
            if change_stock(without(row, ()), variant.stock, self.terms):
                self.client.replace("stock_availables", row)

    # -- pictures

    def _change_pictures(
        self, node: Element, product_id: str, product: ProductRecord, known: ListingAnswer | None
    ) -> dict[str, str]:
        """New ones are uploaded; ours that are not wanted any more are taken away, the merchant's own never."""
        there = _ids(node, "images")
        before = dict(known.images) if known else {}
        found: dict[str, str] = {}
        for image in product.images:
            picture_id = image.external_id or before.get(image.url, "")
            if picture_id in there:
                found[image.url] = picture_id
        # made by a try whose answer was lost: pictures go up in their order
        orphans = [] if known else [picture_id for picture_id in there if picture_id not in found.values()]
        for image in product.images:
            if image.url not in found:
                found[image.url] = orphans.pop(0) if orphans else self._upload(product_id, image)
        for picture_id in set(before.values()) & set(there) - set(found.values()):
            self.client.delete(f"/images/products/{product_id}/{picture_id}")
        return found

    def _upload(self, product_id: str, image: ImageRecord) -> str:
        content, mime = picture_for_upload(image.url)
        before = set(_ids(self._product_node(product_id), "images"))
        try:
            return self.client.upload_picture(int(product_id), content, mime)
        except Unavailable as error:
            if not (error.facts.get("may_be_done") or error.facts.get("broken")):
                raise
            made = set(_ids(self._product_node(product_id), "images")) - before
            if not made:
                raise
            return max(made, key=int)

    def _text(self, node: Element, name: str) -> str:
        return node.findtext(f"{name}/language[@id='{self.terms.language_id}']") or ""


def picture_for_upload(url: str) -> tuple[bytes, str]:
    """The picture in a kind that every version takes (jpeg, png, gif): others become JPEG. Raises Refused."""
    content = fetch(url, max_bytes=MOST_PICTURE_BYTES, allowed_origins=own_origins(), accept="image/*")
    try:
        with Image.open(io.BytesIO(content)) as picture:
            if picture.format in _KINDS:
                return content, _KINDS[picture.format]
            out = io.BytesIO()
            picture.convert("RGB").save(out, "JPEG", quality=90)
            return out.getvalue(), "image/jpeg"
    except (UnidentifiedImageError, OSError, ValueError, Image.DecompressionBombError) as error:
        raise Refused("This picture cannot be read.", service=SERVICE, detail=f"{url[:200]}: {error}") from None


def _match(variant: VariantRecord, product_id: str, there: Mapping[str, Element]) -> str | None:
    """The combination that is this variant: by its id, else by a reference that only one has."""
    combination_id = variant.external_id.partition(":")[2]
    if _owner(variant) == product_id and combination_id in there:
        return combination_id
    sku = clean_reference(variant.sku)
    same = [found for found, node in there.items() if sku and (node.findtext("reference") or "").strip() == sku]
    return same[0] if len(same) == 1 else None


def _owner(variant: VariantRecord) -> str:
    return variant.external_id.partition(":")[0]


def _id(node: Element) -> str:
    return (node.findtext("id") or "").strip()


def _ids(node: Element, name: str) -> list[str]:
    return [(found.text or "").strip() for found in node.findall(f"associations/{name}/*/id")]
