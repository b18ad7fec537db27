"""A merchant's rule meets an event: look whether it fits, and do what it says, all in one transaction.

What is done is rows of ours (a call owed, a letter asked for, a tag), so a run that is repeated after a crash has
either done all of it or nothing: each action happens once for each rule and event.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import orjson
from sqlalchemy import select
from sqlalchemy.orm import Session

from shop.accounts.models import Customer
from shop.automations.keeping import start_test
from shop.automations.models import Automation, AutomationRun
from shop.automations.rules import Facts, read_conditions, why_not
from shop.catalog.models import Product
from shop.core import clock, durable
from shop.core.durable import Claim
from shop.core.money import format_minor
from shop.core.queue import JobName, enqueue_after_commit
from shop.core.secrets import new_token
from shop.core.transaction import run_in_transaction
from shop.customers.changing import join_tags as join_customer_tags
from shop.email.requesting import request_letter
from shop.orders.models import Order, OrderLine
from shop.orders.tagging import MOST_TAGS
from shop.webhook_delivery.announcing import body_of
from shop.webhook_delivery.models import WebhookDelivery, WebhookEndpoint, WebhookMessage
from shop.workflows.announcements import amount, order_data
from shop.workflows.letter_facts import public_url


def run_one(held: Claim) -> None:
    """Settle one claimed run. Raises LostLease when another worker has it."""

    def work(session: Session) -> None:
        durable.hold(session, AutomationRun, held)
        run = session.get_one(AutomationRun, held.id, populate_existing=True)
        automation = session.get_one(Automation, run.automation_id, populate_existing=True)
        facts = facts_of(session, run)
        against = why_not(read_conditions(automation.conditions), facts)
        if not run.is_test and (against or not automation.is_on):
            story = [against or "It was switched off meanwhile."]
            durable.finish(session, AutomationRun, held, outcome="skipped", story=story)
            return
        done, failed = _act(session, automation, run, facts)
        if run.is_test:
            done.insert(0, f"A test. In earnest nothing would be done: {against}" if against else "A test: it fits.")
        outcome = "failed" if failed else "done"
        durable.finish(session, AutomationRun, held, outcome=outcome, story=[*done, *failed])

    run_in_transaction(work)


def send_sample(session: Session, automation: Automation) -> AutomationRun:
    """A run with the newest order (or a made-up one): calls and letters leave, marked as a test; nothing is tagged.
    The caller commits."""
    order = session.execute(select(Order).order_by(Order.id.desc()).limit(1)).scalar_one_or_none()
    data: dict[str, Any] = {"test": True}
    if automation.event == "review.created":
        data["review"] = {"id": 0, "rating": 1, "status": "waiting", "has_pictures": False, "product": {"id": 0}}
    elif automation.event in ("failure.parked", "channel.reconnect"):
        data["why"] = "Nothing has happened: this is a test."
    elif order is not None:
        data["order"] = order_data(order)
    else:
        data["order"] = {"id": 0, "number": "TEST-0000", "channel": "storefront", "total": amount(4900, "EUR")}
    subject = f"order:{order.number}" if order is not None and "order" in data else ""
    return start_test(session, automation, f"test_{new_token(20)}"[:40], subject, body_of(automation.event, data))


# -- what is known of the thing


def facts_of(session: Session, run: AutomationRun) -> Facts:
    """Read now, by the ids that the event told."""
    data = orjson.loads(run.body).get("data") or {}
    known: dict[str, Any] = {"event": run.event, "why": str(data.get("why") or "")[:500]}
    if isinstance(told := data.get("review"), Mapping):
        known |= _of_review(session, told)
    if isinstance(told := data.get("product"), Mapping):
        known |= {"product": str(told.get("title") or ""), "skus": _folded([told.get("title"), told.get("slug")])}
    if isinstance(told := data.get("order"), Mapping):
        known |= _of_order(session, told)
    return Facts(**known)


def _of_order(session: Session, told: Mapping[str, Any]) -> dict[str, Any]:
    order = session.get(Order, told.get("id") or 0)
    if order is None:
        total = told.get("total") or {}
        return {
            "order_number": str(told.get("number") or ""), "channel": str(told.get("channel") or ""),
            "total_minor": total.get("amount_minor"), "currency": total.get("currency", ""),
        }  # fmt: skip
    lines = session.execute(select(OrderLine.sku, OrderLine.title).where(OrderLine.order_id == order.id)).all()
    customer = session.get(Customer, order.customer_id) if order.customer_id else None
    return {
        "order_number": order.number,
        "order_id": order.id,
        "customer_id": order.customer_id,
        "total_minor": order.store_total_minor,
        "currency": order.store_currency or order.currency,
        "country": str(order.ship_to.get("country") or ""),
        "channel": order.channel,
        "tags": _folded([*order.tags, *(customer.tags if customer else ())]),
        "skus": _folded([word for line in lines for word in line]),
    }


def _of_review(session: Session, told: Mapping[str, Any]) -> dict[str, Any]:
    found = session.get(Product, (told.get("product") or {}).get("id") or 0)
    title = found.title if found is not None else ""
    rating = told.get("rating")
    return {"rating": rating if isinstance(rating, int) else None, "product": title, "skus": _folded([title])}


def _folded(words: list[Any]) -> frozenset[str]:
    return frozenset(str(word).casefold() for word in words if word)


# -- what is done


def _act(session: Session, automation: Automation, run: AutomationRun, facts: Facts) -> tuple[list[str], list[str]]:
    """(what was done, what could not be), in words."""
    done: list[str] = []
    failed: list[str] = []
    if automation.endpoint_id is not None:
        (done if (said := _call(session, automation.endpoint_id, run)) else failed).append(
            said or "The address is switched off (Developers → Webhooks); it was not called."
        )
    if letter := automation.actions.get("letter"):
        _write(session, letter, run, facts)
        done.append(f"A letter to {letter['to']}.")
    for name, what in (("tag_order", "order"), ("tag_customer", "customer")):
        if tag := automation.actions.get(name):
            if run.is_test:
                done.append(f"The {what} would be tagged “{tag}”.")
                continue
            is_tagged = (_tag_order if name == "tag_order" else _tag_customer)(session, facts, tag)
            (done if is_tagged else failed).append(
                f"The {what} is tagged “{tag}”." if is_tagged else f"There is no {what} to tag “{tag}”."
            )
    return done, failed


def _call(session: Session, endpoint_id: int, run: AutomationRun) -> str:
    endpoint = session.get_one(WebhookEndpoint, endpoint_id, populate_existing=True)
    if not endpoint.is_enabled:
        return ""
    now = clock.now()
    message = WebhookMessage(key=f"aut_{run.id}", type=run.event, subject=run.subject, body=run.body, created_at=now)
    session.add(message)
    session.flush()
    session.add(WebhookDelivery(message_id=message.id, endpoint_id=endpoint_id, due_at=now))
    session.flush()
    enqueue_after_commit(session, JobName.DELIVER_WEBHOOKS)
    return f"A call to {endpoint.url}."


def _write(session: Session, letter: Mapping[str, str], run: AutomationRun, facts: Facts) -> None:
    words = _words(facts)
    title, text = (_filled(letter.get(name, ""), words) for name in ("title", "text"))
    path = f"/admin/orders/{facts.order_number}" if facts.order_id else "/admin/automations/log"
    request_letter(
        session,
        letter="merchant_notice",
        subject_key=f"automation:{run.id}",
        to_email=letter["to"],
        facts={"title": f"[Test] {title}" if run.is_test else title, "text": text or title, "url": public_url(path)},
    )


def _words(facts: Facts) -> dict[str, str]:
    total = format_minor(facts.total_minor, facts.currency) if facts.total_minor is not None and facts.currency else ""
    stars = str(facts.rating) if facts.rating is not None else ""
    return {
        "order": facts.order_number, "total": total, "country": facts.country, "channel": facts.channel,
        "stars": stars, "product": facts.product, "why": facts.why,
    }  # fmt: skip


def _filled(text: str, words: Mapping[str, str]) -> str:
    for name, word in words.items():
        text = text.replace("{" + name + "}", word or "–")
    return text


def _tag_order(session: Session, facts: Facts, tag: str) -> bool:
    if facts.order_id is None:
        return False
    order = session.get_one(Order, facts.order_id, with_for_update=True, populate_existing=True)
    if tag.casefold() not in {known.casefold() for known in order.tags}:
        order.tags = [*order.tags, tag][:MOST_TAGS]
    return True


def _tag_customer(session: Session, facts: Facts, tag: str) -> bool:
    if facts.customer_id is None:
        return False
    customer = session.get_one(Customer, facts.customer_id, with_for_update=True, populate_existing=True)
    if customer.erased_at is not None:
        return False
    customer.tags = join_customer_tags(customer.tags, [tag])
    return True
