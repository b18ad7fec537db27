from __future__ import annotations

from pathlib import Path

import pytest
from flask import Flask
from flask.testing import FlaskClient

from shop.core.statics import static_url


@pytest.fixture
def client(app) -> FlaskClient:
    return app.test_client()


def test_static_files_are_kept_for_ever_under_their_hash(client: FlaskClient) -> None:
    url = static_url("css/base.css")
    answer = client.get(url, headers={"Accept-Encoding": "gzip"})
    assert answer.status_code == 200 and answer.headers["Content-Encoding"] == "gzip"
    assert "immutable" in answer.headers["Cache-Control"] and answer.mimetype == "text/css"
    for plain in ("/static/css/base.css", "/static/css/base.css?v=older"):
        assert "immutable" not in client.get(plain).headers["Cache-Control"]
    tag = client.get(url).headers["ETag"]
    assert client.get(url, headers={"If-None-Match": tag}).status_code == 304
    assert client.head(url).data == b""


def test_pictures_come_from_the_media_directory(app: Flask, client: FlaskClient) -> None:
    root = Path(app.config["IMPRINT"].media_dir)
    (root / "p").mkdir(exist_ok=True)
    (root / "p" / "a1b2-640.webp").write_bytes(b"RIFF....WEBP")
    (root / "p" / "secret.txt").write_text("no")
    answer = client.get("/media/p/a1b2-640.webp")
    assert (answer.status_code, answer.mimetype, answer.data) == (200, "image/webp", b"RIFF....WEBP")
    assert "immutable" in answer.headers["Cache-Control"] and answer.headers["X-Content-Type-Options"] == "nosniff"
    assert client.get("/media/p/a1b2-640.webp", headers={"If-None-Match": answer.headers["ETag"]}).status_code == 304
    assert client.head("/media/p/a1b2-640.webp").headers["Content-Length"] == "12"
    answer.close()


def test_nothing_outside_the_two_directories_is_served(app: Flask, client: FlaskClient) -> None:
    root = Path(app.config["IMPRINT"].media_dir)
    (root / "p").mkdir(exist_ok=True)
    (root / "out.webp").unlink(missing_ok=True)
    (root / "out.webp").symlink_to("/etc/hostname")
    for path in ("/media/../config.py", "/media/%2e%2e/config.py", "/media//etc/passwd", "/media/p/secret.txt",
                 "/media/.hidden.webp", "/media/p", "/media/", "/media/out.webp", "/media/a%00b.webp",
                 "/media/" + "a/" * 400 + "b.webp", "/static/../config.py", "/static/%2e%2e/wsgi.py", "/static/css",
                 "/static/", "/static/css/%00", "/static//etc/passwd"):  # fmt: skip
        assert client.get(path).status_code == 404, path
