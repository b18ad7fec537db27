"""Views that take larger forms than the rest of the panel, from staff who may send them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from flask import current_app, request

from shop.admin.blueprint import bp
from shop.admin.permissions import allowed

MEGABYTE = 1024 * 1024


def takes(megabytes: int, fields_megabytes: int = 0) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """This view's request may be that large; of it, what is not a file (`fields_megabytes`, 0: as everywhere).

    Goes above `staff_only`, whose permission is asked before any more is read.
    """

    def decorate(view: Callable[..., Any]) -> Callable[..., Any]:
        view.room = (megabytes * MEGABYTE, fields_megabytes * MEGABYTE)  # type: ignore[attr-defined]
        return view

    return decorate


@bp.before_app_request
def make_room() -> None:
    """Before anything reads the form (the token is in it)."""
    view = current_app.view_functions.get(request.endpoint or "")
    room = getattr(view, "room", None)
    if room is None or request.method != "POST" or not allowed(view.staff_permission):  # type: ignore[union-attr]
        return
    request.max_content_length = room[0]
    if room[1]:
        request.max_form_memory_size = room[1]
