"""Ten thousand prices changed in one go, as the worker does it; the same by a file; and taken back."""

from __future__ import annotations

from collections.abc import Iterable

from sqlalchemy import select

from benchmarks.busy import Busy, watched
from benchmarks.figures import Figure, at_most, done, progress
from benchmarks.stage import Shop, Stage
from jobs import base, catalog
from shop.catalog.bulk_changes import BulkChange, items_of, plan_changes
from shop.catalog.models import Product
from shop.catalog.runs.models import ChangeRun
from shop.catalog.runs.stepping import record_run
from shop.catalog.sheets.exporting import export_products
from shop.core.transaction import transaction
from shop.extensions import db
from shop.tenancy.profile import current_profile
from shop.workflows import run_changes
from shop.workflows.check_sheet import apply_sheet, take_in

PRODUCTS = 1_667  # of six variants
MARK_SECONDS = 10.0


def measure(stage: Stage) -> Iterable[Figure]:
    """Everything a merchant waits for: the plan, the run with what it replaces, prices, read models, versions."""
    count = PRODUCTS // 10 if stage.quick else PRODUCTS
    shop = stage.empty_shop("reprice").filled(count)
    base.use_app(shop.app)
    with shop.app.app_context():
        try:
            yield from _prices(shop, count)
            yield from _file(shop, count)
        finally:
            done()
            db.session.remove()
            db.engine.dispose()


def _prices(shop: Shop, count: int) -> Iterable[Figure]:
    progress("raising prices")
    with watched() as busy:
        with transaction() as session:
            ids = list(session.execute(select(Product.id)).scalars())
            plan = plan_changes(session, ids, BulkChange("price_percent", "0.1"))
            run_id, _ = record_run(session, "bulk", "Prices raised", "benchmark", items_of(plan))
        catalog.run_changes()
    changed = shop.one("SELECT done FROM change_runs WHERE id = :id", id=run_id)
    yield _figure("prices changed", changed, busy, MARK_SECONDS if count == PRODUCTS else None)
    with watched() as busy:
        run_changes.undo(run_id)
        catalog.run_changes()
    undone = shop.one("SELECT undone FROM change_runs WHERE id = :id", id=run_id)
    assert undone == changed, f"{undone} of {changed} prices came back"
    yield _figure("prices taken back", undone, busy)


def _file(shop: Shop, count: int) -> Iterable[Figure]:
    progress("exporting")
    with watched() as busy:
        content = "".join(export_products(db.session(), (), current_profile().currency)).encode()
    lines = content.count(b"\r\n") - 1
    yield _figure("lines exported", lines, busy)
    with watched() as busy:
        run_id = take_in("same.csv", content, "benchmark")
        catalog.run_changes()
    run = _run(run_id)
    assert run.planned == 0 and run.facts["same"] == lines, "an untouched file would change something"
    yield _figure("lines checked, nothing new", lines, busy)
    dearer = content.replace(b".00,", b".50,")
    with watched() as busy:
        run_id = take_in("dearer.csv", dearer, "benchmark")
        catalog.run_changes()
        if _run(run_id).planned:
            apply_sheet(run_id)
            catalog.run_changes()
    run = _run(run_id)
    yield _figure("changes by file, checked and applied", run.done, busy)


def _run(run_id: int) -> ChangeRun:
    db.session.remove()
    return db.session.get_one(ChangeRun, run_id)


def _figure(what: str, number: int, busy: Busy, mark: float | None = None) -> Figure:
    story = f"{number:,} in {busy.story(max(number, 1))}"
    if mark is None:
        return Figure(what, f"{busy.wall:.1f} s", story=story)
    return at_most(what, busy.wall, mark, " s", story)
