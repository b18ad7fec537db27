"""Views that take files larger than a form usually is."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from flask import current_app, request

FORM_BYTES = 600_000  # what the texts beside the files may take


def takes_files(at_most: int) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Let this view's request have `at_most` bytes of files. Stands below `staff_only`."""

    def decorate(view: Callable[..., Any]) -> Callable[..., Any]:
        view.most_bytes = at_most + FORM_BYTES  # type: ignore[attr-defined]
        return view

    return decorate


def make_room() -> None:
    """Before anything of the body is read."""
    view = current_app.view_functions.get(request.endpoint or "")
    most = getattr(view, "most_bytes", None)
    if most:
        request.max_content_length = most
