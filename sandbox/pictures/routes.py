"""GET /pictures/…: mock-ups, designs and uploaded artwork."""

from __future__ import annotations

import io
import os
import re
import threading
from pathlib import Path

from flask import Blueprint, Response, abort

from sandbox.pictures.drawing import DRAWN_AS, KINDS, VIEWS, draw, draw_flat
from sandbox.pictures.uploaded import picture_directory, upload_path
from sandbox.world import World, current_world

bp = Blueprint("pictures", __name__, url_prefix="/pictures")
_DESIGN = re.compile(r"[a-z0-9][a-z0-9-]{0,60}")
_HEX = re.compile(r"[0-9a-f]{6}")
# Two at a time: drawing is work for the processor, and the page that waits is not the only one.
_turn = threading.BoundedSemaphore(2)
_FORMATS = {"jpg": ("JPEG", "image/jpeg"), "png": ("PNG", "image/png")}


@bp.get("/<kind>/<design>/<colour>/<view>.<any(jpg,png):ending>")
def mockup(kind: str, design: str, colour: str, view: str, ending: str) -> Response:
    """1200 by 1500; the same address always gives the same picture."""
    known = kind in KINDS and view in VIEWS and _HEX.fullmatch(colour) and _DESIGN.fullmatch(design)
    if not known:
        abort(404)
    world = current_world()
    path = picture_directory(world) / DRAWN_AS / kind / design / f"{colour}-{view}.{ending}"
    return _serve(world, path, ending, kind, design, colour, view)


@bp.get("/designs/<design>.png")
def design_alone(design: str) -> Response:
    """The artwork as it would be uploaded."""
    if not _DESIGN.fullmatch(design):
        abort(404)
    world = current_world()
    path = picture_directory(world) / DRAWN_AS / "designs" / f"{design}.png"
    return _serve(world, path, "png", "", design, "", "")


@bp.get("/uploads/<upload_id>")
def uploaded(upload_id: str) -> Response:
    if not re.fullmatch(r"[0-9a-f]{24}", upload_id):
        abort(404)
    path = upload_path(current_world(), upload_id)
    if not path.is_file():
        abort(404)
    raw = path.read_bytes()
    return Response(raw, mimetype="image/png" if raw.startswith(b"\x89PNG") else "image/jpeg")


def _serve(world: World, path: Path, ending: str, kind: str, design: str, colour: str, view: str) -> Response:
    name, mimetype = _FORMATS[ending]
    if not path.is_file():
        with _turn:
            if not path.is_file():
                artwork = upload_path(world, design[2:]) if design.startswith("u-") else None
                image = draw(kind, design, colour, view, artwork) if kind else draw_flat(design)
                _keep(path, image, name)
    response = Response(path.read_bytes(), mimetype=mimetype)
    response.headers["Cache-Control"] = "public, max-age=86400"
    return response


def _keep(path: Path, image: object, name: str) -> None:
    buffer = io.BytesIO()
    image.save(buffer, name, quality=88, optimize=False)  # type: ignore[attr-defined]
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_suffix(f".{os.getpid()}.{threading.get_ident()}.part")
    partial.write_bytes(buffer.getvalue())
    # Renamed when whole: another thread must never serve half a picture.
    partial.replace(path)
