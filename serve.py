"""`python -m serve`: the shop's web server (docs/decisions/granian-is-the-wsgi-server.md).

HOST, PORT, WEB_PROCESSES and WEB_THREADS (of each process) say where and how. The app is loaded once and then forked,
so that the processes share most of its memory; a process that dies is started again; SIGTERM lets requests end.
"""

from __future__ import annotations

import ctypes
import gc
import importlib
import multiprocessing
import os
import sys
from contextlib import suppress

from babel import Locale
from flask import Flask
from granian.constants import HTTPModes, Interfaces
from granian.http import HTTP1Settings
from granian.log import LogLevels
from granian.server import Server

HEADER_SECONDS = 15  # a caller that has not said what it wants by then is hung up on
STOP_SECONDS = 20
_SHOWN = ("storefront/", "layouts/", "macros/", "errors/")  # what every process renders sooner or later


def main(target: str = "wsgi:app", threads: str = "") -> None:
    """Serve `target` ("module:name") until SIGTERM or Ctrl-C; `threads` of each process, if not WEB_THREADS."""
    module, _, name = target.partition(":")
    app = getattr(importlib.import_module(module), name)
    warm(app)
    gc.collect()
    with suppress(OSError, AttributeError):  # glibc alone
        ctypes.CDLL(None).malloc_trim(0)
    gc.freeze()  # what is shared stays shared: the collector of a child does not touch it
    multiprocessing.set_start_method("fork")
    server = Server(
        target,
        address=os.environ.get("HOST", "127.0.0.1"),
        port=int(os.environ.get("PORT", "8000")),
        interface=Interfaces.WSGI,
        workers=int(os.environ.get("WEB_PROCESSES", "2")),
        blocking_threads=int(threads or os.environ.get("WEB_THREADS") or "4"),
        http=HTTPModes.http1,
        http1_settings=HTTP1Settings(header_read_timeout=HEADER_SECONDS * 1000),
        websockets=False,
        log_level=LogLevels.warning,
        respawn_failed_workers=True,
        workers_kill_timeout=STOP_SECONDS,
    )
    server.serve(target_loader=lambda: app, wrap_loader=False)


def warm(app: Flask) -> None:
    """Load what every process would else load for itself after the fork: templates, the words of dates and money."""
    config = app.config.get("IMPRINT")
    if config is None:  # another app, such as the yardstick of the benchmarks
        return
    for name in app.jinja_env.list_templates(filter_func=lambda name: name.startswith(_SHOWN)):
        app.jinja_env.get_template(name)
    locale = Locale.parse(config.store_locale)
    _ = locale.territories, locale.currencies, locale.number_symbols, locale.date_formats


if __name__ == "__main__":
    main(*sys.argv[1:])
