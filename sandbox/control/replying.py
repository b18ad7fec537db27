"""One control action, two callers: a test that posts JSON and a person who pressed a button."""

from __future__ import annotations

from typing import Any

from flask import jsonify, redirect, request
from werkzeug.wrappers import Response


def said() -> dict[str, Any]:
    """What was posted: a JSON object, or the fields of a form; {} when nothing was."""
    if request.is_json:
        body = request.get_json(silent=True)
        return dict(body) if isinstance(body, dict) else {}
    return {key: value for key, value in request.form.items() if value != ""}


def from_page() -> bool:
    """Whether a form of the control page sent this."""
    return not request.is_json and request.mimetype in ("application/x-www-form-urlencoded", "multipart/form-data")


def done(body: dict[str, Any] | None = None, status: int = 200, anchor: str = "") -> Response:
    """JSON for a program; for a person, back to the page (to the section ``anchor``)."""
    if from_page():
        return redirect(f"/control{'#' + anchor if anchor else ''}", 303)
    answer: Response = jsonify(body if body is not None else {"ok": True})
    answer.status_code = status
    return answer


def wrong(message: str, status: int = 400) -> Response:
    """One clear sentence about what cannot be done."""
    if from_page():
        return Response(f"{message}\n\nGo back and try again.\n", status, mimetype="text/plain")
    answer: Response = jsonify({"error": message})
    answer.status_code = status
    return answer
