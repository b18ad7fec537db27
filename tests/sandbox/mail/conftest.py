"""One mail sandbox per file, emptied for each test."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from mail_calls import Receiver

from sandbox.server import run_sandbox
from sandbox.settings import SandboxSettings


@pytest.fixture(scope="module")
def running() -> Iterator[tuple[Any, str]]:
    with run_sandbox(SandboxSettings(port=0, smtp_port=0)) as (world, url):
        yield world, url


@pytest.fixture
def mail_sandbox(running: tuple[Any, str]) -> tuple[Any, str]:
    world, url = running
    for kind in list(world.store.kinds()):
        if kind.startswith(("mail", "sendgrid", "brevo")):
            world.store.reset(kind)
    world.limits.clear()
    return world, url


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    one = Receiver()
    yield one
    one.close()
