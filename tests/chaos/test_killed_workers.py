"""A worker is killed with SIGKILL at each step of each job; another one comes after it (T4).

Whatever the step: one order, one print order, sent to production once, refunded once, and no letter twice. Where a
letter's fate cannot be known it stands parked for a person to see.
"""

from __future__ import annotations

import os
import queue
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from datetime import timedelta

import pytest
from sqlalchemy import select

from config import ROOT, Config
from shop.core import clock
from shop.core.queue import JobName
from shop.email.models import Letter
from shop.extensions import db
from shop.inbound.models import InboundEvent
from shop.payments.models import Payment, Refund
from shop.workflows.list_failures import try_again
from shop.workflows.refund_order import request_refund
from tests.chaos.nursery import POINTS
from tests.chaos.processes import settings_as_env
from tests.town import Town

PAST_THE_LEASE = timedelta(minutes=2)
FATES = ("killed", "late")  # late: taken for dead, it wakes up when another one has done its work


class Nursery:
    """Workers that stand still where they are told to."""

    def __init__(self, config: Config) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-m", "tests.chaos.nursery"],
            env=settings_as_env(config),
            cwd=ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        )
        self._said: queue.Queue[tuple[str, int]] = queue.Queue()
        threading.Thread(target=self._listen, daemon=True).start()
        self.expect("ready")

    def _listen(self) -> None:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            word, _, pid = line.strip().partition(" ")
            if word in ("ready", "reached", "ended") and pid.isdigit():
                self._said.put((word, int(pid)))

    def expect(self, word: str) -> int:
        said, pid = self._said.get(timeout=60)
        assert said == word, f"the worker {said} instead of {word}"
        return pid

    def stop_at(self, job: str, point: str) -> int:
        """A worker that does this job and stands still at this point; its process id."""
        assert self.process.stdin is not None
        self.process.stdin.write(f"{job}:{point}\n")
        self.process.stdin.flush()
        return self.expect("reached")

    def wake(self, pid: int) -> None:
        os.kill(pid, signal.SIGUSR1)
        assert self.expect("ended") == pid

    def close(self) -> None:
        self.process.kill()
        self.process.wait(10)


@pytest.fixture(scope="module")
def nursery(config: Config) -> Iterator[Nursery]:
    made = Nursery(config)
    yield made
    made.close()


def cases(job: str, *never_late: str) -> list[tuple[str, str]]:
    """Every point of the job, each killed; and late, but where the locks it holds keep everybody waiting."""
    points = [point for name, point in POINTS if name == job]
    return [(p, f) for p in points for f in FATES if f == "killed" or p not in ("writing", "writing it", *never_late)]


def meet(fate: str, pid: int, nursery: Nursery, town: Town) -> None:
    """What becomes of the worker that stands still, and of its work."""
    db.session.remove()
    if fate == "killed":
        os.kill(pid, signal.SIGKILL)
    clock.advance(PAST_THE_LEASE)
    town.work()
    if fate == "late":
        nursery.wake(pid)
        town.work()
    for _ in range(3):
        clock.advance(timedelta(minutes=12))
        town.work()


def asked(town: Town, what: str) -> list[int]:
    """How the provider answered, each time it was asked for this."""
    return [int(r["status"]) for r in town.world.requests.last(1000) if what in f"{r['method']} {r['path']}"]


def is_whole(town: Town, fate: str) -> None:
    order = town.order()
    assert (order.payment_status, order.fulfilment_status) == ("paid", "in_production")
    assert db.session.query(Payment).count() == 1
    (theirs,) = town.provider_orders()
    assert theirs["metadata"]["shop_order_id"] == order.number
    answers = asked(town, "send_to_production")
    assert answers.count(200) == 1
    assert fate == "late" or answers == [200], "sent to production blindly"
    assert (town.fulfilment().step, town.fulfilment().work_state) == ("watch", "done")
    assert len(town.letters(to="ada@example.com")) == 1
    assert db.session.query(InboundEvent).filter(InboundEvent.work_state != "done").count() == 0


def paid(town: Town) -> None:
    town.buyer.fill_cart()
    town.buyer.pay(town.buyer.check_out())
    town.world.hooks.wait_idle(10)


@pytest.mark.parametrize(("point", "fate"), cases("inbound"))
def test_a_payment_becomes_one_order(point: str, fate: str, town: Town, nursery: Nursery) -> None:
    paid(town)
    meet(fate, nursery.stop_at("inbound", point), nursery, town)
    is_whole(town, fate)


@pytest.mark.parametrize(("point", "fate"), cases("fulfilment"))
def test_an_order_is_printed_once(point: str, fate: str, town: Town, nursery: Nursery) -> None:
    paid(town)
    town.work(JobName.DRAIN_INBOUND)
    meet(fate, nursery.stop_at("fulfilment", point), nursery, town)
    is_whole(town, fate)


@pytest.mark.parametrize(("point", "fate"), cases("email"))
def test_a_letter_is_never_sent_twice(point: str, fate: str, town: Town, nursery: Nursery) -> None:
    paid(town)
    town.work(JobName.DRAIN_INBOUND)
    town.work(JobName.DRAIN_FULFILMENT, JobName.DRAIN_INBOUND)
    meet(fate, nursery.stop_at("email", point), nursery, town)
    rows = db.session.execute(select(Letter).order_by(Letter.id)).scalars().all()
    arrived = town.letters()
    subjects = [(tuple(m["to"]), m["subject"]) for m in arrived]
    assert len(subjects) == len(set(subjects)), "somebody got a letter twice"
    assert len(rows) == 2
    if point == "claimed":
        assert [r.work_state for r in rows] == ["done", "done"] and len(arrived) == 2
        return
    unsure = [r for r in rows if r.work_state == "parked"]
    assert len(unsure) == 1 and unsure[0].calling_since is not None
    assert "may have been sent" in (unsure[0].error_text or "")
    was_sent = point != "sending" or fate == "late"
    assert len(arrived) == 2 if was_sent else 1
    if not was_sent:  # a person looks, and decides
        assert try_again("letters", unsure[0].id, who="t")
        town.work()
        assert len(town.letters()) == 2


@pytest.mark.parametrize(("point", "fate"), cases("payments"))
def test_money_is_given_back_once(point: str, fate: str, town: Town, nursery: Nursery) -> None:
    order = town.paid_order()
    request_refund(order.id, 500, reason="scratched", who="t")
    meet(fate, nursery.stop_at("payments", point), nursery, town)
    at_stripe = town.stripe.v1.refunds.list({"limit": 100}).data
    assert [r.amount for r in at_stripe] == [500]
    rows = db.session.execute(select(Refund)).scalars().all()
    assert [(r.status, r.work_state, r.external_id) for r in rows] == [("succeeded", "done", at_stripe[0].id)]
    assert town.order().payment_status == "partly_refunded"
    told = [m for m in town.letters(to=order.email) if "5.00" in m["text"]]
    assert len(told) == 1
