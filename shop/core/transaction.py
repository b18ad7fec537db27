"""The only commit. Domains change rows; surfaces, workflows and jobs commit them here."""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TypeVar

from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from shop.extensions import db

T = TypeVar("T")

_SERIALIZATION_FAILURE, _DEADLOCK = "40001", "40P01"


@contextmanager
def transaction() -> Iterator[Session]:
    """Commit when the block ends, roll back when it raises. Blocks do not nest.

    Usage:
        with transaction() as session:
            session.add(row)
    """
    session: Session = db.session()
    if session.info.get("in_transaction_block"):
        raise RuntimeError("transaction() inside transaction(): one thing that happens has one commit")
    session.info["in_transaction_block"] = True
    try:
        yield session
        session.commit()
    except BaseException:
        session.rollback()
        raise
    finally:
        session.info.pop("in_transaction_block", None)


def run_in_transaction(work: Callable[[Session], T], attempts: int = 4) -> T:
    """Run `work` in a transaction; on a deadlock or serialisation failure run it again from the start."""
    for attempt in range(1, attempts + 1):
        try:
            with transaction() as session:
                return work(session)
        except DBAPIError as error:
            if attempt == attempts or getattr(error.orig, "sqlstate", "") not in (_SERIALIZATION_FAILURE, _DEADLOCK):
                raise
            time.sleep(random.uniform(0.01, 0.05) * attempt)
    raise AssertionError("unreachable")


def release_connection() -> None:
    """Give the connection back before a slow outside call. The session must hold no unsaved change."""
    session: Session = db.session()
    if session.new or session.dirty or session.deleted:
        raise RuntimeError("unsaved changes before an outside call")
    session.rollback()
