"""Puts the stand-ins together: one Flask app, one world, one port.

A provider's ``routes`` module offers ``bp`` (a blueprint whose rules hold the whole path, such as
``/printify/v1/shops.json``) and may offer ``attach(world)``, called once when the app is made and again after every
reset (seed data, clock handlers), and ``start(world)``, called when the process serves (other listeners such as SMTP);
``start`` returns what stops it again.
"""

from __future__ import annotations

import importlib
import logging
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from typing import Any

from flask import Flask, request
from werkzeug.exceptions import HTTPException

from sandbox.doorway import SERVICES, Doorway
from sandbox.serving import SandboxServer
from sandbox.settings import SandboxSettings
from sandbox.world import World, current_world

__all__ = ["create_sandbox", "current_world", "reset_world", "run_sandbox"]

_MODULES = (
    "sandbox.printify.routes",
    "sandbox.stripe.routes",
    "sandbox.mail.routes",
    "sandbox.control.routes",
    "sandbox.pictures.routes",
    "sandbox.receiver.routes",
    "sandbox.prestashop.routes",
    "sandbox.channels.routes",
    "sandbox.channels.hands",
    "sandbox.shopify.routes",
    "sandbox.woocommerce.routes",
)
_log = logging.getLogger("sandbox")


def create_sandbox(settings: SandboxSettings) -> Flask:
    """The sandbox as a WSGI app with its own world (``app.extensions["sandbox"]``)."""
    app = Flask(__name__, static_folder="static", static_url_path="/control/static")
    app.json.sort_keys = False  # type: ignore[attr-defined]
    app.config["MAX_CONTENT_LENGTH"] = 32 * 1024 * 1024
    world = World(settings)
    app.extensions["sandbox"] = world
    app.before_request(_remember_route)
    app.register_error_handler(HTTPException, _plain_error)
    for module in _modules():
        app.register_blueprint(module.bp)
    attach_all(world)
    app.wsgi_app = Doorway(app.wsgi_app, world)  # type: ignore[method-assign]
    return app


def attach_all(world: World) -> None:
    """Let every provider seed its data and register its clock handlers."""
    for module in _modules():
        attach = getattr(module, "attach", None)
        if attach is not None:
            attach(world)


def reset_world(world: World) -> None:
    """Back to the first day: everything forgotten, seed data made again."""
    world.hooks.clear()
    world.faults.clear()
    world.limits.clear()
    world.requests.clear()
    world.store.reset()
    world.clock.reload()
    attach_all(world)


@contextmanager
def run_sandbox(settings: SandboxSettings) -> Iterator[tuple[World, str]]:
    """Serve on a socket until the block ends; gives the world and the base URL. Port 0 takes a free one.

    Everything runs in threads, so tests use it in process and still speak real HTTP.
    """
    app = create_sandbox(settings)
    world: World = app.extensions["sandbox"]
    with ExitStack() as stack:
        stack.callback(world.close)
        server = SandboxServer(settings.host, settings.port, app.wsgi_app)
        # Who asked for any free port is told which one it became.
        world.settings = replace(settings, port=int(server.server_address[1]))
        stack.callback(server.stop)
        for module in _modules():
            start: Callable[[World], Callable[[], None] | None] | None = getattr(module, "start", None)
            stop = start(world) if start is not None else None
            if stop is not None:
                stack.callback(stop)
        stack.callback(_keep_ticking(world))
        server.start()
        yield world, server.url


def _keep_ticking(world: World) -> Callable[[], None]:
    """Run due events even when nobody asks anything; returns what stops it."""
    over = threading.Event()

    def run() -> None:
        while not over.wait(0.2):
            try:
                world.tick()
            except Exception:  # noqa: BLE001 - one failed event must not stop the clock
                _log.exception("an event of the sandbox's clock failed")

    thread = threading.Thread(target=run, name="sandbox-clock", daemon=True)
    thread.start()

    def stop() -> None:
        over.set()
        thread.join(timeout=5)

    return stop


def _modules() -> list[Any]:
    # Imported when needed: the modules import this one.
    return [importlib.import_module(name) for name in _MODULES]


def _remember_route() -> None:
    if request.url_rule is not None:
        request.environ["sandbox.route"] = request.url_rule.rule


def _plain_error(error: HTTPException) -> Any:
    """Unknown routes of a provider answer JSON; a blueprint may still say it in the provider's own words."""
    if request.path.split("/", 2)[1] in SERVICES - {"pay", "pictures"}:
        return {"error": error.name}, error.code or 500
    return error
