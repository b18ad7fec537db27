"""Render a page, or only one block of it for an htmx request. The view names the block; the browser never does."""

from __future__ import annotations

from typing import Any

from flask import Response, current_app, make_response
from htmx_flask import request

from shop.words import tell_all


def render(template: str, *, fragment: str | None = None, status: int = 200, **context: Any) -> Response:
    """The whole page; or, for an htmx request, the block `fragment` of the same template.

    Messages in `errors` ({field: message}) are said in the page's language. Answers carry
    `Vary: HX-Request` when a fragment exists.
    """
    page = current_app.jinja_env.get_template(template)
    if context.get("errors"):
        context["errors"] = tell_all(context["errors"])
    current_app.update_template_context(context)
    wants_fragment = fragment is not None and bool(request.htmx) and not request.htmx.boosted
    if wants_fragment and fragment is not None:
        body = "".join(page.blocks[fragment](page.new_context(context)))
    else:
        body = page.render(context)
    response = make_response(body, status)
    response.mimetype = "text/html"
    if fragment is not None:
        response.vary.add("HX-Request")
    return response
