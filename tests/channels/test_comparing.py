"""Two sides that are edited at will come together, and no edit of one side alone is ever lost (T7, the pure half)."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shop.channels.comparing import Clash, Direction, Rule, compare, fingerprint, settle
from shop.channels.planning import Plan, Step, plan_gone, plan_pair

NAMES = ["title", "description_html", "tags", "A-1.price_minor", "A-2.price_minor"]
VALUES = st.integers(0, 3)
SIDES = st.fixed_dictionaries(dict.fromkeys(NAMES, VALUES))
RULES = st.dictionaries(st.sampled_from([*NAMES, "price_minor"]), st.sampled_from(list(Rule)), max_size=4)
NOW = datetime(2026, 11, 21, tzinfo=UTC)


@given(SIDES, SIDES, SIDES, RULES)
def test_both_ways_two_sides_agree_but_for_what_a_person_must_decide(
    base: dict[str, int], ours: dict[str, int], theirs: dict[str, int], rules: dict[str, Rule]
) -> None:
    found = compare(base, ours, theirs, rules=rules)
    asked = {clash.field for clash in found.clashes}
    here, there = {**ours, **found.to_ours}, {**theirs, **found.to_theirs}
    assert {n for n in NAMES if here[n] != there[n]} == asked
    again = compare(found.base, here, there, rules=rules)
    assert not again.to_ours and not again.to_theirs, "a second sync of what is unchanged writes nothing"
    assert {clash.field for clash in again.clashes} == asked, "and asks the same"


@given(SIDES, SIDES, SIDES, RULES, st.sampled_from(list(Direction)))
def test_what_only_one_side_changed_is_never_overwritten(
    base: dict[str, int], ours: dict[str, int], theirs: dict[str, int], rules: dict[str, Rule], way: Direction
) -> None:
    found = compare(base, ours, theirs, rules=rules, direction=way)
    for name in NAMES:
        if base[name] == theirs[name]:
            assert name not in found.to_ours
        if base[name] == ours[name]:
            assert name not in found.to_theirs
    if not way.reads:
        assert not found.to_ours
    if not way.writes:
        assert not found.to_theirs


@given(SIDES, SIDES, SIDES, st.dictionaries(st.sampled_from(NAMES), st.sampled_from(["ours", "theirs"])))
def test_what_a_person_decided_is_done_on_both_sides(
    base: dict[str, int], ours: dict[str, int], theirs: dict[str, int], chosen: dict[str, str]
) -> None:
    found = compare(base, ours, theirs)
    done = settle(found, chosen)
    here, there = {**ours, **done.to_ours}, {**theirs, **done.to_theirs}
    for clash in found.clashes:
        if side := chosen.get(clash.field):
            assert here[clash.field] == there[clash.field] == getattr(clash, side)
    assert [c.field for c in done.clashes] == [c.field for c in found.clashes if c.field not in chosen]


@pytest.mark.parametrize(
    ("rule", "here", "there"),
    [(Rule.OURS, {}, {"t": 1}), (Rule.THEIRS, {"t": 2}, {}), (Rule.NEWEST, {"t": 2}, {}), (Rule.ASK, {}, {})],
)
def test_a_rule_settles_what_both_changed(rule: Rule, here: dict[str, int], there: dict[str, int]) -> None:
    later = NOW + timedelta(seconds=1)
    found = compare({"t": 0}, {"t": 1}, {"t": 2}, default=rule, ours_at=NOW, theirs_at=later)
    assert (found.to_ours, found.to_theirs) == (here, there)
    assert found.clashes == ((Clash("t", 0, 1, 2),) if rule is Rule.ASK else ())


def test_the_newest_of_the_same_moment_is_asked() -> None:
    assert compare({"t": 0}, {"t": 1}, {"t": 2}, default=Rule.NEWEST, ours_at=NOW, theirs_at=NOW).clashes


def test_what_one_side_cannot_hold_is_left_alone() -> None:
    found = compare({"title": 1, "seo": 5}, {"title": 1, "seo": 6}, {"title": 1})
    assert found.is_settled


@pytest.mark.parametrize(
    ("way", "here", "there", "asked"),
    [(Direction.IMPORT, {"t": 2}, {}, 0), (Direction.EXPORT, {}, {"t": 1}, 0), (Direction.BOTH, {}, {}, 1)],
)
def test_at_the_first_meeting_the_direction_decides(way: Direction, here: Any, there: Any, asked: int) -> None:
    found = compare(None, {"t": 1}, {"t": 2}, direction=way)
    assert (found.to_ours, found.to_theirs, len(found.clashes)) == (here, there, asked)


@given(SIDES)
def test_a_fingerprint_knows_content_not_order(fields: dict[str, int]) -> None:
    assert fingerprint(fields) == fingerprint(dict(reversed(fields.items())))
    assert fingerprint(fields) != fingerprint({**fields, "title": 9})


LINKED = [(n, f"x{n}", f"Product {n}") for n in range(100)]


def gone(count: int, known: int = 100, *, is_whole: bool = True) -> Plan:
    seen = {external_id for _, external_id, _ in LINKED[count:known]}
    return Plan(tuple(plan_gone(LINKED[:known], seen, is_whole=is_whole)), known, is_whole)


def test_five_in_a_hundred_may_go_and_a_sixth_asks() -> None:
    assert gone(5).count(Step.ARCHIVE) == 5 and not gone(5).brake
    assert "6 of 100" in gone(6).brake


def test_of_a_handful_one_may_go() -> None:
    assert not gone(1, 5).brake and gone(2, 5).brake


def test_an_empty_or_truncated_answer_removes_nothing() -> None:
    assert gone(100).count(Step.ARCHIVE) == 0 and not gone(100).brake
    assert gone(40, is_whole=False).count(Step.ARCHIVE) == 0


def test_a_plan_says_why() -> None:
    change = plan_pair("Tee", compare({"a": 0, "b": 0}, {"a": 1, "b": 0}, {"a": 0, "b": 2}))
    assert (change.step, change.side, change.why) == (Step.CHANGE, "both", "here: b; there: a")
    assert plan_pair("Tee", compare({"a": 0}, {"a": 1}, {"a": 2})).step is Step.ASK
    assert plan_pair("Tee", compare({"a": 0}, {"a": 0}, {"a": 0})).why == "The same"
