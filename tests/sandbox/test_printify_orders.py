"""Orders at the Printify stand-in: from on-hold to the door, and the faults on the way."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
import requests

from tests.sandbox.printify_world import TO, Printify, open_printify


@pytest.fixture
def printify() -> Iterator[Printify]:
    with open_printify(rate_limits=False) as opened:
        yield opened


def test_an_order_waits_on_hold_and_its_key_is_unique(printify: Printify) -> None:
    first = printify.order("order-1")
    assert first.status_code == 200
    order = printify.read(first.json()["id"])
    assert (order["status"], order["metadata"]["shop_order_id"]) == ("on-hold", "order-1")
    again = printify.order("order-1")
    assert again.status_code == 409
    assert (again.json()["code"], again.json()["order"]["id"]) == (8503, order["id"])
    assert printify.get(printify.shop("/orders.json")).json()["total"] == 1


def test_wrong_orders_are_refused(printify: Printify) -> None:
    line = printify.line()
    good = {"external_id": "w", "line_items": [line], "shipping_method": 1, "address_to": TO}
    for change in (
        {"external_id": ""}, {"line_items": []}, {"shipping_method": 7}, {"address_to": {**TO, "city": ""}},
        {"address_to": {**TO, "country": "USA"}}, {"line_items": [{**line, "quantity": 0}]},
        {"line_items": [{**line, "quantity": 10**9}]}, {"line_items": [{**line, "variant_id": 1}]},
        {"line_items": [{"sku": "no such thing", "quantity": 1}]}, {"line_items": "text"},
    ):  # fmt: skip
        assert printify.post(printify.shop("/orders.json"), {**good, **change}).status_code == 400, change
    assert printify.post(printify.shop("/orders.json"), ["not", "an", "object"]).status_code == 400
    assert printify.call("POST", printify.shop("/orders.json"), data=b"\xff{").status_code == 400
    assert printify.get(printify.shop("/orders.json")).json()["total"] == 0


def test_an_unavailable_variant_cannot_be_ordered(printify: Printify) -> None:
    line = printify.line()
    printify.control("/printify/stock", {"variant_id": line["variant_id"], "in_stock": False})
    refused = printify.order("sold-out", [line])
    assert (refused.status_code, refused.json()["code"]) == (400, 8103)


def test_an_order_by_sku_finds_its_variant(printify: Printify) -> None:
    product = printify.products()[0]
    variant = next(v for v in product["variants"] if v["is_enabled"] and v["is_available"])
    order = printify.read(printify.order("sku-1", [{"sku": variant["sku"], "quantity": 3}]).json()["id"])
    assert order["line_items"][0]["variant_id"] == variant["id"]
    assert order["total_price"] == variant["cost"] * 3
    assert printify.get(printify.shop("/orders.json"), sku=variant["sku"]).json()["total"] == 1
    assert printify.get(printify.shop("/orders.json"), sku="other").json()["total"] == 0
    assert printify.get(printify.shop("/orders.json"), status="fulfilled").json()["total"] == 0


def test_only_a_waiting_order_can_be_canceled(printify: Printify) -> None:
    order_id = printify.order("cancel-1").json()["id"]
    assert printify.post(printify.shop(f"/orders/{order_id}/cancel.json")).json()["status"] == "canceled"
    other = printify.order("cancel-2").json()["id"]
    assert printify.post(printify.shop(f"/orders/{other}/send_to_production.json")).json()["id"] == other
    assert printify.post(printify.shop(f"/orders/{other}/cancel.json")).status_code == 400
    assert printify.post(printify.shop(f"/orders/{other}/send_to_production.json")).status_code == 400


def test_two_parcels_bring_one_order(printify: Printify) -> None:
    order_id = printify.order("split-1", [printify.line("tee"), printify.line("mug")]).json()["id"]
    printify.post(printify.shop(f"/orders/{order_id}/send_to_production.json"))
    assert printify.read(order_id)["status"] == "sending-to-production"
    printify.control("/clock", {"advance": 5})
    assert printify.read(order_id)["status"] == "in-production"
    printify.control(f"/printify/orders/{order_id}/ship", {"carrier": "ups", "number": "1Z-A", "line_items": [1]})
    half = printify.read(order_id)
    assert half["status"] == "partially-fulfilled"
    assert [item["status"] for item in half["line_items"]] == ["in-production", "fulfilled"]
    printify.control(f"/printify/orders/{order_id}/ship", {})
    whole = printify.read(order_id)
    assert whole["status"] == "fulfilled"
    assert [parcel["carrier"] for parcel in whole["shipments"]] == ["ups", "usps"]
    assert requests.get(whole["shipments"][0]["url"], timeout=10).status_code == 200
    printify.control(f"/printify/orders/{order_id}/deliver", {"number": "1Z-A"})
    delivered = printify.read(order_id)["shipments"]
    assert [bool(parcel["delivered_at"]) for parcel in delivered] == [True, False]


def test_nothing_is_shipped_or_delivered_twice(printify: Printify) -> None:
    order_id = printify.order("twice").json()["id"]
    base = f"{printify.url}/control/api/printify/orders"
    assert requests.post(f"{base}/{order_id}/ship", json={}, timeout=10).status_code == 200
    assert requests.post(f"{base}/{order_id}/ship", json={}, timeout=10).status_code == 409
    assert requests.post(f"{base}/{order_id}/deliver", json={}, timeout=10).status_code == 200
    assert requests.post(f"{base}/{order_id}/deliver", json={}, timeout=10).status_code == 409
    assert requests.post(f"{base}/nothing/ship", json={}, timeout=10).status_code == 404


def test_time_alone_brings_the_parcel() -> None:
    with open_printify(production_seconds=60.0, delivery_seconds=180.0) as printify:
        order_id = printify.order("by-clock").json()["id"]
        printify.post(printify.shop(f"/orders/{order_id}/send_to_production.json"))
        printify.control("/clock", {"advance": 30})
        assert printify.read(order_id)["status"] == "in-production"
        printify.control("/clock", {"advance": 40})
        shipped = printify.read(order_id)
        assert (shipped["status"], shipped["shipments"][0]["delivered_at"]) == ("fulfilled", None)
        printify.control("/clock", {"advance": 86_400})
        assert printify.read(order_id)["shipments"][0]["delivered_at"]


def test_one_leap_runs_everything_on_its_way_at_its_own_time() -> None:
    with open_printify(production_seconds=3600.0, delivery_seconds=86_400.0, approval_seconds=60.0) as printify:
        order_id = printify.order("leap").json()["id"]
        printify.control("/clock", {"advance": 7 * 86_400})
        order = printify.read(order_id)
        assert order["sent_to_production_at"] < order["fulfilled_at"] < order["shipments"][0]["delivered_at"]


def test_an_express_order_is_split(printify: Printify) -> None:
    body = {
        "external_id": "fast",
        "line_items": [printify.line("tee"), printify.line("mug")],
        "shipping_method": 3,
        "address_to": TO,
    }
    rows = printify.post(printify.shop("/orders/express.json"), body).json()["data"]
    assert [row["attributes"]["fulfilment_type"] for row in rows] == ["express", "ordinary"]
    assert printify.post(printify.shop("/orders/express.json"), body).status_code == 409


def test_the_order_stands_although_its_answer_was_lost(printify: Printify) -> None:
    printify.control("/faults", {"service": "printify", "match": r"POST .*/orders\.json$", "kind": "drop_after"})
    line = printify.line()
    with pytest.raises(requests.ConnectionError):
        printify.order("lost", [line])
    again = printify.order("lost", [line])
    assert (again.status_code, again.json()["code"]) == (409, 8503)


def test_a_refused_connection_leaves_nothing_behind(printify: Printify) -> None:
    line = printify.line()
    printify.control("/faults", {"service": "printify", "match": "POST", "kind": "refuse"})
    with pytest.raises(requests.ConnectionError):
        printify.order("refused", [line])
    assert printify.order("refused", [line]).status_code == 200


@pytest.mark.parametrize(("kind", "status", "placed"), [("error_500", 500, 0), ("error_500_after", 500, 1)])
def test_a_500_says_nothing_about_what_happened(printify: Printify, kind: str, status: int, placed: int) -> None:
    line = printify.line()
    printify.control("/faults", {"service": "printify", "match": r"/orders\.json", "kind": kind})
    assert printify.order("fault", [line]).status_code == status
    assert printify.get(printify.shop("/orders.json")).json()["total"] == placed


def test_a_fault_may_spoil_the_body(printify: Printify) -> None:
    path = printify.shop("/products.json")
    total = printify.get(path, limit=50).json()["total"]
    for kind in ("malformed", "half_body"):
        printify.control("/faults", {"service": "printify", "match": "products", "kind": kind})
        with pytest.raises(requests.JSONDecodeError):
            printify.get(path).json()
    printify.control("/faults", {"service": "printify", "match": "products", "kind": "truncated"})
    cut = printify.get(path, limit=50).json()
    assert (len(cut["data"]), cut["total"]) == (total // 2, total)
    printify.control("/faults", {"service": "printify", "match": "products", "kind": "empty_list"})
    empty = printify.get(path).json()
    assert (empty["data"], empty["total"]) == ([], 0)
    assert printify.get(path).json()["total"] == total


def test_a_fault_is_counted_and_can_be_lifted(printify: Printify) -> None:
    printify.control("/faults", {"service": "printify", "kind": "rate_429", "times": None, "delay": 7})
    answer = printify.get("/v1/shops.json")
    assert (answer.status_code, answer.headers["Retry-After"]) == (429, "7")
    requests.delete(f"{printify.url}/control/api/faults", timeout=10)
    assert printify.get("/v1/shops.json").status_code == 200
    wrong = requests.post(f"{printify.url}/control/api/faults", json={"kind": "earthquake"}, timeout=10)
    assert wrong.status_code == 400
    counts = requests.get(f"{printify.url}/control/api/requests?service=printify", timeout=10).json()["counts"]
    assert {row["status"]: row["count"] for row in counts if row["route"].endswith("shops.json")} == {200: 1, 429: 1}


def test_budgets_are_kept_and_refill_with_time() -> None:
    with open_printify(rate_limits=True) as printify:
        path = "/v1/catalog/print_providers.json"
        answers = [printify.get(path) for _ in range(101)]
        assert {answer.status_code for answer in answers[:100]} == {200}
        assert answers[0].headers["X-RateLimit-Limit"] == "100"
        assert answers[100].status_code == 429
        other = printify.get("/v1/shops.json")
        assert (other.status_code, other.headers["X-RateLimit-Limit"]) == (200, "600")
        printify.control("/clock", {"advance": 61})
        assert printify.get(path).status_code == 200


def test_state_survives_a_restart(tmp_path: Path) -> None:
    with open_printify(directory=tmp_path, rate_limits=False) as printify:
        order_id = printify.order("durable").json()["id"]
        printify.control("/clock", {"advance": 3600})
        before = [product["id"] for product in printify.products()]
    with open_printify(directory=tmp_path, rate_limits=False) as printify:
        assert printify.read(order_id)["status"] == "on-hold"
        assert printify.world.clock.offset >= 3600
        assert [product["id"] for product in printify.products()] == before
        printify.control("/reset")
        assert printify.get(printify.shop("/orders.json")).json()["total"] == 0
        assert [product["id"] for product in printify.products()] == before


def test_a_generated_catalogue_is_the_same_every_time() -> None:
    pages = []
    for _ in range(2):
        with open_printify(products=120, rate_limits=False) as printify:
            answer = printify.get(printify.shop("/products.json"), limit=50).json()
            assert answer["total"] == 120
            assert all(len(product["variants"]) == 6 for product in answer["data"])
            pages.append([(p["id"], p["title"], p["variants"][0]["sku"]) for p in answer["data"]])
    assert pages[0] == pages[1]


def test_the_control_page_works_by_plain_forms(printify: Printify) -> None:
    order_id = printify.order("<b>bold</b>").json()["id"]
    page = requests.get(f"{printify.url}/control", timeout=10)
    assert page.status_code == 200
    assert "<b>bold</b>" not in page.text
    assert "style=" not in page.text and "<script" not in page.text and "onclick" not in page.text
    pressed = requests.post(
        f"{printify.url}/control/api/printify/orders/{order_id}/ship", data={"carrier": "dhl"}, timeout=10
    )
    assert (pressed.status_code, pressed.history[0].status_code) == (200, 303)
    assert printify.read(order_id)["status"] == "fulfilled"
    assert requests.get(f"{printify.url}/", timeout=10).status_code == 200
