"""Long answers, sent in parts as they are made, so that memory stays flat."""

from __future__ import annotations

from collections.abc import Iterator

from flask import Flask, Response, current_app


def stream_csv(parts: Iterator[str], name: str) -> Response:
    """A CSV download. Each part is made in an app context of its own: the request is over by then."""
    app: Flask = current_app._get_current_object()  # type: ignore[attr-defined]
    disposition = f'attachment; filename="{name}"'
    return Response(_each(app, parts), mimetype="text/csv", headers={"Content-Disposition": disposition})


def _each(app: Flask, parts: Iterator[str]) -> Iterator[bytes]:
    while True:
        with app.app_context():
            part = next(parts, None)
        if part is None:
            return
        yield part.encode()
