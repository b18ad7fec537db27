"""Which store this is. One today; a schema per store later.

Every cache key, lock name and Redis key is made by `scoped_key`, so nothing assumes that there is only one.
"""

from __future__ import annotations

from contextvars import ContextVar

_store: ContextVar[str] = ContextVar("store", default="main")


def current_store() -> str:
    """The key of the store being served."""
    return _store.get()


def serve_store(key: str) -> None:
    """Say whose thread this is; a thread of its own starts without knowing."""
    _store.set(key)


def scoped_key(*parts: object) -> str:
    """A Redis or cache key of the current store: scoped_key("kick", "email") -> "imprint:main:kick:email"."""
    return ":".join(["imprint", current_store(), *map(str, parts)])
