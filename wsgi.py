"""The web entry point: `gunicorn --preload wsgi:app`, `flask --app wsgi …`."""

from __future__ import annotations

import gc

from config import Config
from shop import create_app

app = create_app(Config.from_env())
# Loaded once and shared by the processes that are forked from here: what is frozen is never touched again.
gc.collect()
gc.freeze()
