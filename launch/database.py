"""`python -m launch.database`: migrations and first rows in one process (importing the shop costs more than both)."""

from __future__ import annotations

import sys

from flask_migrate import upgrade

from wsgi import app


def main() -> int:
    with app.app_context():
        upgrade()
        seeding = app.test_cli_runner().invoke(args=["seed"])
    if seeding.exception:
        raise seeding.exception
    return seeding.exit_code


if __name__ == "__main__":
    sys.exit(main())
