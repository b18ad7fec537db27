"""The web application: `python -m serve` serves it, `flask --app wsgi …` commands it."""

from __future__ import annotations

from config import Config
from shop import create_app

app = create_app(Config.from_env())
