from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import select, text, update

from shop.catalog.importing import import_payloads
from shop.catalog.models import Collection, CollectionProduct, Image, PrintifyCache, Product, Variant
from shop.core.transaction import transaction
from shop.extensions import db
from tests.catalog.payloads import outside_id, repriced, shirt, without_variant

pytestmark = pytest.mark.usefixtures("app")


def product(name: str = "fern") -> Product:
    db.session.remove()
    return db.session.execute(select(Product).where(Product.external_id == outside_id(name))).scalar_one()


def variants(name: str = "fern") -> list[Variant]:
    found = select(Variant).where(Variant.product_id == product(name).id).order_by(Variant.external_id)
    return list(db.session.execute(found).scalars())


def set_on(model: type[Any], where: Any, **values: Any) -> None:
    with transaction() as session:
        session.execute(update(model).where(where).values(**values))


def test_first_import_makes_products_variants_images_and_pages() -> None:
    counts = import_payloads([shirt(), shirt("fox")])
    assert (counts.created, counts.changed, counts.skipped) == (2, 0, 0)
    fern = product()
    assert fern.slug == "fern-tee" and fern.price_min_minor == 2400 and fern.in_stock
    assert fern.card["price_text"] and fern.document["variants"]
    assert len(variants()) == 6
    images = (
        db.session.execute(select(Image).where(Image.product_id == fern.id).order_by(Image.position)).scalars().all()
    )
    assert [i.is_default for i in images] == [True, False, False, False] and images[0].alt == "Fern Tee, White"
    assert images[0].due_at <= min(i.due_at for i in images[1:])


def test_importing_twice_changes_nothing() -> None:
    import_payloads([shirt()])
    before = product().updated_at
    counts = import_payloads([shirt()])
    assert (counts.created, counts.changed, counts.unchanged) == (0, 0, 1)
    assert product().updated_at == before


def test_a_batch_of_many_with_equal_titles_gets_unique_slugs() -> None:
    payloads = [shirt(f"n{i}", title="Same Name") for i in range(450)]
    assert import_payloads(payloads).created == 450
    slugs = db.session.execute(select(Product.slug)).scalars().all()
    assert len(set(slugs)) == 450 and "same-name" in slugs


def test_merchant_edited_fields_are_never_overwritten() -> None:
    import_payloads([shirt()])
    set_on(Product, Product.id == product().id, title="Mine", edited_fields=["title", "tags"], tags=["own"])
    set_on(Variant, Variant.external_id == 145101, price_minor=9900, price_edited=True)
    import_payloads([repriced(shirt(title="Theirs", tags=["x"], description="<p>New</p>"), 2600)])
    fern = product()
    assert (fern.title, fern.tags, fern.description_html, fern.slug) == ("Mine", ["own"], "<p>New</p>", "fern-tee")
    assert [v.price_minor for v in variants()] == [9900, *[2600] * 5]


def test_an_unavailable_and_a_vanished_variant_cannot_be_bought() -> None:
    import_payloads([shirt()])
    payload = without_variant(shirt(), 5)
    payload["variants"][0]["is_available"] = False
    import_payloads([payload])
    rows = variants()
    assert [v.is_available for v in rows] == [False, True, True, True, True, False]
    assert rows[5].position == -1, "kept for the carts that hold it"
    import_payloads([shirt()])
    assert all(v.is_available for v in variants()) and variants()[5].option_value_ids == [418, 16]


def test_an_unreadable_product_is_skipped_with_its_story_and_the_rest_goes_on() -> None:
    import_payloads([shirt()])
    bad = repriced(shirt(), "free")
    counts = import_payloads([bad, shirt("fox"), {"id": 5}, "nonsense"])  # type: ignore[list-item]
    assert counts.created == 1 and counts.skipped == 3
    assert any("price" in entry["reason"] for entry in counts.entries["skip"])
    assert [v.price_minor for v in variants()] == [2400] * 6, "left as it was"


def test_nul_quotes_and_tabs_survive_the_way_into_the_tables() -> None:
    title = 'Ta\tb \\ "quoted" {curly} \\N'
    import_payloads([shirt(title="\0" + title, tags=['a"b', "c\\d", "{e,f}"], description="a\0b\\n")])
    assert product().title == 'Ta b \\ "quoted" {curly} \\N'.replace("\t", " ")
    assert product().tags == ['a"b', "c\\d", "{e,f}"]
    assert "\0" not in str(db.session.execute(select(PrintifyCache.payload)).scalar_one())


def test_what_was_cached_but_not_applied_is_applied_next_time() -> None:
    import_payloads([shirt(), shirt("fox")])
    with transaction() as session:  # as if the worker had died between caching and applying
        session.execute(text("UPDATE products SET source_hash = 'older', title = 'stale'"))
    counts = import_payloads([shirt(), shirt("fox")])
    assert counts.changed == 2 and product().title == "Fern Tee"


def test_new_pictures_replace_old_ones_only_when_they_are_stored() -> None:
    import_payloads([shirt()])
    set_on(Image, Image.id > 0, width=1200, work_state="done")
    images = [{**i, "src": i["src"] + "?v=2"} for i in shirt()["images"]]
    import_payloads([shirt(images=images)])
    rows = db.session.execute(select(Image).order_by(Image.position, Image.id)).scalars().all()
    assert [i.position for i in rows] == [0, 1, 2, 3, 1000, 1000, 1000, 1000]
    db.session.remove()
    set_on(Image, Image.width == 0, width=1200, work_state="done")
    import_payloads([shirt(images=images, title="Again")])
    assert len(db.session.execute(select(Image.id)).all()) == 4


def test_collections_follow_their_tags_and_spare_places_by_hand() -> None:
    with transaction() as session:
        session.add_all([
            Collection(slug="tees", title="Tees", rule_tags=["t-SHIRTS"]),
            Collection(slug="picks", title="Picks", rule_tags=["nothing"]),
        ])  # fmt: skip
    import_payloads([shirt()])
    ids = {c.slug: c.id for c in db.session.execute(select(Collection)).scalars()}
    where = select(CollectionProduct.collection_id).where(
        CollectionProduct.collection_id.in_([ids["tees"], ids["picks"]])
    )
    assert db.session.execute(where).scalars().all() == [ids["tees"]]
    with transaction() as session:
        session.add(CollectionProduct(collection_id=ids["picks"], product_id=product().id, by_hand=True))
    import_payloads([shirt(tags=["Other"], title="Fern thing")])
    assert db.session.execute(where).scalars().all() == [ids["picks"]]


def test_an_import_raises_the_catalogue_version_only_when_something_changed() -> None:
    def version() -> int:
        with db.engine.connect() as connection:
            return int(connection.execute(text("SELECT catalog_version FROM store_state")).scalar_one())

    import_payloads([shirt()])
    after_first = version()
    import_payloads([shirt()])
    assert version() == after_first
    import_payloads([repriced(shirt(), 2500)])
    assert version() > after_first
