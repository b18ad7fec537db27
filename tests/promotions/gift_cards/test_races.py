"""Everybody wants the last of it: the short form of `make bench ARGS=races`."""

from __future__ import annotations

import pytest
from flask import Flask

from benchmarks.races import RACES, run
from tests.promotions.gift_cards.making import books_are_right


@pytest.mark.parametrize("name", RACES)
def test_nobody_gets_more_than_there_is(app: Flask, name: str) -> None:
    tally = run(app, RACES[name], rounds=2, callers=24)
    assert (tally.wrong, dict(tally.other), tally.deadlocks) == ([], {}, 0)
    assert tally.won + tally.lost == 48
    books_are_right()
