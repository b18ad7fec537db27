"""Letters one wants, what is held about one, and the end of the account."""

from __future__ import annotations

from flask import Response as FlaskResponse
from flask import flash, redirect, request, url_for
from flask_babel import gettext as _
from sqlalchemy import Select, select, update
from sqlalchemy.orm import undefer
from werkzeug.wrappers import Response

from shop.accounts.shopper_models import Shopper
from shop.accounts.shoppers.changing import NOT_ANY_MORE, find_link
from shop.accounts.signing_in import may_ask_for_a_letter
from shop.core import clock
from shop.core.transaction import transaction
from shop.customers.changing import change_consent, lock_customer
from shop.customers.models import PrivacyRequest
from shop.errors import InvalidInput, NotFound
from shop.extensions import db
from shop.storefront.account.arriving import REALM, too_many
from shop.storefront.account.blueprint import bp, me, page, take_cookie
from shop.storefront.account.security import check_own_password
from shop.storefront.letters import kinds_shown
from shop.subscribers.choosing import find_subscriber, keep_subscriber
from shop.subscribers.kinds import KINDS, NEWSLETTER
from shop.workflows import shopper_accounts
from shop.workflows.export_customer import KEPT_DAYS, request_export
from shop.workflows.letter_choices import choose, words_of
from shop.workflows.shopper_letters import who_is

MOST_FILES = 5


@bp.get("/data")
def data() -> Response:
    return _page()


@bp.post("/letters", endpoint="set_letters")
def set_letters() -> Response:
    """Each kind of letter, yes or no; each change is kept with its time."""
    chosen = {kind: request.form.get(kind) == "1" for kind in KINDS}
    wanted = chosen[NEWSLETTER]
    with transaction() as session:
        customer = lock_customer(session, me().customer_id)
        change_consent(session, customer, wanted, source="account", who=who_is(me()))
        row = keep_subscriber(session, me().email, me().locale)
        choose(session, row, chosen, source="account", words=words_of(NEWSLETTER))
    said = _("We write to you about new things.") if wanted else _("Saved.")
    flash(said, "good")
    return redirect(url_for("account.data"), 303)


@bp.post("/export", endpoint="ask_for_export")
def ask_for_export() -> Response:
    """The file is made in the background; a letter says when it is there."""
    try:
        check_own_password("export_password")
        _may_write("export_password")
    except InvalidInput as error:
        return _page(422, error.fields)
    with transaction() as session:
        request_export(session, me().customer_id, who=who_is(me()))
    flash(_("We are putting it together and write to you when it is ready."), "good")
    return redirect(url_for("account.data"), 303)


@bp.get("/data/<int:request_id>", endpoint="download")
def download(request_id: int) -> Response:
    """The file, to whoever asked for it."""
    found = db.session.execute(
        _files().where(PrivacyRequest.id == min(request_id, 2**62)).options(undefer(PrivacyRequest.file))
    ).scalar_one_or_none()
    if found is None or found.file is None:
        raise NotFound(_("This file is gone. Ask for a new one."))
    answer = FlaskResponse(found.file, mimetype="application/zip")
    answer.headers["Content-Disposition"] = f'attachment; filename="my-data-{found.created_at:%Y-%m-%d}.zip"'
    row_id = found.id
    db.session.rollback()
    with transaction() as session:
        counted = update(PrivacyRequest).where(PrivacyRequest.id == row_id)
        session.execute(
            counted.values(handed_out=PrivacyRequest.handed_out + 1).execution_options(synchronize_session=False)
        )
    return answer


@bp.post("/delete", endpoint="ask_to_delete")
def ask_to_delete() -> Response:
    """A letter with a link; nothing is deleted before it is opened. Raises Conflict with what must end first."""
    try:
        check_own_password("delete_password")
        _may_write("delete_password")
    except InvalidInput as error:
        return _page(422, error.fields)
    with transaction() as session:
        shopper_accounts.ask_to_delete(session, me())
    flash(_("We have sent you a letter. Open its link to delete your account."), "good")
    return redirect(url_for("account.data"), 303)


@bp.get("/delete/<token>")
def delete(token: str) -> Response:
    return page("delete", page_title=_("Delete your account"), token=token, email=_find(token).email)


@bp.post("/delete/<token>", endpoint="delete_now")
def delete_now(token: str) -> Response:
    """Asked for, confirmed by letter, and pressed: the person is erased. Invoices stay, as the law wants."""
    _find(token)
    db.session.rollback()
    shopper_accounts.delete_account(token)
    response = redirect(url_for("account.gone"), 303)
    take_cookie(response)
    return response


@bp.get("/gone")
def gone() -> Response:
    return page("gone", page_title=_("Your account is deleted"))


def _find(token: str) -> Shopper:
    shopper = find_link(db.session(), token, "delete")
    if shopper is None:
        raise NotFound(NOT_ANY_MORE)
    return shopper


def _may_write(field: str) -> None:
    if not may_ask_for_a_letter(me().email, request.remote_addr or "", realm=REALM):
        raise InvalidInput(fields={field: too_many()})


def _files() -> Select[PrivacyRequest]:
    return (
        select(PrivacyRequest)
        .where(
            PrivacyRequest.kind == "export",
            PrivacyRequest.customer_id == me().customer_id,
            PrivacyRequest.requested_by == who_is(me()),
            (PrivacyRequest.expires_at.is_(None)) | (PrivacyRequest.expires_at > clock.now()),
        )
        .order_by(PrivacyRequest.id.desc())
    )


def _page(status: int = 200, errors: dict[str, str] | None = None) -> Response:
    session = db.session()
    return page(
        "data",
        status=status,
        page_title=_("Letters and data"),
        errors=errors or {},
        kinds=kinds_shown(find_subscriber(session, me().email)),
        files=session.execute(_files().limit(MOST_FILES)).scalars().all(),
        days=KEPT_DAYS,
    )
