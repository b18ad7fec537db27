"""Reading a list to its end while it changes: nobody is skipped, whatever happens between two pages."""

from __future__ import annotations

import random
from datetime import UTC, datetime, timedelta

import pytest

from shop.channels.woocommerce.paging import FORM, Place, move_on, query_of, read_place, write_place

START = datetime(2026, 11, 20, 9, 0, 0)


class There:
    """A list that answers as theirs: strictly after a second, sorted by change, in any order within a second."""

    def __init__(self, seed: int, count: int, per_second: int) -> None:
        self.random, self.now = random.Random(seed), START + timedelta(days=1)
        self.changed = {n: START + timedelta(seconds=n // per_second) for n in range(1, count + 1)}

    def ask(self, asked: dict[str, object], per_page: int) -> tuple[list[tuple[int, str]], int]:
        bound, unwanted = str(asked.get("modified_after", "")), set(str(asked.get("exclude", "")).split(","))
        rows = [(n, at.strftime(FORM)) for n, at in self.changed.items()]
        rows = [row for row in rows if row[1] > bound and str(row[0]) not in unwanted]
        rows.sort(key=lambda row: (row[1], row[0]))
        offset = int(str(asked.get("offset", 0)))
        return rows[offset : offset + per_page], len(rows)

    def edit(self) -> None:
        for number in self.random.sample(sorted(self.changed), 3):
            self.now += timedelta(seconds=self.random.choice([0, 1]))
            self.changed[number] = self.now


@pytest.mark.parametrize(("count", "per_second"), [(60, 1), (60, 7), (60, 60), (400, 400), (5, 1)])
def test_nobody_is_skipped_when_things_change_meanwhile(count: int, per_second: int) -> None:
    for seed in range(5):
        there, seen, cursor, edits = There(seed, count, per_second), set[int](), "", 6
        for _ in range(400):
            place = read_place(cursor, None)
            rows, total = there.ask(query_of(place), 20)
            seen |= {number for number, _ in rows}
            following = move_on(place, rows, total, 20)
            if following is None:
                break
            cursor = write_place(following)
            if edits:
                there.edit()
                edits -= 1
        else:
            raise AssertionError("it does not end")
        assert seen == set(there.changed), (seed, count, per_second)


def test_a_moment_begins_a_second_before_as_their_bound_is_exclusive() -> None:
    place = read_place("", datetime(2026, 11, 20, 9, 0, 5, 900_000, tzinfo=UTC))
    assert query_of(place)["modified_after"] == "2026-11-20T09:00:04"
    assert read_place("not a cursor", None) == Place() == read_place('{"after": 1}', None)


def test_an_end_is_an_end() -> None:
    assert move_on(Place(), [], 0, 100) is None
    assert move_on(Place(), [(1, "2026-11-20T09:00:00")], 1, 100) is None
    assert move_on(Place(), [(1, "2026-11-20T09:00:00")], None, 100) is None
