"""What is known about a service that we call: data, no behaviour."""

from __future__ import annotations

import re
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Budget:
    """At most `limit` calls in any `seconds`; `paths` (a pattern, searched in the path) narrows it."""

    limit: int
    seconds: int
    paths: re.Pattern[str] | None = None

    def covers(self, path: str) -> bool:
        return self.paths is None or self.paths.search(path) is not None


@dataclass(frozen=True)
class Service:
    """One outside service. `account` keeps the budgets and the breaker of two accounts or hosts apart."""

    name: str
    base_url: str
    budgets: tuple[Budget, ...] = ()
    account: str = ""
    headers: tuple[tuple[str, str], ...] = field(default=(), repr=False)  # sent with every call; may hold the key
    failures_to_open: int = 5
    open_seconds: float = 30.0
    docs: str = ""  # the version of their documentation this was written against
    #: a merchant typed the address: resolved, checked to be public and pinned at each connect (guarding.py)
    is_foreign: bool = False
    own_origins: tuple[str, ...] = ()  # origins that are ours by setting (the sandbox), where it is foreign

    @property
    def key(self) -> str:
        return f"{self.name}@{self.account}" if self.account else self.name
