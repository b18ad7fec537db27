"""`flask channels list | plan | apply | reject | sync | undo`: the hub from a terminal."""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import TypeVar

import click
from flask.cli import AppGroup
from sqlalchemy import select

from shop.channels.models import Connection
from shop.channels.syncing.books import ENTITIES
from shop.channels.syncing.models import SyncRun, SyncStep
from shop.core.transaction import transaction
from shop.errors import ShopError
from shop.workflows import sync_channel
from shop.workflows.run_sync import run_now

T = TypeVar("T")
channels = AppGroup("channels", help="Other places to sell: keep them in step.")
ENTITY = click.option("--entity", type=click.Choice(ENTITIES), default="products", show_default=True)
FULL = click.option("--full", is_flag=True, help="Read everything, not only what changed.")
MOST_TOLD = 200
WHO = "command"


@channels.command("list")
def list_connections() -> None:
    """Every connection: id, platform, name, state."""
    with transaction() as session:
        rows = session.execute(
            select(Connection.id, Connection.channel, Connection.name, Connection.status).order_by(Connection.id)
        ).all()
    for row in rows:
        click.echo(f"{row.id:>4}  {row.channel:<14} {row.name:<30} {row.status}")
    if not rows:
        click.echo("nothing is connected")


@channels.command("plan")
@click.argument("connection_id", type=int)
@ENTITY
@FULL
def plan(connection_id: int, entity: str, full: bool) -> None:
    """Say what a sync would do, and why; nothing is written. The plan waits under its number."""
    run_id = _begin(connection_id, entity, full, must_review=True)
    _tell(run_id)


@channels.command("apply")
@click.argument("run_id", type=int)
def apply_plan(run_id: int) -> None:
    """Do what a plan said. What changed since is compared anew."""
    _try(lambda: sync_channel.approve_run(run_id, WHO))
    _try(lambda: run_now(run_id))
    _tell(run_id)


@channels.command("reject")
@click.argument("run_id", type=int)
def reject(run_id: int) -> None:
    """Let a plan go; nothing of it is done."""
    _try(lambda: sync_channel.reject_run(run_id, WHO))
    click.echo(f"run {run_id}: rejected")


@channels.command("sync")
@click.argument("connection_id", type=int)
@ENTITY
@FULL
def sync(connection_id: int, entity: str, full: bool) -> None:
    """Bring both sides in step now."""
    _tell(_begin(connection_id, entity, full, must_review=False))


@channels.command("undo")
@click.argument("run_id", type=int)
def undo(run_id: int) -> None:
    """Take back what a run did, where it was not changed since."""
    undo_id = _try(lambda: sync_channel.undo_run(run_id, WHO))
    _try(lambda: run_now(undo_id))
    _tell(undo_id)


def _begin(connection_id: int, entity: str, full: bool, must_review: bool) -> int:
    def request() -> int:
        with transaction() as session:
            return sync_channel.request_sync(
                session,
                connection_id,
                entity,
                mode="full" if full else "incremental",
                cause="command",
                who=WHO,
                must_review=must_review,
            )

    run_id = _try(request)
    _try(lambda: run_now(run_id))
    return run_id


def _try(work: Callable[[], T]) -> T:
    try:
        return work()
    except ShopError as error:
        click.echo(error.user_message, err=True)
        sys.exit(1)


def _tell(run_id: int) -> None:
    """The run's steps with their reasons, then its counts."""
    with transaction() as session:
        run = session.get_one(SyncRun, run_id)
        steps = session.execute(
            select(SyncStep).where(SyncStep.run_id == run_id).order_by(SyncStep.id).limit(MOST_TOLD)
        ).scalars()
        for step in steps:
            where = {"ours": "here", "theirs": "there", "both": "both"}.get(step.side, "")
            click.echo(f"{step.step:<8} {where:<6} {step.subject[:60]:<60} {step.state:<9} {step.error or step.why}")
        click.echo(
            f"run {run.id}: {run.outcome} · read {run.read} · created {run.created} · changed {run.changed} · "
            f"archived {run.archived} · asked {run.asked} · unchanged {run.unchanged} · failed {run.failed}"
        )
        if run.outcome == "waiting":
            click.echo(f"{run.wait_why}\nflask channels apply {run.id}   or   flask channels reject {run.id}")
