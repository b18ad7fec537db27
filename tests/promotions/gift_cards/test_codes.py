"""A hundred ways to type a code."""

from __future__ import annotations

import string

from flask import Flask
from hypothesis import given
from hypothesis import strategies as st

from shop.extensions import db
from shop.promotions.gift_cards.codes import ALPHABET, LENGTH, check_sign, hash_code, new_code, read_code, shown
from shop.promotions.gift_cards.finding import find_card
from tests.promotions.gift_cards.making import a_card

CODES = st.text(alphabet=ALPHABET, min_size=LENGTH - 1, max_size=LENGTH - 1).map(lambda s: s + check_sign(s))
TWINS = {"0": "0OoО０", "1": "1IiLl|"[:5], "V": "VvUu", "A": "AaА", "C": "CcС", "K": "KkК", "X": "XxХ"}


@given(CODES, st.data())
def test_however_it_is_typed_it_is_read_right(code: str, data: st.DataObject) -> None:
    typed = ""
    for sign in code:
        typed += data.draw(st.sampled_from(TWINS.get(sign, sign + sign.lower())))
        typed += data.draw(st.sampled_from(["", "", "", "-", " ", "–", ".", "\u00a0", "\u200b", "_"]))
    assert read_code(data.draw(st.sampled_from(["", "  ", "\t"])) + typed) == code


@given(CODES, st.integers(0, LENGTH - 1), st.sampled_from(ALPHABET))
def test_one_wrong_sign_is_noticed(code: str, at: int, sign: str) -> None:
    wrong = code[:at] + sign + code[at + 1 :]
    assert read_code(wrong) == (code if wrong == code else "")


@given(st.text())
def test_anything_else_is_no_code_and_no_error(typed: str) -> None:
    code = read_code(typed)
    assert code == "" or len(code) == LENGTH


def test_codes_are_random_and_nothing_in_them_is_mistaken() -> None:
    made = {new_code() for _ in range(2000)}
    assert len(made) == 2000 and all(read_code(code) == code for code in made)
    assert not set("".join(made)) & set("ILOU" + string.ascii_lowercase)
    assert shown("ABCDEFGHJKMNPQRSTVWX") == "ABCD-EFGH-JKMN-PQRS-TVWX"


def test_the_code_is_not_in_the_database_in_clear(app: Flask) -> None:
    _, code = a_card()
    row = db.session.connection().exec_driver_sql("SELECT code_hash, code, last_four FROM gift_cards").one()
    assert row.code_hash == hash_code(code) and row.last_four == code[-4:]
    assert code not in row.code_hash and code not in row.code
    found = find_card(db.session(), shown(code).lower())
    assert found is not None and find_card(db.session(), new_code()) is None
