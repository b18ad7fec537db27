"""What became of the lines of a file, and what is remembered from line to line."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True)
class Outcome:
    """What became, or would become, of a line. verdict: create | change | same | wrong."""

    line: int
    verdict: str
    field: str = ""
    why: str = ""
    subject: str = ""


@dataclass
class Given:
    """What a dry run has seen so far: one file may name the same thing twice."""

    seen: set[str] = field(default_factory=set)
    who: str = ""
    file: str = ""
    run_id: int = 0
    currency: str = ""
