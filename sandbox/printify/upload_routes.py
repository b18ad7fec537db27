"""/v1/uploads…: the media library of the account (contracts/printify.md §5.10)."""

from __future__ import annotations

import base64
import binascii
import hashlib
import io
from pathlib import Path
from typing import Any

import requests
from flask import Blueprint, Response
from PIL import Image, UnidentifiedImageError

from sandbox.pictures.uploaded import upload_path
from sandbox.printify.catalogue import PICTURES
from sandbox.printify.door import answer, not_found, page_of, posted, refuse, stop
from sandbox.printify.products import UPLOAD
from sandbox.world import World, current_world

bp = Blueprint("printify_uploads", __name__, url_prefix="/printify/v1")
_MOST_BYTES = 20 * 1024 * 1024
_TYPES = {"PNG": "image/png", "JPEG": "image/jpeg"}


@bp.get("/uploads.json")
def list_uploads() -> Response:
    """Newest first, 10 by default and 100 at most; archived ones are left out."""
    world = current_world()
    active = [upload["id"] for upload in world.store.all(UPLOAD) if not upload.get("_archived")]
    ids, page = page_of(list(reversed(active)), most=100)
    page["data"] = [_shown(upload) for upload in world.store.get_many(UPLOAD, ids)]
    return answer(page)


@bp.get("/uploads/<upload_id>.json")
def read_upload(upload_id: str) -> Response:
    return answer(_shown(_find(current_world(), upload_id)))


@bp.post("/uploads/images.json")
def upload_image() -> Response:
    """By address or base64; identical bytes give the same id and time."""
    world = current_world()
    body = posted()
    name = body.get("file_name")
    if not isinstance(name, str) or not name.strip() or len(name) > 255:
        return refuse("file_name: The file name field is required.")
    raw = _decoded(body["contents"]) if body.get("contents") else _fetched(body.get("url"))
    if len(raw) > _MOST_BYTES:
        return refuse("error.file.size.limit.exceeded", 8201)
    upload_id = hashlib.sha256(raw).hexdigest()[:24]
    known = world.store.get(UPLOAD, upload_id)
    if known is None:
        known = save_upload(world, upload_id, name, raw)
    return answer(_shown(known))


@bp.post("/uploads/<upload_id>/archive.json")
def archive(upload_id: str) -> Response:
    world = current_world()
    upload = _find(world, upload_id)
    world.store.put(UPLOAD, upload_id, {**upload, "_archived": True})
    return answer({})


def save_upload(world: World, upload_id: str, name: str, raw: bytes) -> dict[str, Any]:
    """Keep the bytes and describe them; refuses what is neither PNG nor JPEG."""
    try:
        with Image.open(io.BytesIO(raw)) as image:
            image.verify()
            kind, (width, height) = image.format or "", image.size
    except (UnidentifiedImageError, OSError, SyntaxError, Image.DecompressionBombError):
        kind, width, height = "", 0, 0
    if kind not in _TYPES:
        stop(refuse("error.file.wrong.format", 8201))
    path: Path = upload_path(world, upload_id)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(raw)
    upload = {
        "id": upload_id,
        "file_name": name,
        "height": height,
        "width": width,
        "size": len(raw),
        "mime_type": _TYPES[kind],
        "preview_url": f"{PICTURES}/pictures/uploads/{upload_id}",
        "upload_time": world.clock.text()[:19],
    }
    world.store.put(UPLOAD, upload_id, upload)
    return upload


def _decoded(contents: Any) -> bytes:
    if not isinstance(contents, str):
        stop(refuse("contents: The contents must be base64."))
    try:
        return base64.b64decode(contents, validate=True)
    except (binascii.Error, ValueError):
        stop(refuse("contents: The contents must be base64."))
        raise


def _fetched(url: Any) -> bytes:
    if not isinstance(url, str) or not url.startswith(("http://", "https://")):
        stop(refuse("url: The url or contents field is required."))
    try:
        with requests.get(url, timeout=10, stream=True) as response:
            response.raise_for_status()
            return response.raw.read(_MOST_BYTES + 1, decode_content=True)
    except requests.RequestException:
        stop(refuse("Image could not be downloaded.", 10300))
        raise


def _find(world: World, upload_id: str) -> dict[str, Any]:
    upload = world.store.get(UPLOAD, upload_id)
    if upload is None:
        not_found()
    return upload or {}


def _shown(upload: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in upload.items() if not key.startswith("_")}
