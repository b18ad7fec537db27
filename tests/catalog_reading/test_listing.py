from __future__ import annotations

from urllib.parse import parse_qsl

from hypothesis import given, settings
from hypothesis import strategies as st

from shop.catalog.cards import GROUP, HEX, VALUE
from shop.catalog.facets import FACETS, SORTS, CatalogIndex, Row
from shop.catalog.listing import MAX_PRICE, MAX_VALUES, Labels, canonical_query, list_products, price_from, read_address

LABELS = Labels({f: f.title() for f in FACETS}, "Price", {s: s for s in (*SORTS, "relevance")}, {"sea": "By the sea"})
NAMES = ["type", "color", "size", "collection", "price_min", "price_max", "sort", "page", "q", "evil"]


def shelf(n: int = 60) -> CatalogIndex:
    colours = ["Black", "Navy", "Sand"]
    return CatalogIndex(
        [
            Row(i, f"Thing {i}", "Mug" if i % 2 else "Tee", 1000 + i, True, i, float(i),
                f"{colours[i % 3]}{HEX}#111111{GROUP}{VALUE.join(['S', 'M'][: i % 2 + 1])}", "sea:0")
            for i in range(1, n + 1)
        ]
    )  # fmt: skip


def listing(query: str, index: CatalogIndex | None = None):
    asked = read_address(parse_qsl(query), "USD")
    return list_products(
        index or shelf(), asked, path="/collections/sea", labels=LABELS, currency="USD", locale="en", collection="sea"
    )


@settings(max_examples=300, deadline=None)
@given(st.lists(st.tuples(st.sampled_from(NAMES), st.text(max_size=40)), max_size=60))
def test_no_address_breaks_a_list(pairs) -> None:
    asked = read_address(pairs, "USD")
    shown = list_products(shelf(30), asked, path="/x", labels=LABELS, currency="USD", locale="en")
    assert 1 <= shown.page <= shown.pages and len(shown.ids) <= 24
    assert all(len(v) <= MAX_VALUES for v in asked.selection.values.values())
    again = read_address(parse_qsl(canonical_query(asked)[1:]), "USD")
    assert again.selection == asked.selection


def test_prices_from_outside_are_bounded() -> None:
    assert price_from("12.50", "USD") == 1250 and price_from("12,5", "USD") == 1250 and price_from("12", "JPY") == 12
    for hostile in ("", "-1", "NaN", "inf", "1e", "abc", "0x10", "1" * 13, "१२"):
        assert price_from(hostile, "USD") is None
    assert price_from("1e99999999", "USD") == MAX_PRICE


def test_pages_divide_the_list_and_know_their_neighbours() -> None:
    seen: list[int] = []
    for page in (1, 2, 3):
        shown = listing(f"page={page}")
        seen += shown.ids
        assert (shown.total, shown.pages, shown.page) == (60, 3, page)
    assert len(seen) == len(set(seen)) == 60
    assert listing("").page_urls.prev is None and listing("").page_urls.next == "/collections/sea?page=2"
    assert listing("page=2").page_urls.prev == "/collections/sea"
    assert listing("page=999").page == 3


def test_a_filter_counts_what_choosing_it_would_show() -> None:
    shown = listing("color=black&type=mug")
    for facet in shown.facets:
        for value in facet.values:
            if not value.selected:
                alone = [c for c in ("black",) if facet.key != "color"]
                other = [t for t in ("mug",) if facet.key != "type"]
                query = "&".join(
                    [f"{facet.key}={value.value}", *(f"color={c}" for c in alone), *(f"type={t}" for t in other)]
                )
                assert listing(query).total == value.count


def test_choosing_a_value_twice_puts_it_in_and_takes_it_out() -> None:
    colours = next(f for f in listing("color=black&sort=title").facets if f.key == "color")
    urls = {v.value: v.url for v in colours.values}
    assert urls["black"] == "/collections/sea?sort=title"
    assert urls["navy"] == "/collections/sea?color=black&color=navy&sort=title"


def test_chips_take_one_choice_away_and_clear_takes_all() -> None:
    shown = listing("color=black&price_min=10&price_max=11&page=1")
    assert [(c.label, c.remove_url) for c in shown.chips] == [
        ("Black", "/collections/sea?price_min=10&price_max=11"),
        ("$10.00 – $11.00", "/collections/sea?color=black"),
    ]
    assert shown.clear_url == "/collections/sea"


def test_what_is_chosen_stays_in_the_panel_when_nothing_fits() -> None:
    shown = listing("color=black&color=no-such&price_max=1")
    assert shown.total == 0 and any(v.selected for f in shown.facets for v in f.values)
