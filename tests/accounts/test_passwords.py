"""Which passwords are taken."""

from __future__ import annotations

import pytest

from shop.accounts.passwords import check_new_password, strength
from shop.errors import InvalidInput

WHO = {"email": "ada.byron@example.com", "name": "Ada Byron", "shop_name": "Fern & Fable"}


@pytest.mark.parametrize(
    "plain",
    [
        "", "short", "elevensigns", "x" * 257, "password1234", "Password!2026", "qwertyuiop123!", "123456789012",
        "aaaaaaaaaaaaaa", "abababababab", "ada.byron@example.com", "AdaByron2026", "adabyron!!!!", "FernFable2026",
        "fern & fable 1", "letmein!!!!!!", "9876543210987",
    ],
)  # fmt: skip
def test_the_first_that_anybody_tries_is_refused(plain: str) -> None:
    with pytest.raises(InvalidInput) as refused:
        check_new_password(plain, **WHO)
    assert "password" in refused.value.fields


@pytest.mark.parametrize(
    "plain",
    [
        "seven green bottles",
        "correct horse battery",
        "Ada likes calculating engines",
        "tr0ub4dor&3xtra",
        "été à la mer 🌊 calme",
    ],
)
def test_a_few_words_in_a_row_are_good(plain: str) -> None:
    check_new_password(plain, **WHO)


def test_strength_is_said_in_words() -> None:
    assert strength("") == strength("aaaaaaaaaaaaaaaaaaaaaa") == "weak"
    assert strength("seven green bottles") in ("good", "strong")
    assert strength("nine calm herons on one leg") == "strong"
    order = ["weak", "fair", "good", "strong"]
    assert order.index(strength("kqzvbnwmxtyp")) < order.index(strength("kqzvbnwmxtypHD72-lr"))
