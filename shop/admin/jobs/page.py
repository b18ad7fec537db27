"""Jobs: who works, how much is waiting, and the periodic work with "run now"."""

from __future__ import annotations

from flask import Response, request, url_for
from sqlalchemy import update
from werkzeug.wrappers import Response as BaseResponse

from shop.accounts.auditing import note_change
from shop.admin.answering import press
from shop.admin.blueprint import bp
from shop.admin.jobs.counts import count_work, list_schedules, words_of
from shop.admin.jobs.workers import look_at_queues
from shop.admin.machine_state import look_at_redis
from shop.admin.permissions import May, staff_only
from shop.core import clock
from shop.core.pages import render
from shop.core.schedules import Schedule
from shop.core.transaction import transaction
from shop.errors import NotFound
from shop.extensions import db

REFRESH_SECONDS = 4


@bp.get("/jobs")
@staff_only(May.DEVELOP)
def jobs() -> Response:
    """Refreshes itself, unless `?live=0`. Two statements; works without Redis, and says so."""
    session = db.session()
    work, schedules, queues = count_work(session), list_schedules(session), look_at_queues()
    redis = look_at_redis()
    waiting = {queue.name: [w for w in work if w.queue == queue.name] for queue in queues}
    return render(
        "admin/jobs.html",
        fragment="machine",
        page_title="Jobs",
        queues=queues,
        waiting=waiting,
        work=work,
        schedules=schedules,
        redis=redis,
        now=clock.now(),
        live=request.args.get("live") != "0",
        seconds=REFRESH_SECONDS,
    )


@bp.post("/jobs/schedules/<name>/run")
@staff_only(May.DEVELOP)
def run_schedule(name: str) -> BaseResponse:
    """Due now: the ticker takes it within a second or two. A repeat does nothing more."""

    def work() -> str:
        with transaction() as session:
            row = session.execute(
                update(Schedule)
                .where(Schedule.name == name[:60].replace("\0", ""))
                .values(next_run_at=clock.now())
                .returning(Schedule.name)
                .execution_options(synchronize_session=False)
            ).first()
            if row is None:
                raise NotFound("There is no such periodic work.")
            note_change(session, "run now", f"schedule {row[0]}", {}, {"asked": True})
        return f"“{words_of(name)}” runs within a few seconds, if the ticker is there."

    return press(work, done="", back=url_for("admin.jobs"))
