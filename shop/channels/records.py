"""The unified model: what every platform's things are read into, and written from (contracts/unified-model.md).

Money is integer minor units with its currency; discounts, refunds and taxes are positive; times are UTC; ids are texts
as the platform's API wants them; percentages are basis points; weights are grams. `raw` keeps their own answer,
`unknown` what we could not place, `missing` why a field is empty, so that nothing is lost in between.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any


class ProductStatus(StrEnum):
    ACTIVE = "active"
    DRAFT = "draft"
    ARCHIVED = "archived"


class PaymentState(StrEnum):
    PENDING = "pending"
    AUTHORISED = "authorised"
    PAID = "paid"
    PARTLY_PAID = "partly_paid"
    PARTLY_REFUNDED = "partly_refunded"
    REFUNDED = "refunded"
    FAILED = "failed"
    UNKNOWN = "unknown"


class FulfilmentState(StrEnum):
    UNFULFILLED = "unfulfilled"
    PARTLY = "partly"
    FULFILLED = "fulfilled"
    CANCELLED = "cancelled"
    UNKNOWN = "unknown"


@dataclass(frozen=True)
class Unreadable:
    """A record that does not fit our mapping: parked with the raw answer; the others go on."""

    external_id: str
    why: str
    raw: Any = None


@dataclass(frozen=True)
class ImageRecord:
    url: str
    alt: str = ""
    position: int = 0
    external_id: str = ""
    is_main: bool = False


@dataclass(frozen=True)
class OptionRecord:
    name: str
    values: tuple[str, ...]
    position: int = 0
    external_id: str = ""


@dataclass(frozen=True)
class VariantRecord:
    """`options`: option name → value. `stock` None: endless, or not counted."""

    sku: str
    price_minor: int
    options: Mapping[str, str] = field(default_factory=dict)
    external_id: str = ""
    compare_at_minor: int | None = None
    cost_minor: int | None = None
    barcode: str = ""
    weight_grams: int | None = None
    stock: int | None = None
    is_enabled: bool = True
    image_external_id: str = ""
    facts: Mapping[str, Any] = field(default_factory=dict)  # ids beside the variant's own, e.g. an inventory item's


@dataclass(frozen=True)
class ProductRecord:
    title: str
    currency: str
    variants: tuple[VariantRecord, ...]
    external_id: str = ""
    description_html: str = ""
    slug: str = ""
    status: ProductStatus = ProductStatus.ACTIVE
    vendor: str = ""
    kind: str = ""
    tags: tuple[str, ...] = ()
    options: tuple[OptionRecord, ...] = ()
    images: tuple[ImageRecord, ...] = ()
    seo_title: str = ""
    seo_text: str = ""
    includes_tax: bool | None = None
    updated_at: datetime | None = None
    revision: str = ""  # where the platform wants it back (Wix)
    unknown: Mapping[str, Any] = field(default_factory=dict)
    missing: Mapping[str, str] = field(default_factory=dict)
    raw: Any = None


@dataclass(frozen=True)
class AddressRecord:
    """ISO-3166 country and the subdivision's suffix ("NY"); names as they are told."""

    name: str = ""
    company: str = ""
    line1: str = ""
    line2: str = ""
    city: str = ""
    state: str = ""
    postal_code: str = ""
    country: str = ""
    phone: str = ""


@dataclass(frozen=True)
class OrderLineRecord:
    title: str
    quantity: int
    unit_minor: int
    external_id: str = ""
    sku: str = ""
    product_external_id: str = ""
    variant_external_id: str = ""
    discount_minor: int = 0
    tax_minor: int = 0
    properties: Mapping[str, str] = field(default_factory=dict)  # personalisation
    is_gift_card: bool = False


@dataclass(frozen=True)
class OrderRecord:
    external_id: str
    number: str
    currency: str
    lines: tuple[OrderLineRecord, ...]
    total_minor: int
    placed_at: datetime
    payment: PaymentState
    fulfilment: FulfilmentState
    email: str = ""
    ship_to: AddressRecord = AddressRecord()
    bill_to: AddressRecord = AddressRecord()
    discount_minor: int = 0
    shipping_minor: int = 0
    tax_minor: int = 0
    refunded_minor: int = 0
    rounding_minor: int = 0  # what their total differs by from the sum of its parts
    taxes_included: bool = True
    codes: tuple[str, ...] = ()
    customer_external_id: str = ""
    our_reference: str = ""
    shipping_label: str = ""
    note: str = ""
    is_test: bool = False
    is_cancelled: bool = False
    updated_at: datetime | None = None
    raw_status: str = ""
    unknown: Mapping[str, Any] = field(default_factory=dict)
    raw: Any = None


@dataclass(frozen=True)
class CustomerRecord:
    external_id: str
    email: str
    first_name: str = ""
    last_name: str = ""
    phone: str = ""
    accepts_marketing: bool | None = None  # None: the platform does not say
    addresses: tuple[AddressRecord, ...] = ()
    tags: tuple[str, ...] = ()
    updated_at: datetime | None = None
    raw: Any = None


@dataclass(frozen=True)
class ListingAnswer:
    """One product as it stands there: ids of every level, for the mapping rows."""

    external_id: str
    variants: Mapping[str, str] = field(default_factory=dict)  # our SKU → their id
    images: Mapping[str, str] = field(default_factory=dict)  # our picture's key → their id
    url: str = ""
    revision: str = ""


class Verdict(StrEnum):
    VALID = "valid"
    INVALID = "invalid"
    UNCERTAIN = "uncertain"  # their rule has conditions that we cannot judge: told, never applied silently
    NOT_OFFERED = "not_offered"


class CodeWhy(StrEnum):
    """Why a code or a card cannot be used: told to shoppers in their language. Any other text is told to staff only."""

    UNKNOWN = "unknown"  # they know no such code
    OFF = "off"  # switched off there
    NOT_YET = "not_yet"
    ENDED = "ended"
    USED_UP = "used_up"
    EMPTY = "empty"  # a gift card without money


@dataclass(frozen=True)
class DiscountAnswer:
    """`why`: a CodeWhy where one fits (INVALID always has one), else a sentence for staff (UNCERTAIN). Amounts are in
    `currency`; minimum: of the goods."""

    verdict: Verdict
    why: str = ""
    external_id: str = ""
    code: str = ""
    percent_points: int = 0  # basis points
    amount_minor: int = 0
    currency: str = ""
    is_free_shipping: bool = False
    minimum_minor: int = 0
    ends_at: datetime | None = None


@dataclass(frozen=True)
class GiftCardAnswer:
    """`why` as DiscountAnswer's."""

    verdict: Verdict
    why: str = ""
    external_id: str = ""
    balance_minor: int = 0
    currency: str = ""
    expires_at: datetime | None = None
