"""Does the list of orders cost more when there are more of them? The same addresses with few and many, in turn."""

from __future__ import annotations

import time
from collections.abc import Iterable

from flask.testing import FlaskClient

from benchmarks.figures import Figure, at_most, done, median, progress
from benchmarks.orders import FEW, many, shop_with_orders
from benchmarks.stage import Shop, Stage
from shop.accounts.staff import add_staff
from shop.core.transaction import transaction

MARK = 3.0
PATHS = {
    "list of orders": "/admin/orders",
    "list, a later page": "/admin/orders?page=15",
    "list by total": "/admin/orders?sort=total",
    "list by customer": "/admin/orders?sort=customer",
    "list of one country and tag": "/admin/orders?country=DE&tag=Gift",
    "search for a name": "/admin/orders?q=dora+buyer+17",
    "archived orders": "/admin/orders?tab=archived",
}


def measure(stage: Stage) -> Iterable[Figure]:
    """Whole pages, through the application, by somebody signed in; the median of each."""
    few, lots = (shop_with_orders(stage, count) for count in (FEW, many(stage)))
    clients = signed_in(few), signed_in(lots)
    rounds = 7 if stage.quick else 25
    for what, path in PATHS.items():
        took: tuple[list[float], list[float]] = ([], [])
        for number in range(rounds + 2):
            progress(f"{what}: {number} of {rounds}")
            for client, times in zip(clients, took, strict=True):
                began = time.perf_counter()
                assert client.get(path).status_code == 200, path
                if number > 1:
                    times.append(time.perf_counter() - began)
        done()
        small, big = (median(times) * 1000 for times in took)
        story = f"{small:.1f} ms → {big:.1f} ms at {FEW:,} → {many(stage):,} orders"
        yield at_most(f"cost of the {what}", big / small, MARK, " ×", story, 2)


def signed_in(shop: Shop) -> FlaskClient:
    """The owner's browser."""
    with shop.app.app_context(), transaction() as session:
        add_staff(session, "bench@example.com", "seven green bottles", name="Bench", role="owner")
        session.flush()
    client = shop.app.test_client()
    page = client.get("/admin/sign-in").text
    token = page.split('name="csrf_token" value="')[1].split('"')[0]
    form = {"csrf_token": token, "email": "bench@example.com", "password": "seven green bottles"}
    answer = client.post("/admin/sign-in", data=form)
    assert answer.status_code == 303, answer.text[:300]
    return client
