"""The staff's pages: invitations, roles, the last owner, sessions, a forgotten password."""

from __future__ import annotations

import re
import threading
from collections.abc import Callable
from datetime import timedelta

import pytest
from flask import Flask
from sqlalchemy import select, text

from shop.accounts import inviting, staffing
from shop.accounts.audit_models import AuditEntry
from shop.accounts.models import StaffMember
from shop.accounts.sessions import list_sessions, start_session
from shop.accounts.signing_in import LETTERS_PER_ACCOUNT
from shop.accounts.staff import add_staff, find_staff
from shop.accounts.staff_models import StaffInvitation
from shop.core import clock
from shop.core.transaction import transaction
from shop.email.models import Letter
from shop.email.sealing import open_sealed
from shop.errors import ShopError
from shop.extensions import db
from shop.workflows import clean_up
from tests.admin.conftest import PASSWORD, Staff, counting
from tests.conftest import ADMIN_PASSWORD

NEW = {"name": "Grace Hopper", "password": "nine calm herons", "again": "nine calm herons"}


def member(email: str) -> StaffMember:
    db.session.remove()
    found = find_staff(db.session(), email)
    assert found is not None
    return found


def add(email: str, role: str = "support") -> int:
    with transaction() as session:
        return add_staff(session, email, PASSWORD, name=email.split("@")[0].title(), role=role)[0].id


def last_link(letter: str) -> str:
    """The path in the last letter of this kind, as its reader finds it."""
    db.session.remove()
    row = db.session.execute(select(Letter).where(Letter.letter == letter).order_by(Letter.id.desc())).scalars().first()
    assert row is not None
    facts = open_sealed(row.facts)
    return "/admin/" + str(facts.get("accept_url") or facts.get("reset_url")).split("/admin/")[1]


def invite(staff: Staff, email: str = "grace@example.com", role: str = "manager") -> str:
    assert "on its way" in staff.press("/admin/staff/invitations", {"email": email, "role": role})
    return last_link("staff_invitation")


# -- invitations


def test_an_invitation_makes_an_account_once(app: Flask, staff: Staff, stranger: Staff) -> None:
    link = invite(staff)
    assert "grace@example.com" in stranger.get(link).text
    answer = stranger.post(link, NEW)
    assert answer.location == "/admin/"
    assert stranger.get("/admin/orders").status_code == 200
    assert stranger.get("/admin/staff").status_code == 403
    assert member("grace@example.com").role == "manager"
    again = Staff(app)
    assert again.get(link).status_code == 404
    assert again.post(link, NEW).status_code == 404
    assert again.sign_in("grace@example.com", "nine calm herons").status_code == 303


def test_the_link_is_in_the_letter_only(staff: Staff) -> None:
    link = invite(staff)
    token = link.rpartition("/")[2]
    row = db.session.execute(select(Letter).where(Letter.letter == "staff_invitation")).scalar_one()
    assert token not in staff.get(f"/admin/letters/{row.id}").text
    assert token not in staff.get(f"/admin/letters/{row.id}/frame").text
    with db.engine.connect() as connection:
        kept = connection.execute(text("SELECT facts::text FROM letters")).scalar_one()
        kept += connection.execute(text("SELECT token_hash FROM staff_invitations")).scalar_one()
        kept += str(connection.execute(text("SELECT string_agg(after::text, '') FROM audit_entries")).scalar())
    assert token not in kept


def test_sending_again_makes_a_new_link_and_stops_the_old_one(staff: Staff, stranger: Staff) -> None:
    old = invite(staff)
    row = db.session.execute(select(StaffInvitation)).scalar_one()
    assert "A new letter" in staff.press(f"/admin/staff/invitations/{row.id}/resend")
    assert stranger.get(old).status_code == 404
    assert stranger.get(last_link("staff_invitation")).status_code == 200


def test_a_withdrawn_or_old_invitation_lets_nobody_in(staff: Staff, stranger: Staff) -> None:
    link = invite(staff)
    row = db.session.execute(select(StaffInvitation)).scalar_one()
    assert "is withdrawn" in staff.press(f"/admin/staff/invitations/{row.id}/withdraw")
    assert stranger.post(link, NEW).status_code == 404
    late = invite(staff, "late@example.com")
    clock.advance(timedelta(days=8))
    answer = stranger.get(late)
    assert answer.status_code == 404 and "older than seven days" in answer.text


@pytest.mark.parametrize(
    ("form", "said"),
    [
        ({"email": "", "role": "support"}, "is missing"),
        ({"email": "nobody", "role": "support"}, "not an e-mail address"),
        ({"email": "x" * 300 + "@example.com", "role": "support"}, "too long"),
        ({"email": "a\0b@example.com", "role": "emperor"}, "choose one of the options"),
        ({"email": "ADMIN@example.com", "role": "support"}, "on the staff already"),
    ],
)
def test_a_bad_invitation_is_told_beside_its_field(staff: Staff, form: dict[str, str], said: str) -> None:
    answer = staff.post("/admin/staff/invitations", form)
    assert answer.status_code == 422 and said in answer.text
    assert db.session.execute(select(Letter)).first() is None


def test_an_address_is_invited_once(staff: Staff) -> None:
    invite(staff)
    answer = staff.post("/admin/staff/invitations", {"email": "Grace@example.com", "role": "viewer"})
    assert answer.status_code == 422 and "invited already" in answer.text


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"name": ""}, "is missing"), ({"name": "x" * 200}, "too long"), ({"again": "something else"}, "differ"),
        ({"password": "short", "again": "short"}, "at least 12"),
        ({"password": "GraceHopper12", "again": "GraceHopper12"}, "your name"),
        ({"password": "grace@example.com", "again": "grace@example.com"}, "your e-mail address"),
    ],
)  # fmt: skip
def test_a_bad_answer_to_an_invitation_keeps_it_open(
    staff: Staff, stranger: Staff, changes: dict[str, str], said: str
) -> None:
    link = invite(staff)
    answer = stranger.post(link, {**NEW, **changes})
    assert answer.status_code == 422 and said in answer.text
    assert stranger.get(link).status_code == 200


def test_an_invitation_accepted_twice_at_once_makes_one_account(app: Flask, staff: Staff) -> None:
    token = invite(staff).rpartition("/")[2]
    results: list[str] = []

    def accept() -> None:
        with app.app_context():
            try:
                with transaction() as session:
                    inviting.accept(session, token, "Grace", "nine calm herons")
                results.append("in")
            except ShopError:
                results.append("late")

    both(accept, accept)
    assert sorted(results) == ["in", "late"]


def both(*works: Callable[[], None]) -> None:
    threads = [threading.Thread(target=work) for work in works]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


# -- roles and the last owner


def test_a_role_is_in_force_at_the_next_request(app: Flask, staff: Staff) -> None:
    grace = add("grace@example.com", "manager")
    someone = Staff(app).known_as("grace@example.com")
    assert someone.post("/admin/collections/new", {}).status_code == 422
    assert "The role is Read-only now" in staff.press(f"/admin/staff/{grace}/role", {"role": "viewer"})
    assert someone.post("/admin/collections/new", {}).status_code == 403
    assert "Choose one" in staff.press(f"/admin/staff/{grace}/role", {"role": "emperor"})
    assert "was Read-only already" in staff.press(f"/admin/staff/{grace}/role", {"role": "viewer"})


def test_the_last_owner_stays(staff: Staff) -> None:
    add("second@example.com", "owner")
    staff.press("/admin/staff/2/switch-off")
    for path, form in (("role", {"role": "manager"}), ("switch-off", {}), ("remove", {"sure": "1"})):
        assert "only owner who can sign in" in staff.press(f"/admin/staff/1/{path}", form), path
    owner = member("admin@example.com")
    assert (owner.role, owner.is_enabled) == ("owner", True)


def test_nobody_switches_off_or_removes_oneself(staff: Staff) -> None:
    add("second@example.com", "owner")
    for path, form in (("switch-off", {}), ("remove", {"sure": "1"})):
        assert "Another owner has to do that" in staff.press(f"/admin/staff/1/{path}", form)
    assert member("admin@example.com").is_enabled


@pytest.mark.parametrize("move", ["demote", "switch_off", "remove"])
def test_two_owners_cannot_take_each_other_out_at_once(app: Flask, move: str) -> None:
    add("second@example.com", "owner")
    refused: list[str] = []

    def take_out(staff_id: int) -> Callable[[], None]:
        def work() -> None:
            with app.app_context():
                try:
                    with transaction() as session:
                        if move == "demote":
                            staffing.change_role(session, staff_id, "viewer")
                        else:
                            getattr(staffing, move)(session, staff_id)
                except ShopError as error:
                    refused.append(error.user_message)

        return work

    both(take_out(1), take_out(2))
    db.session.remove()
    left = db.session.execute(select(StaffMember.id).where(StaffMember.role == "owner", StaffMember.is_enabled)).all()
    assert len(left) == 1
    assert refused == [staffing.LAST_OWNER]


def test_switched_off_is_out_and_cannot_come_back_until_switched_on(app: Flask, staff: Staff) -> None:
    grace = add("grace@example.com")
    someone = Staff(app).known_as("grace@example.com")
    assert "Signed out everywhere" in staff.press(f"/admin/staff/{grace}/switch-off")
    assert someone.get("/admin/").status_code == 303
    assert someone.sign_in("grace@example.com", PASSWORD).status_code == 401
    assert "can sign in again" in staff.press(f"/admin/staff/{grace}/switch-on")
    assert someone.sign_in("grace@example.com", PASSWORD).status_code == 303


def test_somebody_is_removed_after_being_asked_once_and_the_log_stays(app: Flask, staff: Staff) -> None:
    grace = add("grace@example.com", "manager")
    someone = Staff(app).known_as("grace@example.com")
    someone.post("/admin/account/name", {"name": "Grace H."})
    assert "Tick the box" in staff.press(f"/admin/staff/{grace}/remove")
    assert "is removed from the staff" in staff.press(f"/admin/staff/{grace}/remove", {"sure": "1"})
    assert someone.get("/admin/").status_code == 303
    assert staff.get(f"/admin/staff/{grace}").status_code == 404
    page = staff.get("/admin/staff/audit?person=grace@example.com").text
    assert "Grace H." in page


def test_whatever_belongs_to_a_member_goes_or_stays_by_itself_when_the_member_goes(app: Flask) -> None:
    loose = [
        f"{table.name}.{key.parent.name}"
        for table in db.metadata.tables.values()
        for key in table.foreign_keys
        if key.column.table.name == "staff_members" and key.ondelete not in ("CASCADE", "SET NULL")
    ]
    assert loose == []


def test_ids_that_are_nobodys_are_not_found(staff: Staff) -> None:
    for number in (99, 2**63 - 1, 10**30):
        assert staff.get(f"/admin/staff/{number}").status_code == 404
    assert "no such member" in staff.press("/admin/staff/99/role", {"role": "viewer"})
    assert "It was accepted or withdrawn" in staff.press("/admin/staff/invitations/99/withdraw").replace(
        "it was", "It was"
    )


def test_the_list_asks_as_often_for_many_as_for_few(staff: Staff) -> None:
    def several(first: int, last: int) -> None:
        with transaction() as session:
            for n in range(first, last):
                found = StaffMember(email=f"p{n}@example.com", name=f"P {n}", role="viewer", password_hash="x")
                session.add(found)
                session.flush()
                start_session(session, found, "198.51.100.1", "Firefox on Windows")

    several(0, 3)
    staff.get("/admin/staff")
    with counting() as few:
        assert staff.get("/admin/staff").status_code == 200
    several(3, 90)
    with counting() as many:
        page = staff.get("/admin/staff").text
    assert len(few) == len(many) <= 10
    assert page.count('class="open"') == 50
    assert staff.get("/admin/staff?page=2").text.count('class="open"') == 41


# -- sessions


def test_one_browser_is_signed_out_and_the_others_stay(app: Flask, staff: Staff) -> None:
    other = Staff(app).known_as("admin@example.com")
    here = list_sessions(db.session(), 1)
    assert len(here) == 2
    newest = max(row.id for row in here)
    assert "That browser is signed out" in staff.press(f"/admin/account/sessions/{newest}/end")
    assert other.get("/admin/").status_code == 303
    assert staff.get("/admin/").status_code == 200
    assert "signed out already" in staff.press(f"/admin/account/sessions/{newest}/end")


def test_all_others_are_signed_out_at_once(app: Flask, staff: Staff) -> None:
    others = [Staff(app).known_as("admin@example.com") for _ in range(2)]
    assert "Signed out: 2 other browsers" in staff.press("/admin/account/sign-out-others")
    assert [other.get("/admin/").status_code for other in others] == [303, 303]


def test_nobody_ends_the_session_of_somebody_else(app: Flask, staff: Staff) -> None:
    add("grace@example.com")
    someone = Staff(app).known_as("grace@example.com")
    own = list_sessions(db.session(), 1)[0].id
    someone.post(f"/admin/account/sessions/{own}/end")
    assert staff.get("/admin/").status_code == 200
    assert someone.post(f"/admin/staff/1/sessions/{own}/end").status_code == 403


def test_an_owner_sees_and_ends_the_sessions_of_a_member(app: Flask, staff: Staff) -> None:
    grace = add("grace@example.com")
    with transaction() as session:
        start_session(session, member("grace@example.com"), "198.51.100.7", "Mozilla/5.0 (iPhone) Safari/605")
    page = staff.get(f"/admin/staff/{grace}").text
    assert "Safari on an iPhone" in page and "198.51.100.7" in page
    row = list_sessions(db.session(), grace)[0]
    assert "is signed out" in staff.press(f"/admin/staff/{grace}/sessions/{row.id}/end")
    assert list_sessions(db.session(), grace) == []


def test_a_cookie_without_a_session_is_nobodys(app: Flask, staff: Staff) -> None:
    for value in ("1", "1:", "1:" + "x" * 32, "x:y", "1:" + "x" * 5000, "9" * 30 + ":abc", "1:\0" + "y" * 30):
        browser = Staff(app)
        with browser.client.session_transaction() as cookie:
            cookie["_user_id"], cookie["_fresh"] = value, True
        assert browser.get("/admin/").status_code == 303, value


def test_a_session_left_alone_for_a_fortnight_ends_and_is_swept_away(staff: Staff) -> None:
    clock.advance(timedelta(days=13))
    assert staff.get("/admin/").status_code == 200
    clock.advance(timedelta(days=13))
    assert staff.get("/admin/").status_code == 200
    clock.advance(timedelta(days=15))
    assert list_sessions(db.session(), 1) == []
    clean_up.run()
    with db.engine.connect() as connection:
        assert connection.execute(text("SELECT count(*) FROM staff_sessions")).scalar() == 0


def test_the_session_costs_no_query_of_its_own(staff: Staff) -> None:
    staff.get("/admin/account")
    with counting() as seen:
        staff.get("/admin/settings")
    about = [s for s in seen if "staff_sessions" in s or "staff_members" in s]
    assert len(about) == 1 and "staff_sessions" in about[0] and "staff_members" in about[0]


# -- a forgotten password


def ask(browser: Staff, email: str) -> str:
    answer = browser.post("/admin/forgotten", {"email": email})
    assert answer.status_code == 303
    return re.sub(r'value="[^"]*"', "", browser.get(answer.location).text)


def test_the_answer_is_the_same_whether_or_not_the_address_is_staff(app: Flask) -> None:
    known, unknown = ask(Staff(app), "admin@example.com"), ask(Staff(app), "nobody@example.com")
    assert known == unknown and "If this address belongs" in known
    assert len(db.session.execute(select(Letter)).all()) == 1


def test_a_link_sets_a_new_password_once_and_signs_out_everywhere(app: Flask, staff: Staff, stranger: Staff) -> None:
    ask(stranger, "Admin@example.com")
    link = last_link("staff_password_reset")
    good = {"password": "nine calm herons", "again": "nine calm herons"}
    assert stranger.post(link, {"password": "short", "again": "short"}).status_code == 422
    assert stranger.post(link, {**good, "again": "other"}).status_code == 422
    assert stranger.post(link, good).location == "/admin/sign-in"
    assert stranger.post(link, good).status_code == 404
    assert staff.get("/admin/").status_code == 303
    assert stranger.sign_in().status_code == 401
    assert stranger.sign_in(password="nine calm herons").status_code == 303


def test_a_link_works_for_an_hour_and_only_the_last_one(app: Flask, stranger: Staff) -> None:
    ask(stranger, "admin@example.com")
    first = last_link("staff_password_reset")
    ask(stranger, "admin@example.com")
    assert stranger.get(first).status_code == 404
    second = last_link("staff_password_reset")
    assert stranger.get(second).status_code == 200
    clock.advance(timedelta(minutes=61))
    assert stranger.get(second).status_code == 404


def test_nobodys_mailbox_is_filled(app: Flask, stranger: Staff) -> None:
    codes = [
        stranger.post("/admin/forgotten", {"email": "admin@example.com"}).status_code
        for _ in range(LETTERS_PER_ACCOUNT + 1)
    ]
    assert codes[-1] == 429
    assert stranger.post("/admin/forgotten", {"email": "nobody\0"}).status_code == 422


def test_who_signed_in_and_how_is_in_the_log(app: Flask, stranger: Staff) -> None:
    stranger.sign_in(password=ADMIN_PASSWORD)
    entry = db.session.execute(select(AuditEntry)).scalar_one()
    assert (entry.who, entry.what, entry.after) == ("admin@example.com", "sign in", {"signed in with": "password"})
