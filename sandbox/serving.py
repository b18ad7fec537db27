"""The sandbox's own small HTTP/1.1 server: threads, keep-alive, and connections that can be dropped on purpose."""

from __future__ import annotations

import io
import logging
import socket
import threading
from collections.abc import Callable, Iterable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any, Self
from urllib.parse import unquote_to_bytes, urlsplit

_log = logging.getLogger("sandbox")
_MOST_BYTES = 32 * 1024 * 1024

WsgiApp = Callable[..., Iterable[bytes]]


class DropConnection(Exception):
    """Raised through WSGI to close the connection without an answer."""


class _Handler(BaseHTTPRequestHandler):
    """One connection; as many requests on it as the caller likes."""

    protocol_version = "HTTP/1.1"
    server_version = "sandbox"
    sys_version = ""
    disable_nagle_algorithm = True
    timeout = 75
    server: SandboxServer

    def answer(self) -> None:
        body = self._read_body()
        if body is None:
            return
        status, headers, chunks = "500 Internal Server Error", [], [b""]

        def start_response(line: str, pairs: list[tuple[str, str]], error: Any = None) -> Callable[[bytes], None]:
            nonlocal status, headers
            status, headers = line, pairs
            return lambda data: None

        try:
            result = self.server.wsgi_app(self._environ(body), start_response)
            try:
                chunks = list(result)
            finally:
                close = getattr(result, "close", None)
                if close is not None:
                    close()
        except DropConnection:
            self._hang_up()
            return
        except Exception:  # noqa: BLE001 - the outermost frame: log it, answer 500
            _log.exception("sandbox failed on %s %s", self.command, self.path)
            headers, chunks = [("Content-Type", "text/plain")], [b"sandbox error: see its log\n"]
        self._write(status, headers, b"".join(chunks))

    do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = do_HEAD = do_OPTIONS = answer

    def _write(self, status: str, headers: list[tuple[str, str]], payload: bytes) -> None:
        code, _, reason = status.partition(" ")
        self.send_response(int(code), reason)
        for name, value in headers:
            if name.lower() not in ("content-length", "server", "date"):
                self.send_header(name, value)
        if int(code) not in (204, 304):
            self.send_header("Content-Length", str(len(payload)))
        # One write for head and body: two would wait for each other's acknowledgement.
        self.end_headers_with(b"" if self.command == "HEAD" or int(code) in (204, 304) else payload)

    def end_headers_with(self, payload: bytes) -> None:
        buffered: list[bytes] = getattr(self, "_headers_buffer", [])
        self._headers_buffer: list[bytes] = []
        try:
            self.wfile.write(b"".join([*buffered, b"\r\n", payload]))
        except OSError:
            self.close_connection = True

    def _hang_up(self) -> None:
        self.close_connection = True
        try:
            self.connection.shutdown(socket.SHUT_RDWR)
        except OSError:
            _log.debug("the caller was gone already")

    def _read_body(self) -> bytes | None:
        if self.headers.get("Expect", "").lower() == "100-continue":
            self.send_response_only(100)
            self.end_headers()
        if "chunked" in self.headers.get("Transfer-Encoding", "").lower():
            return self._read_chunks()
        text = self.headers.get("Content-Length") or "0"
        if not text.isdigit() or int(text) > _MOST_BYTES:
            self._refuse()
            return None
        return self.rfile.read(int(text))

    def _read_chunks(self) -> bytes | None:
        parts: list[bytes] = []
        total = 0
        while True:
            line = self.rfile.readline(64).split(b";")[0].strip()
            try:
                size = int(line, 16)
            except ValueError:
                self._refuse()
                return None
            total += size
            if total > _MOST_BYTES:
                self._refuse()
                return None
            if size == 0:
                while self.rfile.readline(1024).strip():
                    continue
                return b"".join(parts)
            parts.append(self.rfile.read(size))
            self.rfile.readline(2)

    def _refuse(self) -> None:
        self.close_connection = True
        self._write("413 Content Too Large", [("Content-Type", "text/plain"), ("Connection", "close")], b"too large\n")

    def _environ(self, body: bytes) -> dict[str, Any]:
        url = urlsplit(self.path)
        host, port = self.server.server_address[:2]
        environ: dict[str, Any] = {
            "REQUEST_METHOD": self.command,
            "SCRIPT_NAME": "",
            "PATH_INFO": unquote_to_bytes(url.path).decode("latin-1"),
            "QUERY_STRING": url.query,
            "SERVER_NAME": str(host),
            "SERVER_PORT": str(port),
            "SERVER_PROTOCOL": "HTTP/1.1",
            "REMOTE_ADDR": self.client_address[0],
            "CONTENT_LENGTH": str(len(body)),
            "CONTENT_TYPE": self.headers.get("Content-Type", ""),
            "wsgi.version": (1, 0),
            "wsgi.url_scheme": "http",
            "wsgi.input": io.BytesIO(body),
            "wsgi.errors": io.StringIO(),
            "wsgi.multithread": True,
            "wsgi.multiprocess": False,
            "wsgi.run_once": False,
        }
        for name, value in self.headers.items():
            key = "HTTP_" + name.upper().replace("-", "_")
            if key not in ("HTTP_CONTENT_LENGTH", "HTTP_CONTENT_TYPE", "HTTP_TRANSFER_ENCODING"):
                environ[key] = f"{environ[key]},{value}" if key in environ else value
        return environ

    def log_message(self, format: str, *args: Any) -> None:
        _log.debug("%s %s", self.client_address[0], format % args)


class SandboxServer(ThreadingHTTPServer):
    """A WSGI app on a socket of its own, one thread per connection. Port 0 takes any free port."""

    daemon_threads = True
    allow_reuse_address = True
    request_queue_size = 128

    def __init__(self, host: str, port: int, wsgi_app: WsgiApp) -> None:
        self.wsgi_app = wsgi_app
        super().__init__((host, port), _Handler)
        self._thread: threading.Thread | None = None

    @property
    def url(self) -> str:
        host, port = self.server_address[:2]
        return f"http://{host!s}:{port}"

    def start(self) -> Self:
        """Serve in a thread."""
        self._thread = threading.Thread(target=self.serve_forever, args=(0.05,), name="sandbox-http", daemon=True)
        self._thread.start()
        return self

    def stop(self) -> None:
        if self._thread is not None:
            self.shutdown()
            self._thread.join(timeout=5)
            self._thread = None
        self.server_close()

    def handle_error(self, request: Any, client_address: Any) -> None:
        _log.debug("connection of %s broke off", client_address, exc_info=True)

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()
