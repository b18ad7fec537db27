"""Newsletters: listed with their figures, written, looked at, tried, sent, paused, cancelled."""

from __future__ import annotations

from collections.abc import Callable

from flask import Response, flash, redirect, request, url_for
from flask_login import current_user
from sqlalchemy import func, select
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response as BaseResponse

from shop.admin.answering import press
from shop.admin.blueprint import bp
from shop.admin.letter_frame import frame_of
from shop.admin.newsletters.form import fill, names_of, read_columns, read_moment, typed_in
from shop.admin.page_links import page_links
from shop.admin.permissions import May, staff_only
from shop.admin.stale import marks_of, meet
from shop.core.languages import NAMES
from shop.core.pages import render
from shop.core.paging import Page, page_number
from shop.core.transaction import transaction
from shop.errors import Conflict, InvalidInput
from shop.extensions import db
from shop.subscribers import campaigns as domain
from shop.subscribers.campaigns import STATES, count_readers, figures_of, get_campaign
from shop.subscribers.models import Campaign
from shop.tenancy.languages import main_language, store_languages
from shop.workflows.letter_facts import public_url
from shop.workflows.send_campaigns import facts_of, send_test

PER_PAGE = 30


class Changed(Exception):
    """Somebody saved this newsletter since the form was filled."""


@bp.get("/newsletters")
@staff_only()
def newsletters() -> Response:
    session = db.session()
    total = int(session.execute(select(func.count(Campaign.id))).scalar_one())
    page = min(page_number(request.args.get("page")), max(1, -(-total // PER_PAGE)))
    asked = select(Campaign).order_by(Campaign.id.desc()).offset((page - 1) * PER_PAGE).limit(PER_PAGE)
    rows = session.execute(asked).scalars().all()
    figures = figures_of(session, rows)
    listed = Page([(row, figures[row.id]) for row in rows], total, page, PER_PAGE)
    return render(
        "admin/newsletters.html",
        page_title="Newsletters",
        part="newsletters",
        listed=listed,
        states=STATES,
        readers=count_readers(session),
        urls=page_links(listed, lambda n: url_for("admin.newsletters", page=n if n > 1 else None)),
    )


@bp.get("/newsletters/new")
@staff_only(May.CONTENT)
def new_newsletter() -> Response:
    return _page(db.session(), None, fill(db.session(), None))


@bp.post("/newsletters/new")
@staff_only(May.CONTENT)
def create_newsletter() -> Response | BaseResponse:
    return _saved(None)


@bp.get("/newsletters/<int:campaign_id>")
@staff_only()
def newsletter(campaign_id: int) -> Response:
    found = get_campaign(db.session(), campaign_id)
    return _page(db.session(), found, fill(db.session(), found))


@bp.post("/newsletters/<int:campaign_id>")
@staff_only(May.CONTENT)
def save_newsletter(campaign_id: int) -> Response | BaseResponse:
    """When somebody else saved meanwhile, nothing is written and both versions are shown."""
    return _saved(campaign_id)


@bp.get("/newsletters/<int:campaign_id>/frame")
@staff_only()
def newsletter_frame(campaign_id: int) -> Response:
    """The letter as it is saved, in one language."""
    found = get_campaign(db.session(), campaign_id)
    locale = request.args.get("locale", "")
    locale = locale if locale in store_languages() else main_language()
    somewhere = public_url("/newsletter")
    facts = {**facts_of(db.session(), found, locale), "stop_url": somewhere, "letters_url": somewhere}
    return frame_of("newsletter", facts, locale)


@bp.post("/newsletters/<int:campaign_id>/test")
@staff_only(May.CONTENT)
def test_newsletter(campaign_id: int) -> BaseResponse:
    """One letter to who is signed in, in the language asked for."""
    locale = request.form.get("locale", "")
    locale = locale if locale in store_languages() else main_language()

    def work() -> str:
        with transaction() as session:
            send_test(session, get_campaign(session, campaign_id), current_user.email, locale)
        return f"On its way to {current_user.email}."

    return _press(campaign_id, work)


@bp.post("/newsletters/<int:campaign_id>/send")
@staff_only(May.CONTENT)
def send_newsletter(campaign_id: int) -> BaseResponse:
    """Form field `starts_at`: UTC; empty is now."""

    def work() -> str:
        starts_at = read_moment(request.form, "starts_at")
        with transaction() as session:
            found = get_campaign(session, campaign_id, lock=True)
            domain.schedule(session, found, starts_at, main_language())
        return "It is scheduled. Until then it can be changed." if starts_at else "It is being sent."

    return _press(campaign_id, work)


@bp.post("/newsletters/<int:campaign_id>/pause")
@staff_only(May.CONTENT)
def pause_newsletter(campaign_id: int) -> BaseResponse:
    return _move(campaign_id, domain.pause, "Nothing more leaves until you go on.")


@bp.post("/newsletters/<int:campaign_id>/resume")
@staff_only(May.CONTENT)
def resume_newsletter(campaign_id: int) -> BaseResponse:
    return _move(campaign_id, domain.resume, "It goes on.")


@bp.post("/newsletters/<int:campaign_id>/cancel")
@staff_only(May.CONTENT)
def cancel_newsletter(campaign_id: int) -> BaseResponse:
    return _move(campaign_id, domain.cancel, "Cancelled: whoever has not got it does not get it.")


@bp.post("/newsletters/<int:campaign_id>/copy")
@staff_only(May.CONTENT)
def copy_newsletter(campaign_id: int) -> BaseResponse:
    with transaction() as session:
        found = get_campaign(session, campaign_id)
        made = Campaign(title=f"{found.title[:110]} (copy)", texts=found.texts, product_ids=found.product_ids)
        session.add(made)
        session.flush()
        made_id = made.id
    flash("A copy, as a draft.", "good")
    return redirect(url_for("admin.newsletter", campaign_id=made_id), 303)


@bp.post("/newsletters/<int:campaign_id>/delete")
@staff_only(May.CONTENT)
def delete_newsletter(campaign_id: int) -> BaseResponse:
    """A draft only: what was sent is kept as the proof of what was said."""

    def work() -> None:
        with transaction() as session:
            found = get_campaign(session, campaign_id, lock=True)
            if found.status != "draft":
                raise Conflict("Only a draft can be deleted.")
            session.delete(found)

    get_campaign(db.session(), campaign_id)
    return press(work, done="The draft is deleted.", back=url_for("admin.newsletters"))


def _move(campaign_id: int, move: Callable[[Session, Campaign], object], done: str) -> BaseResponse:
    def work() -> str:
        with transaction() as session:
            move(session, get_campaign(session, campaign_id, lock=True))
        return done

    return _press(campaign_id, work)


def _press(campaign_id: int, work: Callable[[], object]) -> BaseResponse:
    get_campaign(db.session(), campaign_id)
    db.session.rollback()
    return press(work, done="", back=url_for("admin.newsletter", campaign_id=campaign_id))


def _saved(campaign_id: int | None) -> Response | BaseResponse:
    typed, marks = typed_in(request.form), request.form.get("marks", "")
    session = db.session()
    try:
        saved_id = _save(campaign_id, typed, marks)
    except InvalidInput as error:
        found = get_campaign(session, campaign_id) if campaign_id is not None else None
        return _page(session, found, typed, status=422, errors=error.fields, marks=marks)
    except Changed:
        found = get_campaign(session, campaign_id or 0)
        met = meet(fill(session, found), typed, marks)
        return _page(session, found, met.values, status=409, changed=met.changed)
    flash("Saved.", "good")
    return redirect(url_for("admin.newsletter", campaign_id=saved_id), 303)


def _save(campaign_id: int | None, typed: dict[str, str], marks: str) -> int:
    with transaction() as session:
        found = get_campaign(session, campaign_id, lock=True) if campaign_id is not None else None
        if found is not None and not domain.may_be_changed(found):
            raise Conflict("This newsletter has been sent already. Make a copy of it.")
        if found is not None and meet(fill(session, found), typed, marks).changed:
            raise Changed
        columns = read_columns(session, typed, (found.texts if found else None) or {})
        if found is None:
            found = Campaign(**columns)
            session.add(found)
        else:
            for name, value in columns.items():
                setattr(found, name, value)
        session.flush()
        return found.id


def _page(
    session: Session,
    found: Campaign | None,
    values: dict[str, str],
    *,
    status: int = 200,
    errors: dict[str, str] | None = None,
    changed: dict[str, str] | None = None,
    marks: str | None = None,
) -> Response:
    labels = names_of()
    return render(
        "admin/newsletter.html",
        status=status,
        page_title=found.title if found else "New newsletter",
        part="newsletters",
        campaign=found,
        state=STATES[found.status] if found else "",
        figures=figures_of(session, [found])[found.id] if found else None,
        readers=count_readers(session),
        values=values,
        errors=errors or {},
        changed=None if changed is None else {labels[name]: value for name, value in changed.items()},
        marks=marks if marks is not None else marks_of(fill(session, found)),
        languages=[(locale, NAMES[locale]) for locale in store_languages()],
        may_change=found is None or domain.may_be_changed(found),
    )
