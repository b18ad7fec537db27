from __future__ import annotations

import gzip

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import text
from sqlalchemy.exc import OperationalError

from shop.catalog import showing
from shop.core.redis import RedisDoor
from shop.core.transaction import transaction
from shop.extensions import db
from shop.kept_pages import KeptPage, ProcessShelf
from shop.page_cache import known_parameters, normalise
from shop.tenancy import profile
from tests.catalog_reading.goods import counted_statements, stock

PAGE = "/products/quiet-fox-tee"


@pytest.fixture
def client(app) -> FlaskClient:
    stock()
    return app.test_client()


def rename(title: str) -> None:
    with transaction() as session:
        session.execute(
            text("UPDATE products SET document = document || jsonb_build_object('title', CAST(:t AS text))"),
            {"t": title},
        )
        profile.touch_catalog(session)


def test_the_second_visitor_costs_no_statement(client: FlaskClient) -> None:
    first = client.get(PAGE)
    with counted_statements() as seen:
        second = client.get(PAGE)
    assert [s for s in seen if "store_state" not in s] == []
    assert second.data == first.data and second.headers["ETag"] == first.headers["ETag"]
    assert "X-Request-Id" not in second.headers
    assert second.headers["Content-Security-Policy"] == first.headers["Content-Security-Policy"]
    assert second.headers["Cache-Control"] == "public, max-age=0, must-revalidate"
    assert second.headers["Vary"].startswith("Accept-Encoding, HX-Request")


def test_who_has_the_page_is_told_so(client: FlaskClient) -> None:
    tag = client.get(PAGE).headers["ETag"]
    assert not tag.startswith("W/")
    for offered in (tag, f'"x", {tag}', f"W/{tag}", "*"):
        answer = client.get(PAGE, headers={"If-None-Match": offered})
        assert (answer.status_code, answer.data) == (304, b""), offered
        assert answer.headers["ETag"] == tag
    assert client.get(PAGE, headers={"If-None-Match": '"other"'}).status_code == 200
    fresh = client.get("/", headers={"If-None-Match": '"other"'})
    assert client.get("/", headers={"If-None-Match": fresh.headers["ETag"]}).status_code == 304


def test_pages_are_packed_for_who_reads_gzip(client: FlaskClient) -> None:
    plain = client.get(PAGE)
    packed = client.get(PAGE, headers={"Accept-Encoding": "gzip, br"})
    assert packed.headers["Content-Encoding"] == "gzip" and gzip.decompress(packed.data) == plain.data
    assert packed.headers["ETag"] != plain.headers["ETag"]
    assert "Content-Encoding" not in client.get(PAGE, headers={"Accept-Encoding": "gzip;q=0"}).headers
    not_kept = client.get("/nowhere", headers={"Accept-Encoding": "gzip"})
    assert not_kept.headers["Content-Encoding"] == "gzip" and "Accept-Encoding" in not_kept.headers["Vary"]


def test_head_is_get_without_a_body(client: FlaskClient) -> None:
    head = client.head(PAGE)
    whole = client.get(PAGE)
    assert head.data == b"" and head.headers["Content-Length"] == whole.headers["Content-Length"]
    assert len(whole.data) > 1000


def test_a_committed_change_is_seen_within_a_second(client: FlaskClient, monkeypatch: pytest.MonkeyPatch) -> None:
    assert "Quiet Fox Tee" in client.get(PAGE).text
    rename("Loud Bear Tee")
    monkeypatch.setattr(profile, "LOOK_EVERY_SECONDS", 0.0)  # the half second has passed
    assert "Loud Bear Tee" in client.get(PAGE).text


def test_a_change_that_was_rolled_back_is_not(client: FlaskClient, monkeypatch: pytest.MonkeyPatch) -> None:
    before = profile.current_versions(fresh=True)
    with pytest.raises(ZeroDivisionError), transaction() as session:
        profile.touch_catalog(session)
        1 / 0  # noqa: B018
    assert profile.current_versions(fresh=True) == before


def test_with_the_database_gone_kept_pages_are_still_served(
    app: Flask, client: FlaskClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    kept = client.get(PAGE).data

    def refuse(engine: object) -> None:
        raise OperationalError("SELECT", {}, Exception("gone"))

    monkeypatch.setattr(profile, "_select_versions", refuse)
    monkeypatch.setattr(profile, "LOOK_EVERY_SECONDS", 0.0)
    assert client.get(PAGE).data == kept


def test_with_the_database_gone_a_page_nobody_kept_says_so_in_the_shops_look(
    app: Flask, client: FlaskClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    client.get("/pages/about")

    def refuse(*_: object) -> None:
        raise OperationalError("SELECT", {}, Exception("gone"))

    monkeypatch.setattr(profile, "_select_versions", refuse)
    monkeypatch.setattr(showing, "read", refuse)
    monkeypatch.setitem(app.config, "PROPAGATE_EXCEPTIONS", False)
    monkeypatch.setattr(app, "testing", False)
    answer = client.get("/products/never-asked-for")
    assert answer.status_code in (500, 503) and "Fern" in answer.text
    assert client.get("/pages/about").status_code == 200


def test_parameters_nobody_knows_make_no_new_page(client: FlaskClient) -> None:
    plain = client.get(PAGE)
    with counted_statements() as seen:
        followed = client.get(f"{PAGE}?utm_source=letter&fbclid=x&variant=")
    assert [s for s in seen if "store_state" not in s] == [] and followed.data == plain.data
    known = known_parameters("/search")
    assert known is not None
    assert normalise("b=1&q=fox&color=navy&color=black&q=fox&page=2", known) == "color=black&color=navy&page=2&q=fox"


def test_only_shop_pages_are_kept() -> None:
    for path in ("/cart", "/checkout", "/orders/find", "/admin", "/api/products", "/contact", "/healthz"):
        assert known_parameters(path) is None, path


def test_a_page_that_looked_at_the_session_or_set_a_cookie_is_not_kept(app: Flask, client: FlaskClient) -> None:
    first = client.get("/cart")
    assert "ETag" not in first.headers
    with client.session_transaction() as session:
        session["visited"] = 1
        session.permanent = True
    signed_in = client.get("/pages/about")
    if "Set-Cookie" in signed_in.headers:
        assert "ETag" not in signed_in.headers
    stranger = app.test_client().get("/pages/about")
    assert "Set-Cookie" not in stranger.headers and "ETag" in stranger.headers


def test_another_process_finds_the_page_in_redis(app: Flask, client: FlaskClient) -> None:
    if "imprint.redis" not in app.extensions:
        pytest.skip("no Redis here")
    kept = client.get(PAGE, headers={"Accept-Encoding": "gzip"})
    app.extensions["imprint.page_cache"].forget()
    with counted_statements() as seen:
        found = client.get(PAGE, headers={"Accept-Encoding": "gzip"})
    assert [s for s in seen if "store_state" not in s] == []
    assert found.data == kept.data and found.headers["ETag"] == kept.headers["ETag"]
    app.extensions["imprint.page_cache"].forget()
    assert client.get(PAGE).data == gzip.decompress(kept.data)


def test_filtered_pages_stay_out_of_redis(app: Flask, client: FlaskClient) -> None:
    door: RedisDoor | None = app.extensions.get("imprint.redis")
    if door is None:
        pytest.skip("no Redis here")
    door.client.flushdb()
    client.get("/search?color=black", headers={"Accept-Encoding": "gzip"})
    assert door.client.keys("*:page:*") == []


def test_without_redis_pages_are_only_made_again(
    app: Flask, client: FlaskClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(app.extensions, "imprint.redis", RedisDoor("redis://127.0.0.1:1/0"))
    app.extensions["imprint.page_cache"].forget()
    assert client.get(PAGE, headers={"Accept-Encoding": "gzip"}).status_code == 200
    monkeypatch.delitem(app.extensions, "imprint.redis")
    app.extensions["imprint.page_cache"].forget()
    assert client.get(PAGE).status_code == 200


def test_what_a_process_holds_is_bounded() -> None:
    shelf = ProcessShelf(100_000)
    for n in range(50):
        shelf.put(str(n), KeptPage.made([], bytes(9_000)))
    assert shelf.get("0") is None and shelf.get("49") is not None and shelf._held <= 100_000
    page = shelf.get("49")
    assert page is not None
    page.body(accepts_gzip=True)
    shelf.get("49")
    assert shelf._held <= 100_000
    shelf.put("huge", KeptPage.made([], bytes(2_000_000)))
    assert shelf.get("huge") is None


def test_a_broken_entry_in_redis_is_passed_over(app: Flask, client: FlaskClient) -> None:
    door: RedisDoor | None = app.extensions.get("imprint.redis")
    if door is None:
        pytest.skip("no Redis here")
    client.get(PAGE, headers={"Accept-Encoding": "gzip"})
    for name in door.client.keys("*:page:*"):
        door.client.set(name, b"not what we wrote")
    app.extensions["imprint.page_cache"].forget()
    assert client.get(PAGE).status_code == 200
    db.session.remove()
