from __future__ import annotations

import json
from datetime import datetime, timedelta

import pytest
from sqlalchemy import text

from jobs.sweep import sweep
from shop.core import clock, durable
from shop.core.queue import JobName
from shop.core.transaction import transaction
from shop.email.models import Letter
from shop.extensions import db
from shop.outbound.posting import Posted
from shop.webhook_delivery.delivering import WAITS, load_outgoing, next_try
from shop.webhook_delivery.endpoints import change_endpoint, find_endpoint, rotate_secret
from shop.webhook_delivery.models import WebhookDelivery, WebhookMessage
from shop.webhook_delivery.replaying import replay, replay_failed
from shop.workflows import clean_up
from shop.workflows.deliver_webhooks import deliver
from tests.webhook_delivery.conftest import Post


def test_an_event_arrives_signed_once_at_each_endpoint_that_listens(post: Post) -> None:
    post.endpoint("one")
    post.endpoint("two")
    post.endpoint("other", events=["order.shipped"])
    assert post.say(order={"id": 7}) == 2
    post.send()
    post.send()
    for name in ("one", "two"):
        (came,) = post.came(name)
        assert came["fits"] is True and came["status"] == 204
        told = json.loads(came["body"])
        assert (told["type"], told["data"]) == ("order.paid", {"order": {"id": 7}})
        assert datetime.fromisoformat(told["timestamp"]).tzinfo is not None
        assert came["headers"]["content-type"] == "application/json"
    assert post.came("other") == []
    assert {d.outcome for d in post.deliveries()} == {"delivered"}
    assert post.came("one")[0]["key"] == post.came("two")[0]["key"]


def test_nobody_listens_and_nothing_is_written(post: Post) -> None:
    assert post.say() == 0
    assert db.session.query(WebhookMessage).count() == 0


def test_the_event_and_its_message_are_one_transaction(post: Post) -> None:
    post.endpoint()
    with pytest.raises(RuntimeError), transaction() as session:
        from shop.webhook_delivery.announcing import announce

        announce(session, "order.paid", {})
        raise RuntimeError
    assert post.deliveries() == []


def test_a_worker_that_dies_after_the_call_leaves_it_to_the_next_under_the_same_id(post: Post) -> None:
    post.endpoint()
    post.say()
    with transaction() as session:
        held = durable.claim(session, WebhookDelivery, 8, lease_seconds=0)
        load_outgoing(session, held)
    post.send()  # the next one
    (first,) = post.came()
    assert deliver(held) == []  # the dead one comes back: it sends, and may write nothing
    assert [one["key"] for one in post.came()] == [first["key"], first["key"]]
    assert post.came()[1]["repeat"] is True
    assert len(post.attempts()) == 1 and post.delivery().outcome == "delivered"


def test_a_lost_kick_is_found_by_the_sweep(post: Post) -> None:
    post.endpoint()
    post.say()
    assert JobName.DELIVER_WEBHOOKS in sweep()


def test_failures_are_retried_on_the_published_schedule_with_one_id(post: Post, noon: datetime) -> None:
    post.endpoint()
    post.say()
    post.answer("demo", "500")
    for wait in WAITS:
        post.send()
        row = post.delivery()
        assert row.work_state == "due" and row.last_status == 500
        waited = (row.due_at - clock.now()).total_seconds()
        assert wait * 0.9 - 1 <= waited <= wait * 1.1 + 1
        clock.fix(row.due_at)
    assert clock.now() - noon > timedelta(days=2.7)
    post.send()
    row = post.delivery()
    assert (row.work_state, row.outcome, row.tries) == ("done", "failed", len(WAITS) + 1)
    assert len({one["key"] for one in post.came()}) == 1 and len(post.came()) == 10
    assert len({one["headers"]["webhook-timestamp"] for one in post.came()}) == 10
    assert all(one["fits"] for one in post.came())
    assert [a.answer for a in post.attempts()] == ["out of order"] * 10


def test_retry_after_is_the_least_wait_and_has_a_bound(noon: datetime) -> None:
    def wait(tries: int, seconds: float) -> float:
        due = next_try(tries, Posted(429, "", "", 1, noon + timedelta(seconds=seconds)))
        assert due is not None
        return (due - noon).total_seconds()

    assert wait(1, 3600) == 3600
    assert wait(1, 1) < 10
    assert wait(1, 7 * 86400) == 86400


def test_retry_after_is_read_from_the_answer(post: Post, noon: datetime) -> None:
    post.endpoint()
    post.say()
    post.answer("demo", "429", seconds=900)
    post.send()
    assert post.delivery().due_at == noon + timedelta(seconds=900)


def test_410_switches_the_endpoint_off_and_tells_the_merchant(post: Post) -> None:
    endpoint = post.endpoint()
    post.say()
    post.answer("demo", "410")
    post.send()
    post.say()
    row = post.again(endpoint.id)
    assert not row.is_enabled and "410" in row.disabled_why
    assert [d.outcome for d in post.deliveries()] == ["failed"]
    letter = db.session.query(Letter).one()
    assert letter.letter == "merchant_failure" and "410" in letter.facts["why"]


def test_five_days_without_a_success_switch_it_off_and_what_is_owed_is_skipped(post: Post, noon: datetime) -> None:
    endpoint = post.endpoint(failing_since=noon - timedelta(days=5, minutes=1))
    post.answer("demo", "500")
    for _ in range(3):
        assert post.again(endpoint.id).is_enabled
        post.say()
        post.send()
        clock.fix(post.deliveries()[0].due_at)
    post.send()
    assert not post.again(endpoint.id).is_enabled
    assert {d.outcome for d in post.deliveries()} == {"skipped"}
    assert db.session.query(Letter).count() == 1


def test_a_success_ends_the_count_of_five_days(post: Post, noon: datetime) -> None:
    endpoint = post.endpoint(failing_since=noon - timedelta(days=4))
    post.say()
    post.send()
    row = post.again(endpoint.id)
    assert row.failing_since is None and row.last_success_at == noon


def test_redirects_are_not_followed(post: Post) -> None:
    post.endpoint()
    post.say()
    post.answer("demo", "redirect")
    post.send()
    assert post.came("demo-elsewhere") == []
    assert "redirect" in post.attempts()[0].problem and post.attempts()[0].status == 302


def test_only_the_first_kilobyte_of_an_answer_is_kept(post: Post) -> None:
    post.endpoint()
    post.say()
    post.answer("demo", "long")
    post.send()
    assert len(post.attempts()[0].answer) == 1024 and post.delivery().outcome == "delivered"


def test_an_endpoint_that_does_not_answer_holds_up_nobody_else(post: Post, noon: datetime) -> None:
    dead = post.endpoint("dead")
    post.endpoint("alive")
    post.answer("dead", "500")
    for _ in range(20):
        post.say()
    post.send()
    assert len(post.came("alive")) == 20
    assert len(post.came("dead")) <= 8
    assert all(d.due_at > noon for d in post.deliveries() if d.endpoint_id == dead.id)


def test_what_is_owed_to_a_switched_off_endpoint_is_skipped_and_replayed_later(post: Post) -> None:
    endpoint = post.endpoint()
    post.say()
    with transaction() as session:
        row = find_endpoint(session, endpoint.id, to_change=True)
        assert row is not None
        change_endpoint(session, row, is_enabled=False)
    post.send()
    assert post.came() == [] and post.delivery().outcome == "skipped"
    with transaction() as session:
        row = find_endpoint(session, endpoint.id, to_change=True)
        assert row is not None
        change_endpoint(session, row, is_enabled=True)
        assert replay_failed(session, clock.now() - timedelta(days=1)) == 1
        assert replay_failed(session, clock.now() - timedelta(days=1)) == 0
    post.send()
    assert len(post.came()) == 1


def test_a_replay_keeps_the_id_and_the_body(post: Post) -> None:
    post.endpoint()
    post.say()
    post.send()
    with transaction() as session:
        replay(session, post.delivery().id)
    post.send()
    first, second = post.came()
    assert (first["key"], first["body"]) == (second["key"], second["body"]) and second["repeat"]


def test_during_a_rotation_both_secrets_fit_and_afterwards_only_the_new_one(post: Post, noon: datetime) -> None:
    endpoint = post.endpoint()
    old = endpoint.secret
    with transaction() as session:
        row = find_endpoint(session, endpoint.id, to_change=True)
        assert row is not None
        new = rotate_secret(session, row)
    for secret, moment, fits in (
        (old, noon, True),
        (new, noon, True),
        (old, noon + timedelta(hours=25), False),
        (new, noon + timedelta(hours=25), True),
    ):
        clock.fix(moment)
        post.answer("demo", "ok", secret=secret)
        post.say()
        post.send()
        assert post.came()[-1]["fits"] is fits


def test_secrets_are_encrypted_in_the_database(post: Post) -> None:
    secret = post.endpoint().secret
    stored = db.session.execute(text("SELECT secret FROM webhook_endpoints")).scalar_one()
    assert secret.removeprefix("whsec_")[:12] not in stored


def test_old_messages_go_unless_they_are_owed(post: Post) -> None:
    post.endpoint()
    post.say()
    post.send()
    post.say()
    db.session.execute(text("UPDATE webhook_messages SET created_at = now() - interval '31 days'"))
    db.session.commit()
    clean_up.run()
    assert [d.work_state for d in post.deliveries()] == ["due"]
    assert post.attempts() == []
