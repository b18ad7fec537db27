"""A small town where the shop trades: what journeys use to buy, pay, ship and read letters, over real HTTP."""

from __future__ import annotations

import importlib
import re
from collections.abc import Callable
from typing import Any
from urllib.parse import urlsplit

import requests
import stripe
from flask import Flask
from sqlalchemy import select, text

from jobs.sweep import WORK
from sandbox.printify.orders import ORDER
from sandbox.world import World
from shop.catalog.models import Product, Variant
from shop.core.durable import has_due
from shop.core.queue import JobName
from shop.core.transaction import transaction
from shop.extensions import db
from shop.fulfilment.models import FulfilmentOrder
from shop.orders.models import Order
from shop.tenancy import profile
from shop.workflows.refresh_catalog import request_refresh, run_refresh

CATALOGUE = (
    "printify_cache", "products", "variants", "images", "collection_products", "shipping_rates", "catalog_runs",
)  # fmt: skip


class Town:
    def __init__(self, app: Flask, world: World, sandbox_url: str, shop_url: str) -> None:
        self.app, self.world, self.sandbox_url, self.url = app, world, sandbox_url, shop_url
        self.buyer = Buyer(self)

    # -- the world

    def with_catalogue(self) -> Town:
        """Printify's catalogue, read once over HTTP and kept for the next test (without pictures)."""
        with db.engine.begin() as connection:
            kept = connection.execute(text("SELECT to_regclass('kept.products')")).scalar()
            if kept:
                for table in CATALOGUE:
                    connection.execute(text(f"INSERT INTO {table} OVERRIDING SYSTEM VALUE SELECT * FROM kept.{table}"))
                    connection.execute(
                        text(
                            f"SELECT setval(pg_get_serial_sequence('{table}', 'id'), "
                            f"coalesce((SELECT max(id) FROM {table}), 1))"
                        )
                    )
                connection.execute(text("UPDATE store_state SET catalog_version = catalog_version + 1"))
        if not kept:
            self.sync()
            with db.engine.begin() as connection:
                connection.execute(text("UPDATE images SET work_state = 'done'"))
                connection.execute(text("CREATE SCHEMA kept"))
                for table in CATALOGUE:
                    connection.execute(text(f"CREATE TABLE kept.{table} AS TABLE {table}"))
        profile.forget()
        return self

    def sync(self) -> Any:
        with transaction() as session:
            run_id = request_refresh(session, cause="command")
        result = run_refresh(run_id)
        db.session.expire_all()
        profile.forget()
        return result

    def work(self, *only: JobName, rounds: int = 30) -> None:
        """Let the jobs run until nothing is due and no webhook is under way."""
        for _ in range(rounds):
            self.world.hooks.wait_idle(10)
            db.session.remove()
            due = [n for n, model in WORK.items() if (not only or n in only) and has_due(db.session(), model)]
            db.session.remove()
            if not due:
                return
            for name in due:
                job_function(name)()
        raise AssertionError(f"work does not come to an end: {due}")

    def control(self, method: str, path: str, **body: Any) -> Any:
        """Ask the sandbox's control API; the answer as JSON."""
        answer = requests.request(method, f"{self.sandbox_url}/control/api/{path}", json=body or None, timeout=20)
        assert answer.ok, f"{method} {path}: {answer.status_code} {answer.text[:300]}"
        return answer.json() if answer.content else None

    def fault(self, service: str, kind: str, match: str = ".*", times: int | None = 1, **more: Any) -> None:
        self.control("POST", "faults", service=service, kind=kind, match=match, times=times, **more)

    def breathe(self) -> None:
        """The circuit breaker counts real seconds: let it forget."""
        self.app.extensions["imprint.redis"].client.flushdb()

    def no_faults(self) -> None:
        self.control("DELETE", "faults")

    # -- what is there

    def letters(self, to: str = "", subject: str = "") -> list[dict[str, Any]]:
        """What arrived in the mailbox, oldest first."""
        answer = requests.get(
            f"{self.sandbox_url}/control/api/mail/messages",
            params={"to": to, "subject": subject, "limit": 500},
            timeout=10,
        )
        found: list[dict[str, Any]] = answer.json()["messages"]
        return sorted(found, key=lambda m: m["at"])

    def orders(self) -> list[Order]:
        db.session.remove()
        return list(db.session.execute(select(Order).order_by(Order.id)).scalars())

    def order(self) -> Order:
        """The one order there is."""
        (found,) = self.orders()
        return found

    def fulfilment(self) -> FulfilmentOrder:
        db.session.remove()
        return db.session.execute(select(FulfilmentOrder)).scalar_one()

    def provider_orders(self) -> list[dict[str, Any]]:
        """Printify's orders, as Printify has them."""
        return self.world.store.all(ORDER)

    def a_shirt(self) -> Variant:
        """A variant that is for sale."""
        return db.session.execute(
            select(Variant)
            .join(Product, Product.id == Variant.product_id)
            .where(Variant.is_available, Product.status == "active", Product.title.ilike("%tee%"))
            .order_by(Variant.id)
            .limit(1)
        ).scalar_one()

    # -- short stories

    def paid_order(self, quantity: int = 1) -> Order:
        """Somebody bought a shirt, and every job has run."""
        self.buyer.fill_cart(quantity)
        self.buyer.pay(self.buyer.check_out())
        self.work()
        return self.orders()[-1]

    def ship(self, **more: Any) -> None:
        """Printify hands the (last) order to the carrier."""
        external_id = self.orders_at_printify()[-1]
        self.control("POST", f"printify/orders/{external_id}/ship", **more)

    def deliver(self, number: str = "") -> None:
        external_id = self.orders_at_printify()[-1]
        self.control("POST", f"printify/orders/{external_id}/deliver", **({"number": number} if number else {"x": 1}))

    @property
    def stripe(self) -> stripe.StripeClient:
        """The account as Stripe's own dashboard would see it."""
        return stripe.StripeClient("sk_test_sandbox", base_addresses={"api": f"{self.sandbox_url}/stripe"})

    def orders_at_printify(self) -> list[str]:
        return [str(order["id"]) for order in self.provider_orders()]


class Buyer:
    """A browser without JavaScript: a cookie jar that follows forms."""

    def __init__(self, town: Town) -> None:
        self.town = town
        self.http = requests.Session()

    def get(self, path: str, **kw: Any) -> requests.Response:
        return self.http.get(self.town.url + path, timeout=20, **kw)

    def post(self, path: str, data: dict[str, Any] | None = None, **kw: Any) -> requests.Response:
        headers = {"Origin": self.town.url, "Sec-Fetch-Site": "same-origin", **kw.pop("headers", {})}
        return self.http.post(self.town.url + path, data=data, headers=headers, timeout=30, **kw)

    def fill_cart(self, quantity: int = 1, variant: Variant | None = None) -> None:
        variant = variant or self.town.a_shirt()
        answer = self.post("/cart/lines", {"variant": variant.id, "quantity": quantity})
        assert answer.status_code == 200, answer.text[:500]

    def check_out(self) -> str:
        """Press "Check out"; returns the payment session's id."""
        answer = self.post("/checkout", allow_redirects=False)
        assert answer.status_code == 303, answer.text[:500]
        where = answer.headers["Location"]
        found = re.search(r"cs_[A-Za-z0-9_]+", where)
        assert found, f"sent to {where} instead of a payment page"
        return found.group()

    def pay(self, session_id: str, **how: Any) -> Any:
        """Pay on the payment page (without coming back): card, email, bank …"""
        how.setdefault("email", "ada@example.com")
        return self.town.control("POST", f"stripe/sessions/{session_id}/pay", **how)

    def come_back(self, session_id: str) -> requests.Response:
        return self.get(f"/checkout/return?session_id={session_id}")


def job_function(name: JobName) -> Callable[[], None]:
    module, _, function = name.value.rpartition(".")
    found: Callable[[], None] = getattr(importlib.import_module(module), function)
    return found


def path_of(url: str) -> str:
    parts = urlsplit(url)
    return parts.path + (f"?{parts.query}" if parts.query else "")
