"""`python -m tests.chaos.nursery`: a process that has the whole shop in memory and forks workers from it.

Each line on its standard input names a job and a point: a child runs the job, stands still at that point, says
"reached <pid>", and waits to be killed. SIGUSR1 lets it go on instead: then it says "ended <pid>".
"""

from __future__ import annotations

import os
import signal
import sys
import threading
import time
from collections.abc import Callable
from typing import Any

import jobs.inbound
import jobs.sweep
from jobs import base
from shop.core.queue import JobName
from shop.email import sending
from shop.email.senders.smtp import SmtpSender
from shop.extensions import db
from shop.fulfilment.printify.client import PrintifyClient
from shop.payments.stripe_gateway import StripeGateway
from shop.workflows import complete_checkout, refund_order, submit_fulfilment
from shop.workflows.reactions import Reaction
from tests.town import job_function

_go_on = threading.Event()
_once = threading.Lock()


def say(word: str) -> None:
    os.write(1, f"{word} {os.getpid()}\n".encode())


def stand_still() -> None:
    """At the first arrival only: a child that was told to go on goes on to the end."""
    if not _once.acquire(blocking=False):
        return
    say("reached")
    while not _go_on.is_set():
        time.sleep(0.05)


def before(owner: Any, name: str) -> None:
    real: Callable[..., Any] = getattr(owner, name)

    def stop(*args: Any, **kwargs: Any) -> Any:
        stand_still()
        return real(*args, **kwargs)

    setattr(owner, name, stop)


def after(owner: Any, name: str, *, flush: bool = False) -> None:
    real: Callable[..., Any] = getattr(owner, name)

    def stop(*args: Any, **kwargs: Any) -> Any:
        result = real(*args, **kwargs)
        if flush:
            db.session.flush()
        stand_still()
        return result

    setattr(owner, name, stop)


#: (job, point) → how to stop there. "writing" is inside the transaction, with everything written and nothing committed
POINTS: dict[tuple[str, str], Callable[[], None]] = {
    ("inbound", "claimed"): lambda: before(jobs.inbound, "react"),
    ("inbound", "asked"): lambda: before(complete_checkout, "_settle"),
    ("inbound", "writing"): lambda: after(complete_checkout, "place_paid", flush=True),
    ("inbound", "written"): lambda: after(Reaction, "run"),
    ("fulfilment", "claimed"): lambda: before(base, "handle_one"),
    ("fulfilment", "submitting"): lambda: before(PrintifyClient, "submit_order"),
    ("fulfilment", "submitted"): lambda: after(PrintifyClient, "submit_order"),
    ("fulfilment", "writing"): lambda: after(submit_fulfilment, "_write_submitted", flush=True),
    ("fulfilment", "producing"): lambda: before(PrintifyClient, "send_to_production"),
    ("fulfilment", "produced"): lambda: after(PrintifyClient, "send_to_production"),
    ("fulfilment", "writing it"): lambda: after(submit_fulfilment, "_write_produced", flush=True),
    ("email", "claimed"): lambda: before(base, "handle_one"),
    ("email", "sending"): lambda: before(SmtpSender, "send"),
    ("email", "sent"): lambda: after(SmtpSender, "send"),
    ("email", "writing"): lambda: after(sending.durable, "finish", flush=True),
    ("payments", "claimed"): lambda: before(base, "handle_one"),
    ("payments", "asking"): lambda: before(StripeGateway, "refund"),
    ("payments", "answered"): lambda: after(StripeGateway, "refund"),
    ("payments", "writing"): lambda: after(refund_order, "_write_down", flush=True),
}
JOBS = {
    "inbound": JobName.DRAIN_INBOUND,
    "fulfilment": JobName.DRAIN_FULFILMENT,
    "email": JobName.DRAIN_EMAIL,
    "payments": JobName.DRAIN_PAYMENTS,
}


def child(job: str, point: str) -> None:
    signal.signal(signal.SIGUSR1, lambda *_: _go_on.set())
    POINTS[job, point]()
    try:
        job_function(JOBS[job])()
    finally:
        say("ended")
        os._exit(0)


def main() -> None:
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    base.worker_app()
    say("ready")
    for line in sys.stdin:
        job, _, point = line.strip().partition(":")
        if os.fork() == 0:
            child(job, point)


if __name__ == "__main__":
    main()
