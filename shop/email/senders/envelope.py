"""What a sender is given, and what it promises."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass, field
from typing import ClassVar


@dataclass(frozen=True)
class Envelope:
    to: str
    from_email: str
    from_name: str
    reply_to: str
    subject: str
    text: str
    html: str
    key: str  # ours; a sender that knows repeats passes it on
    headers: dict[str, str] = field(default_factory=dict)  # more of them, plain ASCII


class Sender(ABC):
    """Interface. `send` is called once per attempt and never retries by itself."""

    name: ClassVar[str]
    #: True when a repeat with the same key is recognised, so that a lost answer may be asked again
    knows_repeats: ClassVar[bool] = False

    @abstractmethod
    def send(self, envelope: Envelope) -> str:
        """Hand the letter over; returns the provider's message id.

        Raises Unavailable(sent=True) when the outcome is unknown, Unavailable(sent=False) when it surely was not
        taken, Refused when this letter was refused, NeedsReconnect when our credentials were.
        """
