"""The tabs of Developers, on each of its pages: only those that are there."""

from __future__ import annotations

from typing import Any

from flask import current_app, request, url_for

from shop.admin.blueprint import bp

TABS = (
    ("admin.developers", "API keys"),
    ("admin.webhook_endpoints", "Webhooks"),
    ("admin.webhook_log", "Webhook log"),
    ("admin.outbound_calls", "Calls"),
)


@bp.context_processor
def developers_tabs() -> dict[str, Any]:
    """[(title, url, is current)]; the longest address that begins the request's is the current one."""
    if not request.path.startswith("/admin/developers"):
        return {}
    found = [(title, url_for(name)) for name, title in TABS if name in current_app.view_functions]
    here = [url for _, url in found if request.path == url or request.path.startswith(url + "/")]
    current = max(here, key=len, default="")
    return {"developers_tabs": [(title, url, url == current) for title, url in found]}
