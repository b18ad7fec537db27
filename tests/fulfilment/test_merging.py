"""How far an order is when it is made in parts."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shop.fulfilment.merging import Part, merge_statuses
from shop.orders.statuses import FULFILMENT_RANK

STATUSES = sorted(FULFILMENT_RANK)
PARTS = st.lists(st.builds(Part, st.sampled_from(STATUSES), st.booleans()), min_size=1, max_size=5)


@pytest.mark.parametrize("status", STATUSES)
def test_one_part_is_the_order(status: str) -> None:
    assert merge_statuses([Part(status)]) == status


@pytest.mark.parametrize(
    ("parts", "expected"),
    [
        (["shipped", "requested"], "partly_shipped"),
        (["delivered", "in_production"], "partly_shipped"),
        (["delivered", "shipped"], "shipped"),
        (["in_production", "requested"], "in_production"),
        (["submitted", "requested"], "submitted"),
        (["delivered", "cancelled"], "partly_shipped"),
        (["cancelled", "cancelled"], "cancelled"),
    ],
)
def test_an_order_is_there_when_all_of_it_is(parts: list[str], expected: str) -> None:
    assert merge_statuses([Part(s) for s in parts]) == expected


def test_what_was_replaced_or_given_up_is_not_waited_for() -> None:
    assert merge_statuses([Part("delivered"), Part("cancelled", is_over=True)]) == "delivered"
    assert merge_statuses([Part("cancelled", is_over=True), Part("requested")]) == "requested"
    assert merge_statuses([Part("cancelled", is_over=True)]) == "cancelled"
    assert merge_statuses([]) is None


@given(PARTS, st.data())
def test_a_part_that_goes_on_never_takes_the_order_back(parts: list[Part], data: st.DataObject) -> None:
    n = data.draw(st.integers(0, len(parts) - 1))
    here = FULFILMENT_RANK[parts[n].status]
    further = data.draw(st.sampled_from([s for s in STATUSES if here <= FULFILMENT_RANK[s] <= 5] or [parts[n].status]))
    moved = [*parts[:n], Part(further, parts[n].is_over), *parts[n + 1 :]]
    before, after = merge_statuses(parts), merge_statuses(moved)
    assert before is not None and after is not None
    assert FULFILMENT_RANK[after] >= FULFILMENT_RANK[before]


@given(PARTS)
def test_the_order_of_the_parts_does_not_matter(parts: list[Part]) -> None:
    assert merge_statuses(parts) == merge_statuses(list(reversed(parts)))
