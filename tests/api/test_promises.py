"""What docs/panel/api.md promises, one by one."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import func, select, text

from shop.accounts.api_models import ApiAnswer
from shop.core import clock
from shop.core.transaction import transaction
from shop.extensions import db
from shop.payments.models import Refund
from shop.workflows import clean_up
from tests.admin import making
from tests.admin.conftest import counting
from tests.api.conftest import Program
from tests.town import Town

KEY = {"Idempotency-Key": "0b8e2a4c-5d6f-4a1b-9c3d-7e8f90a1b2c3"}
LISTS = ("products", "variants", "collections", "orders", "customers", "fulfilments", "refunds", "webhook-endpoints")


def orders(n: int) -> list[int]:
    with transaction() as session:
        made = []
        for _ in range(n):
            order = making.paid_order(session)
            making.parcel(session, order)
            making.parked_refund(session, order, 100)
            making.product(session, variants=2)
            made.append(order.id)
        return made


def count(model: Any) -> int:
    db.session.remove()
    return int(db.session.execute(select(func.count()).select_from(model)).scalar_one())


def refund(order_id: int, amount: int = 700) -> dict[str, Any]:
    return {"order_id": order_id, "amount": {"amount_minor": amount, "currency": "USD"}, "reason": "Late"}


# -- repeats


def test_a_refund_asked_for_by_ten_at_once_is_asked_of_stripe_once(town: Town, program: Program) -> None:
    order = town.paid_order()
    before = len(list(town.stripe.v1.refunds.list().data))
    answers: list[Any] = []
    gate = threading.Barrier(10)

    def ask() -> None:
        with town.app.app_context():
            gate.wait(30)
            answers.append(program.post("/refunds", refund(order.id), headers=KEY))

    threads = [threading.Thread(target=ask) for _ in range(10)]
    [t.start() for t in threads]
    [t.join(60) for t in threads]
    town.work()
    statuses = Counter(a.status_code for a in answers)
    assert set(statuses) <= {201, 409} and statuses[201] >= 1, statuses
    assert len({a.json["id"] for a in answers if a.status_code == 201}) == 1
    assert count(Refund) == 1
    assert len(list(town.stripe.v1.refunds.list().data)) == before + 1
    again = program.post("/refunds", refund(order.id), headers=KEY)
    assert (again.status_code, again.headers["Idempotency-Replayed"]) == (201, "true")


def test_a_repeat_is_given_the_very_same_answer(program: Program) -> None:
    (order_id,) = orders(1)
    first = program.post("/refunds", refund(order_id), headers=KEY)
    again = program.post("/refunds", refund(order_id), headers=KEY)
    assert first.status_code == again.status_code == 201
    assert first.data == again.data
    for name in ("ETag", "Location"):
        assert first.headers[name] == again.headers[name]
    assert "Idempotency-Replayed" not in first.headers and again.headers["Idempotency-Replayed"] == "true"


def test_a_refund_whose_answer_was_lost_is_found_not_made_again(program: Program) -> None:
    """The process died between the refund and its kept answer; and once more when the answer was cleaned away."""
    (order_id,) = orders(1)
    first = program.post("/refunds", refund(order_id), headers=KEY).json["id"]
    with transaction() as session:
        session.execute(text("UPDATE api_answers SET status = 0, answer = NULL, lease_until = now() - interval '1 s'"))
    assert program.post("/refunds", refund(order_id), headers=KEY).json["id"] == first
    with transaction() as session:
        session.execute(text("DELETE FROM api_answers"))
    assert program.post("/refunds", refund(order_id), headers=KEY).json["id"] == first
    assert count(Refund) == 2  # one was there before


def test_a_key_stands_for_one_request(program: Program) -> None:
    first, second = orders(2)
    assert program.post("/refunds", refund(first), headers=KEY).status_code == 201
    for path, body in (("/refunds", refund(first, 701)), ("/refunds", refund(second)), (f"/orders/{first}/cancel", {})):
        answer = program.post(path, body, headers=KEY)
        assert answer.status_code == 422 and answer.json["type"].endswith("#problem-key-reused")


def test_two_programs_may_use_the_same_key(program: Program, with_scopes: Callable[..., Program]) -> None:
    (order_id,) = orders(1)
    assert program.post("/refunds", refund(order_id), headers=KEY).status_code == 201
    other = with_scopes("refunds:write").post("/refunds", refund(order_id), headers=KEY)
    assert other.status_code == 201 and "Idempotency-Replayed" not in other.headers


def test_while_the_first_is_under_way_a_repeat_is_asked_to_wait(program: Program) -> None:
    program.post("/collections", {"title": "Summer"}, headers=KEY)
    with transaction() as session:
        session.execute(text("UPDATE api_answers SET status = 0, answer = NULL, lease_until = now() + interval '60 s'"))
    answer = program.post("/collections", {"title": "Summer"}, headers=KEY)
    assert answer.status_code == 409 and answer.json["type"].endswith("#problem-in-progress")
    assert answer.headers["Retry-After"] == "1"


def test_a_failure_leaves_the_key_free(program: Program) -> None:
    (order_id,) = orders(1)
    assert program.post("/refunds", refund(order_id, 10**6), headers=KEY).status_code == 409
    assert count(ApiAnswer) == 0
    assert program.post("/refunds", refund(order_id), headers=KEY).status_code == 201


def test_a_kept_answer_goes_after_a_day_and_is_not_in_clear_meanwhile(program: Program) -> None:
    (order_id,) = orders(1)
    program.post(f"/orders/{order_id}/fulfilments", {}, headers=KEY)
    stored = db.session.execute(text("SELECT answer FROM api_answers")).scalar_one()
    assert "external_key" not in stored
    clock.advance(timedelta(hours=24, minutes=1))
    assert "Idempotency-Replayed" not in program.post(f"/orders/{order_id}/fulfilments", {}, headers=KEY).headers
    clock.advance(timedelta(hours=24, minutes=1))
    clean_up.run()
    assert count(ApiAnswer) == 0


@pytest.mark.parametrize("key", ["short", "x" * 256, "with a blank in it", "ünderstood"])
def test_a_key_of_the_wrong_form_is_refused(program: Program, key: str) -> None:
    answer = program.post(
        "/collections", {"title": "Summer"}, headers={"Idempotency-Key": key.encode("utf-8").decode("latin-1")}
    )
    assert answer.status_code == 422 and answer.json["errors"][0]["name"] == "Idempotency-Key"


# -- versions


def test_an_unchanged_thing_is_told_as_304(program: Program) -> None:
    (order_id,) = orders(1)
    for path in (f"/orders/{order_id}", "/orders", "/products", "/openapi.json", "/docs"):
        first = program.get(path)
        assert not first.headers["ETag"].startswith("W/")
        again = program.get(path, headers={"If-None-Match": first.headers["ETag"]})
        assert (again.status_code, again.data) == (304, b"")
    with transaction() as session:
        session.execute(text("UPDATE orders SET customer_name = 'Somebody else'"))
    assert program.get(f"/orders/{order_id}", headers={"If-None-Match": first.headers["ETag"]}).status_code == 200


@pytest.mark.parametrize("path", ["/orders/{}", "/products/{}", "/customers/{}", "/collections/{}", "/variants/{}"])
def test_the_second_of_two_writers_is_refused(program: Program, path: str) -> None:
    from shop.accounts.customers import remember_customer

    orders(1)
    with transaction() as session:
        remember_customer(session, "ada@example.com", "Ada", "en")
    path = path.format(1)
    bodies: dict[str, list[dict[str, Any]]] = {
        "/orders/1": [{"note": "One"}, {"note": "Two"}],
        "/products/1": [{"title": "One"}, {"title": "Two"}],
        "/customers/1": [{"name": "One"}, {"name": "Two"}],
        "/collections/1": [{"title": "One"}, {"title": "Two"}],
        "/variants/1": [{"price": {"amount_minor": n, "currency": "USD"}} for n in (2600, 2700)],
    }
    first, second = bodies[path]
    seen = program.get(path).headers["ETag"]
    done = program.patch(path, first, headers={"If-Match": seen})
    assert done.status_code == 200 and done.headers["ETag"] == program.get(path).headers["ETag"] != seen
    refused = program.patch(path, second, headers={"If-Match": seen})
    assert refused.status_code == 412 and refused.json["type"].endswith("#problem-changed-meanwhile")
    assert program.get(path).data == done.data
    assert program.patch(path, second, headers={"If-Match": done.headers["ETag"]}).status_code == 200


def test_what_is_gone_or_changed_is_not_deleted_unseen(program: Program) -> None:
    made = program.post("/collections", {"title": "Summer"})
    where = made.headers["Location"]
    assert program.delete(where, headers={"If-Match": '"another"'}).status_code == 412
    assert program.delete(where, headers={"If-Match": made.headers["ETag"]}).status_code == 204
    assert program.delete(where).status_code == 404


# -- lists


@pytest.mark.parametrize("sort", ["id", "-id"])
def test_pages_neither_repeat_nor_skip_while_rows_come_in(program: Program, sort: str) -> None:
    there = orders(7)
    seen: list[int] = []
    path = f"/orders?limit=3&sort={sort}"
    while path:
        answer = program.get(path)
        seen += [order["id"] for order in answer.json["data"]]
        orders(1)
        if len(seen) > 20:
            break
        following = answer.json["next"]
        path = f"/orders?limit=3&sort={sort}&cursor={following}" if following else ""
    assert len(seen) == len(set(seen))
    assert set(there) <= set(seen)
    assert seen == sorted(seen, reverse=sort == "-id")


def test_the_link_header_leads_to_the_same_page(program: Program) -> None:
    orders(3)
    first = program.get("/orders?limit=2&payment_status=paid")
    link = first.headers["Link"]
    assert link.endswith('>; rel="next"') and "payment_status=paid" in link
    following = program.get("/api/v1" + link[1:].split("/api/v1")[1].split(">")[0])
    assert len(following.json["data"]) == 1 and following.json["next"] is None
    assert "Link" not in following.headers


@pytest.mark.parametrize("cursor", ["x", "WzEsMl0.abc", "A" * 400, "%00", "products"])
def test_a_cursor_that_nobody_gave_is_refused(program: Program, cursor: str) -> None:
    answer = program.get(f"/orders?cursor={cursor}")
    assert answer.status_code == 422 and answer.json["errors"][0]["name"] == "cursor"


def test_a_cursor_of_another_list_is_refused(program: Program) -> None:
    orders(3)
    cursor = program.get("/products?limit=1").json["next"]
    assert cursor and program.get(f"/orders?cursor={cursor}").status_code == 422


def test_filters_find_what_they_say(program: Program) -> None:
    first, second, third = orders(3)
    with transaction() as session:
        session.execute(
            text("UPDATE orders SET email = 'grace@example.com', payment_status = 'refunded' WHERE id = :i"),
            {"i": second},
        )
        session.execute(text("UPDATE orders SET placed_at = now() - interval '9 days' WHERE id = :i"), {"i": third})

    def found(query: str) -> list[int]:
        answer = program.get(f"/orders?sort=id&{query}")
        assert answer.status_code == 200, answer.text
        return [order["id"] for order in answer.json["data"]]

    week = (clock.now() - timedelta(days=7)).strftime("%Y-%m-%dT%H:%M:%SZ")
    assert found("email=Grace@example.com") == [second]
    assert found("payment_status=refunded") == [second]
    assert found(f"ids={first},{third},999") == [first, third]
    assert found(f"created_from={week}") == [first, second]
    assert found(f"created_before={week}") == [third]
    assert found(f"updated_before={week}") == []
    number = program.get(f"/orders/{first}").json["number"]
    assert found(f"number={number.lower()}") == [first]
    assert [r["order_id"] for r in program.get(f"/refunds?order_id={second}").json["data"]] == [second]
    assert [f["order_id"] for f in program.get(f"/fulfilments?order_id={second}").json["data"]] == [second]


def test_every_list_asks_as_much_for_many_rows_as_for_few(program: Program) -> None:
    from shop.accounts.customers import remember_customer

    def fill(n: int) -> None:
        orders(n)
        with transaction() as session:
            for _ in range(n):
                remember_customer(session, f"{making.paid_order(session).number}@example.com", "", "en")

    def cost(name: str) -> int:
        program.get(f"/{name}?limit=100" if name != "webhook-endpoints" else f"/{name}")
        with counting() as statements:
            answer = program.get(f"/{name}?limit=100" if name != "webhook-endpoints" else f"/{name}")
        assert answer.status_code == 200
        return len(statements)

    fill(4)
    few = {name: cost(name) for name in LISTS}
    fill(8)
    assert {name: cost(name) for name in LISTS} == few
    assert max(few.values()) <= 4, few


# -- what is refused


def test_a_body_of_another_kind_is_refused(program: Program) -> None:
    for kind in ("application/x-www-form-urlencoded", "text/plain", "application/xml", ""):
        answer = program.ask("POST", "/collections", data=b'{"title": "x"}', headers={"Content-Type": kind})
        assert answer.status_code == 415, kind
        assert answer.json["type"].endswith("#problem-unsupported-media")


def test_a_huge_body_is_refused(program: Program) -> None:
    answer = program.ask(
        "POST", "/collections", data=b'{"title": "' + b"x" * 600_000 + b'"}', content_type="application/json"
    )
    assert (answer.status_code, answer.mimetype) == (413, "application/problem+json")


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"{",
        b"null",
        b"[]",
        b'"x"',
        b"\xff",
        b"[" * 100_000,
        b'{"title": "\\ud800"}',
        b'{"title": 1e999}',
        b"{'a': 1}",
    ],
)
def test_what_is_no_json_object_is_refused(program: Program, raw: bytes) -> None:
    answer = program.ask("POST", "/collections", data=raw, content_type="application/json")
    assert answer.status_code in (400, 422) and answer.mimetype == "application/problem+json"


def test_somebody_who_takes_no_json_is_told_so(program: Program) -> None:
    assert program.get("/orders", headers={"Accept": "text/html"}).status_code == 406
    for takes in ("*/*", "application/*", "application/json;q=0.1", "text/html, application/json"):
        assert program.get("/orders", headers={"Accept": takes}).status_code == 200


def test_every_wrong_field_is_named(program: Program) -> None:
    (order_id,) = orders(1)
    body = {"order_id": "x", "amount": {"amount_minor": -1, "currency": "USD"}, "reason": "a\x00b", "extra": 1}
    answer = program.post("/refunds", body, headers=KEY)
    assert answer.status_code == 422
    assert {e["name"] for e in answer.json["errors"]} == {"order_id", "amount.amount_minor", "reason", "extra"}
    euros = {**refund(order_id), "amount": {"amount_minor": 5, "currency": "EUR"}}
    assert program.post("/refunds", euros, headers=KEY).json["errors"][0]["name"] == "amount.currency"


@pytest.mark.parametrize(
    "query", ["limit=0", "limit=101", "limit=x", "limit=1&limit=2", "what=1", "sort=title", "created_from=yesterday",
              "created_from=2026-01-01T00:00:00", "ids=1,,2", "ids=0", "status=lost", "email=nobody"],
)  # fmt: skip
def test_a_query_that_makes_no_sense_is_refused(program: Program, query: str) -> None:
    answer = program.get(f"/orders?{query}")
    assert answer.status_code == 422 and answer.json["errors"][0]["where"] == "query"


def test_another_method_is_told_which_are_possible(program: Program) -> None:
    answer = program.ask("PUT", "/orders")
    assert (answer.status_code, answer.headers["Allow"]) == (405, "GET, HEAD")
    assert answer.mimetype == "application/problem+json"


def test_what_breaks_on_our_side_shows_a_reference_and_nothing_else(app: Flask, program: Program) -> None:
    with db.engine.begin() as connection:
        connection.execute(text("ALTER TABLE refunds RENAME TO refunds_away"))
    try:
        answer = program.get("/refunds")
    finally:
        with db.engine.begin() as connection:
            connection.execute(text("ALTER TABLE refunds_away RENAME TO refunds"))
    assert (answer.status_code, answer.mimetype) == (500, "application/problem+json")
    assert answer.json["reference"] == answer.headers["X-Request-Id"] and "refunds_away" not in answer.text


# -- moves


def test_a_refund_by_line_is_worth_what_was_paid_for_it(program: Program) -> None:
    (order_id,) = orders(1)
    line = program.get(f"/orders/{order_id}").json["lines"][0]
    body = {"order_id": order_id, "lines": [{"order_line_id": line["id"], "quantity": 1}]}
    made = program.post("/refunds", body, headers=KEY)
    assert made.status_code == 201, made.text
    assert made.json["amount"] == line["unit_price"]
    too_many = {"order_id": order_id, "lines": [{"order_line_id": line["id"], "quantity": 99}]}
    assert program.post("/refunds", too_many, headers={"Idempotency-Key": "another-one"}).status_code == 422
    nothing = program.post("/refunds", {"order_id": order_id}, headers={"Idempotency-Key": "a-third-one"})
    assert nothing.json["errors"][0]["name"] == "amount"


def test_a_change_of_consent_is_kept_with_who_made_it(program: Program) -> None:
    from shop.accounts.customers import remember_customer
    from shop.customers.models import ConsentChange

    with transaction() as session:
        customer_id = remember_customer(session, "ada@example.com", "Ada", "en")
    for _ in range(2):
        answer = program.patch(f"/customers/{customer_id}", {"accepts_marketing": True, "tags": ["Press", "press"]})
        assert answer.status_code == 200 and answer.json["tags"] == ["Press"]
    change = db.session.execute(select(ConsentChange)).scalar_one()
    assert (change.accepts, change.source, change.who) == (True, "api", "API key Warehouse")
    with transaction() as session:
        session.execute(text("UPDATE customers SET erased_at = now()"))
    assert program.patch(f"/customers/{customer_id}", {"name": "Ada"}).status_code == 409


def test_an_order_is_cancelled_once_and_the_money_goes_back(town: Town, with_scopes: Callable[..., Program]) -> None:
    town.fault("printify", "error_500", match="POST .*orders.json", times=None)
    order = town.paid_order()
    town.no_faults()
    program = with_scopes("orders:write")
    for _ in range(2):
        answer = program.post(f"/orders/{order.id}/cancel", {"reason": "Sold out"})
        assert (answer.status_code, answer.json["status"]) == (200, "cancelled")
    town.work()
    assert count(Refund) == 1 and town.order().payment_status == "refunded"


def test_a_held_fulfilment_goes_on(program: Program) -> None:
    with transaction() as session:
        order = making.paid_order(session, hold_reason="A dispute")
        work_id = making.work_of(session, order).id
    assert program.get("/fulfilments?held=yes").json["data"][0]["hold_reason"] == "A dispute"
    answer = program.post(f"/fulfilments/{work_id}/release")
    assert (answer.status_code, answer.json["is_held"]) == (200, False)


def test_an_unpaid_order_is_not_printed(program: Program) -> None:
    with transaction() as session:
        order_id = making.paid_order(session, payment_status="unpaid").id
    answer = program.post(f"/orders/{order_id}/fulfilments")
    assert answer.status_code == 409 and "not paid" in answer.json["detail"]


def test_what_the_api_changes_of_a_product_the_shop_shows(town: Town, program: Program) -> None:
    variant = town.a_shirt()
    product = program.get(f"/products/{variant.product_id}").json
    price = {"amount_minor": 4321, "currency": "USD"}
    body = {"title": "  A better tee ", "tags": ["New", "new", "Sea"], "description_html": "<p onclick=x>Soft<script>1</script></p>",
            "prices": [{"id": variant.id, "price": price, "compare_at_price": {"amount_minor": 5000, "currency": "USD"}}]}  # fmt: skip
    answer = program.patch(f"/products/{variant.product_id}", body)
    assert answer.status_code == 200, answer.text
    told = answer.json
    assert (told["title"], told["tags"], told["description_html"]) == ("A better tee", ["New", "Sea"], "<p>Soft</p>")
    assert set(told["edited_fields"]) >= {"title", "tags", "description_html"}
    assert program.get(f"/variants/{variant.id}").json["price"] == price
    wrong = program.patch(f"/variants/{variant.id}", {"compare_at_price": price})
    assert wrong.status_code == 422 and wrong.json["errors"][0]["name"] == "compare_at_price"
    foreign = program.patch(f"/products/{variant.product_id}", {"prices": [{"id": 999999, "price": price}]})
    assert foreign.json["errors"][0]["name"] == "prices.0.id"
    page = town.app.test_client().get(f"/products/{product['slug']}")
    assert "A better tee" in page.text


def test_a_webhook_endpoint_tells_its_secret_once(program: Program, app: Flask) -> None:
    from shop.webhook_delivery.endpoints import add_endpoint

    with transaction() as session:
        made = add_endpoint(session, url="https://example.com/webhooks", events=["order.paid"]).id
    assert "secret" not in program.get(f"/webhook-endpoints/{made}").json
    rotated = program.post(f"/webhook-endpoints/{made}/rotate", {"at_once": True}, headers=KEY)
    assert rotated.json["secret"].startswith("whsec_")
    assert program.post(f"/webhook-endpoints/{made}/rotate", {"at_once": True}, headers=KEY).data == rotated.data
    for url in ("https://127.0.0.1/x", "http://example.com/", "https://user:pass@example.com/", "ftp://example.com"):
        answer = program.post("/webhook-endpoints", {"url": url, "events": ["order.paid"]})
        assert answer.status_code == 422 and answer.json["errors"][0]["name"] == "url", url
    assert program.delete(f"/webhook-endpoints/{made}").status_code == 204
