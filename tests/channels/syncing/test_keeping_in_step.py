"""Two sides are kept in step: read, planned, applied, undone; nobody's edit is lost, and nothing is written twice."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select, text

from shop.catalog.models import Product, Variant
from shop.channels import registry
from shop.channels.records import Unreadable
from shop.channels.syncing.models import ParkedRecord, SyncConflict, SyncRun, SyncStep
from shop.core import clock
from shop.core.transaction import transaction
from shop.errors import NeedsReconnect, Unavailable
from shop.extensions import db
from shop.workflows import clean_up, run_sync, sync_channel
from tests.channels.syncing.toy import Toy, World, connect


@pytest.fixture(autouse=True)
def _toy(app: Flask) -> Iterator[None]:
    yield
    registry._classes.pop("toy", None)
    registry._made.clear()
    Toy.worlds.clear()


def sync(connection_id: int, entity: str = "products", mode: str = "incremental", review: bool = False) -> SyncRun:
    """One run from beginning to end; its row."""
    with transaction() as session:
        run_id = sync_channel.request_sync(
            session, connection_id, entity, mode=mode, cause="command", must_review=review
        )
    run_sync.run_now(run_id)
    return look(run_id)


def look(run_id: int) -> SyncRun:
    db.session.remove()
    return db.session.get_one(SyncRun, run_id)


def steps(run_id: int) -> list[SyncStep]:
    return list(db.session.execute(select(SyncStep).where(SyncStep.run_id == run_id).order_by(SyncStep.id)).scalars())


def ours(title: str) -> Product:
    db.session.remove()
    return db.session.execute(select(Product).where(Product.title == title)).scalar_one()


def edit(product_id: int, **values: Any) -> None:
    """A merchant's edit in the panel."""
    sets = ", ".join(f"{name} = :{name}" for name in values)
    with transaction() as session:
        session.execute(
            text(f"UPDATE products SET {sets}, updated_at = :at WHERE id = :id"),
            {**values, "at": clock.now(), "id": product_id},
        )


def test_what_is_there_comes_here_once_as_drafts_with_prices_options_and_pictures(app: Flask) -> None:
    connection_id, world = connect(direction="import")
    for n in range(7):
        world.add(
            f"Mug {n}",
            [f"M{n}a", f"M{n}b"],
            1500 + n,
            tags=("kitchen",),
            description_html="<p>Hot<script>x()</script></p>",
        )
    world.page_size = 3
    run = sync(connection_id)
    assert (run.outcome, run.created, run.failed, run.read) == ("completed", 7, 0, 7)
    product = ours("Mug 3")
    assert (product.status, product.external_id, product.tags) == ("draft", None, ["kitchen"])
    assert product.description_html == "<p>Hot</p>"
    variants = db.session.execute(select(Variant).where(Variant.product_id == product.id).order_by(Variant.position))
    assert [(v.sku, v.price_minor, v.title, v.external_id) for v in variants.scalars()] == [
        ("M3a", 1503, "S0", -1), ("M3b", 1503, "S1", -2),
    ]  # fmt: skip
    assert sync(connection_id, mode="full").created == 0
    assert world.writes == []


def test_a_second_sync_of_an_unchanged_catalogue_writes_nothing(app: Flask) -> None:
    connection_id, world = connect()
    for n in range(12):
        world.add(f"Cup {n}", [f"C{n}"])
    sync(connection_id)
    before = db.session.execute(text("SELECT max(updated_at), count(*) FROM products")).one()
    for mode in ("incremental", "full"):
        run = sync(connection_id, mode=mode)
        assert (run.created, run.changed, run.failed) == (0, 0, 0)
        assert [s.step for s in steps(run.id)] == []
    assert world.writes == []
    assert db.session.execute(text("SELECT max(updated_at), count(*) FROM products")).one() == before


def test_edits_on_both_sides_meet_and_our_own_write_is_no_news(app: Flask) -> None:
    connection_id, world = connect()
    one = world.add("Bag", ["B1", "B2"], 3000)
    sync(connection_id)
    product = ours("Bag")
    edit(product.id, title="Bag, large")
    world.price(one, 3100)
    run = sync(connection_id)
    assert (run.outcome, run.changed) == ("completed", 1)
    assert world.products[one].title == "Bag, large"
    db.session.remove()
    prices = db.session.execute(select(Variant.price_minor).where(Variant.product_id == product.id)).scalars().all()
    assert prices == [3100, 3100]
    assert world.writes == [("push", one)]
    assert sync_channel.pull_one(connection_id, "products", one) == "the same"
    assert sync(connection_id).changed == 0
    assert world.writes == [("push", one)]


def test_a_field_that_both_changed_is_asked_about_and_the_choice_travels(app: Flask) -> None:
    connection_id, world = connect()
    one = world.add("Hat", ["H1"])
    two = world.add("Scarf", ["S1"])
    sync(connection_id)
    for external_id, title in ((one, "Hat"), (two, "Scarf")):
        edit(ours(title).id, title=f"{title} here")
        world.change(external_id, title=f"{title} there")
    run = sync(connection_id)
    assert (run.asked, run.changed) == (2, 0)
    conflicts = db.session.execute(select(SyncConflict).order_by(SyncConflict.id)).scalars().all()
    assert [(c.field, c.base, c.ours, c.theirs) for c in conflicts] == [
        ("title", "Hat", "Hat here", "Hat there"), ("title", "Scarf", "Scarf here", "Scarf there"),
    ]  # fmt: skip
    choices = {conflicts[0].id: "ours", conflicts[1].id: "theirs"}
    assert sync_channel.settle_conflicts(choices, "ada") == {}
    assert world.products[one].title == "Hat here"
    assert ours("Scarf there").title == world.products[two].title
    db.session.remove()
    assert set(db.session.execute(select(SyncConflict.state)).scalars()) == {"settled"}
    assert sync(connection_id).asked == 0


def test_a_conflict_that_changed_again_is_shown_anew_and_nothing_is_written(app: Flask) -> None:
    connection_id, world = connect()
    one = world.add("Hat", ["H1"])
    sync(connection_id)
    edit(ours("Hat").id, title="Hat here")
    world.change(one, title="Hat there")
    sync(connection_id)
    (conflict_id,) = db.session.execute(select(SyncConflict.id)).scalars()
    world.change(one, title="Hat elsewhere")
    assert "again" in sync_channel.settle_conflicts({conflict_id: "ours"}, "ada")[conflict_id]
    db.session.remove()
    conflict = db.session.get_one(SyncConflict, conflict_id)
    assert (conflict.state, conflict.theirs) == ("open", "Hat elsewhere")
    assert world.writes == []


def test_a_plan_can_be_looked_at_rejected_and_approved(app: Flask) -> None:
    connection_id, world = connect(direction="import")
    world.add("Pen", ["P1"])
    run = sync(connection_id, review=True)
    assert (run.outcome, run.created) == ("waiting", 0)
    assert [(s.step, s.side, s.state, s.subject) for s in steps(run.id)] == [("create", "ours", "planned", "Pen")]
    sync_channel.reject_run(run.id, "ada")
    assert look(run.id).outcome == "rejected"
    again = sync(connection_id, review=True)
    sync_channel.approve_run(again.id, "ada")
    run_sync.run_now(again.id)
    assert look(again.id).created == 1


def test_an_undo_restores_what_a_run_replaced_on_both_sides(app: Flask) -> None:
    connection_id, world = connect(create_there=False)
    kept = [world.add(f"Card {n}", [f"K{n}"]) for n in range(5)]
    sync(connection_id)
    hash_here, hash_there = fingerprint(), dict(world.products)
    edit_id = ours("Card 0").id
    edit(edit_id, title="Card zero")
    world.price(kept[1], 777)
    world.add("New there", ["N1"])
    run = sync(connection_id)
    assert (run.created, run.changed) == (1, 2)
    undo = sync_channel.undo_run(run.id, "ada")
    assert run_sync.run_now(undo) == "completed"
    assert look(run.id).outcome == "undone"
    edit(edit_id, title="Card 0")  # what the merchant did by hand is the merchant's to take back
    assert fingerprint() == hash_here
    assert world.products[kept[0]].title == hash_there[kept[0]].title
    assert sync(connection_id).outcome == "waiting"  # it would do it all again: a person looks first


def fingerprint() -> str:
    db.session.remove()
    return str(
        db.session.execute(
            text("""SELECT md5(string_agg(p.title || p.status || p.description_html || v.sku || v.price_minor, '|'
                        ORDER BY p.id, v.id)) FROM products p JOIN variants v ON v.product_id = p.id""")
        ).scalar()
    )


def test_an_undo_leaves_what_was_changed_since(app: Flask) -> None:
    connection_id, world = connect(direction="import")
    one = world.add("Lamp", ["L1"])
    sync(connection_id)
    world.change(one, title="Lamp 2")
    run = sync(connection_id)
    edit(ours("Lamp 2").id, title="Lamp 3")
    undo = sync_channel.undo_run(run.id, "ada")
    run_sync.run_now(undo)
    assert ours("Lamp 3")
    assert [s.state for s in steps(undo)] == ["stale"]


@pytest.mark.parametrize("spoil", ["empty", "truncated"])
def test_an_empty_or_truncated_answer_takes_nothing_away(app: Flask, spoil: str) -> None:
    connection_id, world = connect(direction="import")
    for n in range(10):
        world.add(f"Thing {n}", [f"T{n}"])
    sync(connection_id)
    world.fails = lambda name: spoil
    run = sync(connection_id, mode="full")
    assert run.archived == 0
    if run.outcome == "waiting":
        world.fails = lambda name: None
        sync_channel.approve_run(run.id, "ada")
        run_sync.run_now(run.id)
    db.session.remove()
    assert set(db.session.execute(select(Product.status)).scalars()) == {"draft"}


def test_more_than_five_percent_gone_stops_and_asks_and_what_is_really_gone_is_archived(app: Flask) -> None:
    connection_id, world = connect(direction="import")
    ids = [world.add(f"Thing {n}", [f"T{n}"]) for n in range(20)]
    sync(connection_id)
    del world.products[ids[0]]
    assert (run := sync(connection_id, mode="full")).archived == 1 and run.outcome == "completed"
    for external_id in ids[1:4]:
        del world.products[external_id]
    run = sync(connection_id, mode="full")
    assert run.outcome == "waiting" and "3 of 19 products" in run.wait_why
    sync_channel.approve_run(run.id, "ada")
    run_sync.run_now(run.id)
    db.session.remove()
    archived = db.session.execute(select(Product.title).where(Product.status == "archived").order_by(Product.id))
    assert archived.scalars().all() == ["Thing 0", "Thing 1", "Thing 2", "Thing 3"]


def test_one_bad_record_fails_alone_is_parked_with_its_story_and_comes_when_it_can(app: Flask) -> None:
    connection_id, world = connect(direction="import")
    world.add("Good", ["G1"])
    bad = world.add("Twice", ["X", "X"])
    world.add("Dear", ["D1"], currency="EUR")
    world.bad["p9"] = Unreadable("p9", "its price is no number", {"price": "\x00abc"})
    run = sync(connection_id)
    assert (run.outcome, run.created, run.failed) == ("partial", 1, 3)
    db.session.remove()
    stories = dict(db.session.execute(select(ParkedRecord.external_id, ParkedRecord.why)).all())
    assert stories["p9"] == "its price is no number"
    assert "same SKU" in stories[bad]
    assert any("prices are in EUR" in why for why in stories.values())
    record = world.products[bad]
    world.products[bad] = type(record)(**{**vars(record), "variants": record.variants[:1]})  # no news of it was told
    assert sync(connection_id).created == 1
    db.session.remove()
    assert bad not in set(db.session.execute(select(ParkedRecord.external_id)).scalars())


def test_what_changes_between_plan_and_write_is_compared_anew(app: Flask) -> None:
    connection_id, world = connect()
    one = world.add("Vase", ["V1"], tags=("old",))
    sync(connection_id)
    edit(ours("Vase").id, title="Vase here")
    run = sync(connection_id, review=True)
    world.change(one, title="Vase there", tags=("new",))
    sync_channel.approve_run(run.id, "ada")
    run_sync.run_now(run.id)
    assert world.products[one].title == "Vase there"  # nobody's edit is lost: it is a conflict now
    assert ours("Vase here").tags == ["new"]
    assert db.session.execute(select(SyncConflict.field).where(SyncConflict.state == "open")).scalars().all() == [
        "title"
    ]


def test_a_lost_answer_makes_no_second_listing_and_an_outage_waits(app: Flask, a_product: Product) -> None:
    connection_id, world = connect(direction="export", create_there=True)
    failures = iter(["pushed", "push_product"])

    def fail(name: str, pending: list[str] = []) -> None:  # noqa: B006
        pending[:] = pending or [next(failures, "")]
        if pending == [name]:
            pending.clear()
            raise Unavailable("silence", service="toy", sent=True)

    world.fails = fail
    run = sync(connection_id)
    assert (run.outcome, run.created) == ("completed", 1)
    assert len(world.products) == 1
    (there,) = world.products.values()
    assert there.title == a_product.title


def test_a_platform_that_keeps_texts_in_its_own_way_starts_no_echo(app: Flask, a_product: Product) -> None:
    connection_id, world = connect(create_there=True)
    world.keeps_html_its_way = True
    edit(a_product.id, description_html="<p>Soft &amp; warm</p>")
    sync(connection_id)
    writes = len(world.writes)
    for _ in range(3):
        sync(connection_id)
    assert len(world.writes) == writes
    assert ours(a_product.title).description_html == "<p>Soft &amp; warm</p>"


def test_products_with_the_same_skus_are_linked_not_doubled(app: Flask, a_product: Product) -> None:
    connection_id, world = connect(default="ours")
    sku = db.session.execute(select(Variant.sku).where(Variant.product_id == a_product.id)).scalars().first()
    one = world.add("Their name for it", [sku])
    count = db.session.execute(text("SELECT count(*) FROM products")).scalar()
    run = sync(connection_id)
    assert run.created == 0
    assert world.products[one].title == a_product.title
    assert db.session.execute(text("SELECT count(*) FROM products")).scalar() == count


def test_new_variants_travel_to_where_they_are_missing(app: Flask) -> None:
    connection_id, world = connect()
    one = world.add("Sock", ["K1"])
    sync(connection_id)
    other = World.add(world, "x", ["K1", "K2"])
    world.change(one, variants=world.products[one].variants + world.products.pop(other).variants[1:])
    sync(connection_id)
    query = select(Variant.sku).where(Variant.product_id == ours("Sock").id).order_by(Variant.position)
    skus = db.session.execute(query).scalars().all()
    assert skus == ["K1", "K2"]
    assert sync(connection_id).changed == 0


def test_a_run_of_a_connection_that_was_paused_or_lost_is_closed_and_the_next_one_goes_on(app: Flask) -> None:
    connection_id, world = connect(direction="import")
    world.add("Plate", ["P1"])

    def set_status(status: str) -> None:
        with transaction() as session:
            session.execute(text("UPDATE connections SET status = :s"), {"s": status})

    set_status("paused")
    run = sync(connection_id)
    assert (run.outcome, run.work_state, run.errors[0]["why"]) == ("failed", "done", "Toy is paused.")
    set_status("active")

    def refuse(name: str) -> None:
        raise NeedsReconnect("The key was refused.", service="toy")

    world.fails = refuse
    assert sync(connection_id).outcome == "failed"
    world.fails = lambda name: None
    assert sync(connection_id).created == 1


def test_runs_are_kept_for_ninety_days_and_plans_until_somebody_decides(app: Flask) -> None:
    connection_id, world = connect(direction="import")
    world.add("Old", ["O1"])
    done = sync(connection_id)
    world.add("New", ["O2"])
    waiting = sync(connection_id, review=True)
    with transaction() as session:
        session.execute(text("UPDATE sync_runs SET started_at = started_at - interval '91 days'"))
    clean_up.run()
    db.session.remove()
    assert db.session.execute(select(SyncRun.id)).scalars().all() == [waiting.id]
    assert db.session.execute(select(SyncStep.run_id).distinct()).scalars().all() == [waiting.id]
    assert done.id != waiting.id


def test_customers_meet_by_address_and_consent_stays_where_it_was_given(app: Flask) -> None:
    from shop.channels.records import CustomerRecord

    connection_id, world = connect("customers")
    world.customers["c1"] = CustomerRecord(
        "c1", "Ada@Example.com", "Ada", "Lovelace", "+44 1", True, tags=("vip",), updated_at=world.now()
    )
    world.customers["c2"] = CustomerRecord("c2", "no address", "X", updated_at=world.now())
    run = sync(connection_id, "customers")
    assert (run.created, run.failed) == (1, 1)
    row = db.session.execute(text("SELECT email, name, phone, tags, accepts_marketing FROM customers")).one()
    assert tuple(row) == ("ada@example.com", "Ada Lovelace", "+44 1", ["vip"], False)
    undo = sync_channel.undo_run(run.id, "ada")
    run_sync.run_now(undo)
    db.session.remove()
    assert db.session.execute(text("SELECT count(*) FROM customers")).scalar() == 0
