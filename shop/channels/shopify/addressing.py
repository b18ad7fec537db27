"""A Shopify shop's domain, and where its API is. Only `*.myshopify.com` is ever called (contracts/shopify.md §1)."""

from __future__ import annotations

import re
from urllib.parse import urlsplit

from flask import current_app

from config import Config
from shop.channels.calling import service_at
from shop.errors import Refused
from shop.outbound.facts import Service

VERSION = "2026-10"
DOCS = "contracts/shopify.md, GraphQL Admin API 2026-10"
_DOMAIN = re.compile(r"[a-z0-9][a-z0-9-]{0,99}\.myshopify\.com")
_ADMIN = re.compile(r"https://admin\.shopify\.com/store/([a-z0-9][a-z0-9-]{0,99})(?:/.*)?")


def read_domain(typed: str) -> str:
    """The shop's domain, from what a merchant copies: the name, the domain, an address of the shop, of its panel or of
    its API. Raises Refused for anything else.
    """
    text = typed.strip().lower()
    before = _template().partition("{shop}")[0].lower()
    if before and text.startswith(before):
        text = text[len(before) :].partition("/")[0]
    panel = _ADMIN.fullmatch(text)
    if panel:
        return f"{panel[1]}.myshopify.com"
    if re.fullmatch(r"[a-z0-9][a-z0-9-]{0,99}", text):
        text = f"{text}.myshopify.com"
    host = (urlsplit(text if "://" in text else f"https://{text}").netloc or "").rstrip(".")
    if not _DOMAIN.fullmatch(host):
        raise Refused(
            "This is not the address of a Shopify shop. Use the one that ends in .myshopify.com; you find it in "
            "Shopify under Settings, Domains.",
            service="shopify",
        )
    return host


def service_of(domain: str, account: str) -> Service:
    """The API of this shop, called in the name of `account` (a connection's id, or the domain before there is one)."""
    return service_at("shopify", base_url(domain), account, docs=DOCS)


def base_url(domain: str) -> str:
    return _template().replace("{shop}", domain)


def _template() -> str:
    config: Config = current_app.config["IMPRINT"]
    return config.shopify_base_url
