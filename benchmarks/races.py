"""200 at once want the last of something: a use of a discount code, a gift card's balance, a refund, a cart.

Short by default; `RACES_ROUNDS=1000 make bench ARGS=races` is the long form. Threads of one process share CONNECTIONS
connections to PostgreSQL, so that many transactions are really open at once. Nothing may go beyond its limit, every
gift card's book must add up, and no deadlock may surface.
"""

from __future__ import annotations

import os
import secrets
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any

from flask import Flask
from sqlalchemy import event, func, select

from benchmarks.figures import Figure
from benchmarks.stage import Stage
from shop import create_app
from shop.checkout.models import Checkout
from shop.core import clock
from shop.core.transaction import run_in_transaction, transaction
from shop.errors import Conflict
from shop.extensions import db
from shop.orders.draft import DraftAdjustment, DraftLine, OrderDraft
from shop.orders.models import Order
from shop.orders.placing import Buyer, place_order
from shop.payments.models import Payment, Refund
from shop.promotions.codes import fold_code
from shop.promotions.gift_cards.issuing import activate
from shop.promotions.gift_cards.ledger import balance_of, find_differences
from shop.promotions.gift_cards.models import GiftCard
from shop.promotions.gift_cards.reserving import capture, set_aside
from shop.promotions.models import Discount, DiscountCode
from shop.promotions.reserving import reserve
from shop.workflows.place_covered_order import place_covered
from shop.workflows.refund_order import request_refund

CALLERS, CONNECTIONS, ROUNDS, QUICK_ROUNDS = 200, 80, 10, 2
PAID = 1000
WHERE = {
    "name": "Ada", "line1": "12 Mill Lane", "line2": "", "city": "Portland", "state": "OR", "postal_code": "97209",
    "country": "US",
}  # fmt: skip
DEADLOCK = ("40P01", "40001")


@dataclass
class Tally:
    """What happened in all rounds of one race. `wrong`: a sentence for each round that broke its limit."""

    rounds: int
    won: int
    lost: int
    other: Counter[str]
    wrong: list[str]
    deadlocks: int
    seconds: float


def measure(stage: Stage) -> Iterable[Figure]:
    rounds = int(os.environ.get("RACES_ROUNDS", QUICK_ROUNDS if stage.quick else ROUNDS))
    shop = stage.empty_shop("races")
    config = replace(shop.app.config["IMPRINT"], db_pool_size=CONNECTIONS - 5)
    app = create_app(config)
    for name, race in RACES.items():
        tally = run(app, race, rounds, CALLERS)
        fine = not (tally.wrong or tally.other or tally.deadlocks)
        told = f"{tally.won:,} won, {tally.lost:,} turned away, {sum(tally.other.values())} errors {dict(tally.other)}"
        told += f"; {tally.deadlocks} deadlocks; {tally.seconds:.0f} s {'; '.join(tally.wrong[:3])}"
        yield Figure(
            f"{CALLERS} for the last {name}",
            f"{len(tally.wrong)} broken",
            "0",
            fine,
            f"{rounds:,} rounds: {told}",
        )
    with app.app_context():
        differences = find_differences(db.session())
        db.session.remove()
        db.engine.dispose()
    yield Figure("gift card books that do not add up", str(len(differences)), "0", not differences)


#: prepare(round) -> (what each caller does, how many may win, what else must hold afterwards)
Race = Callable[[int, int], "Heat"]


@dataclass
class Heat:
    jobs: list[Callable[[], object]]
    winners: int
    verify: Callable[[], str]  # a sentence about what is wrong, or ""


def run(app: Flask, race: Race, rounds: int, callers: int) -> Tally:
    """The race, again and again with the same threads."""
    tally = Tally(rounds, 0, 0, Counter(), [], 0, 0.0)
    heats: list[Heat] = []
    gate = threading.Barrier(callers + 1)
    ended: list[str] = [""] * callers

    def caller(n: int) -> None:
        with app.app_context():
            for _ in range(rounds):
                gate.wait(600)
                ended[n] = _attempt(heats[-1].jobs[n])
                db.session.remove()
                gate.wait(600)

    threads = [threading.Thread(target=caller, args=(n,), daemon=True) for n in range(callers)]
    with app.app_context(), _counted_deadlocks() as deadlocks:
        for thread in threads:
            thread.start()
        for number in range(rounds):
            heats[:] = [race(number, callers)]
            db.session.remove()
            began = time.monotonic()
            gate.wait(600)
            gate.wait(600)
            tally.seconds += time.monotonic() - began
            _count(tally, heats[-1], ended)
        tally.deadlocks = len(deadlocks)
    for thread in threads:
        thread.join(60)
    return tally


def _attempt(job: Callable[[], object]) -> str:
    try:
        job()
    except Conflict:
        return "lost"
    except Exception as error:  # noqa: BLE001  (counted, and printed)
        return type(error).__name__
    return "won"


def _count(tally: Tally, heat: Heat, ended: list[str]) -> None:
    counts = Counter(ended)
    won = counts.pop("won", 0)
    tally.won += won
    tally.lost += counts.pop("lost", 0)
    tally.other.update(counts)
    why = heat.verify()
    db.session.remove()
    if won != heat.winners or why:
        tally.wrong.append(why or f"{won} won where {heat.winners} may")


@contextmanager
def _counted_deadlocks() -> Iterator[list[str]]:
    """Also those that a second attempt would have hidden."""
    seen: list[str] = []

    def note(context: Any) -> None:
        state = getattr(context.original_exception, "sqlstate", "") or ""
        if state in DEADLOCK:
            seen.append(state)

    engine = db.engine
    event.listen(engine, "handle_error", note)
    try:
        yield seen
    finally:
        event.remove(engine, "handle_error", note)


# -- the races


def last_use_of_a_code(_number: int, callers: int) -> Heat:
    with transaction() as session:
        discount = Discount(title="Last", kind="percentage", basis_points=1000, max_uses=callers)
        session.add(discount)
        session.flush()
        name = f"R{secrets.token_hex(8)}"
        code = DiscountCode(discount_id=discount.id, code=name, key=fold_code(name), max_uses=1)
        session.add(code)
        session.flush()
        discount_id, code_id = discount.id, code.id
        ids = _checkouts(session, callers)

    def job(checkout_id: int) -> object:
        return run_in_transaction(lambda session: reserve(session, checkout_id, [(discount_id, code_id, 1)]))

    def verify() -> str:
        uses = db.session.execute(select(DiscountCode.uses).where(DiscountCode.id == code_id)).scalar_one()
        return "" if uses == 1 else f"a code for one use has {uses}"

    return Heat([_bound(job, checkout_id) for checkout_id in ids], 1, verify)


def last_of_a_gift_card(_number: int, callers: int) -> Heat:
    """Everybody wants all of one card and a little of another; half of them name them the other way round."""
    with transaction() as session:
        first, second = _card(session, PAID), _card(session, PAID)
        ids = _checkouts(session, callers)
    uses = [(first, PAID), (second, 1)]

    def job(n: int) -> object:
        mine = uses if n % 2 else uses[::-1]
        return run_in_transaction(lambda session: set_aside(session, ids[n], mine))

    def verify() -> str:
        left = balance_of(db.session(), first), balance_of(db.session(), second)
        return "" if left == (0, PAID - 1) else f"balances are {left}"

    return Heat([_bound(job, n) for n in range(callers)], 1, verify)


def last_refund(number: int, callers: int) -> Heat:
    """An order paid by gift card and in cash: everybody gives all of it back."""
    with transaction() as session:
        card_id = _card(session, PAID)
        (checkout_id,) = _checkouts(session, 1)
        draft, key = _draft(2 * PAID), f"race:{secrets.token_hex(8)}"
        order, _new = place_order(session, draft, Buyer("ada@example.com", "Ada"), source_key=key)
        set_aside(session, checkout_id, [(card_id, PAID)])
        (one,) = capture(session, checkout_id, order.id, order.number)
        for gateway, external_id in (("gift_card", f"gift_card_use:{one.use_id}"), ("cash", f"cash:{key}")):
            session.add(
                Payment(order_id=order.id, gateway=gateway, external_id=external_id, status="paid", amount_minor=PAID,
                        currency="USD", method="Gift card •••• 0000")
            )  # fmt: skip
        order.payment_status = "paid"
        order_id = order.id

    def job(_n: int) -> object:
        return request_refund(order_id, 2 * PAID, reason="", who=f"race {number}")

    def verify() -> str:
        asked = select(func.sum(Refund.amount_minor)).where(Refund.order_id == order_id)
        given = db.session.execute(asked).scalar_one()
        left = balance_of(db.session(), card_id)
        return "" if (given, left) == (2 * PAID, PAID) else f"{given} given back, {left} on the card"

    return Heat([_bound(job, n) for n in range(callers)], 1, verify)


def one_cart(_number: int, callers: int) -> Heat:
    """One cart that a gift card pays, its order placed from every tab at once: all of them find one order."""
    with transaction() as session:
        card_id = _card(session, PAID)
        checkout = Checkout(
            content_hash="race", draft=_draft(PAID).to_json(), currency="USD", total_minor=PAID, gift_minor=PAID,
            expires_at=clock.now() + timedelta(hours=1),
        )  # fmt: skip
        session.add(checkout)
        session.flush()
        set_aside(session, checkout.id, [(card_id, PAID)])
        reference = checkout.reference
    found: list[int] = []

    def job(_n: int) -> object:
        found.append(place_covered(reference, {"email": "ada@example.com", "phone": ""}, WHERE))
        return found

    def verify() -> str:
        made = db.session.execute(
            select(func.count(Order.id)).where(Order.source_key == f"covered:{reference}")
        ).scalar_one()
        left = balance_of(db.session(), card_id)
        fine = made == 1 and len(set(found)) == 1 and left == 0
        return "" if fine else f"{made} orders, {len(set(found))} answers, {left} on the card"

    return Heat([_bound(job, n) for n in range(callers)], callers, verify)


RACES: dict[str, Race] = {
    "use of a code": last_use_of_a_code,
    "of a gift card": last_of_a_gift_card,
    "refund": last_refund,
    "cart": one_cart,
}


def _bound(job: Callable[[int], object], n: int) -> Callable[[], object]:
    return lambda: job(n)


def _checkouts(session: Any, count: int) -> list[int]:
    rows = [
        Checkout(content_hash="race", draft={}, currency="USD", total_minor=1, expires_at=clock.now())
        for _ in range(count)
    ]
    session.add_all(rows)
    session.flush()
    return [row.id for row in rows]


def _card(session: Any, minor: int) -> int:
    card = GiftCard(currency="USD", initial_minor=minor, source="issued")
    session.add(card)
    session.flush()
    activate(session, card, who="race", why="")
    return card.id


def _draft(minor: int) -> OrderDraft:
    line = DraftLine(None, None, "Tee", "M", "SKU", 1, minor, printable={"product_id": "p", "variant_id": 1})
    return OrderDraft("USD", (line,), (DraftAdjustment("shipping", "Standard", 0, source="US/standard"),))
