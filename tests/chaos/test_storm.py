"""Everything at once (T1 and T2 in small; at full size with IMPRINT_LONG=1): repeated, shuffled and forged events, a
provider that takes orders and drops its answers, processes killed every two seconds, Redis emptied in between.

Counted at the end: one order, one print order and one confirmation for each payment; nothing forged is stored.
"""

from __future__ import annotations

import os
import random
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest
import redis
from sqlalchemy import func, select

from config import Config
from shop.email.models import Letter
from shop.extensions import db, limiter
from shop.fulfilment.models import FulfilmentOrder
from shop.inbound.models import InboundEvent
from shop.orders.models import Order
from shop.payments.models import Payment
from tests.chaos.fleet import Fleet, Postman, buy_many, open_rows, storm_of, time_passes
from tests.chaos.processes import wait_for
from tests.town import Town

SEED = 20261121
VICTIMS = ("inbound", "fulfilment", "fulfilment 2", "email", "ticker")


@pytest.fixture
def fleet(config: Config, tmp_path: Path) -> Iterator[Fleet]:
    made = Fleet(config, tmp_path)
    yield made
    made.stop()


def bad_weather(town: Town) -> None:
    town.control("POST", "hooks", service="stripe", mode="lose", seconds=0)
    town.control("POST", "hooks", service="printify", mode="lose", seconds=0)
    town.fault("printify", "drop_after", match=r"POST .*/orders\.json", times=None, probability=0.2)
    town.fault("printify", "error_500_after", match=r"POST .*/orders\.json", times=None, probability=0.05)
    town.fault("printify", "drop_after", match=r"POST .*send_to_production", times=None, probability=0.1)


def rage(fleet: Fleet, town: Town, over: threading.Event, every: float) -> None:
    chance = random.Random(SEED)
    number = 0
    while not over.wait(every):
        number += 1
        fleet.kill(chance.choice(VICTIMS))
        if number % 4 == 0:
            fleet.kill_a_web_worker()
        if number % 5 == 0:
            town.breathe()  # Redis forgets everything


def weather_the_storm(town: Town, fleet: Fleet, *, count: int, times: int, kill_every: float, patience: float) -> None:
    fleet.start("inbound", "fulfilment", "fulfilment 2", "email")
    bad_weather(town)
    limiter.enabled = False
    try:
        buy_many(town, town.url, count)
    finally:
        limiter.enabled = True
    postman = Postman(town, fleet.url)
    bodies = postman.letters()
    assert len(bodies) >= count
    storm = storm_of(bodies, times, SEED)
    forged = storm[: max(3, len(storm) // 20)]
    over = threading.Event()
    killer = threading.Thread(target=rage, args=(fleet, town, over, kill_every))
    killer.start()
    try:
        middle = len(storm) // 2
        postman.deliver(storm[:middle])
        postman.forge(forged)
        postman.deliver(storm[middle:])
        wait_for(lambda: fleet.kills >= 5, 60, "nothing was killed")
    finally:
        over.set()
        killer.join()
    delivered = time.monotonic()
    assert postman.refused > 0
    town.no_faults()
    town.breathe()

    def calm() -> bool:
        time_passes()
        return not open_rows()

    wait_for(calm, patience, f"work does not come to an end: {open_rows()}")
    print(
        f"{count} payments, {len(storm)} deliveries, {fleet.kills} kills, calm after {time.monotonic() - delivered:.0f} s"
    )
    check(town, count, len(bodies))


def check(town: Town, count: int, events: int) -> None:
    db.session.remove()
    assert db.session.query(Order).count() == db.session.query(Payment).count() == count
    assert db.session.query(FulfilmentOrder).count() == count
    works = db.session.execute(
        select(FulfilmentOrder.step, FulfilmentOrder.work_state, func.count()).group_by(
            FulfilmentOrder.step, FulfilmentOrder.work_state
        )
    )
    assert {tuple(row) for row in works} == {("watch", "done", count)}
    stored = db.session.execute(select(InboundEvent.external_id)).scalars().all()
    assert len(stored) == len(set(stored)) and not [e for e in stored if e.startswith("evt_f")]
    theirs = Counter(o["metadata"]["shop_order_id"] for o in town.provider_orders())
    assert len(theirs) == count and set(theirs.values()) == {1}
    confirmations = db.session.execute(select(Letter).where(Letter.letter == "order_confirmation")).scalars().all()
    states = Counter(row.work_state for row in confirmations)
    assert set(states) <= {"done", "parked"} and len(confirmations) == count
    assert all(row.calling_since for row in confirmations if row.work_state == "parked")
    arrived = {
        row.to_email: len(town.letters(to=row.to_email))
        for row in confirmations
        if row.work_state == "done" or count < 100
    }
    assert set(arrived.values()) <= {0, 1}, "somebody got a confirmation twice"
    assert sum(arrived.values()) >= states["done"], "a letter that is marked as sent did not arrive"


def test_a_storm_of_events_with_killed_workers_loses_and_doubles_nothing(town: Town, fleet: Fleet) -> None:
    with suppress(redis.RedisError):
        town.breathe()
    weather_the_storm(town, fleet, count=50, times=2, kill_every=2.0, patience=60)


@pytest.mark.long
@pytest.mark.timeout(3600)
@pytest.mark.skipif(not os.environ.get("IMPRINT_LONG"), reason="an hour of storm: IMPRINT_LONG=1")
def test_ten_thousand_deliveries_lose_and_double_nothing(town: Town, fleet: Fleet) -> None:
    weather_the_storm(town, fleet, count=2000, times=4, kill_every=5.0, patience=1800)
