"""What a connector is. One class for each platform, in `shop/channels/<platform>/connector.py`, listed in the registry.

A connector speaks one platform's words and nothing else: it holds no rows, commits nothing, waits for nobody. What it
inherits below IS what it can do; the panel and the jobs ask `can(connection, Role)` and never a platform's name.
Someone else does once, for all of them: tokens and their refresh (tokens.py), rate, retries and breaker (outbound/),
saving, cursors, counting, schedules (syncing), settings forms with hidden secrets (drawn from `spec`).

Every call may raise the kinds of shop/errors.py: RateLimited, Unavailable (WAIT), NeedsReconnect, Refused (MERCHANT),
Misunderstood (US). A record that cannot be read is yielded as `Unreadable`, so that the others go on.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any, ClassVar, Generic, TypeVar

from shop.channels import connecting
from shop.channels.models import Connection
from shop.channels.records import (
    CustomerRecord,
    DiscountAnswer,
    GiftCardAnswer,
    ListingAnswer,
    OrderRecord,
    ProductRecord,
    Unreadable,
)
from shop.outbound.facts import Budget

T = TypeVar("T")


class TokenKind(StrEnum):
    ACCESS = "access"
    REFRESH = "refresh"
    ID = "id"
    API_KEY = "api_key"
    SESSION = "session"


class AuthKind(StrEnum):
    """How an account is connected (contracts/unified-model.md §10, credential kinds)."""

    KEYS = "keys"  # typed by the merchant, lasting
    CLIENT_CREDENTIALS = "client_credentials"  # typed by the merchant, traded for short tokens
    OAUTH = "oauth"  # granted on the platform's own page


@dataclass(frozen=True)
class Setting:
    """One field of the connect form. A secret is stored encrypted and never shown again."""

    name: str
    label: str
    help: str = ""
    kind: str = "text"  # text | url | secret | choice | switch
    required: bool = True
    choices: tuple[tuple[str, str], ...] = ()
    default: str = ""


@dataclass(frozen=True)
class Scope:
    """A right that is asked for, and why, in the merchant's words."""

    name: str
    why: str
    required: bool = True


@dataclass(frozen=True)
class ConnectorSpec:
    """Facts about a platform, as data."""

    key: str  # "shopify": in addresses and rows, never changed
    name: str
    auth: tuple[AuthKind, ...]
    token_kinds: tuple[TokenKind, ...]
    settings: tuple[Setting, ...]
    base_url: str = ""  # "": the merchant types the address of the shop
    budgets: tuple[Budget, ...] = ()
    scopes: tuple[Scope, ...] = ()
    summary: str = ""
    colour: str = ""  # the class of its mark in static/css/admin/channels.css
    docs: str = ""  # contracts page and the version it was written against
    overlap: timedelta = timedelta(minutes=1)  # how far a cursor looks back (unified-model.md §11.3)


@dataclass(frozen=True)
class ChannelAccount:
    """Whose account this is, as the platform tells it. `missing`: scopes that were not granted."""

    external_id: str
    name: str
    currency: str
    time_zone: str = ""
    taxes_included: bool | None = None
    weight_unit: str = "g"
    missing: tuple[str, ...] = ()
    facts: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Page(Generic[T]):
    """Some records, and where to go on. `cursor` is saved only after all of `records` are."""

    records: Sequence[T | Unreadable]
    cursor: str
    is_last: bool


@dataclass(frozen=True)
class HookCall:
    """One verified webhook, in our words. `record` None: it is thin, read the thing by its id."""

    topic: str  # product.changed | product.deleted | order.changed | customer.changed | stock.changed | disconnected
    external_id: str
    dedupe_key: str
    occurred_at: datetime | None = None
    record: Mapping[str, Any] | None = None


class Connector(ABC):
    """Made for one connection, at the moment of use; `access` calls the platform in that connection's name."""

    spec: ClassVar[ConnectorSpec]

    def __init__(self, connection: Connection) -> None:
        """Takes from the row what it needs and keeps no row: it outlives the session."""
        self.connection_id = connection.id
        self.store_url = connection.store_url
        self.settings: Mapping[str, Any] = dict(connection.settings)

    @classmethod
    def read_address(cls, typed: str) -> str:
        """The store's address as it is kept, from what a merchant typed. May ask the name servers: outside of
        transactions. Raises InvalidInput (field "store_url")."""
        return connecting.read_address(typed, cls.spec.name)

    @abstractmethod
    def check(self) -> ChannelAccount:
        """Ask the platform who we are. Raises what is wrong in words for the merchant."""


# -- roles. Every method is safe to repeat unless it says otherwise.


class PullsProducts(ABC):
    @abstractmethod
    def pull_products(self, since: datetime | None, cursor: str) -> Page[ProductRecord]:
        """One page, changed at or after `since` (None: all). By time of change, never by order of ids."""

    @abstractmethod
    def get_product(self, external_id: str) -> ProductRecord | None:
        """None: it is not there any more."""


class PublishesListings(ABC):
    @abstractmethod
    def push_product(
        self, product: ProductRecord, known: ListingAnswer | None, fields: Collection[str] | None, key: str
    ) -> ListingAnswer:
        """Create (`known` None) or change the listing. `fields`: only these are written, whatever else differs: names
        of ProductRecord ("title", "tags", "images", …), and "variants.price_minor", "variants.sku" … for a field of
        its variants; "variants" for their list (new ones are added, none is taken away); None: everything. A variant's
        `external_id` tells which of theirs it is ("": new there). Reads before it writes where the platform replaces
        lists. With the same `key` it may be called again after a lost answer: looks for what it made before it makes
        another. The answer names every variant by our SKU."""

    @abstractmethod
    def archive_product(self, external_id: str) -> None:
        """Take it off sale there. Never deletes."""


class TakesStock(ABC):
    @abstractmethod
    def set_stock(self, variant_external_id: str, quantity: int, key: str) -> None: ...


class ReportsOrders(ABC):
    @abstractmethod
    def pull_orders(self, since: datetime | None, cursor: str) -> Page[OrderRecord]: ...

    @abstractmethod
    def get_order(self, external_id: str) -> OrderRecord | None: ...


class AcceptsOrders(ABC):
    @abstractmethod
    def find_order(self, key: str) -> str | None:
        """The id of the order that carries our reference; read before a repeat."""

    @abstractmethod
    def create_order(self, order: OrderRecord, key: str) -> str:
        """The new order's id. Not safe to repeat blindly: `find_order` first."""


class TakesTracking(ABC):
    @abstractmethod
    def add_fulfilment(
        self, external_id: str, lines: Mapping[str, int] | None, carrier: str, number: str, url: str, key: str
    ) -> str:
        """The fulfilment's id there. `lines` None: everything. Raises Refused where parts are not possible."""


class TakesRefunds(ABC):
    @abstractmethod
    def record_refund(self, external_id: str, amount_minor: int, currency: str, key: str) -> str: ...


class SyncsCustomers(ABC):
    @abstractmethod
    def pull_customers(self, since: datetime | None, cursor: str) -> Page[CustomerRecord]: ...

    @abstractmethod
    def get_customer(self, external_id: str) -> CustomerRecord | None:
        """None: there is none any more."""

    @abstractmethod
    def push_customer(self, customer: CustomerRecord, external_id: str | None, key: str) -> str: ...


class ChecksDiscounts(ABC):
    @abstractmethod
    def check_discount(self, code: str) -> DiscountAnswer:
        """valid, invalid or uncertain; the code that came back is compared exactly (unified-model.md §8, §11.13)."""


class HoldsGiftCards(ABC):
    #: False: a balance can be read there, and nothing taken from it
    can_debit: ClassVar[bool] = True

    @abstractmethod
    def check_gift_card(self, code: str) -> GiftCardAnswer: ...

    @abstractmethod
    def debit_gift_card(self, external_id: str, amount_minor: int, currency: str, key: str) -> str:
        """Their transaction's id. Our ledger is written first; after a lost answer the balance is read again."""

    @abstractmethod
    def credit_gift_card(self, external_id: str, amount_minor: int, currency: str, key: str) -> str: ...

    def find_gift_card_move(self, external_id: str, key: str) -> str | None:
        """After a lost answer: the id of the debit or credit that carries our key (in its note), "" when there is
        surely none, None when the platform cannot tell (then the balance is read)."""
        return None


class SendsWebhooks(ABC):
    topics: ClassVar[tuple[str, ...]] = ()
    #: True: there is nobody to ask; a call is kept with its words, and a wrong one is refused with what is wrong
    tells_all: ClassVar[bool] = False

    @abstractmethod
    def ensure_webhooks(self, url: str, secret: str) -> dict[str, str]:
        """Topic → subscription id, as they stand there now; missing and disabled ones are made again."""

    @abstractmethod
    def remove_webhooks(self) -> None: ...

    def list_webhooks(self) -> dict[str, str] | None:
        """Those that stand there and are on, mending nothing: topic → subscription id. None: ask `ensure_webhooks`, and
        what was lost is seen by its new id alone."""
        return None

    @classmethod
    @abstractmethod
    def read_webhook(cls, headers: Mapping[str, str], body: bytes, secrets: Sequence[str]) -> list[HookCall]:
        """Verify the raw bytes, then say what happened. Raises Forged (shop/inbound/verifying.py)."""


class AuthorisesByOAuth(ABC):
    """`settings`: those of the connection and its secrets, by their names in `spec.settings`; its address as
    "store_url"."""

    uses_pkce: ClassVar[bool] = False

    @classmethod
    @abstractmethod
    def consent_url(cls, settings: Mapping[str, str], redirect_uri: str, state: str, challenge: str) -> str: ...

    @classmethod
    @abstractmethod
    def check_callback(cls, settings: Mapping[str, str], arguments: Mapping[str, str]) -> None:
        """What the platform signed in the callback, besides our state. Raises NotAllowed."""

    @classmethod
    @abstractmethod
    def trade_code(
        cls, settings: Mapping[str, str], arguments: Mapping[str, str], redirect_uri: str, verifier: str
    ) -> list[Any]:
        """The tokens (tokens.Token) for a code."""


class HandsOverKeys(ABC):
    """The platform makes keys for us on its own page, and posts them here: nothing is copied by hand. What comes is not
    signed: the token is unguessable, kept as a hash, and accepted once."""

    @classmethod
    @abstractmethod
    def handover_url(
        cls, settings: Mapping[str, str], connection_token: str, return_url: str, callback_url: str
    ) -> str: ...

    @classmethod
    @abstractmethod
    def read_handover(cls, body: bytes) -> tuple[str, dict[str, str]]:
        """Our token and the secrets, by the names of `spec.settings`. Raises Forged for any other shape."""


ROLES: tuple[type, ...] = (
    PullsProducts, PublishesListings, TakesStock, ReportsOrders, AcceptsOrders, TakesTracking, TakesRefunds,
    SyncsCustomers, ChecksDiscounts, HoldsGiftCards, SendsWebhooks, AuthorisesByOAuth, HandsOverKeys,
)  # fmt: skip


def all_of(pages: Iterator[Page[T]]) -> Iterator[T | Unreadable]:
    """The records of some pages, one after the other."""
    for page in pages:
        yield from page.records
