"""A shopper's account from the form to the end: each step with its letter, in one transaction.

What a stranger could learn from is the same for every address: the answer, the number of letters, the rows written.
"""

from __future__ import annotations

from contextlib import suppress

from sqlalchemy import select
from sqlalchemy.orm import Session

from shop.accounts.auditing import note_change
from shop.accounts.models import Customer
from shop.accounts.passwords import check_new_password, hash_password
from shop.accounts.shopper_models import Shopper
from shop.accounts.shoppers import changing, registering, second_step
from shop.accounts.shoppers.passkeys import remove_all_passkeys
from shop.accounts.shoppers.sessions import end_sessions
from shop.core.transaction import transaction
from shop.customers.changing import add_note, change_email, lock_customer
from shop.errors import Conflict, InvalidInput, NotFound
from shop.tenancy.profile import current_profile
from shop.words import together
from shop.workflows import shopper_letters as letters
from shop.workflows.erase_customer import request_erasure, why_not_yet
from shop.workflows.letter_choices import follow_consent
from shop.workflows.merge_customers import merge_customers


def register(email: str, password: str, name: str, locale: str) -> int:
    """The number of the registration; the letter goes to the mailbox, and says which of the two it was. Raises
    InvalidInput (field "password")."""
    check_new_password(password, email, name, current_profile().name)
    password_hash = hash_password(password)  # also for an address that is known: it takes the same time
    with transaction() as session:
        row_id, token = registering.note_registration(session, email, password_hash, name, locale)
        _write_to_newcomer(session, email, token, locale)
    return row_id


def send_again(registration_id: int) -> None:
    """Another letter with a new link; nothing when the registration is over."""
    with transaction() as session:
        renewed = registering.renew_registration(session, registration_id)
        if renewed is not None:
            row, token = renewed
            _write_to_newcomer(session, row.email, token, row.locale)


def _write_to_newcomer(session: Session, email: str, token: str, locale: str) -> None:
    if registering.find_shopper(session, email) is None:
        letters.write_verification(session, email, token, locale)
    else:
        letters.write_already_here(session, email, locale)


def send_password_link(email: str) -> bool:
    """A link by letter when the address has an account. The asker is told the same either way."""
    with transaction() as session:
        shopper = registering.find_shopper(session, email)
        if shopper is None:
            return False
        _, token = changing.make_link(session, shopper, "reset")
        letters.write_reset(session, shopper, token)
    return True


def reset_password(token: str, password: str) -> None:
    """Raises NotFound, InvalidInput (then the link still works)."""
    with transaction() as session:
        shopper = changing.use_link(session, token, "reset")
        changing.set_password(session, shopper, password)
        letters.write_password_changed(session, shopper)


def ask_for_email_change(session: Session, shopper: Shopper, new_email: str) -> None:
    """A letter to each of the two mailboxes. One that has an account already is told so, and nobody else is."""
    row, old, new = changing.ask_for_email_change(session, shopper, new_email)
    letters.write_email_confirmation(session, shopper, "old", row.new_email, old)
    if registering.find_shopper(session, new_email) is None:
        letters.write_email_confirmation(session, shopper, "new", row.new_email, new)
    else:
        letters.write_already_here(session, new_email, shopper.locale)


def confirm_email_change(token: str) -> bool:
    """Whether the address is changed now: the other mailbox had confirmed before. Raises NotFound, Conflict.

    Every browser is signed out then. A customer who bought with the new address becomes this one.
    """
    with transaction() as session:
        shopper, before, after, is_done = changing.confirm_email_change(session, token)
        if not is_done:
            return False
        end_sessions(session, shopper.id)
        letters.write_email_changed(session, shopper, before)
        customer_id, who = shopper.customer_id, letters.who_is(shopper)
        other_id = session.execute(select(Customer.id).where(Customer.email == after)).scalar()
    with suppress(Conflict, NotFound, InvalidInput):  # the panel can still do it; the account itself is changed
        if other_id is not None and other_id != customer_id:
            merge_customers(customer_id, other_id, who=who)
        with transaction() as session:
            customer = lock_customer(session, customer_id)
            before = customer.email
            change_email(session, customer, after)
            if customer.accepts_marketing and before != after:  # both mailboxes have agreed to the move
                follow_consent(session, before, False, customer.locale, source="account")
                follow_consent(session, after, True, customer.locale, source="account")
    return True


def reset_sign_in(session: Session, customer_id: int, how: str, *, keys: bool, who: str) -> bool:
    """Staff help somebody whose phone is lost: the second step is off, passkeys are gone with `keys`, every browser is
    signed out. `how`: what told them who it is, kept as a note (the audit log hides words about people). False when
    there was nothing to do. Raises NotFound, Conflict. The caller commits."""
    customer = lock_customer(session, customer_id)
    done = False
    for shopper in session.execute(select(Shopper).where(Shopper.customer_id == customer.id)).scalars().all():
        was_on = second_step.turn_off(session, shopper.id)
        gone = remove_all_passkeys(session, shopper.id) if keys else 0
        if not was_on and not gone:
            continue
        done = True
        end_sessions(session, shopper.id)
        letters.write_security_changed(session, shopper, "keys_reset" if gone else "two_step_reset")
        before = {"two_step": was_on, "passkeys": gone}
        note_change(session, "reset sign-in", f"customer {customer.id}", before, {"two_step": False, "passkeys": 0})
    if done:
        add_note(session, customer, f"The sign-in was reset. Recognised by: {how}", who)
    return done


def ask_to_delete(session: Session, shopper: Shopper) -> None:
    """A letter with the link that does it. Raises Conflict with what must end first."""
    reasons = why_not_yet(session, shopper.customer_id)
    if reasons:
        raise Conflict(together(reasons))
    _, token = changing.make_link(session, shopper, "delete")
    letters.write_deletion(session, shopper, token)


def delete_account(token: str) -> None:
    """Erase the person, as the panel does; the account goes with it. Raises NotFound; Conflict (the link works on)."""
    with transaction() as session:
        shopper = changing.use_link(session, token, "delete")
        request_erasure(session, shopper.customer_id, who=letters.who_is(shopper))
