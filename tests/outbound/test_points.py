"""Cost points: many workers never ask for more than there is, and what the platform tells counts."""

from __future__ import annotations

import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pytest
from flask import Flask

from shop.errors import RateLimited
from shop.outbound import points
from shop.outbound.points import Bucket, Told


class Platform:
    """A bucket like Shopify's: refuses what it has no room for."""

    def __init__(self, size: float, rate: float) -> None:
        self.left, self.size, self.rate, self.at = size, size, rate, time.monotonic()
        self.lock, self.refused, self.taken = threading.Lock(), 0, 0.0

    def ask(self, requested: float, actual: float) -> Told:
        with self.lock:
            now = time.monotonic()
            self.left, self.at = min(self.size, self.left + (now - self.at) * self.rate), now
            if self.left < requested:
                self.refused += 1
            else:
                self.left -= actual
                self.taken += actual
            return Told(self.left, self.size, self.rate)


def test_many_workers_earn_no_refusal_and_waste_little(app: Flask) -> None:
    platform, bucket = Platform(200, 400), Bucket("p1", 200, 400)

    def work(_: int) -> None:
        with app.app_context():
            name = points.reserve(bucket, 50, 20)
            told = platform.ask(50, 20)
            time.sleep(0.005)
            points.settle(bucket, name, told)

    started = time.monotonic()
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(work, range(60)))
    took = time.monotonic() - started
    assert platform.refused == 0
    assert took < (60 * 20 - 200) / 400 * 1.6 + 0.5


def test_the_first_answer_tells_how_large_it_is(app: Flask) -> None:
    bucket = Bucket("p2", 100, 1)
    points.settle(bucket, points.reserve(bucket, 90, 0), Told(1900, 2000, 100))
    points.settle(bucket, points.reserve(bucket, 1500, 0), None)


def test_no_room_in_time_says_when(app: Flask) -> None:
    bucket = Bucket("p3", 100, 10)
    name = points.reserve(bucket, 100, 0)
    points.settle(bucket, name, Told(0, 100, 10))
    with pytest.raises(RateLimited) as told:
        points.reserve(bucket, 50, 0.5)
    assert told.value.retry_at is not None


def test_an_old_answer_does_not_overrule_a_newer_one(app: Flask) -> None:
    bucket = Bucket("p4", 100, 0.001)
    old = points.reserve(bucket, 10, 0)
    time.sleep(0.002)
    new = points.reserve(bucket, 60, 0)
    points.settle(bucket, new, Told(30, 100, 0.001))
    points.settle(bucket, old, Told(90, 100, 0.001))
    with pytest.raises(RateLimited):
        points.reserve(bucket, 40, 0)
    points.settle(bucket, points.reserve(bucket, 25, 0), None)


def test_without_redis_each_process_keeps_half(app: Flask) -> None:
    door = app.extensions.pop("imprint.redis")
    try:
        bucket = Bucket("p5", 100, 1)
        first = points.reserve(bucket, 40, 0)
        with pytest.raises(RateLimited):
            points.reserve(bucket, 40, 0)
        points.settle(bucket, first, Told(100, 100, 1))
        points.settle(bucket, points.reserve(bucket, 40, 0), None)
    finally:
        app.extensions["imprint.redis"] = door
