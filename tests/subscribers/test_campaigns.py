"""A newsletter goes to everybody who wants it, once, whatever happens on the way."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
from sqlalchemy import func, select, update

from shop.core import clock
from shop.core.queue import JobName
from shop.core.transaction import transaction
from shop.email.models import Letter, SharedFacts
from shop.extensions import db
from shop.subscribers import campaigns
from shop.subscribers.campaigns import figures_of, get_campaign
from shop.subscribers.links import Followed
from shop.subscribers.models import Campaign, Subscriber
from shop.subscribers.searching import import_subscribers
from shop.workflows.letter_choices import leave
from shop.workflows.send_campaigns import AT_ONCE
from tests.admin.conftest import Staff
from tests.town import Town

DRAFT = {
    "title": "Winter",
    "subject_en": "New for the winter",
    "body_en": "<p>Three <b>designs</b><script>x</script></p>",
}


@pytest.fixture
def owner(town: Town) -> Staff:
    return Staff(town.app).known_as("admin@example.com")


def people(many: int) -> None:
    with transaction() as session:
        emails = [f"reader{n}@example.com" for n in range(many)]
        import_subscribers(session, emails, locale="en", words="A list on paper", who="test")


def draft(owner: Staff, **more: str) -> int:
    answer = owner.post("/admin/newsletters/new", {**DRAFT, **more})
    assert answer.status_code == 303, answer.text[:2000]
    return int(answer.headers["Location"].rsplit("/", 1)[1])


def step(town: Town) -> None:
    clock.advance(timedelta(seconds=3))
    town.work(JobName.SEND_CAMPAIGNS, rounds=1) if _due() else None


def _due() -> bool:
    db.session.remove()
    return db.session.execute(select(Campaign.work_state)).scalar() == "due"


def state() -> Campaign:
    db.session.remove()
    return db.session.execute(select(Campaign)).scalar_one()


def letters(*states: str) -> int:
    asked = select(func.count(Letter.id)).where(Letter.letter == "newsletter")
    return int(db.session.execute(asked.where(Letter.work_state.in_(states)) if states else asked).scalar_one())


def run(town: Town) -> None:
    for _ in range(20):
        clock.advance(timedelta(seconds=3))
        town.work()
        if state().status == "sent":
            return
    raise AssertionError("the newsletter does not come to an end")


def test_everybody_gets_it_once_in_batches_and_the_figures_say_so(town: Town, owner: Staff) -> None:
    people(5)
    campaign_id = draft(owner, products=_slug())
    owner.press(f"/admin/newsletters/{campaign_id}/send")
    run(town)
    assert letters("done") == 5
    assert db.session.execute(select(func.count(SharedFacts.id))).scalar_one() == 1, "the words are kept once"
    mails = town.letters(subject="New for the winter")
    assert len({mail["to"][0] if isinstance(mail["to"], list) else mail["to"] for mail in mails}) == 5
    with transaction() as session:  # somebody starts it again by hand: nobody gets it twice
        session.execute(update(Campaign).values(status="sending", reached_id=0, work_state="due"))
        leave(
            session, Followed(session.execute(select(func.min(Subscriber.id))).scalar_one(), "newsletter", campaign_id)
        )
    run(town)
    assert letters() == 5
    with transaction() as session:
        found = figures_of(session, [get_campaign(session, campaign_id)])[campaign_id]
    assert (found.sent, found.waiting, found.failed, found.left) == (5, 0, 0, 1)
    page = owner.get(f"/admin/newsletters/{campaign_id}/frame").text
    assert "<b>designs</b>" in page and "<script" not in page
    assert "open" not in re.findall(r"<img[^>]+", page)


def _slug() -> str:
    from shop.catalog.models import Product

    return str(db.session.execute(select(Product.slug).where(Product.status == "active").limit(1)).scalar_one())


def test_it_can_be_paused_go_on_and_be_cancelled(town: Town, owner: Staff) -> None:
    people(AT_ONCE + 30)
    campaign_id = draft(owner)
    owner.press(f"/admin/newsletters/{campaign_id}/send")
    clock.advance(timedelta(seconds=3))
    town.work(JobName.SEND_CAMPAIGNS)
    assert letters("due") == AT_ONCE, "the next step waits until these are sent"
    owner.press(f"/admin/newsletters/{campaign_id}/pause")
    clock.advance(timedelta(minutes=5))
    town.work()
    assert (letters("due"), state().status) == (AT_ONCE, "paused")
    owner.press(f"/admin/newsletters/{campaign_id}/resume")
    with transaction() as session:  # they are on their way: half of them
        half = select(Letter.id).where(Letter.letter == "newsletter").order_by(Letter.id).limit(AT_ONCE - 5)
        session.execute(
            update(Letter).where(Letter.id.in_(half)).values(work_state="done", provider="smtp"),
            execution_options={"synchronize_session": False},
        )
    clock.advance(timedelta(seconds=3))
    town.work(JobName.SEND_CAMPAIGNS)
    assert letters() == AT_ONCE + 30
    owner.press(f"/admin/newsletters/{campaign_id}/cancel")
    assert (letters("due"), letters(), state().status) == (0, AT_ONCE - 5, "cancelled")
    answer = owner.post(f"/admin/newsletters/{campaign_id}", {**DRAFT, "marks": ""})
    assert answer.status_code == 409


def test_who_leaves_in_between_gets_nothing_and_a_dead_mailbox_is_left_alone(town: Town, owner: Staff) -> None:
    people(3)
    campaign_id = draft(owner)
    owner.press(f"/admin/newsletters/{campaign_id}/send")
    clock.advance(timedelta(seconds=3))
    town.work(JobName.SEND_CAMPAIGNS)
    ids = list(db.session.execute(select(Subscriber.id).order_by(Subscriber.id)).scalars())
    with transaction() as session:
        leave(session, Followed(ids[0], "newsletter", campaign_id))
        session.execute(
            update(Letter)
            .where(Letter.subject_key == f"campaign:{campaign_id}:{ids[1]}")
            .values(work_state="parked", error_kind="merchant", error_text="The mail server refused: 550 no such user")
        )
    run(town)
    assert len(town.letters(subject="New for the winter")) == 1
    stopped = db.session.execute(select(Subscriber.stopped).where(Subscriber.id == ids[1])).scalar_one()
    assert stopped == "bounced"
    with transaction() as session:
        found = figures_of(session, [get_campaign(session, campaign_id)])[campaign_id]
    assert (found.sent, found.failed, found.left) == (1, 2, 1)


def test_a_scheduled_one_waits_and_can_still_be_changed(town: Town, owner: Staff) -> None:
    people(1)
    campaign_id = draft(owner)
    later = (clock.now() + timedelta(days=1)).strftime("%Y-%m-%dT%H:%M")
    owner.press(f"/admin/newsletters/{campaign_id}/send", {"starts_at": later})
    town.work()
    assert (state().status, letters()) == ("scheduled", 0)
    owner.press(f"/admin/newsletters/{campaign_id}/pause")
    assert state().status == "draft"
    owner.press(f"/admin/newsletters/{campaign_id}/test")
    town.work()
    assert len(town.letters(to="admin@example.com", subject="New for the winter")) == 1


def test_moves_that_make_no_sense_are_refused(town: Town, owner: Staff) -> None:
    campaign_id = draft(owner, body_en="")
    for move in ("send", "pause", "resume", "cancel"):
        owner.press(f"/admin/newsletters/{campaign_id}/{move}")
        assert state().status == "draft"
    assert campaigns.STATES[state().status] == "Draft"


def test_its_page_shows_where_it_stands(town: Town, owner: Staff) -> None:
    people(1)
    campaign_id = draft(owner, products=_slug())
    for status in campaigns.STATES:
        with transaction() as session:
            session.execute(update(Campaign).values(status=status, starts_at=clock.now()))
        page = owner.get(f"/admin/newsletters/{campaign_id}")
        assert page.status_code == 200 and campaigns.STATES[status] in page.text
    assert owner.get("/admin/newsletters").status_code == 200
