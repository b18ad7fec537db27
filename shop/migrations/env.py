"""Alembic's entry: migrations run on the app's own engine, inside one transaction."""

from __future__ import annotations

from alembic import context
from flask import current_app

from shop import models
from shop.extensions import db

target_metadata = db.metadata
assert models.ALL  # every table is known before Alembic compares


def run_offline() -> None:
    """Print the SQL instead of running it."""
    url = db.engine.url.render_as_string(hide_password=False)
    context.configure(url=url, target_metadata=target_metadata, literal_binds=True)
    with context.begin_transaction():
        context.run_migrations()


def run_online() -> None:
    """Run it."""
    options = dict(current_app.extensions["migrate"].configure_args)
    with db.engine.connect() as connection:
        context.configure(connection=connection, target_metadata=target_metadata, **options)
        with context.begin_transaction():
            context.run_migrations()


if context.is_offline_mode():
    run_offline()
else:
    run_online()
