"""First rows of a new store: its settings, the first admin, collections and pages. A repeat changes nothing."""

from __future__ import annotations

from sqlalchemy import func, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from config import Config
from shop.accounts.models import StaffMember
from shop.accounts.passwords import hash_password
from shop.catalog.models import Collection
from shop.content.models import ContentPage
from shop.content.pages import LEGAL
from shop.seed_texts import COLLECTIONS, PAGES
from shop.tenancy.eu_rules import EU_VAT
from shop.tenancy.models import StoreProfile, StoreState

#: pages whose address is another word than the key of the legal text they are
SAMPLE_OF = {"accessibility": "access"}
SHIPPING_FALLBACK = [
    {"countries": ["US"], "first_minor": 599, "more_minor": 250, "days": [2, 5]},
    {"countries": ["CA", "GB", *sorted(EU_VAT)], "first_minor": 999, "more_minor": 450, "days": [5, 12]},
    {"countries": ["*"], "first_minor": 1399, "more_minor": 600, "days": [8, 25]},
]


def seed(session: Session, config: Config) -> list[str]:
    """Returns what was made. The caller commits."""
    made = []
    if session.execute(select(func.count()).select_from(StoreState)).scalar_one() == 0:
        session.add(StoreState(singleton=1))
        made.append("store state")
    if session.execute(select(func.count()).select_from(StoreProfile)).scalar_one() == 0:
        session.add(_profile(config))
        made.append("store settings")
    if config.admin_password:
        email = config.admin_email.strip().lower()
        if session.execute(select(StaffMember.id).where(StaffMember.email == email)).first() is None:
            password_hash = hash_password(config.admin_password)
            session.add(StaffMember(email=email, name="Owner", password_hash=password_hash, role="owner"))
            made.append(f"admin {email}")
    for position, (slug, title, text, tags) in enumerate(COLLECTIONS):
        made += _add(session, Collection, slug, title=title, description_html=text, rule_tags=tags, position=position)
    for position, (slug, title, html) in enumerate(PAGES):
        body = html.replace("{name}", config.store_name).replace("{email}", config.support_email)
        body = body.replace("{legal}", config.store_legal_name).replace("{address}", config.store_address)
        key = SAMPLE_OF.get(slug, slug)
        legal = key if key in LEGAL else ""
        values = {"title": title, "html": body, "position": position, "legal": legal, "is_sample": bool(legal)}
        made += _add(session, ContentPage, slug, **values)
    return made


def _add(session: Session, model: type[Collection] | type[ContentPage], slug: str, **values: object) -> list[str]:
    new = session.execute(
        insert(model).values(slug=slug, **values).on_conflict_do_nothing(index_elements=["slug"]).returning(model.id)
    ).first()
    return [f"{model.__tablename__}: {slug}"] if new else []


def _profile(config: Config) -> StoreProfile:
    in_europe = config.store_country in EU_VAT or config.store_country in ("GB", "CH", "NO")
    rates = (
        [{"country": c, "rate": r, "on_shipping": True, "name": "VAT"} for c, r in EU_VAT.items()] if in_europe else []
    )
    return StoreProfile(
        name=config.store_name,
        tagline=config.store_tagline,
        currency=config.store_currency.upper(),
        country=config.store_country.upper(),
        locale=config.store_locale,
        legal_name=config.store_legal_name,
        address=config.store_address,
        support_email=config.support_email,
        merchant_email=config.merchant_email,
        brand={},
        free_shipping_minor=config.free_shipping_minor,
        shipping_fallback=SHIPPING_FALLBACK,
        tax_rates=rates,
        prices_include_tax=in_europe,
        ships_to=[],
        production_policy=config.printify_production,
        production_delay_minutes=config.printify_production_delay_minutes,
    )
