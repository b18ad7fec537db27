"""What staff may change until an order is printed, against the provider over HTTP: nothing is lost, nothing doubled."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select, text
from sqlalchemy.exc import IntegrityError

from shop.catalog.models import Variant
from shop.core import clock, durable
from shop.core.queue import JobName
from shop.core.transaction import transaction
from shop.errors import Conflict, IllegalMove, InvalidInput, NotFound
from shop.extensions import db
from shop.fulfilment.models import FulfilmentLine, FulfilmentOrder
from shop.orders.models import Order, OrderEntry, OrderLine
from shop.workflows import watch_subscriptions
from shop.workflows.cancel_order import cancel_order, cancel_part
from shop.workflows.correct_address import correct_address
from shop.workflows.list_failures import try_again
from shop.workflows.order_again import order_again
from shop.workflows.record_fulfilment import from_provider
from shop.workflows.split_fulfilment import mark_of, split_fulfilment
from shop.workflows.submit_fulfilment import release
from shop.workflows.swap_variant import swap_variant
from tests.orders.test_money_races import at_once
from tests.town import Buyer, Town, job_function

ELSEWHERE = {
    "name": "Ada Byron",
    "line1": "9 Elm Street",
    "line2": "",
    "city": "Salem",
    "state": "OR",
    "postal_code": "97301",
    "country": "US",
}


@pytest.fixture
def town(town: Town) -> Town:
    watch_subscriptions.run()
    return town


def bought(town: Town, quantity: int = 3) -> Order:
    """Paid, and written down; nothing has been sent to the provider yet."""
    town.buyer = Buyer(town)
    town.buyer.fill_cart(quantity)
    town.buyer.pay(town.buyer.check_out())
    town.work(JobName.DRAIN_INBOUND)
    return town.orders()[-1]


def works(order: Order) -> list[FulfilmentOrder]:
    db.session.remove()
    query = select(FulfilmentOrder).where(FulfilmentOrder.order_id == order.id).order_by(FulfilmentOrder.generation)
    return list(db.session.execute(query).scalars())


def line_of(order: Order) -> OrderLine:
    return db.session.execute(select(OrderLine).where(OrderLine.order_id == order.id)).scalars().first()  # type: ignore[return-value]


def split(order: Order, n: int = 1) -> str:
    (work, *_) = works(order)
    line_id = work.lines[0].order_line_id
    return split_fulfilment(order.id, work.id, {line_id: n}, shown=mark_of(work.lines), who="t")


def at_printify(town: Town) -> dict[str, dict[str, Any]]:
    """{our key: their order}; two under one key would show as fewer than there are."""
    found = {str(o["metadata"]["shop_order_id"]): o for o in town.provider_orders()}
    assert len(found) == len(town.provider_orders())
    return found


def pieces(town: Town, *, alive: bool = True) -> int:
    """How many things Printify makes."""
    made = [o for o in town.provider_orders() if not alive or o["status"] != "canceled"]
    return sum(item["quantity"] for o in made for item in o["line_items"])


def refreshed(order: Order) -> Order:
    db.session.remove()
    return db.session.get_one(Order, order.id)


def stories(order: Order, what: str) -> list[str]:
    db.session.remove()
    rows = (
        select(OrderEntry.why).where(OrderEntry.order_id == order.id, OrderEntry.what == what).order_by(OrderEntry.id)
    )
    return list(db.session.execute(rows).scalars())


# -- split


def test_two_parts_are_two_orders_there_and_one_story_here(town: Town) -> None:
    order = bought(town, 3)
    assert split(order, 1) == f"{order.number}-2"
    town.work()
    there = at_printify(town)
    assert {key: o["line_items"][0]["quantity"] for key, o in there.items()} == {
        order.number: 2,
        f"{order.number}-2": 1,
    }
    assert refreshed(order).fulfilment_status == "in_production"

    town.control("POST", f"printify/orders/{there[order.number]['id']}/ship", number="ONE")
    town.work()
    assert refreshed(order).fulfilment_status == "partly_shipped"
    (letter,) = town.letters(to=order.email, subject="is on its way")  # no order number contains a space
    assert "rest follows" in letter["text"] and "× 2" in letter["text"].replace("2 ×", "× 2")
    page = town.buyer.get(f"/orders/{order.token}").text
    assert "2 × " in page and "ONE" in page

    town.control("POST", f"printify/orders/{there[order.number + '-2']['id']}/ship", number="TWO")
    town.control("POST", f"printify/orders/{there[order.number]['id']}/deliver")
    town.work()
    assert (refreshed(order).fulfilment_status, refreshed(order).status) == ("shipped", "placed")
    town.control("POST", f"printify/orders/{there[order.number + '-2']['id']}/deliver")
    town.work()
    assert (refreshed(order).fulfilment_status, refreshed(order).status) == ("delivered", "completed")


def test_a_split_pressed_twice_is_one_split(town: Town) -> None:
    order = bought(town, 3)
    (work,) = works(order)
    shown, line_id = mark_of(work.lines), work.lines[0].order_line_id
    split_fulfilment(order.id, work.id, {line_id: 1}, shown=shown, who="t")
    with pytest.raises(Conflict, match="meanwhile"):
        split_fulfilment(order.id, work.id, {line_id: 1}, shown=shown, who="t")
    assert [w.lines[0].quantity for w in works(order)] == [2, 1]


@pytest.mark.parametrize(("n", "error"), [(0, InvalidInput), (3, InvalidInput), (4, InvalidInput), (-1, InvalidInput)])
def test_a_split_that_leaves_a_part_empty_is_none(town: Town, n: int, error: type[Exception]) -> None:
    order = bought(town, 3)
    with pytest.raises(error):
        split(order, n)
    assert len(works(order)) == 1


def test_what_the_provider_has_is_not_split(town: Town) -> None:
    order = bought(town, 2)
    town.work()
    with pytest.raises(IllegalMove, match="has"):
        split(order, 1)


def test_split_and_submit_at_once_make_each_thing_once(town: Town) -> None:
    for _ in range(3):
        order = bought(town, 2)
        (work,) = works(order)
        shown, line_id, work_id, order_id = mark_of(work.lines), work.lines[0].order_line_id, work.id, order.id
        db.session.remove()

        def press(order_id: int = order_id, work_id: int = work_id, line_id: int = line_id, shown: str = shown) -> None:
            split_fulfilment(order_id, work_id, {line_id: 1}, shown=shown, who="t")

        at_once(town.app, job_function(JobName.DRAIN_FULFILMENT), press, press, job_function(JobName.DRAIN_FULFILMENT))
        town.work()
        mine = {k: o for k, o in at_printify(town).items() if k.startswith(order.number)}
        assert sum(o["line_items"][0]["quantity"] for o in mine.values()) == 2
        assert len(works(order)) == len(mine)


def test_the_database_refuses_to_make_more_than_was_ordered(town: Town) -> None:
    order = bought(town, 2)
    (work,) = works(order)
    with pytest.raises(IntegrityError), transaction() as session:
        session.execute(
            text("UPDATE fulfilment_lines SET quantity = 3 WHERE fulfilment_order_id = :id"), {"id": work.id}
        )


# -- swap


def another(order: Order, *, dearer: int = 300) -> Variant:
    line = line_of(order)
    with transaction() as session:
        found = session.execute(
            select(Variant)
            .where(Variant.product_id == line.product_id, Variant.id != line.variant_id, Variant.is_available)
            .order_by(Variant.id)
            .limit(1)
        ).scalar_one()
        found.price_minor = line.unit_minor + dearer
    return found


def test_another_size_is_printed_and_what_was_paid_stays(town: Town) -> None:
    order = bought(town, 2)
    new, line, total = another(order), line_of(order), order.total_minor
    swapped = swap_variant(order.id, line.id, new.id, shown=line.variant_id, why="Asked by phone", who="Grace")
    assert swapped.difference_minor == 600
    town.work()
    (there,) = at_printify(town).values()
    assert there["line_items"][0]["variant_id"] == new.external_id
    now = refreshed(order)
    assert (now.total_minor, line_of(order).unit_minor, line_of(order).variant_id) == (total, line.unit_minor, new.id)
    (why,) = stories(order, "swap")
    assert "Asked by phone" in why and "$6.00 more" in why


def test_a_swap_is_refused_when_it_is_not_what_it_was_or_cannot_be_had(town: Town) -> None:
    order = bought(town, 1)
    line, new = line_of(order), another(order)
    with pytest.raises(Conflict, match="meanwhile"):
        swap_variant(order.id, line.id, new.id, shown=new.id, why="", who="t")
    with pytest.raises(NotFound):
        swap_variant(order.id, line.id, 10**9, shown=line.variant_id, why="", who="t")
    with pytest.raises(NotFound):
        swap_variant(order.id, 10**9, new.id, shown=line.variant_id, why="", who="t")
    with transaction() as session:
        session.get_one(Variant, new.id).is_available = False
    with pytest.raises(InvalidInput):
        swap_variant(order.id, line.id, new.id, shown=line.variant_id, why="", who="t")
    order_id, line_id, shown = order.id, line.id, line.variant_id
    with transaction() as session:
        session.get_one(Variant, new.id).is_available = True
    town.work()
    with pytest.raises(IllegalMove):
        swap_variant(order_id, line_id, new.id, shown=shown, why="", who="t")


def test_a_swap_against_a_submission_is_printed_as_it_is_told(town: Town) -> None:
    for _ in range(3):
        order = bought(town, 1)
        new, line = another(order), line_of(order)
        order_id, line_id, new_id, shown = order.id, line.id, new.id, line.variant_id
        db.session.remove()

        def press(
            order_id: int = order_id, line_id: int = line_id, new_id: int = new_id, shown: int | None = shown
        ) -> None:
            swap_variant(order_id, line_id, new_id, shown=shown, why="", who="t")

        at_once(town.app, job_function(JobName.DRAIN_FULFILMENT), press)
        town.work()
        there = at_printify(town)[order.number]
        db.session.remove()
        told = db.session.get_one(OrderLine, line_id)
        assert there["line_items"][0]["variant_id"] == told.printable["variant_id"]


def test_a_worker_that_lost_its_lease_does_not_send_what_was_swapped(town: Town) -> None:
    """It had read the row and stood still; meanwhile the lease ran out and the line became another one."""
    order = bought(town, 1)
    (work,) = works(order)
    with transaction() as session:
        held = durable.claim_one(session, FulfilmentOrder, work.id)
    assert held is not None
    new, line = another(order), line_of(order)
    with pytest.raises(Conflict, match="being sent"):
        swap_variant(order.id, line.id, new.id, shown=line.variant_id, why="", who="t")
    clock.advance(timedelta(minutes=10))
    swap_variant(order.id, line.id, new.id, shown=line.variant_id, why="", who="t")
    with pytest.raises(durable.LostLease), transaction() as session:
        durable.begin_call(session, FulfilmentOrder, held)


# -- order again


def test_what_the_provider_cancelled_is_ordered_again_once(town: Town) -> None:
    order = bought(town, 2)
    town.work()
    theirs = town.orders_at_printify()[0]
    town.control("POST", f"printify/orders/{theirs}/status", status="canceled")
    town.work()
    assert refreshed(order).fulfilment_status == "cancelled"
    (work,) = works(order)
    order_id, work_id = order.id, work.id
    db.session.remove()
    ended = at_once(town.app, *[lambda: order_again(order_id, work_id, who="t")] * 8)
    assert ended == {"ok": 8}
    assert [w.external_key for w in works(order)] == [order.number, f"{order.number}-2"]
    assert refreshed(order).fulfilment_status == "requested"
    town.work()
    assert pieces(town) == 2 and refreshed(order).fulfilment_status == "in_production"
    assert order_again(order_id, work_id, who="t") == f"{order.number}-2"
    assert stories(order, "staff").count(f"{order.number} is ordered again as {order.number}-2") == 1


def test_the_failure_s_button_orders_again_too(town: Town) -> None:
    order = bought(town, 1)
    town.work()
    town.control("POST", f"printify/orders/{town.orders_at_printify()[0]}/status", status="canceled")
    town.work()
    (work,) = works(order)
    assert try_again("fulfilment_orders", work.id, who="t")
    assert not try_again("fulfilment_orders", work.id, who="t")
    town.work()
    assert pieces(town) == 1 and len(works(order)) == 2


def test_what_was_refused_is_tried_under_its_own_key(town: Town) -> None:
    order = bought(town, 1)
    _break_address(order)
    town.work()
    (work,) = works(order)
    assert (work.work_state, work.calling_since) == ("parked", None)
    assert order_again(order.id, work.id, who="t") == order.number
    assert len(works(order)) == 1


def test_what_is_being_made_is_not_ordered_again(town: Town) -> None:
    order = bought(town, 1)
    town.work()
    (work,) = works(order)
    with pytest.raises(IllegalMove):
        order_again(order.id, work.id, who="t")
    town.control("POST", f"printify/orders/{town.orders_at_printify()[0]}/status", status="has-issues")
    town.work()
    with pytest.raises(IllegalMove, match="cancelled there"):
        order_again(order.id, work.id, who="t")
    assert len(works(order)) == 1 and pieces(town) == 1


def test_killed_after_withdrawing_and_before_writing_nothing_is_lost_or_doubled(
    town: Town, monkeypatch: pytest.MonkeyPatch
) -> None:
    order = _waiting_there(town)
    (work,) = works(order)
    work_id, order_id = work.id, order.id
    with monkeypatch.context() as patch, pytest.raises(SystemExit):
        patch.setattr("shop.workflows.order_again.run_in_transaction", _die)
        order_again(order_id, work_id, who="t")
    town.work()
    (work,) = works(order)
    assert (work.status, work.work_state) == ("cancelled", "parked")  # it waits among the failures
    assert pieces(town) == 0
    assert order_again(order_id, work_id, who="t") == f"{order.number}-2"
    town.work()
    assert pieces(town) == 2
    assert works(order)[0].work_state == "done"


def test_an_unknown_outcome_is_looked_up_before_anything_is_ordered(town: Town) -> None:
    """Our order was taken and the answer lost: it is found, not made twice."""
    town.control("POST", "hooks", service="printify", mode="lose", seconds=0)
    town.fault("printify", "drop_after", match="POST .*/orders.json", times=1)
    town.fault("printify", "refuse", match=".*/orders.json", times=None)
    order = bought(town, 2)
    job_function(JobName.DRAIN_FULFILMENT)()
    (work,) = works(order)
    assert work.calling_since is not None and work.external_id is None
    order_id, work_id, number, line = order.id, work.id, order.number, line_of(order)
    with pytest.raises(Conflict, match="not known"):
        swap_variant(order.id, line.id, another(order).id, shown=line.variant_id, why="", who="t")
    with pytest.raises(Conflict, match="not known"):
        split(order, 1)
    town.no_faults()
    town.breathe()
    assert order_again(order_id, work_id, who="t") == number
    town.work()
    assert pieces(town) == 2 and len(works(town.order())) == 1


# -- address


def test_a_refused_address_is_put_right_and_the_order_goes_on(town: Town) -> None:
    order = bought(town, 1)
    _break_address(order)
    town.work()
    (work,) = works(order)
    assert work.work_state == "parked"
    order = refreshed(order)
    correct_address(
        order.id, ELSEWHERE, order.phone, shown=(order.ship_to, order.phone), withdraw_waiting=False, who="Grace"
    )
    release(work.id)
    town.work()
    (there,) = at_printify(town).values()
    assert (there["address_to"]["zip"], there["address_to"]["city"]) == ("97301", "Salem")
    assert "9 Elm Street" in stories(order, "address")[0]


def test_a_new_address_is_refused_while_it_is_sent_and_once_it_is_made(town: Town) -> None:
    order = bought(town, 1)
    (work,) = works(order)
    with transaction() as session:
        durable.claim_one(session, FulfilmentOrder, work.id)
    with pytest.raises(Conflict, match="right now"):
        move(order, ELSEWHERE)
    clock.advance(timedelta(minutes=10))
    town.work()
    with pytest.raises(IllegalMove, match="old address"):
        move(order, ELSEWHERE)
    assert refreshed(order).ship_to["city"] != "Salem"


def test_an_address_that_somebody_else_changed_is_not_overwritten(town: Town) -> None:
    order = bought(town, 1)
    stale = (dict(order.ship_to), order.phone)
    move(order, ELSEWHERE)
    with pytest.raises(Conflict, match="meanwhile"):
        correct_address(
            order.id, {**ELSEWHERE, "city": "Bend"}, order.phone, shown=stale, withdraw_waiting=False, who="t"
        )
    move(order, ELSEWHERE)  # a repeat
    assert len(stories(order, "address")) == 1


def test_what_waits_at_the_provider_is_withdrawn_and_ordered_anew(town: Town) -> None:
    order = _waiting_there(town)
    with pytest.raises(IllegalMove, match="Tick"):
        move(order, ELSEWHERE)
    assert move(order, ELSEWHERE, withdraw_waiting=True) == [f"{order.number}-2"]
    town.work()
    there = at_printify(town)
    assert there[order.number]["status"] == "canceled"
    assert there[f"{order.number}-2"]["address_to"]["city"] == "Salem"
    assert pieces(town) == 2
    assert not [m for m in town.letters() if "needs you" in m["subject"]]


# -- cancelling a part


def test_a_part_is_given_up_and_the_rest_completes_the_order(town: Town) -> None:
    order = bought(town, 3)
    split(order, 1)
    first, second = works(order)
    cancel_part(order.id, second.id, who="t", why="Sold out")
    cancel_part(order.id, second.id, who="t")
    town.work()
    assert pieces(town) == 2
    theirs = at_printify(town)[order.number]["id"]
    with pytest.raises(IllegalMove):
        cancel_part(order.id, first.id, who="t")
    with pytest.raises(IllegalMove, match="decided"):
        order_again(order.id, second.id, who="t")
    town.control("POST", f"printify/orders/{theirs}/ship")
    town.control("POST", f"printify/orders/{theirs}/deliver")
    town.work()
    assert (refreshed(order).status, refreshed(order).fulfilment_status) == ("completed", "delivered")


def test_a_whole_order_in_two_parts_is_cancelled_there_and_here(town: Town) -> None:
    order = _waiting_there(town, parts=2)
    cancel_order(order.id, who="t")
    town.work()
    assert {o["status"] for o in town.provider_orders()} == {"canceled"} and len(town.provider_orders()) == 2
    assert (refreshed(order).status, refreshed(order).payment_status) == ("cancelled", "refunded")


def test_when_one_part_is_made_already_the_other_is_stopped_and_the_order_stands(town: Town) -> None:
    order = _waiting_there(town, parts=2)
    town.control("POST", "hooks", service="printify", mode="lose", seconds=0)
    second = at_printify(town)[f"{order.number}-2"]
    town.control("POST", f"printify/orders/{second['id']}/produce")
    with pytest.raises(IllegalMove, match=f"{order.number}-2"):
        cancel_order(order.id, who="t")
    from_provider(second["id"])
    first, other = works(order)
    assert (first.status, first.given_up_at is not None) == ("cancelled", True)
    assert (other.status, other.is_held) == ("in_production", False)
    assert (refreshed(order).status, refreshed(order).payment_status) == ("placed", "paid")


def test_an_order_whose_fate_is_unknown_is_found_there_and_cancelled(town: Town) -> None:
    town.control("POST", "hooks", service="printify", mode="lose", seconds=0)
    town.fault("printify", "drop_after", match="POST .*/orders.json", times=1)
    town.fault("printify", "refuse", match=".*/orders.json", times=None)
    order = bought(town, 1)
    job_function(JobName.DRAIN_FULFILMENT)()
    town.no_faults()
    town.breathe()
    cancel_order(order.id, who="t")
    town.work()
    assert [o["status"] for o in town.provider_orders()] == ["canceled"]


# -- any moves in any order


def test_whatever_staff_and_workers_do_at_once_each_thing_is_made_once(town: Town) -> None:
    order = bought(town, 3)
    line, new = line_of(order), another(order)
    order_id, line_id, new_id, shown = order.id, line.id, new.id, line.variant_id
    (work,) = works(order)
    mark, work_id, ship_to, phone = mark_of(work.lines), work.id, dict(order.ship_to), order.phone
    db.session.remove()
    jobs: list[Callable[[], object]] = [
        job_function(JobName.DRAIN_FULFILMENT),
        lambda: split_fulfilment(order_id, work_id, {line_id: 1}, shown=mark, who="t"),
        lambda: swap_variant(order_id, line_id, new_id, shown=shown, why="", who="t"),
        lambda: correct_address(order_id, ELSEWHERE, phone, shown=(ship_to, phone), withdraw_waiting=True, who="t"),
        job_function(JobName.DRAIN_FULFILMENT),
        lambda: split_fulfilment(order_id, work_id, {line_id: 2}, shown=mark, who="t"),
    ]
    ended: Counter[str] = at_once(town.app, *jobs)
    assert set(ended) <= {"ok", "Conflict", "IllegalMove"}, ended
    town.work()
    assert pieces(town) == 3
    told = refreshed(order).ship_to["city"]
    alive = [o for o in town.provider_orders() if o["status"] != "canceled"]
    assert {o["address_to"]["city"] for o in alive} == {told}
    wanted = db.session.get_one(OrderLine, line_id).printable["variant_id"]
    assert {item["variant_id"] for o in alive for item in o["line_items"]} == {wanted}
    asked = db.session.execute(
        select(FulfilmentLine.quantity)
        .join(FulfilmentOrder, FulfilmentOrder.id == FulfilmentLine.fulfilment_order_id)
        .where(FulfilmentOrder.status != "cancelled")
    ).scalars()
    assert sum(asked) == 3


def move(order: Order, to: dict[str, Any], *, withdraw_waiting: bool = False) -> list[str]:
    now = refreshed(order)
    shown = (dict(now.ship_to), now.phone)
    return correct_address(now.id, to, now.phone, shown=shown, withdraw_waiting=withdraw_waiting, who="t")


def _break_address(order: Order) -> None:
    """As if the payment page had let an address without a postal code through."""
    with transaction() as session:
        found = session.get_one(Order, order.id)
        found.ship_to = {**found.ship_to, "postal_code": ""}
        work = session.execute(select(FulfilmentOrder).where(FulfilmentOrder.order_id == order.id)).scalar_one()
        work.ship_to = {**work.ship_to, "postal_code": ""}


def _waiting_there(town: Town, parts: int = 1) -> Order:
    """Two (three) things at the provider, on hold: the store sends to production by hand."""
    with transaction() as session:
        session.execute(text("UPDATE store_profile SET production_policy = 'by_hand'"))
    from shop.tenancy import profile

    profile.forget()
    order = bought(town, 1 + parts)
    if parts == 2:
        split(order, 1)
    town.work()
    assert {w.step for w in works(order)} == {"produce"}
    return refreshed(order)


def _die(*_: object) -> None:
    raise SystemExit("killed")
