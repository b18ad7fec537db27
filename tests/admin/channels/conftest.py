from __future__ import annotations

from collections.abc import Iterator

import pytest
from flask import Flask

from tests.channels.market import open_market


@pytest.fixture
def market(app: Flask) -> Iterator[None]:
    with open_market():
        yield
