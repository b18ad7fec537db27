"""`python -m jobs.ticker`: every two seconds look for due rows; run what the schedule says.

More than one ticker may run: schedules are claimed by a lease, kicks are deduplicated.
"""

from __future__ import annotations

import signal
import threading

from jobs.base import worker_app
from jobs.schedule import run_due
from jobs.sweep import sweep
from shop.core import log
from shop.extensions import db

logger = log.get_logger("ticker")
SWEEP_EVERY = 2.0
SCHEDULE_EVERY = 1.0
_stop = threading.Event()


def main() -> None:
    app = worker_app()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: _stop.set())

    def loop(work: object, every: float) -> None:
        while not _stop.is_set():
            with app.app_context():
                try:
                    work()  # type: ignore[operator]
                except Exception as error:  # noqa: BLE001  (the database may be away: say so and go on)
                    logger.warning("tick failed", why=str(error)[:300])
                finally:
                    db.session.remove()
            _stop.wait(every)

    schedules = threading.Thread(target=loop, args=(run_due, SCHEDULE_EVERY), name="schedules", daemon=True)
    schedules.start()
    loop(sweep, SWEEP_EVERY)
    schedules.join(timeout=10)


if __name__ == "__main__":
    main()
