"""Planted keys reach no log, no stored row, no letter and no page, even when a provider throws them back at us (T9)."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from sqlalchemy import text

from config import Config
from shop.core import log
from shop.extensions import db
from shop.workflows import poll_stripe_events
from shop.workflows.refund_order import request_refund
from tests.town import Town

PLANTED = {
    "printify_api_token": "pfy-planted-7f3a9c1e5b2d48",
    "stripe_secret_key": "sk_live_planted51HxyzABCDEF",
    "sendgrid_api_key": "SG.planted-aaaaaaaaaaaa.bbbbbbbbbbbbbbbbbbbb",
    "brevo_api_key": "xkeysib-planted-0123456789abcdef",
    "smtp_password": "smtp-planted-hunter2-hunter2",
    "fulfil_api_key": "fulfil-planted-0a1b2c3d",
    "metrics_token": "metrics-planted-4e5f6a7b",
}


class Parrot(BaseHTTPRequestHandler):
    """A provider that refuses everything and repeats all it was sent, keys included."""

    status = 400

    def answer(self) -> None:
        length = int(self.headers.get("Content-Length") or 0)
        echo = f"You sent {dict(self.headers)} with {self.rfile.read(length)[:500]!r}"
        body = json.dumps({"status": "error", "code": 8150, "message": echo, "errors": {"reason": echo},
                           "error": {"type": "invalid_request_error", "message": echo}}).encode()  # fmt: skip
        self.send_response(self.status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    do_GET = do_POST = do_PUT = do_DELETE = answer

    def log_message(self, format: str, *args: object) -> None:
        return


@pytest.fixture
def parrot() -> Iterator[str]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), Parrot)
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_address[1]}"
    server.shutdown()


@pytest.fixture
def loud(config: Config, capfd: pytest.CaptureFixture[str]) -> Iterator[None]:
    """Everything is logged, and to where the test can read it."""
    log.configure("DEBUG", True)
    yield
    log.configure(config.log_level, config.log_json)


def everything_stored() -> str:
    with db.engine.connect() as connection:
        names = connection.execute(
            text("SELECT tablename FROM pg_tables WHERE schemaname = 'public' ORDER BY 1")
        ).scalars().all()  # fmt: skip
        return "\n".join(
            str(connection.execute(text(f"SELECT string_agg(t::text, ' ') FROM {name} t")).scalar()) for name in names
        )


@pytest.mark.parametrize("status", [400, 401, 422, 500])
@pytest.mark.parametrize("sender", ["sendgrid", "brevo"])
def test_planted_keys_show_up_nowhere(
    status: int, sender: str, town: Town, parrot: str, loud: None, capfd: pytest.CaptureFixture[str]
) -> None:
    order = town.paid_order()
    town.buyer.fill_cart()
    session_id = town.buyer.check_out()
    town.buyer.pay(session_id)
    town.world.hooks.wait_idle(10)
    Parrot.status = status
    before = town.app.config["IMPRINT"]
    town.app.config["IMPRINT"] = replace(
        before,
        **PLANTED,
        printify_base_url=parrot,
        stripe_base_url=parrot,
        email_provider=sender,
        sendgrid_base_url=parrot,
        brevo_base_url=parrot,
    )
    pages = []
    try:
        request_refund(order.id, 100, reason="", who="t")
        with pytest.raises(Exception) as told:
            poll_stripe_events.run()
        pages.append(str(told.value))
        from shop.core.queue import JobName
        from tests.town import job_function

        for name in (JobName.DRAIN_INBOUND, JobName.DRAIN_FULFILMENT, JobName.DRAIN_PAYMENTS, JobName.DRAIN_EMAIL):
            job_function(name)()
        town.buyer.fill_cart()
        pages.append(town.buyer.post("/checkout").text)
        pages.append(town.buyer.come_back(session_id).text)
        pages.append(town.buyer.get("/api/checkout/success?session_id=cs_test_unknown").text)
    finally:
        town.app.config["IMPRINT"] = before
        town.breathe()
    said = capfd.readouterr()
    found = {"logs": said.out + said.err, "database": everything_stored(), "pages": "\n".join(pages)}
    assert '"area"' in found["logs"] and '"job_id"' in found["logs"], "nothing was logged"
    assert "You sent" in found["database"] or status >= 500 or status == 429, "the parrot was not heard"
    for where, content in found.items():
        for name, value in PLANTED.items():
            assert value not in content, f"{name} stands in the {where}"
            assert value[4:24] not in content, f"a part of {name} stands in the {where}"


def test_no_page_of_an_error_shows_its_inside(town: Town, monkeypatch: pytest.MonkeyPatch) -> None:
    from shop.storefront import cart

    monkeypatch.setitem(town.app.config, "PROPAGATE_EXCEPTIONS", False)

    def explode() -> None:
        raise RuntimeError("inside: SELECT token FROM carts; sk_live_planted51HxyzABCDEF")

    monkeypatch.setattr(cart, "visitors_cart", explode)
    client = town.app.test_client()
    page = client.get("/cart")
    assert page.status_code == 500
    assert "inside" not in page.text and "RuntimeError" not in page.text and "sk_live" not in page.text
    assert page.headers["X-Request-Id"] in page.text, "a reference to ask for"


def test_a_log_line_hides_keys_and_stays_one_line(loud: None, capfd: pytest.CaptureFixture[str]) -> None:
    """Whoever writes it, and with a logger that was made before the log was set up."""
    from shop.workflows.complete_checkout import logger

    logger.warning("told\nby them", why="sk_live_abcdef123 \r\n2026 [error] forged", header="Bearer abc.def-ghi")
    try:
        raise ValueError("password=hunter2hunter2 xkeysib-0123456789")
    except ValueError as error:
        logger.error("failed", exc_info=error)
    told = capfd.readouterr().err.strip().splitlines()
    assert len(told) == 2
    for line in told:
        json.loads(line)
        for secret in ("abcdef123", "abc.def", "hunter2", "0123456789"):
            assert secret not in line


def test_the_level_of_the_log_is_obeyed(config: Config, capfd: pytest.CaptureFixture[str]) -> None:
    from shop.workflows.complete_checkout import logger

    log.configure("WARNING", True)
    logger.info("too quiet")
    logger.warning("loud enough")
    log.configure(config.log_level, config.log_json)
    said = capfd.readouterr().err
    assert "loud enough" in said and "too quiet" not in said
