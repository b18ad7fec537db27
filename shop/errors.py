"""What can go wrong, told by who must act.

    ShopError                    carries user_message, safe to show
    ├─ NotFound 404 · NotAllowed 403 · InvalidInput 422 · Conflict 409 (IllegalMove) · OutOfCredits 402
    └─ OutsideError              someone else's system; `kind` says who must act
        ├─ Unavailable   WAIT      retried later; RateLimited is one, with retry_at
        ├─ NeedsReconnect MERCHANT authorise again
        ├─ Refused       MERCHANT  they said no to this item, with their reason
        └─ Misunderstood US        their answer does not fit our mapping
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from enum import StrEnum

from shop.words import mark


class Kind(StrEnum):
    WAIT = "wait"
    MERCHANT = "merchant"
    US = "us"


class ShopError(Exception):
    """Base of everything the shop raises on purpose. `user_message` is safe to show."""

    status = 400
    title: str = mark("Something is not right")

    def __init__(self, user_message: str = "", **facts: object) -> None:
        self.user_message = user_message or self.title
        self.facts = facts
        super().__init__(self.user_message)


class NotFound(ShopError):
    status = 404
    title: str = mark("Not found")


class NotAllowed(ShopError):
    status = 403
    title: str = mark("Not allowed")


class InvalidInput(ShopError):
    """`fields` maps a field's name to the message beside it."""

    status = 422
    title: str = mark("Please check what you entered")

    def __init__(self, user_message: str = "", fields: Mapping[str, str] | None = None) -> None:
        self.fields = dict(fields or {})
        super().__init__(user_message or next(iter(self.fields.values()), self.title))


class Conflict(ShopError):
    status = 409
    title: str = mark("This changed in the meantime")


class IllegalMove(Conflict):
    """A status may not go from here to there."""


class OutOfCredits(ShopError):
    status = 402
    title: str = mark("Out of credits")


class OutsideError(ShopError):
    status = 502
    title: str = mark("Another service did not answer as it should")
    kind: Kind = Kind.WAIT

    def __init__(self, user_message: str = "", *, service: str = "", detail: str = "", **facts: object) -> None:
        super().__init__(user_message, **facts)
        self.service = service
        self.detail = detail  # for staff: what they answered, secrets removed

    def __str__(self) -> str:
        return f"{self.service}: {self.detail or self.user_message}" if self.service else self.user_message


class Unavailable(OutsideError):
    """`sent` tells whether the request may have been accepted: then the outcome is unknown."""

    status = 503
    kind = Kind.WAIT

    def __init__(self, user_message: str = "", *, sent: bool = False, **kw: object) -> None:
        super().__init__(user_message, **kw)  # type: ignore[arg-type]
        self.sent = sent


class RateLimited(Unavailable):
    def __init__(self, user_message: str = "", *, retry_at: datetime | None = None, **kw: object) -> None:
        super().__init__(user_message, **kw)  # type: ignore[arg-type]
        self.retry_at = retry_at


class NeedsReconnect(OutsideError):
    kind = Kind.MERCHANT


class Refused(OutsideError):
    kind = Kind.MERCHANT


class Misunderstood(OutsideError):
    kind = Kind.US
