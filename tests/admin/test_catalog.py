"""The catalogue: listed, refreshed with progress, and asked about before much is removed."""

from __future__ import annotations

from datetime import timedelta

from sqlalchemy import func, select

from shop.catalog.models import CatalogRun
from shop.core import clock
from shop.core.transaction import transaction
from shop.extensions import db
from tests.admin import making
from tests.admin.conftest import Staff
from tests.town import Town


def test_products_are_found(staff: Staff) -> None:
    with transaction() as session:
        making.product(session, "Fern Study tee")
        making.product(session, "Tide Lines mug", status="archived")
    assert "Fern Study tee" in staff.get("/admin/catalog").text
    assert "Tide Lines mug" not in staff.get("/admin/catalog").text
    assert "Tide Lines mug" in staff.get("/admin/catalog?tab=archived").text
    assert "Fern Study tee" in staff.get("/admin/catalog?q=STUDY").text
    for query in ("%", "_", "\\", "'"):
        assert "No product fits" in staff.get("/admin/catalog", query_string={"q": query}).text


def test_the_button_asks_for_one_refresh(staff: Staff) -> None:
    for _ in range(3):
        assert "The refresh has begun" in staff.press("/admin/catalog/refresh")
    assert db.session.execute(select(func.count()).select_from(CatalogRun)).scalar() == 1
    page = staff.get("/admin/catalog").text
    assert "<progress" in page
    assert 'http-equiv="refresh"' in page  # without JavaScript the page looks again by itself


def test_progress_is_counted(staff: Staff) -> None:
    with transaction() as session:
        making.catalog_run(session, "working", "running", lease_until=clock.now() + timedelta(minutes=5))
    fragment = staff.get("/admin/catalog/progress", headers={"HX-Request": "true"}).text
    assert "Page 3 of 8" in fragment
    assert "hx-trigger" in fragment
    assert "<html" not in fragment


def test_trouble_at_printify_is_told(staff: Staff) -> None:
    with transaction() as session:
        making.catalog_run(
            session, "due", "failed", error_text="printify: 503", due_at=clock.now() + timedelta(minutes=5)
        )
    page = staff.get("/admin/catalog").text
    assert "goes on selling what it knows" in page
    assert "503" in page


def test_a_plan_that_stops_is_shown_and_rejected(staff: Staff) -> None:
    with transaction() as session:
        run = making.catalog_run(
            session,
            outcome="needs_approval",
            plan={"note": "2 of 10 are gone", "archive": [{"title": "Old mug", "reason": "gone at Printify"}]},
        )
    page = staff.get("/admin/catalog").text
    assert "2 of 10 are gone" in page
    assert "Old mug" in page
    assert "nothing was removed" in staff.press(f"/admin/catalog/runs/{run.id}/reject")
    assert "waits for no decision" in staff.press(f"/admin/catalog/runs/{run.id}/approve")
    assert staff.get(f"/admin/catalog/runs/{run.id}").status_code == 200


def test_a_refresh_from_the_panel_reads_the_sandbox(town: Town) -> None:
    staff = Staff(town.app).known_as("admin@example.com")
    staff.press("/admin/catalog/refresh")
    town.work()
    page = staff.get("/admin/catalog").text
    assert "Fresh" in page
    assert "<progress" not in page
    assert "Completed" in staff.get("/admin/catalog/runs/1").text or "Nothing had to change" in page
