"""`python -m jobs.worker QUEUE`: one queue a process (a worker on several queues loses a job when killed between
pop and start), JSON only (whoever can write to Redis must not run code), no fork (jobs drain in batches; the row's
lease and fence make a killed worker harmless).
"""

from __future__ import annotations

import logging
import sys
import time

import redis
from rq import Queue, SimpleWorker
from rq.serializers import JSONSerializer

from jobs.base import stop_soon, worker_app
from shop.core import log
from shop.core.queue import QUEUE_OF, QUEUES, JobName, kick

logger = log.get_logger("worker")


class QueueWorker(SimpleWorker):
    """Finds abandoned jobs within a minute instead of RQ's half hour, and tells a running drain to stop."""

    def __init__(self, *args: object, **kwargs: object) -> None:
        super().__init__(*args, worker_ttl=45, maintenance_interval=30, job_monitoring_interval=10, **kwargs)  # type: ignore[misc, arg-type]

    def request_stop(self, signum: int, frame: object) -> None:
        stop_soon()
        super().request_stop(signum, frame)


class OneLine(logging.Filter):
    """A lost Redis is expected and told in one line: RQ adds the whole traceback to it."""

    def filter(self, record: logging.LogRecord) -> bool:
        if record.exc_info and isinstance(record.exc_info[1], redis.RedisError):
            record.exc_info = record.exc_text = None
        return True


def main(argv: list[str]) -> int:
    if len(argv) != 1 or argv[0] not in QUEUES:
        print(f"usage: python -m jobs.worker {{{'|'.join(QUEUES)}}}", file=sys.stderr)  # noqa: T201
        return 2
    queue_name = argv[0]
    app = worker_app()
    logging.getLogger("rq.worker").addFilter(OneLine())
    url = app.config["IMPRINT"].redis_url
    with app.app_context():
        for name, where in QUEUE_OF.items():  # rows may be waiting from before a crash
            if where == queue_name and name is not JobName.REFRESH_CATALOG:
                kick(name)
    while True:
        try:
            connection = redis.Redis.from_url(url, socket_connect_timeout=2, health_check_interval=20)
            connection.ping()
            queue = Queue(queue_name, connection=connection, serializer=JSONSerializer)
            worker = QueueWorker([queue], connection=connection, serializer=JSONSerializer)
            worker.work(logging_level="WARNING", with_scheduler=False)
            return 0
        except redis.RedisError as error:
            logger.warning("redis is away, waiting", why=str(error)[:200])
            time.sleep(1)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
