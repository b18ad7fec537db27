"""Webhook subscriptions at Printify: made by us, made again when they vanish or point elsewhere."""

from __future__ import annotations

from urllib.parse import urlsplit

from config import Config
from shop.core import log
from shop.core.settings import current_settings
from shop.core.transaction import release_connection
from shop.fulfilment.printify.client import printify_client

logger = log.get_logger("subscriptions")
TOPICS = (
    "order:created",
    "order:updated",
    "order:sent-to-production",
    "order:shipment:created",
    "order:shipment:delivered",
    "product:publish:started",
    "product:deleted",
    "shop:disconnected",
)


def run() -> int:
    """Returns how many subscriptions were made or mended. A repeat changes nothing."""
    config = current_settings()
    if not config.printify_api_token or not config.printify_webhook_secret:
        return 0
    if not _reachable(config):
        return 0
    wanted = f"{config.public_url.rstrip('/')}/api/webhooks/printify"
    release_connection()
    client = printify_client()
    existing = {str(w.get("topic")): w for w in client.list_webhooks() if _is_ours(str(w.get("url")), wanted)}
    mended = 0
    for topic in TOPICS:
        found = existing.get(topic)
        if found is None:
            client.create_webhook(topic, wanted, config.printify_webhook_secret)
        elif found.get("url") != wanted:
            client.update_webhook(str(found["id"]), wanted)
        else:
            continue
        mended += 1
    if mended:
        logger.info("subscriptions mended", count=mended)
    return mended


def _reachable(config: Config) -> bool:
    """Printify calls public https addresses; the sandbox beside us calls anything."""
    is_sandbox = urlsplit(config.printify_base_url).hostname in ("127.0.0.1", "localhost", "::1")
    return is_sandbox or config.public_url.startswith("https://")


def _is_ours(url: str, wanted: str) -> bool:
    return urlsplit(url).path == urlsplit(wanted).path
