"""Imprint: a print-on-demand shop that a maker owns."""

from __future__ import annotations

import hashlib
import sys
from datetime import timedelta

import orjson
from flask import Flask
from werkzeug.middleware.proxy_fix import ProxyFix

from config import ROOT, Config
from shop import commands, extensions, guards, language_paths, page_cache
from shop.admin.routes import bp as admin
from shop.admin.routes import health_bp
from shop.api.routes import bp as api
from shop.core import log, secrets
from shop.core.addresses import RowId
from shop.core.redis import RedisDoor
from shop.storefront.account.routes import bp as account
from shop.storefront.routes import bp as storefront
from shop.tenancy import provider_keys
from shop.webhooks.routes import bp as webhooks


def create_app(config: Config) -> Flask:
    """Bind extensions, register blueprints; nothing else."""
    app = Flask("shop", root_path=str(ROOT / "shop"), template_folder=str(ROOT / "templates"), static_folder=None)
    app.config.update(flask_settings(config))
    app.url_map.converters["int"] = RowId
    log.configure(config.log_level, config.log_json)
    secrets.load_keys(config.encryption_keys)
    provider_keys.init_app(app)
    if config.redis_url:
        app.extensions["imprint.redis"] = RedisDoor(config.redis_url)
    extensions.db.init_app(app)
    prepare_migrations(app)
    extensions.login_manager.init_app(app)
    extensions.csrf.init_app(app)
    extensions.babel.init_app(app, locale_selector=guards.choose_locale)
    extensions.htmx.init_app(app)
    extensions.limiter.init_app(app)
    guards.init_app(app)
    language_paths.init_app(app)
    commands.init_app(app)
    register_surfaces(app)
    page_cache.init_app(app)
    if config.trusted_proxies:
        n = config.trusted_proxies
        app.wsgi_app = ProxyFix(app.wsgi_app, x_for=n, x_proto=n, x_host=n)  # type: ignore[method-assign]
    return app


def prepare_migrations(app: Flask) -> None:
    """Only where Flask-Migrate is in use already (the flask command, the launcher, tests): a web process would pay for
    Alembic with 8 MiB and a tenth of its start."""
    migration = sys.modules.get("flask_migrate")
    if migration is not None:
        migration.Migrate(app, extensions.db, directory=str(ROOT / "shop" / "migrations"))


def register_surfaces(app: Flask) -> None:
    """Every page and endpoint of the shop hangs below one of these."""
    for blueprint in (storefront, account, admin, health_bp, api, webhooks):
        app.register_blueprint(blueprint)


def flask_settings(config: Config) -> dict[str, object]:
    secure = config.public_url.startswith("https://")
    return {
        "IMPRINT": config,
        "SECRET_KEY": config.secret_key,
        "TESTING": config.testing,
        "SQLALCHEMY_DATABASE_URI": config.database_url,
        "SQLALCHEMY_ENGINE_OPTIONS": {
            "pool_size": config.db_pool_size,
            "max_overflow": 5,
            "pool_pre_ping": False,
            "pool_use_lifo": True,  # the connection used last has its statements prepared
            "pool_recycle": 1800,
            "json_serializer": _json_text,
            "json_deserializer": orjson.loads,
            "connect_args": {"connect_timeout": 5, "prepare_threshold": 2},
        },
        "DATABASE_KEY": hashlib.sha256(config.database_url.encode()).hexdigest()[:12],
        "MAX_CONTENT_LENGTH": 2 * 1024 * 1024,
        "MAX_FORM_MEMORY_SIZE": 256 * 1024,
        "MAX_FORM_PARTS": 500,
        "SESSION_COOKIE_NAME": "__Host-session" if secure else "session",
        "SESSION_COOKIE_SECURE": secure,
        "SESSION_COOKIE_HTTPONLY": True,
        "SESSION_COOKIE_SAMESITE": "Lax",
        "PERMANENT_SESSION_LIFETIME": timedelta(days=14),
        "WTF_CSRF_CHECK_DEFAULT": False,  # the panel asks for its token in its own before_request; see guards.py
        "WTF_CSRF_TIME_LIMIT": 12 * 3600,
        "BABEL_TRANSLATION_DIRECTORIES": str(ROOT / "shop" / "translations"),
        "BABEL_DEFAULT_LOCALE": "en",
        "RATELIMIT_STORAGE_URI": config.redis_url or "memory://",
        "RATELIMIT_IN_MEMORY_FALLBACK_ENABLED": True,
        "RATELIMIT_STORAGE_OPTIONS": (
            {"socket_connect_timeout": 0.3, "socket_timeout": 1.0} if config.redis_url else {}
        ),
        "RATELIMIT_HEADERS_ENABLED": False,
        "RATELIMIT_KEY_PREFIX": "imprint",
        **config.flask,
    }


def _json_text(value: object) -> str:
    """JSON columns; keys that are not text (ids, numbers) become text, as json.dumps does."""
    return orjson.dumps(value, option=orjson.OPT_NON_STR_KEYS).decode()
