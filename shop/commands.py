"""What an operator types: `flask --app wsgi seed | sync | reconcile | users`."""

from __future__ import annotations

import sys
import time

import click
from flask import Flask, current_app
from flask.cli import AppGroup
from sqlalchemy import func, select

from shop import seeding
from shop.accounts import staffing
from shop.accounts.auditing import act_as
from shop.accounts.models import StaffMember
from shop.accounts.passwords import check_new_password, hash_password
from shop.accounts.sessions import end_sessions
from shop.accounts.staff import find_staff
from shop.catalog.models import Image
from shop.channel_commands import channels
from shop.core import durable
from shop.core.rotating import rotate
from shop.core.transaction import transaction
from shop.email.resealing import reseal_waiting_letters
from shop.errors import InvalidInput, OutsideError
from shop.extensions import db
from shop.promotions.gift_cards.ledger import find_differences
from shop.workflows import poll_checkouts, poll_fulfilments, poll_stripe_events
from shop.workflows.customer_totals import repair_totals
from shop.workflows.fetch_pictures import store_pictures
from shop.workflows.refresh_catalog import request_refresh, run_refresh

sync = AppGroup("sync", help="Read the catalogue from its source.")
users = AppGroup("users", help="Staff accounts.")
secrets = AppGroup("secrets", help="What is stored encrypted.")


def init_app(app: Flask) -> None:
    app.cli.add_command(seed)
    app.cli.add_command(sync)
    app.cli.add_command(users)
    app.cli.add_command(secrets)
    app.cli.add_command(reconcile)
    app.cli.add_command(channels)


@click.command()
def seed() -> None:
    """Make the first rows of a new store. A repeat changes nothing."""
    with transaction() as session:
        made = seeding.seed(session, current_app.config["IMPRINT"])
    click.echo("\n".join(made) or "everything is there")


@sync.command("printify")
@click.option("--quiet", is_flag=True, help="no progress bar")
def sync_printify(quiet: bool) -> None:
    """Refresh the catalogue from Printify now, with a progress bar."""
    with transaction() as session:
        run_id = request_refresh(session, cause="command")

    def show(done: int, total: int) -> None:
        if not quiet:
            click.echo(bar(done, total, "page"), nl=False)

    try:
        result = run_refresh(run_id, progress=show)
    except OutsideError as error:
        click.echo(f"\nPrintify could not be read: {error}", err=True)
        sys.exit(1)
    click.echo("" if quiet else "\n", nl=False)
    click.echo(str(result))


def bar(done: int, total: int, what: str) -> str:
    """One line that writes over itself."""
    filled = 30 * done // max(1, total)
    return f"\r  [{'█' * filled}{'░' * (30 - filled)}] {what} {done} of {total}"


@sync.command("pictures")
@click.option("--seconds", default=60, help="stop after this long; the worker fetches the others")
def sync_pictures(seconds: int) -> None:
    """Fetch the first picture of every product now, with a progress bar; the worker fetches the others."""
    waiting = select(func.count()).select_from(Image).where(Image.is_default, Image.work_state == "due")
    total = left = db.session.execute(waiting).scalar_one()
    started = time.monotonic()
    while left and time.monotonic() - started < seconds:
        with transaction() as session:
            held = durable.claim(session, Image, limit=min(8, left), lease_seconds=600)
        if not held:
            break
        for failed in store_pictures(held):
            with transaction() as session:
                durable.postpone(session, Image, failed.claim, why=str(failed.error))
        left = db.session.execute(waiting).scalar_one()
        click.echo(bar(total - left, total, "picture"), nl=False)
    click.echo("" if not total else "\n", nl=False)


@click.command()
def reconcile() -> None:
    """Ask Stripe and Printify about everything that is open, now; recompute the totals of customers; check the books of
    gift cards."""
    for name, work in (
        ("Stripe's events", poll_stripe_events.run),
        ("payment pages", poll_checkouts.run),
        ("orders at the print provider", poll_fulfilments.run),
    ):
        try:
            click.echo(f"{name}: {work()}")
        except OutsideError as error:
            click.echo(f"{name}: {error}", err=True)
    click.echo(f"totals of customers put right: {repair_totals()}")
    click.echo("\n".join(["gift cards whose book does not add up:", *find_differences(db.session())]))


@users.command("password")
@click.argument("email")
@click.password_option()
def set_password(email: str, password: str) -> None:
    """Set a staff member's password (made when unknown) and sign every session out."""
    try:
        check_new_password(password, email)
    except InvalidInput as problem:
        raise click.BadParameter(problem.user_message) from problem
    with act_as("command line", what="users password"), transaction() as session:
        found = session.execute(select(StaffMember).where(StaffMember.email == email.lower())).scalar_one_or_none()
        if found is None:
            found = StaffMember(email=email.lower(), role="owner", password_hash="")
            session.add(found)
        found.password_hash = hash_password(password)
        found.is_enabled = True
        session.flush()
        end_sessions(session, found)
    click.echo(f"done: {email}")


@users.command("list")
def list_users() -> None:
    """Every staff member."""
    for member in db.session.execute(select(StaffMember).order_by(StaffMember.email)).scalars():
        marks = ("" if member.is_enabled else "  (disabled)") + ("  two-step" if member.totp_on_at else "")
        click.echo(f"{member.email}  {member.role}{marks}")


@users.command("reset-two-step")
@click.argument("email")
def reset_two_step(email: str) -> None:
    """For a lost phone: signing in asks for the password only, until two-step sign-in is set up anew."""
    with act_as("command line", what="users reset-two-step"), transaction() as session:
        member = find_staff(session, email)
        if member is None:
            raise click.BadParameter("nobody on the staff has this address")
        staffing.reset_two_step(session, member.id)
    click.echo(f"done: {email}")


@secrets.command("rotate")
def rotate_secrets() -> None:
    """Write everything encrypted anew under the first of ENCRYPTION_KEYS. The shop goes on meanwhile; a repeat does
    what is left. Ends with status 1 when something could not be read."""
    unreadable = 0
    with act_as("command line", what="secrets rotate"):
        for told in (*rotate(db.metadata), reseal_waiting_letters()):
            unreadable += told.unreadable
            lost = f", {told.unreadable} that no key fits" if told.unreadable else ""
            click.echo(f"{told.name}: {told.rewritten} written anew{lost}")
    if unreadable:
        sys.exit(1)
