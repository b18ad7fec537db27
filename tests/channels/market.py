"""A platform that is nowhere: a connector with one of every kind of setting, for pages that are drawn from `spec`.

What it answers is set by the test: Market.answer = an account, or the error to raise.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime
from typing import Any, ClassVar

from shop.channels import registry
from shop.channels.connector import (
    AuthKind,
    AuthorisesByOAuth,
    ChannelAccount,
    Connector,
    ConnectorSpec,
    HookCall,
    Page,
    PullsProducts,
    Scope,
    SendsWebhooks,
    Setting,
    TokenKind,
)
from shop.channels.records import ProductRecord
from shop.channels.tokens import Token
from shop.errors import NotAllowed, OutsideError

ACCOUNT = ChannelAccount("77", "Green Market", "EUR", "Europe/Vienna", True)
SETTINGS = (
    Setting("store_url", "Address of the shop", "As the browser shows it", "url"),
    Setting("region", "Region", "", "choice", choices=(("eu", "Europe"), ("us", "America")), default="eu"),
    Setting("drafts", "New products as drafts", "", "switch", required=False),
    Setting("consumer_key", "Key", "From its own settings", "secret"),
    Setting("webhook_secret", "Webhook secret", "", "secret"),
)


class Market(Connector, PullsProducts, SendsWebhooks):
    spec = ConnectorSpec(
        key="market", name="Green Market", auth=(AuthKind.KEYS,), token_kinds=(TokenKind.API_KEY,), settings=SETTINGS,
        scopes=(Scope("read_products", "To read what you sell there"), Scope("read_tags", "For collections", False)),
        summary="A market for tests", colour="green",
    )  # fmt: skip
    topics = ("product.changed",)
    answer: ClassVar[ChannelAccount | OutsideError] = ACCOUNT

    def check(self) -> ChannelAccount:
        if isinstance(Market.answer, OutsideError):
            raise Market.answer
        return Market.answer

    def pull_products(self, since: datetime | None, cursor: str) -> Page[ProductRecord]:
        return Page([], "", True)

    def get_product(self, external_id: str) -> ProductRecord | None:
        return None

    def ensure_webhooks(self, url: str, secret: str) -> dict[str, str]:
        return {}

    def remove_webhooks(self) -> None:
        return None

    @classmethod
    def read_webhook(cls, headers: Mapping[str, str], body: bytes, secrets: Sequence[str]) -> list[HookCall]:
        return []


class Fair(Market, AuthorisesByOAuth):
    """The same, on a page of consent with PKCE."""

    spec = ConnectorSpec(
        key="fair", name="Autumn Fair", auth=(AuthKind.OAUTH,), token_kinds=(TokenKind.ACCESS, TokenKind.REFRESH),
        settings=SETTINGS[:1], scopes=Market.spec.scopes, summary="A fair for tests", colour="blue",
    )  # fmt: skip
    uses_pkce = True
    traded: ClassVar[list[tuple[str, str, str]]] = []

    @classmethod
    def consent_url(cls, settings: Mapping[str, str], redirect_uri: str, state: str, challenge: str) -> str:
        return f"{settings['store_url']}/consent?state={state}&challenge={challenge}&to={redirect_uri}"

    @classmethod
    def check_callback(cls, settings: Mapping[str, str], arguments: Mapping[str, str]) -> None:
        if arguments.get("hmac") != "signed":
            raise NotAllowed("The answer of Autumn Fair is not signed by it.")

    @classmethod
    def trade_code(
        cls, settings: Mapping[str, str], arguments: Mapping[str, str], redirect_uri: str, verifier: str
    ) -> list[Any]:
        cls.traded.append((arguments["code"], redirect_uri, verifier))
        return [Token(TokenKind.ACCESS, "access-1"), Token(TokenKind.REFRESH, "refresh-1")]


@contextmanager
def open_market() -> Iterator[None]:
    """Both platforms are in the registry meanwhile, and answer well."""
    registry.load()
    for found in (Market, Fair):
        registry.register(found)
    Market.answer, Fair.traded[:] = ACCOUNT, []
    try:
        yield
    finally:
        for key in ("market", "fair"):
            registry._classes.pop(key, None)
        registry._made.clear()
