from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from shop.catalog.cards import GROUP, HEX, VALUE
from shop.catalog.facets import FACETS, SORTS, CatalogIndex, Row, Selection
from shop.catalog.sizes import size_rank
from shop.catalog.words import slug_of

TYPES = ["Mug", "Hoodie", "Tote bag"]
COLOURS = ["Black", "Navy", "Heather Grey", "Été"]
SIZES = ["S", "M", "2XL", "11oz"]
COLLECTIONS = ["sea", "night"]


@st.composite
def products(draw: st.DrawFn) -> list[dict[str, object]]:
    some = st.lists(
        st.fixed_dictionaries(
            {
                "type": st.sampled_from(TYPES),
                "color": st.sets(st.sampled_from(COLOURS)),
                "size": st.sets(st.sampled_from(SIZES)),
                "collection": st.sets(st.sampled_from(COLLECTIONS)),
                "price": st.integers(0, 50),
                "in_stock": st.booleans(),
                "sold": st.integers(0, 3),
                "created": st.integers(0, 5),
                "title": st.sampled_from(["a", "B", "c"]),
            }
        ),
        max_size=40,
    )
    return [{"id": n * 3 + 1, **facts} for n, facts in enumerate(draw(some))]


def index_of(goods: list[dict[str, object]]) -> CatalogIndex:
    return CatalogIndex([_row(p) for p in goods])


def _row(p: dict) -> Row:
    colours = VALUE.join(f"{c}{HEX}#000000" for c in sorted(p["color"]))
    text = colours + GROUP + VALUE.join(sorted(p["size"]))
    places = " ".join(f"{c}:0" for c in sorted(p["collection"]))
    return Row(p["id"], p["title"], p["type"], p["price"], p["in_stock"], p["sold"], float(p["created"]), text, places)


def slugs(p: dict, facet: str) -> set[str]:
    return {slug_of(p["type"])} if facet == "type" else {slug_of(v) for v in p[facet]}


def fits(p: dict, chosen: dict[str, tuple[str, ...]], low: int | None, high: int | None, skip: str = "") -> bool:
    if low is not None and p["price"] < low:
        return False
    if high is not None and p["price"] > high:
        return False
    return all(not v or facet == skip or slugs(p, facet) & set(v) for facet, v in chosen.items())


choices = st.fixed_dictionaries(
    {
        "type": st.lists(st.sampled_from([*map(slug_of, TYPES), "no-such"]), max_size=3).map(tuple),
        "color": st.lists(st.sampled_from([*map(slug_of, COLOURS)]), max_size=3).map(tuple),
        "size": st.lists(st.sampled_from([*map(slug_of, SIZES)]), max_size=2).map(tuple),
        "collection": st.lists(st.sampled_from(COLLECTIONS), max_size=2).map(tuple),
    }
)
limits = st.none() | st.integers(0, 50)


@settings(max_examples=150, deadline=None)
@given(products(), choices, limits, limits)
def test_masks_and_counts_agree_with_looking_at_every_product(goods, chosen, low, high) -> None:
    index = index_of(goods)
    found = index.find(Selection(chosen, low, high))
    expected = [p["id"] for p in goods if fits(p, chosen, low, high)]
    assert found.total == len(expected)
    assert sorted(index.page(found.mask, "newest", 0, 1000)) == expected
    for facet in FACETS:
        for slug, value in index.values[facet].items():
            alone = sum(1 for p in goods if slug in slugs(p, facet) and fits(p, chosen, low, high, skip=facet))
            assert (value.bits & found.without[facet]).bit_count() == alone, (facet, slug)


@settings(max_examples=100, deadline=None)
@given(products(), choices, st.sampled_from(SORTS), st.integers(0, 30), st.integers(1, 7))
def test_pages_are_slices_of_one_total_order(goods, chosen, sort, offset, limit) -> None:
    index = index_of(goods)
    mask = index.find(Selection(chosen)).mask
    whole = index.page(mask, sort, 0, 1000)
    assert index.page(mask, sort, offset, limit) == whole[offset : offset + limit]
    by_id = {p["id"]: p for p in goods}
    if sort == "price_up":
        assert [by_id[i]["price"] for i in whole] == sorted(by_id[i]["price"] for i in whole)
    if sort == "newest":
        assert whole == sorted(whole, key=lambda i: (-by_id[i]["created"], -i))
    if sort == "featured":
        stock = [by_id[i]["in_stock"] for i in whole]
        assert stock == sorted(stock, reverse=True)


@settings(max_examples=50, deadline=None)
@given(products(), st.lists(st.integers(0, 130), unique=True))
def test_relevance_keeps_the_order_of_the_search(goods, ranked) -> None:
    index = index_of(goods)
    known = {p["id"] for p in goods}
    mask = index.mask_of(ranked)
    assert index.page(mask, "relevance", 0, 1000, ranked=index.places_of(ranked)) == [i for i in ranked if i in known]


def test_the_order_a_merchant_gave_a_collection_comes_first() -> None:
    rows = [
        Row(n, "t", "Mug", 10, True, n, 0.0, GROUP, f"sea:{place}") for n, place in ((1, 2), (2, 0), (3, 1), (4, 0))
    ]
    index = CatalogIndex(rows)
    mask = index.values["collection"]["sea"].bits
    assert index.page(mask, "featured", 0, 10, collection="sea") == [3, 1, 4, 2]
    assert index.page(mask, "best_selling", 0, 10, collection="sea") == [4, 3, 2, 1]


def test_an_empty_catalogue_answers_everything() -> None:
    index = CatalogIndex([])
    found = index.find(Selection({"color": ("black",)}, 1, 2))
    assert (found.total, index.page(found.mask, "title", 0, 24), index.price_range()) == (0, [], (0, 0))


def test_colours_that_differ_in_case_or_accents_are_one_value() -> None:
    rows = [
        Row(1, "a", "Mug", 1, True, 0, 0.0, f"Été{HEX}#010101{GROUP}", ""),
        Row(2, "b", "mug", 1, True, 0, 0.0, f"ete{HEX}{GROUP}", ""),
    ]
    index = CatalogIndex(rows)
    assert [v.bits.bit_count() for v in index.values["color"].values()] == [2]
    assert [v.bits.bit_count() for v in index.values["type"].values()] == [2]


def test_sizes_stand_in_the_order_people_expect() -> None:
    mixed = ["2XL", "M", "One size", "XS", "15oz", "XL", "11oz", "S", "3XL", "L", '12" x 18"', '8" x 10"', "XXL"]
    assert sorted(mixed, key=size_rank) == [
        "One size", "XS", "S", "M", "L", "XL", "2XL", "XXL", "3XL", '8" x 10"', "11oz", '12" x 18"', "15oz",
    ]  # fmt: skip
