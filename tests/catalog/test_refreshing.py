"""Whole refreshes over real HTTP against the sandbox's Printify."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from flask import Flask, current_app
from sqlalchemy import func, select, text, update

from jobs.catalog import refresh
from sandbox.printify.products import PRODUCT
from sandbox.world import World
from shop.catalog.models import CatalogRun, Product, ShippingRate, Variant
from shop.core import clock, durable
from shop.core.transaction import transaction
from shop.email.models import Letter
from shop.errors import NotFound, Unavailable
from shop.extensions import db
from shop.inbound.storing import store_at_once
from shop.outbound import breaker
from shop.outbound.models import OutboundCall
from shop.workflows.refresh_catalog import (
    approve_run,
    forget_product,
    refresh_product,
    reject_run,
    request_refresh,
    request_when_old,
    run,
    run_refresh,
)
from tests.town import Town


@pytest.fixture(autouse=True)
def _closed_breaker(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    breaker._local.clear()
    monkeypatch.setattr("shop.outbound.http.time.sleep", lambda seconds: None)
    yield
    breaker._local.clear()


@pytest.fixture
def shop(town: Town) -> World:
    """The shop has read the sandbox's catalogue once."""
    return town.world


def sync() -> CatalogRun:
    with transaction() as session:
        run_id = request_refresh(session, cause="command")
    run_refresh(run_id)
    db.session.remove()
    return db.session.get_one(CatalogRun, run_id)


def ids(world: World) -> list[str]:
    return [str(product["id"]) for product in world.store.all(PRODUCT)]


def change(world: World, external_id: str, **values: Any) -> None:
    product = world.store.get(PRODUCT, external_id)
    assert product
    world.store.put(PRODUCT, external_id, {**product, **values})


def row(external_id: str) -> Product:
    db.session.remove()
    return db.session.execute(select(Product).where(Product.external_id == external_id)).scalar_one()


def active() -> int:
    db.session.remove()
    return db.session.execute(select(func.count()).where(Product.status == "active")).scalar_one()


def test_a_refresh_reads_everything_once_and_again_changes_nothing(app: Flask, sandbox: World) -> None:
    shop = sandbox
    run = sync()
    assert run.outcome == "completed" and run.created_count == len(ids(shop)) == active()
    assert run.pages_done == run.pages_total and run.plan["create"]
    assert db.session.execute(select(func.count()).select_from(ShippingRate)).scalar_one() > 50
    again = sync()
    assert (again.created_count, again.changed_count, again.archived_count) == (0, 0, 0)
    assert again.unchanged_count == len(ids(shop))
    product = shop.store.all(PRODUCT)[0]
    ours = row(product["id"])
    assert product["external"]["id"] == str(ours.id) and product["external"]["handle"].endswith(ours.slug)
    assert shop.requests.violations() == [], "every request and answer fits the published description"


def test_progress_is_told_page_by_page(shop: World) -> None:
    told: list[tuple[int, int]] = []
    with transaction() as session:
        run_id = request_refresh(session, cause="button")
    run_refresh(run_id, progress=lambda done, total: told.append((done, total)))
    assert told and told[-1][0] == told[-1][1]


def test_a_changed_price_and_a_sold_out_variant_arrive_in_one_refresh(shop: World) -> None:
    external_id = ids(shop)[0]
    product = shop.store.get(PRODUCT, external_id)
    assert product
    variants = [{**v, "price": v["price"] + 100, "is_available": n > 0} for n, v in enumerate(product["variants"])]
    enabled = [n for n, v in enumerate(variants) if v["is_enabled"]]
    variants[enabled[0]]["is_available"] = False
    change(shop, external_id, variants=variants)
    assert sync().changed_count == 1
    found = {
        v.external_id: v
        for v in db.session.execute(select(Variant).where(Variant.product_id == row(external_id).id)).scalars()
    }
    assert not found[variants[enabled[0]]["id"]].is_available
    assert found[variants[enabled[1]]["id"]].price_minor == variants[enabled[1]]["price"]


def test_one_deleted_product_is_archived_and_comes_back_when_it_returns(shop: World) -> None:
    external_id = ids(shop)[0]
    kept = shop.store.get(PRODUCT, external_id)
    assert kept
    shop.store.delete(PRODUCT, external_id)
    assert sync().archived_count == 1
    assert row(external_id).status == "archived"
    shop.store.put(PRODUCT, external_id, kept)
    sync()
    assert row(external_id).status == "active"


def test_more_removals_than_the_brake_allows_stop_and_ask(shop: World) -> None:
    before = active()
    for external_id in ids(shop)[:5]:
        shop.store.delete(PRODUCT, external_id)
    run = sync()
    assert run.outcome == "needs_approval" and active() == before and len(run.plan["archive"]) == 5
    assert "archive them?" in run.plan["note"]
    assert approve_run(run.id) == 5
    assert active() == before - 5
    with pytest.raises(NotFound):
        approve_run(run.id)


def test_a_rejected_removal_keeps_the_products(shop: World) -> None:
    before = active()
    for external_id in ids(shop)[:5]:
        shop.store.delete(PRODUCT, external_id)
    reject_run(sync().id)
    assert active() == before


def test_empty_and_truncated_answers_archive_nothing(shop: World) -> None:
    before = active()
    for kind in ("empty_list", "truncated"):
        shop.faults.add({"service": "printify", "kind": kind, "match": "products.json", "times": 1})
        run = sync()
        assert run.outcome == "completed" and run.archived_count == 0, kind
        assert "Nothing is archived" in run.plan["note"]
        assert active() == before


def test_a_product_made_again_keeps_its_page(shop: World) -> None:
    external_id = ids(shop)[0]
    product = shop.store.get(PRODUCT, external_id)
    ours = row(external_id)
    assert product
    shop.store.delete(PRODUCT, external_id)
    new = {**product, "id": "f" * 24, "variants": [{**v, "sku": v["sku"] + "9"} for v in product["variants"]]}
    shop.store.put(PRODUCT, new["id"], new)
    run = sync()
    assert (run.created_count, run.archived_count) == (0, 0)
    again = row("f" * 24)
    assert (again.id, again.slug, again.status) == (ours.id, ours.slug, "active")
    assert run.plan["change"][0]["reason"] == "made again at Printify under a new id"


def test_printify_down_leaves_the_shop_as_it_is_and_the_run_due(shop: World) -> None:
    before = active()
    shop.faults.add({"service": "printify", "kind": "error_500", "times": None})
    with transaction() as session:
        run_id = request_refresh(session, cause="ttl")
    for number in range(3):
        with transaction() as session:
            session.execute(update(CatalogRun).values(due_at=clock.now()))
        refresh()
        assert active() == before
        assert letters() == (1 if number == 2 else 0), "after the third failure, not before"
    run = db.session.get_one(CatalogRun, run_id)
    assert (run.outcome, run.work_state) == ("failed", "due") and run.error_text
    shop.faults.clear()
    breaker_reset(shop)
    with transaction() as session:
        assert request_refresh(session, cause="button") == run_id, "the waiting run is made due at once"
    refresh()
    db.session.expire_all()
    assert db.session.get_one(CatalogRun, run_id).outcome == "completed"


def breaker_reset(world: World) -> None:
    from shop.core import redis as redis_door

    redis_door.attempt(lambda r: r.flushdb())
    breaker._local.clear()


def letters() -> int:
    db.session.remove()
    return db.session.execute(select(func.count()).where(Letter.letter == "catalog_stale")).scalar_one()


def test_answers_that_are_no_json_are_tried_again_later(shop: World) -> None:
    shop.faults.add({"service": "printify", "kind": "malformed", "match": "products.json", "times": None})
    with transaction() as session:
        run_id = request_refresh(session, cause="button")
    with pytest.raises(Unavailable):
        run_refresh(run_id)
    db.session.remove()
    assert db.session.get_one(CatalogRun, run_id).work_state == "due"
    told = db.session.execute(select(OutboundCall.answer).where(OutboundCall.request.like("%products%"))).scalars()
    assert all("sandbox-printify-token" not in answer for answer in told)


def test_only_one_run_is_open_at_a_time_and_a_dead_worker_is_taken_over(shop: World) -> None:
    with transaction() as session:
        first = request_refresh(session, cause="button")
        assert request_refresh(session, cause="ttl") == first
    with transaction() as session:
        dead = durable.claim_one(session, CatalogRun, first)
    assert dead
    clock.advance(timedelta(minutes=10))
    refresh()
    db.session.remove()
    assert db.session.get_one(CatalogRun, first).outcome == "completed"
    with transaction() as session, pytest.raises(durable.LostLease):
        durable.finish(session, CatalogRun, dead)


def test_the_ttl_asks_for_a_refresh_and_not_before(shop: World) -> None:
    assert request_when_old() is None
    clock.advance(timedelta(minutes=61))
    assert request_when_old() is not None
    assert request_when_old() is None


def test_a_hook_refreshes_one_product_and_answers_the_publishing(shop: World) -> None:
    external_id = ids(shop)[0]
    change(shop, external_id, title="New name", is_locked=True, external=None)
    refresh_product(external_id)
    assert row(external_id).title == "New name"
    told = shop.store.get(PRODUCT, external_id)
    assert told and told["is_locked"] is False and told["external"]["handle"].endswith(row(external_id).slug)
    refresh_product(external_id)
    assert row(external_id).title == "New name"


def test_a_new_product_arrives_by_hook(shop: World) -> None:
    product = shop.store.all(PRODUCT)[0]
    new = {**product, "id": "e" * 24, "title": "Brand new", "variants": [
        {**v, "sku": v["sku"] + "7"} for v in product["variants"]]}  # fmt: skip
    shop.store.put(PRODUCT, "e" * 24, new)
    refresh_product("e" * 24)
    assert row("e" * 24).slug == "brand-new" and row(product["id"]).status == "active"


def test_a_deleted_product_is_forgotten_and_one_still_there_is_not(shop: World) -> None:
    gone, there = ids(shop)[:2]
    shop.store.delete(PRODUCT, gone)
    forget_product(gone)
    forget_product(gone)
    forget_product(there)
    forget_product("0" * 24)
    assert row(gone).status == "archived" and row(there).status == "active"


def test_many_deletions_by_hook_meet_the_brake(shop: World) -> None:
    before = active()
    for external_id in ids(shop)[:6]:
        shop.store.delete(PRODUCT, external_id)
        forget_product(external_id)
    assert active() >= before - 2
    with db.engine.connect() as connection:
        waiting = connection.execute(text("SELECT count(*) FROM catalog_runs WHERE work_state = 'due'")).scalar_one()
    assert waiting == 1


def test_a_refresh_keeps_to_the_published_rate(app: Flask, sandbox: World) -> None:
    sandbox.limits.enabled = True
    try:
        sync()
        sync()
    finally:
        sandbox.limits.enabled = False
    assert all(entry["status"] != 429 for entry in sandbox.requests.last(500))


def grow(world: World, count: int) -> None:
    """Fill Printify's shop up to `count` products."""
    base = world.store.all(PRODUCT)[0]
    for number in range(count - len(ids(world))):
        new_id = f"{number:024x}"
        variants = [{**v, "sku": f"{number}-{v['id']}"} for v in base["variants"]]
        world.store.put(PRODUCT, new_id, {**base, "id": new_id, "title": f"Copy {number}", "variants": variants})


def test_many_pages_are_read_one_after_the_other(shop: World) -> None:
    grow(shop, 120)
    told: list[tuple[int, int]] = []
    with transaction() as session:
        run_id = request_refresh(session, cause="command")
    run_refresh(run_id, progress=lambda done, total: told.append((done, total)))
    assert {(1, 3), (2, 3), (3, 3)} <= set(told)
    assert active() == 120
    shop.faults.add({"service": "printify", "kind": "truncated", "match": "products.json.*page=2", "times": 1})
    shop.faults.add({"service": "printify", "kind": "truncated", "match": "products.json", "times": 1})
    assert "Nothing is archived" in sync().plan["note"]
    assert active() == 120


def test_a_command_follows_the_run_a_worker_has(shop: World) -> None:
    with transaction() as session:
        run_id = request_refresh(session, cause="command")
    with transaction() as session:
        held = durable.claim_one(session, CatalogRun, run_id)
    assert held
    app = current_app._get_current_object()  # type: ignore[attr-defined]

    def work() -> None:
        with app.app_context():
            run(held)

    worker = threading.Thread(target=work)
    worker.start()
    assert "unchanged" in run_refresh(run_id)
    worker.join()


def publish_event(external_id: str, action: str) -> None:
    store_at_once(
        source="printify",
        external_id=f"{external_id}-{action}-{clock.now()}",
        topic="product:publish:started",
        subject_id=external_id,
        raw=json.dumps({"resource": {"id": external_id, "data": {"action": action}}}).encode(),
    )


def test_unpublished_there_is_off_sale_here_until_published_again(shop: World) -> None:
    external_id = ids(shop)[0]
    change(shop, external_id, external=None)
    publish_event(external_id, "delete")
    refresh_product(external_id)
    assert row(external_id).status == "archived"
    sync()
    assert row(external_id).status == "archived", "the next refresh does not bring it back"
    publish_event(external_id, "create")
    change(shop, external_id, is_locked=True)
    refresh_product(external_id)
    assert row(external_id).status == "active"
    told = shop.store.get(PRODUCT, external_id)
    assert told and not told["is_locked"] and told["external"]


def test_a_locked_product_that_cannot_be_read_is_told_to_have_failed(shop: World) -> None:
    external_id = ids(shop)[0]
    product = shop.store.get(PRODUCT, external_id)
    assert product
    bad = {**product, "id": "d" * 24, "title": "", "is_locked": True}
    shop.store.put(PRODUCT, "d" * 24, bad)
    run_row = sync()
    assert run_row.plan["skip_count"] == 1 and "no title" in run_row.plan["skip"][0]["reason"]
    told = shop.store.get(PRODUCT, "d" * 24)
    assert told and not told["is_locked"]


def test_shipping_that_cannot_be_read_fails_no_refresh(app: Flask, sandbox: World) -> None:
    sandbox.faults.add({"service": "printify", "kind": "malformed", "match": "shipping", "times": None})
    run_row = sync()
    assert run_row.outcome == "completed" and run_row.created_count
    sandbox.faults.clear()
    sync()
    assert db.session.execute(select(func.count()).select_from(ShippingRate)).scalar_one() > 50
