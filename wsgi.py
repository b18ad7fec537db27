"""The web entry point: `gunicorn wsgi:app`, `flask --app wsgi …`."""

from __future__ import annotations

from config import Config
from shop import create_app

app = create_app(Config.from_env())
