from __future__ import annotations

import pytest
from sqlalchemy import select, text

from shop.catalog.documents import rebuild, rebuild_all
from shop.catalog.index import current_index
from shop.catalog.models import Product
from shop.catalog.showing import choose, find_document, find_variant_id, options_shown
from shop.core.transaction import transaction
from shop.extensions import db
from tests.catalog_reading.goods import counted_statements, stock

pytestmark = pytest.mark.usefixtures("app")


def product(product_id: int) -> Product:
    db.session.remove()
    return db.session.execute(select(Product).where(Product.id == product_id)).scalar_one()


def test_a_card_holds_ready_texts_and_the_range_of_what_can_be_bought() -> None:
    made = product(stock(price=2400, gone=["Black / S"], pictures=3))
    card = made.card
    assert (card["price_text"], card["from_price"], card["compare_text"]) == ("$25.00", True, None)
    assert (made.price_min_minor, made.price_max_minor, made.in_stock) == (2500, 2700, True)
    assert [s["title"] for s in card["swatches"]] == ["Black", "Navy"]
    assert card["image"]["src"] == f"/media/p/{made.id}-0-640.webp" and card["image2"]
    assert "1000w" not in card["image"]["srcset_avif"]  # a card is never drawn that wide


def test_a_product_nobody_can_buy_is_sold_out_and_still_shown() -> None:
    made = product(stock(colours=["Black"], sizes=["S"], gone=["Black / S"]))
    assert made.card["sold_out"] and not made.in_stock and made.card["price_text"] == "$24.00"


def test_a_picture_that_is_not_stored_yet_is_not_shown() -> None:
    made = stock(pictures=1)
    with transaction() as session:
        session.execute(text("UPDATE images SET width = 0"))
        rebuild(session, [made])
    assert product(made).card["image"] is None and product(made).document["images"] == []


def test_pictures_know_their_colour_and_variants_their_picture() -> None:
    document = product(stock(pictures=2)).document
    assert [i["colours"] for i in document["images"]] == [[101], [102]]
    assert [v["image"] for v in document["variants"]] == [0, 0, 1, 1]


def test_rebuilding_many_takes_no_more_statements_than_rebuilding_one() -> None:
    ids = [stock(f"Thing {n}", slug=f"thing-{n}") for n in range(12)]
    counts = []
    for some in (ids[:1], ids):
        with transaction() as session, counted_statements() as seen:
            rebuild(session, some)
        counts.append(len([s for s in seen if s.strip().upper().startswith(("SELECT", "UPDATE"))]))
    assert counts[0] == counts[1] <= 7


def test_rebuilding_twice_changes_nothing_and_unknown_ids_are_passed_over() -> None:
    made = stock()
    before = (product(made).card, product(made).document)
    with transaction() as session:
        rebuild(session, [made, 10**9, made])
        assert rebuild_all(session) == 1
    assert (product(made).card, product(made).document) == before
    with transaction() as session:
        rebuild(session, [])


def test_drafts_and_archived_products_are_nowhere() -> None:
    for status in ("draft", "archived"):
        stock(f"Hidden {status}", status=status, slug=status)
        assert find_document(status) is None
    assert current_index().size == 0


def test_a_variant_is_chosen_by_id_or_by_every_option() -> None:
    document = product(stock()).document
    black_m = document["variants"][1]["id"]
    assert find_variant_id(document, {"variant": str(black_m)}) == black_m
    assert find_variant_id(document, {"option.color": "101", "option.size": "202"}) == black_m
    for hostile in ({"variant": "9" * 30}, {"variant": "1e3"}, {"option.color": "101"}, {"option.size": "x"}, {},
                    {"option.color": "999", "option.size": "202"}, {"variant": "٣"}):  # fmt: skip
        assert find_variant_id(document, hostile) is None


def test_a_combination_that_cannot_be_bought_is_marked() -> None:
    document = product(stock(gone=["Navy / M"])).document
    chosen, _ = choose(document, {"option.color": "102"})
    sizes = {v.title: v.available for v in options_shown(document, chosen)[1].values}
    assert sizes == {"S": True, "M": False}
    chosen, variant = choose(document, {"option.color": "102", "option.size": "202"})
    colours = {v.title: v.available for v in options_shown(document, chosen)[0].values}
    assert variant is not None and not variant["available"] and colours == {"Black": True, "Navy": False}


def test_a_product_of_one_variant_needs_no_choice() -> None:
    document = product(stock("Poster", colours=[], sizes=[])).document
    assert find_variant_id(document, {}) == document["variants"][0]["id"]
