"""The store's own row: who it is, how it sells. One row a schema."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import BigInteger, Boolean, Integer, SmallInteger, String, Text, func, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from shop.core.secrets import EncryptedText
from shop.extensions import Model, UtcDateTime


class StoreProfile(Model):
    """Settings a merchant changes in the panel. Read through `tenancy.profile.current_profile()`."""

    __tablename__ = "store_profile"

    name: Mapped[str] = mapped_column(String(120))
    tagline: Mapped[str] = mapped_column(String(200), default="")
    currency: Mapped[str] = mapped_column(String(3))
    country: Mapped[str] = mapped_column(String(2))
    locale: Mapped[str] = mapped_column(String(8), default="en")
    #: the languages offered besides it (core/languages.py): ["fr", "de"]
    languages: Mapped[list[Any]] = mapped_column(JSONB, default=list, server_default=text("'[]'::jsonb"))
    legal_name: Mapped[str] = mapped_column(String(200), default="")
    address: Mapped[str] = mapped_column(Text, default="")
    support_email: Mapped[str] = mapped_column(String(254), default="")
    merchant_email: Mapped[str] = mapped_column(String(254), default="")
    #: {"accent": "#hex", "accent_dark": "#hex", "logo_url": str | null}
    brand: Mapped[dict[str, Any]] = mapped_column(JSONB, default=dict)
    #: subtotal from which standard shipping is free; 0: never
    free_shipping_minor: Mapped[int] = mapped_column(Integer, default=0)
    #: prices where Printify has none, and the days of the way for every country (catalog/transit.py):
    #: [{"countries": ["US"] | ["*"], "first_minor": int, "more_minor": int, "days": [3, 8]}]
    shipping_fallback: Mapped[list[Any]] = mapped_column(JSONB, default=list)
    #: the table above is the merchant's own zones: where one covers a country, it says the price of standard shipping
    own_shipping_prices: Mapped[bool] = mapped_column(Boolean, default=False, server_default="false")
    #: [{"country": "DE", "rate": "0.19", "inclusive": true, "on_shipping": true, "name": "VAT"}]
    tax_rates: Mapped[list[Any]] = mapped_column(JSONB, default=list)
    #: ISO country codes the store ships to; empty: everywhere a price is known
    ships_to: Mapped[list[Any]] = mapped_column(JSONB, default=list)
    #: shown prices contain the tax (Europe) or it is added at checkout (US)
    prices_include_tax: Mapped[bool] = mapped_column(Boolean, default=False, server_default="false")
    #: {"tax_number", "register_number", "footer", "prefix", "credit_prefix": str, "with_year", "automatic": bool}
    invoicing: Mapped[dict[str, Any]] = mapped_column(JSONB, default=dict, server_default="{}")
    #: how the checkout asks (tenancy/checkout_rules.py): {"phone": "off" | "asked", "notes": bool, "terms": slug}
    checkout: Mapped[dict[str, Any]] = mapped_column(JSONB, default=dict, server_default=text("'{}'::jsonb"))
    #: others that shoppers may choose (tenancy/currencies.py): [{"code": "EUR", "rate": "0.92", "rounding": "99",
    #: "way": "up", "changed_at": "2026-05-01T10:00:00+00:00", "changed_by": "Ann"}]
    currencies: Mapped[list[Any]] = mapped_column(JSONB, default=list, server_default=text("'[]'::jsonb"))
    #: what gift cards the shop sells (tenancy/gift_card_rules.py)
    gift_cards: Mapped[dict[str, Any]] = mapped_column(JSONB, default=dict, server_default=text("'{}'::jsonb"))
    #: how reviews are asked for and shown (reviews/rules.py)
    reviews: Mapped[dict[str, Any]] = mapped_column(JSONB, default=dict, server_default=text("'{}'::jsonb"))
    #: when who left the payment page is reminded (tenancy/reminder_rules.py)
    reminders: Mapped[dict[str, Any]] = mapped_column(JSONB, default=dict, server_default=text("'{}'::jsonb"))
    #: how things are taken back (tenancy/return_rules.py)
    returning: Mapped[dict[str, Any]] = mapped_column(JSONB, default=dict, server_default=text("'{}'::jsonb"))
    #: at_once | delayed | by_hand
    production_policy: Mapped[str] = mapped_column(String(12), default="at_once")
    production_delay_minutes: Mapped[int] = mapped_column(Integer, default=60)
    #: whoever signs in to the panel needs a second step (accounts/two_step.py)
    staff_totp_required: Mapped[bool] = mapped_column(Boolean, default=False, server_default="false")
    #: what holds in the European Union (tenancy/eu_rules.py)
    eu: Mapped[dict[str, Any]] = mapped_column(JSONB, default=dict, server_default=text("'{}'::jsonb"))
    #: ways to pay that the payment page offers (payments/wallets.py): {"found": [...], "read_at", "own": [...]}
    payment_marks: Mapped[dict[str, Any]] = mapped_column(JSONB, default=dict, server_default=text("'{}'::jsonb"))


class StoreState(Model):
    """Versions that caches are keyed by; raised in the transaction that changes what they name."""

    __tablename__ = "store_state"

    catalog_version: Mapped[int] = mapped_column(BigInteger, default=1, server_default="1")
    settings_version: Mapped[int] = mapped_column(BigInteger, default=1, server_default="1")
    singleton: Mapped[int] = mapped_column(SmallInteger, default=1, unique=True)


class ProviderKey(Model):
    """One setting of an outside service, saved in the panel (tenancy/provider_keys.py)."""

    __tablename__ = "provider_keys"

    name: Mapped[str] = mapped_column(String(40), unique=True)  # as in config.py
    value: Mapped[str] = mapped_column(EncryptedText)
    hint: Mapped[str] = mapped_column(String(4), default="")  # the last characters of a secret
    saved_at: Mapped[datetime] = mapped_column(UtcDateTime, server_default=func.now())
    saved_by: Mapped[str] = mapped_column(String(254), default="")
