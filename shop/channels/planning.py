"""What a sync would do, before it does it: a list of steps with reasons, and a brake. Pure.

A truncated or empty answer removes nothing; more than 5 % removals stop and ask (design.md §3).
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

from shop.channels.comparing import Compared

MOST_REMOVED = 0.05
FEW = 5  # of so few, one may go without asking


class Step(StrEnum):
    CREATE = "create"
    CHANGE = "change"
    ARCHIVE = "archive"
    ASK = "ask"
    SKIP = "skip"


@dataclass(frozen=True)
class Planned:
    """One thing of the plan. `subject`: what it is called; `side`: where something will be written."""

    step: Step
    subject: str
    why: str
    side: str = ""  # ours | theirs | both
    our_id: int | None = None
    external_id: str = ""
    compared: Compared | None = None


@dataclass(frozen=True)
class Plan:
    steps: tuple[Planned, ...]
    known: int  # how many things were linked before
    is_whole: bool  # everything there was read to its end

    def count(self, step: Step) -> int:
        return sum(1 for planned in self.steps if planned.step is step)

    @property
    def writes(self) -> int:
        return sum(1 for p in self.steps if p.step in (Step.CREATE, Step.CHANGE, Step.ARCHIVE))

    @property
    def brake(self) -> str:
        """Why a person must look before this is applied; "": nothing stands against it."""
        removed = self.count(Step.ARCHIVE)
        if not removed:
            return ""
        if removed > max(1 if self.known <= FEW else 0, int(self.known * MOST_REMOVED)):
            return f"This would take {removed} of {self.known} products off sale. Look at it before it is applied."
        return ""


def plan_pair(subject: str, compared: Compared, *, our_id: int | None = None, external_id: str = "") -> Planned:
    """A linked pair."""
    ids = {"our_id": our_id, "external_id": external_id}
    if compared.clashes:
        names = ", ".join(clash.field for clash in compared.clashes[:5])
        return Planned(Step.ASK, subject, f"Changed on both sides: {names}", "both", compared=compared, **ids)  # type: ignore[arg-type]
    if compared.is_settled:
        why = f"Not sent or read by this connection: {', '.join(compared.kept[:5])}" if compared.kept else "The same"
        return Planned(Step.SKIP, subject, why, compared=compared, **ids)  # type: ignore[arg-type]
    here, there = sorted(compared.to_ours), sorted(compared.to_theirs)
    side = "both" if here and there else "ours" if here else "theirs"
    parts = [f"here: {', '.join(here[:5])}"] if here else []
    parts += [f"there: {', '.join(there[:5])}"] if there else []
    return Planned(Step.CHANGE, subject, "; ".join(parts), side, compared=compared, **ids)  # type: ignore[arg-type]


def plan_gone(linked: Iterable[tuple[int, str, str]], seen: set[str], *, is_whole: bool) -> list[Planned]:
    """Linked (our id, their id, name) that were not seen there. Nothing is gone before all of something was read."""
    missing = [(our_id, external_id, name) for our_id, external_id, name in linked if external_id not in seen]
    if not is_whole or not seen:
        why = "Not seen, but their answer was not whole" if seen else "Not seen, but their answer was empty"
        return [Planned(Step.SKIP, name, why, "", our_id, external_id) for our_id, external_id, name in missing]
    why = "It is not there any more"
    return [Planned(Step.ARCHIVE, name, why, "ours", our_id, external_id) for our_id, external_id, name in missing]
