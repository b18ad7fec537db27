"""``python -m sandbox``: serve every stand-in until Ctrl-C or SIGTERM."""

from __future__ import annotations

import logging
import signal
import sys
import threading

from sandbox.server import run_sandbox
from sandbox.settings import SandboxSettings


def main() -> int:
    """Exit code 0 after a clean stop, 2 for a bad setting or a busy port."""
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s %(message)s")
    try:
        settings = SandboxSettings.from_env()
    except ValueError as error:
        print(f"sandbox: {error}", file=sys.stderr)
        return 2
    over = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: over.set())
    try:
        with run_sandbox(settings) as (_, url):
            print(f"sandbox: {url} (control page {url}/control)", flush=True)
            over.wait()
    except OSError as error:
        print(f"sandbox: cannot listen on port {settings.port}: {error}. Is it running already?", file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
