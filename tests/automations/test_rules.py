"""What fits a rule and what does not: pure."""

from __future__ import annotations

import pytest

from shop.automations.rules import Conditions, Facts, read_conditions, why_not

ORDER = Facts(
    "order.paid", total_minor=5000, currency="USD", country="DE", channel="storefront", tags=frozenset({"vip"}),
    skus=frozenset({"fern-1", "fern study tee"}), order_number="K7QM-4T2X",
)  # fmt: skip
REVIEW = Facts("review.created", rating=2)


@pytest.mark.parametrize(
    "asked",
    [
        Conditions(),
        Conditions(total_at_least_minor=5000, currency="USD"),
        Conditions(countries=("AT", "DE"), channels=("storefront",)),
        Conditions(tags=("VIP", "other")),
        Conditions(skus=("Fern Study Tee",)),
        Conditions(skus=("none", "FERN-1"), tags=("vip",), countries=("DE",)),
    ],
)
def test_an_order_that_fits(asked: Conditions) -> None:
    assert why_not(asked, ORDER) == ""


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        (Conditions(total_at_least_minor=5001, currency="USD"), "less than"),
        (Conditions(total_at_least_minor=1, currency="EUR"), "in USD"),
        (Conditions(countries=("AT", "CH")), "not to AT or CH"),
        (Conditions(channels=("draft",)), "not by draft"),
        (Conditions(tags=("press",)), "tagged press"),
        (Conditions(skus=("moss",)), "None of moss"),
        (Conditions(rating_at_most=3), "no stars"),
    ],
)
def test_an_order_that_does_not_fit_is_told_why(asked: Conditions, said: str) -> None:
    assert said in why_not(asked, ORDER)


def test_a_review_is_judged_by_its_stars_and_never_by_a_total() -> None:
    assert why_not(Conditions(rating_at_most=2), REVIEW) == ""
    assert "2 stars, more than 1" in why_not(Conditions(rating_at_most=1), REVIEW)
    assert "no total" in why_not(Conditions(total_at_least_minor=1, currency="USD"), REVIEW)


def test_conditions_come_back_from_the_database_as_they_went() -> None:
    asked = Conditions(5000, "USD", ("DE",), (), ("vip",), ("FERN-1",), 2)
    assert read_conditions(asked.stored()) == asked
    assert Conditions().stored() == {} and read_conditions({"unknown": 1}) == Conditions()
