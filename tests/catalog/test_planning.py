from __future__ import annotations

from shop.catalog.planning import Gone, Incoming, Listing, match_recreated, plan_removals
from shop.catalog.reading_shipping import Rate, read_rates


def gone(number: int, title: str = "Fern Tee", skus: frozenset[str] = frozenset(), blank: int = 12) -> Gone:
    return Gone(number, f"old{number}", title, blank, 29, skus)


def whole(count: int) -> Listing:
    listing = Listing()
    listing.add_page(1, 1, count, 50, {str(i) for i in range(count)}, count)
    return listing


def test_a_whole_listing_may_remove_up_to_the_brake() -> None:
    assert whole(40).incomplete == ""
    assert len(plan_removals([gone(1), gone(2)], 40, "", 5).archive) == 2
    asked = plan_removals([gone(1), gone(2), gone(3)], 40, "", 5)
    assert not asked.archive and len(asked.ask) == 3 and "archive them?" in asked.note


def test_a_single_product_may_always_go() -> None:
    assert len(plan_removals([gone(1)], 3, "", 5).archive) == 1


def test_doubtful_listings_remove_nothing() -> None:
    short, moved, unread, empty = Listing(), Listing(), Listing(), Listing()
    short.add_page(1, 2, 80, 50, {"a"}, 20)
    moved.add_page(1, 2, 80, 50, {str(i) for i in range(50)}, 50)
    moved.add_page(2, 2, 79, 50, {str(i) for i in range(50, 80)}, 30)
    unread.add_page(1, 2, 80, 50, {str(i) for i in range(50)}, 50)
    empty.add_page(1, 1, 0, 50, set(), 0)
    for listing in (short, moved, unread, empty, Listing()):
        assert listing.incomplete
        assert not plan_removals([gone(1)], 40, listing.incomplete, 5).archive


def test_a_product_made_again_is_recognised_by_skus_then_by_title() -> None:
    new = [Incoming("n1", "Other name", 12, 29, frozenset({"a", "b"})), Incoming("n2", "FERN tee", 12, 29, frozenset())]
    old = [gone(1, skus=frozenset({"x"})), gone(2, "Else", skus=frozenset({"a", "b"}))]
    assert match_recreated(new, old) == {"n1": 2, "n2": 1}


def test_another_blank_or_a_taken_product_is_no_match() -> None:
    twin = [Incoming("n1", "Fern Tee", 12, 29, frozenset()), Incoming("n2", "Fern Tee", 12, 29, frozenset())]
    assert match_recreated(twin, [gone(1)]) == {"n1": 1}
    assert match_recreated(twin, [gone(1, blank=77)]) == {}


def v2_row(variant: int, country: str, amount: object, more: object = 200) -> dict[str, object]:
    return {
        "attributes": {
            "country": {"code": country},
            "variantId": variant,
            "handlingTime": {"from": 2, "to": 5},
            "shippingCost": {
                "firstItem": {"amount": amount, "currency": "USD"},
                "additionalItems": {"amount": more, "currency": "USD"},
            },
        }
    }


def test_equal_shipping_is_one_row_and_unequal_is_one_a_variant() -> None:
    rows = [v2_row(1, "US", 475), v2_row(2, "US", 475), v2_row(1, "CA", 900), v2_row(2, "CA", 950)]
    rates = read_rates({"v1": None, "v2": {"standard": rows}})
    assert Rate("standard", "US", 0, 475, 200, "USD", 2, 5) in rates
    assert [r.variant_external_id for r in rates if r.country == "CA"] == [1, 2]


def test_v1_stands_in_where_v2_has_no_standard_and_rubbish_is_left_out() -> None:
    profile = {
        "variant_ids": [1, 2],
        "first_item": {"cost": 400, "currency": "USD"},
        "additional_items": {"cost": 208, "currency": "USD"},
        "countries": ["US", "REST_OF_THE_WORLD", "nowhere", 7],
    }
    v1 = {"handling_time": {"value": 3, "unit": "day"}, "profiles": [profile, {"x": 1}, 5]}
    rates = read_rates({"v1": v1, "v2": {"standard": [v2_row(1, "US", "4.75"), {"attributes": 1}, 3]}})
    assert [(r.country, r.first_minor, r.days_max) for r in rates] == [("REST_OF_THE_WORLD", 400, 3), ("US", 400, 3)]
