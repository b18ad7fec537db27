from __future__ import annotations

import io
import struct
import zlib
from collections.abc import Iterator
from pathlib import Path

import boto3
import pytest
from flask import Flask
from PIL import Image as Pillow
from sqlalchemy import select, update

from config import Config
from jobs.catalog import drain_pictures
from shop.catalog.importing import import_payloads
from shop.catalog.models import Image, Product
from shop.catalog.pictures import make_renditions
from shop.core import clock
from shop.core.s3_storage import CLIENT_SETTINGS, S3Storage
from shop.core.storage import DiskStorage, content_key, public_url, storage
from shop.core.transaction import transaction
from shop.errors import NotFound, Refused
from shop.extensions import db
from shop.outbound import breaker
from tests.catalog.payloads import shirt


def picture(width: int, height: int, kind: str = "PNG", mode: str = "RGB", colour: object = (200, 30, 30)) -> bytes:
    out = io.BytesIO()
    Pillow.new(mode, (width, height), colour).save(out, kind)  # type: ignore[arg-type]
    return out.getvalue()


def test_renditions_are_avif_webp_and_one_jpeg_never_wider_than_the_source() -> None:
    made = make_renditions(picture(1400, 1750))
    assert (made.width, made.height) == (1280, 1600) and made.colour == "#c81e1e"
    assert [(r.ending, r.width) for r in made.renditions] == [
        *(("avif", w) for w in (320, 640, 960, 1280)), ("jpg", 1200), *(("webp", w) for w in (320, 640, 960, 1280)),
    ]  # fmt: skip
    for rendition in made.renditions:
        assert Pillow.open(io.BytesIO(rendition.body)).width == rendition.width
    small = make_renditions(picture(200, 100))
    assert {r.width for r in small.renditions} == {200} and small.height == 100


def test_transparency_becomes_white_and_metadata_goes() -> None:
    made = make_renditions(picture(400, 400, mode="RGBA", colour=(0, 0, 0, 0)))
    assert made.colour == "#ffffff"
    shot = io.BytesIO()
    exif = Pillow.Exif()
    exif[0x010F] = "Secret Camera"
    Pillow.new("RGB", (400, 300)).save(shot, "JPEG", exif=exif)
    assert all(b"Secret" not in r.body for r in make_renditions(shot.getvalue()).renditions)


def bomb(width: int, height: int) -> bytes:
    """A small PNG that promises a billion pixels."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    head = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(b"\0" * 99)) + chunk(b"IEND", b"")


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (b"", "known kind"),
        (b"<svg onload=alert(1)>", "known kind"),
        (b"GIF89a", "known kind"),
        (b"%PDF-1.4", "known kind"),
        (bomb(40000, 40000), "Bomb|pixels"),
        (bomb(9000, 9000), "pixels"),
        (bomb(30000, 10), "pixels"),
        (picture(4, 4), "only 4"),
        (picture(400, 400)[:200], "damaged"),
        (b"\0" * (26 * 1024 * 1024), "larger than 25 MB"),
    ],
    ids=["empty", "svg", "half gif", "pdf", "bomb", "large", "strip", "tiny", "half png", "too many bytes"],
)
def test_what_is_no_fit_picture_is_refused_with_a_reason(body: bytes, reason: str) -> None:
    with pytest.raises(Refused, match=reason):
        make_renditions(body)


@pytest.fixture
def imported(app: Flask, sandbox: object, config: Config) -> Product:
    """A product whose pictures the sandbox draws."""
    breaker._local.clear()
    base = config.printify_base_url.removesuffix("/printify")
    images = [
        {"src": f"{base}/pictures/tote/fern-frond/ece3d0/{view}.jpg", "variant_ids": [], "is_default": view == "front"}
        for view in ("front", "detail")
    ]
    import_payloads([shirt(images=images)])
    return db.session.execute(select(Product)).scalar_one()


def images() -> list[Image]:
    db.session.remove()
    return list(db.session.execute(select(Image).order_by(Image.position)).scalars())


def test_pictures_are_fetched_once_stored_and_shown(imported: Product, config: Config) -> None:
    drain_pictures()
    rows = images()
    assert [row.work_state for row in rows] == ["done", "done"], rows[0].error_text
    assert rows[0].width and rows[0].colour.startswith("#")
    key = rows[0].renditions["avif"][0][1]
    assert (Path(config.media_dir) / key).stat().st_size > 200
    assert public_url(key) == f"/media/{key}"
    db.session.expire_all()
    product = db.session.execute(select(Product)).scalar_one()
    assert product.card["image"]["srcset_avif"] and len(product.document["images"]) == 2
    drain_pictures()
    assert [row.attempts for row in images()] == [1, 1]


def test_a_missing_picture_is_parked_and_a_silent_host_is_waited_for(
    app: Flask, config: Config, sandbox: object
) -> None:
    breaker._local.clear()
    base = config.printify_base_url.removesuffix("/printify")
    sources = [f"{base}/pictures/nothing/here.jpg", "http://127.0.0.1:9/inside.jpg"]
    import_payloads([shirt(images=[{"src": source, "variant_ids": []} for source in sources])])
    with transaction() as session:  # a second picture is due a moment after the first
        session.execute(update(Image).values(due_at=clock.now()))
    drain_pictures()
    missing, inside = images()
    assert (missing.work_state, missing.error_kind) == ("parked", "merchant") and "404" in (missing.error_text or "")
    assert inside.work_state == "parked" and "not the web's" in (inside.error_text or "")


def test_disk_storage_writes_whole_files_and_refuses_other_keys(tmp_path: Path) -> None:
    disk = DiskStorage(tmp_path)
    key = content_key(b"hello", "webp")
    disk.put(key, b"hello")
    disk.put(key, b"hello")
    assert disk.read(key) == b"hello"
    assert [p.name for p in tmp_path.rglob("*") if p.is_file()] == [Path(key).name]
    for bad in ("../../etc/passwd", "ab/x.webp", key.replace("webp", "html"), "/" + key):
        with pytest.raises(NotFound):
            disk.read(bad)
    with pytest.raises(NotFound):
        disk.read(content_key(b"other", "webp"))


@pytest.fixture
def bucket() -> Iterator[Config]:
    from moto.server import ThreadedMotoServer

    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    endpoint = f"http://{host}:{port}"
    maker = boto3.client(
        "s3", endpoint_url=endpoint, region_name="us-east-1", aws_access_key_id="k", aws_secret_access_key="s"
    )
    maker.create_bucket(Bucket="shop-media")
    yield Config(s3_endpoint=endpoint, s3_bucket="shop-media", s3_access_key="k", s3_secret_key="s", storage="s3")
    server.stop()


def test_s3_storage_puts_immutable_files_and_reads_them(bucket: Config) -> None:
    s3 = S3Storage(bucket)
    key = content_key(b"hello", "avif")
    s3.put(key, b"hello")
    assert s3.read(key) == b"hello"
    head = s3.client.head_object(Bucket="shop-media", Key=key)
    assert head["ContentType"] == "image/avif" and "immutable" in head["CacheControl"]
    with pytest.raises(NotFound):
        s3.read(content_key(b"other", "avif"))


def test_the_s3_client_sends_no_trailing_checksums() -> None:
    assert CLIENT_SETTINGS.request_checksum_calculation == "when_required"
    assert CLIENT_SETTINGS.response_checksum_validation == "when_required"
    assert CLIENT_SETTINGS.s3 == {"addressing_style": "path"}


def test_the_setting_chooses_the_storage(app: Flask) -> None:
    assert isinstance(storage(), DiskStorage)
