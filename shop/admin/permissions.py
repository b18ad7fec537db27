"""Who may do what in the panel. Every view names its permission; a test walks the URL map and checks that it does."""

from __future__ import annotations

import functools
from collections.abc import Callable
from enum import StrEnum
from typing import Any
from urllib.parse import urlsplit

from flask import redirect, request, url_for
from flask_login import current_user
from werkzeug.wrappers import Response

from shop.errors import NotAllowed


class May(StrEnum):
    LOOK = "look"  # every page
    SUPPORT = "support"  # notes, letters
    FULFIL = "fulfil"  # release, cancel, try again
    REFUND = "refund"
    CATALOG = "catalog"
    CUSTOMERS = "customers"  # notes, tags, consent
    PRIVACY = "privacy"  # hand out or erase what is known of a person, merge two
    CONTENT = "content"  # pages, menus, home, letters' texts
    SETTINGS = "settings"
    DEVELOP = "develop"  # API keys, webhooks, queues, schedules
    STAFF = "staff"  # who may sign in, and the audit log


ROLE_MAY: dict[str, frozenset[May]] = {
    "owner": frozenset(May),
    "manager": frozenset(May) - {May.STAFF},
    "fulfilment": frozenset({May.LOOK, May.SUPPORT, May.FULFIL, May.CATALOG}),
    "support": frozenset({May.LOOK, May.SUPPORT, May.REFUND, May.CUSTOMERS}),
    "viewer": frozenset({May.LOOK}),
}


def allowed(permission: str) -> bool:
    """Whether the member who is signed in may do this."""
    if not current_user.is_authenticated:
        return False
    return permission in ROLE_MAY.get(current_user.role, frozenset())


def staff_only(permission: May = May.LOOK) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Only signed-in staff whose role has `permission`. Others are sent to sign in, or get 403."""

    def decorate(view: Callable[..., Any]) -> Callable[..., Any]:
        @functools.wraps(view)
        def guarded(*args: Any, **kwargs: Any) -> Any:
            if not current_user.is_authenticated:
                return send_to_sign_in()
            if not allowed(permission):
                raise NotAllowed("Your role does not include this. Ask the shop's owner.")
            return view(*args, **kwargs)

        guarded.staff_permission = permission  # type: ignore[attr-defined]
        return guarded

    return decorate


def send_to_sign_in() -> Response:
    """To the sign-in page and back here afterwards; a fragment makes the whole page go."""
    here = request.full_path.rstrip("?") if request.method == "GET" else ""
    if "HX-Request" in request.headers:
        here = local_path(urlsplit(request.headers.get("HX-Current-URL", "")).path)
        answer = Response("", 401)
        answer.headers["HX-Redirect"] = url_for("admin.sign_in", next=here or None)
        return answer
    return redirect(url_for("admin.sign_in", next=here or None), 303)


def local_path(target: str | None, fallback: str = "/admin/") -> str:
    """`target` when it is a path of the panel, else `fallback`: nobody is sent elsewhere after signing in."""
    if not target or len(target) > 500 or not target.startswith("/admin"):
        return fallback
    if any(ord(sign) < 33 or sign == "\\" for sign in target):
        return fallback
    parts = urlsplit(target)
    is_ours = not parts.scheme and not parts.netloc and (parts.path == "/admin" or parts.path.startswith("/admin/"))
    return target if is_ours and ".." not in parts.path else fallback
