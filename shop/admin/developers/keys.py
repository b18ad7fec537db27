"""Developers → API keys: listed, created, rotated, revoked. A token is on the page that answers the form, and nowhere
else: nothing keeps it, so it cannot be shown again."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from flask import Response, current_app, flash, redirect, request, url_for
from flask_login import current_user
from sqlalchemy import func, select
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response as BaseResponse

from shop.accounts import api_keys
from shop.accounts.api_keys import RESOURCES
from shop.accounts.api_models import ApiKey
from shop.admin import reading_forms as read
from shop.admin.answering import press
from shop.admin.blueprint import bp
from shop.admin.page_links import page_links
from shop.admin.permissions import May, staff_only
from shop.admin.words import is_test_mode
from shop.core import clock
from shop.core.pages import render
from shop.core.paging import Page, page_number
from shop.core.secrets import new_token
from shop.core.transaction import transaction
from shop.errors import Conflict, InvalidInput, NotFound
from shop.extensions import db

PER_PAGE = 50
ACCESS = (("none", "Nothing"), ("read", "Read"), ("write", "Read and write"))
LIVES = (("0", "Until it is revoked"), ("30", "30 days"), ("90", "90 days"), ("365", "A year"))
OVERLAPS = (("24", "24 hours"), ("6", "6 hours"), ("1", "1 hour"), ("0", "No time: it leaked"))
FEWEST, MOST = 10, 6000  # requests a minute


@bp.get("/developers")
@staff_only(May.DEVELOP)
def developers() -> Response:
    """Keys that are good come first; two statements."""
    session = db.session()
    page = page_number(request.args.get("page"))
    total = int(session.execute(select(func.count()).select_from(ApiKey)).scalar_one())
    page = min(page, max(1, -(-total // PER_PAGE)))
    rows = session.execute(
        select(ApiKey)
        .order_by(ApiKey.revoked_at.is_not(None), ApiKey.id.desc())
        .offset((page - 1) * PER_PAGE)
        .limit(PER_PAGE)
    ).scalars()
    found = Page(list(rows), total, page, PER_PAGE)
    urls = page_links(found, lambda n: url_for("admin.developers", page=n if n > 1 else None))
    return render(
        "admin/api_keys.html",
        page_title="API keys",
        rows=found,
        urls=urls,
        state_of=state_of,
        scopes_of=scopes_of,
    )


@bp.get("/developers/keys/new")
@staff_only(May.DEVELOP)
def new_api_key() -> Response:
    values = {"name": "", "lives": "0", "per_minute": "600", "form_key": new_token()}
    return _form({**values, **{f"may-{resource}": "none" for resource in RESOURCES}}, {})


@bp.post("/developers/keys/new")
@staff_only(May.DEVELOP)
def create_api_key() -> Response | BaseResponse:
    """The answer shows the token. The same form once more makes no second key."""
    typed = request.form.to_dict()
    try:
        key, token = _create(typed)
    except InvalidInput as error:
        return _form(typed, error.fields)
    except Conflict as error:
        return _form(typed, {"name": error.user_message})
    if token is None:
        flash("This key was created already. Its token was shown then, and cannot be shown again.", "bad")
        return redirect(url_for("admin.api_key", key_id=key.id), 303)
    return _shown_once(key, token)


@bp.get("/developers/keys/<int:key_id>")
@staff_only(May.DEVELOP)
def api_key(key_id: int) -> Response:
    key = _find(db.session(), key_id)
    return render(
        "admin/api_key.html",
        page_title=key.name,
        key=key,
        is_good=api_keys.is_good(key),
        overlaps=key.previous_until is not None and key.previous_until > clock.now(),
        state=state_of(key),
        may_do=_may_do(key),
        overlap_options=OVERLAPS,
    )


@bp.post("/developers/keys/<int:key_id>/rotate")
@staff_only(May.DEVELOP)
def rotate_api_key(key_id: int) -> Response | BaseResponse:
    """The answer shows the new token. A second press of the same form rotates nothing."""
    try:
        overlap = int(read.choice(request.form, "overlap", "The time", dict(OVERLAPS)))
        generation = read.whole(request.form, "generation", "The form", 0, 999_999)
        with transaction() as session:
            key = _find(session, key_id, to_change=True)
            token = api_keys.rotate_key(session, key, generation=generation, overlap_hours=overlap)
    except (InvalidInput, Conflict) as error:
        flash(error.user_message, "bad")
        return redirect(url_for("admin.api_key", key_id=key_id), 303)
    return _shown_once(key, token)


@bp.post("/developers/keys/<int:key_id>/revoke")
@staff_only(May.DEVELOP)
def revoke_api_key(key_id: int) -> BaseResponse:
    def work() -> str:
        with transaction() as session:
            key = _find(session, key_id, to_change=True)
            if request.form.get("sure") != "1":
                raise InvalidInput(fields={"sure": "Tick the box to say that you mean it. The key works as before."})
            done = api_keys.revoke_key(session, key)
        return f"{key.name} is revoked: it opens nothing any more." if done else f"{key.name} was revoked already."

    return press(work, done="", back=url_for("admin.api_key", key_id=key_id))


def state_of(key: ApiKey) -> tuple[str, str]:
    """(word, tone)."""
    if key.revoked_at is not None:
        return "Revoked", "waiting"
    if not api_keys.is_good(key):
        return "Expired", "needs"
    return "Good", "done"


def scopes_of(key: ApiKey) -> str:
    """In words: "Products, Orders (read)"."""
    return ", ".join(
        name if what == "write" else f"{name} (read)" for name, _, what in _may_do(key) if what != "none"
    )


def _may_do(key: ApiKey) -> list[tuple[str, str, str]]:
    """[(resource in words, what it holds, none | read | write)]."""

    def level(resource: str) -> str:
        if f"{resource}:write" in key.scopes:
            return "write"
        return "read" if f"{resource}:read" in key.scopes else "none"

    return [(name, holds, level(resource)) for resource, (name, holds) in RESOURCES.items()]


def _create(typed: dict[str, str]) -> tuple[ApiKey, str | None]:
    errors: dict[str, str] = {}

    def kept(reader: Any, fallback: Any) -> Any:
        try:
            return reader()
        except InvalidInput as error:
            errors.update(error.fields)
            return fallback

    name = kept(lambda: read.text(typed, "name", "The name", 80), "")
    days = int(kept(lambda: read.choice(typed, "lives", "How long it lives", dict(LIVES)), "0"))
    per_minute = kept(lambda: read.whole(typed, "per_minute", "Requests a minute", FEWEST, MOST), FEWEST)
    form_key = read.text(typed, "form_key", "The form", 64, required=False)
    scopes = []
    for resource, (label, _) in RESOURCES.items():
        asked = typed.get(f"may-{resource}", "none")
        what = kept(lambda asked=asked, label=label: read.choice({"w": asked}, "w", label, dict(ACCESS)), "none")
        scopes += [f"{resource}:{what}"] if what != "none" else []
    if errors.pop("w", None):
        errors["scopes"] = "Choose one of the options for each."
    elif not scopes:
        errors["scopes"] = "Choose at least one thing that this key may do."
    if errors:
        raise InvalidInput(fields=errors)
    with transaction() as session:
        return api_keys.create_key(
            session,
            name=name,
            scopes=scopes,
            is_test=is_test_mode(current_app.config["IMPRINT"]),
            per_minute=per_minute,
            expires_at=clock.now() + timedelta(days=days) if days else None,
            by=(current_user.id, str(current_user.name or current_user.email)),
            form_key=form_key,
        )


def _find(session: Session, key_id: int, to_change: bool = False) -> ApiKey:
    found = api_keys.find_key(session, key_id, to_change)
    if found is None:
        raise NotFound("There is no such key.")
    return found


def _form(values: dict[str, str], errors: dict[str, str]) -> Response:
    return render(
        "admin/api_key_new.html",
        status=422 if errors else 200,
        page_title="New API key",
        values=values,
        errors=errors,
        resources=RESOURCES,
        access=ACCESS,
        lives=LIVES,
    )


def _shown_once(key: ApiKey, token: str) -> Response:
    readable = next((scope.partition(":")[0] for scope in key.scopes if scope.endswith(":read")), "products")
    path = "webhook-endpoints" if readable == "webhooks" else readable
    example = f"{current_app.config['IMPRINT'].public_url.rstrip('/')}/api/v1/{path}?limit=1"
    return render("admin/api_key_shown.html", page_title=key.name, key=key, token=token, example=example)
