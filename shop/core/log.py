"""Structured logs: one line an event, with request, job and order ids from the context."""

from __future__ import annotations

import logging
import sys
from collections.abc import MutableMapping
from typing import Any

import structlog

from shop.core.secrets import redact


def _clean(_: object, __: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """Secrets are removed and line breaks neutralised, whoever wrote the value."""
    for key, value in event.items():
        if isinstance(value, str) and key != "exception":
            event[key] = redact(value).replace("\n", "\\n").replace("\r", "\\r")
    if isinstance(event.get("exception"), str):
        event["exception"] = redact(event["exception"])
    return event


def configure(level: str, as_json: bool) -> None:
    """Set up structlog and the standard library's logging to the same output."""
    last = structlog.processors.JSONRenderer() if as_json else structlog.dev.ConsoleRenderer(colors=False)
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.format_exc_info,
            _clean,
            last,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(logging.getLevelNamesMapping().get(level, 20)),
        logger_factory=lambda *_: structlog.PrintLogger(sys.stderr),  # as it is then: it may have been exchanged
        cache_logger_on_first_use=False,
    )
    logging.basicConfig(level=logging.WARNING, stream=sys.stderr, format="%(levelname)s %(name)s %(message)s")


def get_logger(name: str) -> Any:
    """A logger that looks at the configuration when it writes: modules ask for theirs before there is one."""
    return structlog.get_logger(area=name)


bind = structlog.contextvars.bind_contextvars
clear = structlog.contextvars.clear_contextvars
