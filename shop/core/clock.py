"""The only now(). Everything is UTC. Tests move it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

_offset = timedelta(0)
_fixed: datetime | None = None


def now() -> datetime:
    """The present moment, timezone-aware, UTC."""
    return (_fixed or datetime.now(UTC)) + _offset


def fix(moment: datetime | None) -> None:
    """Stand still at `moment` (None runs again)."""
    global _fixed, _offset
    _fixed, _offset = moment, timedelta(0)


def advance(by: timedelta) -> None:
    """Move the clock forward."""
    global _offset
    _offset += by
