"""Somebody waits for a variant: asked, confirmed by letter, told once.

Work on a row happens in one transaction: it is held, what is true now is read, the letter is a row, and the wish is
told. A repeat finds it told. All that one person waits for and that is due together stands in one letter.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from shop.catalog.models import Product, Variant
from shop.core import clock, durable
from shop.core.durable import Claim
from shop.core.money import format_minor
from shop.core.transaction import transaction
from shop.email.requesting import request_letter
from shop.email.sealing import seal
from shop.errors import NotFound
from shop.subscribers.choosing import may_write
from shop.subscribers.links import confirm_token
from shop.subscribers.models import ProductWatch
from shop.subscribers.watching import ask_to_watch, begin_to_wait, is_cheaper, ring_all
from shop.tenancy.currencies import pricing_for
from shop.tenancy.languages import absolute_url_for
from shop.tenancy.profile import current_profile
from shop.workflows.letter_choices import stop_links
from shop.workflows.letter_facts import absolute, public_url

MOST_IN_ONE_LETTER = 20
LETTERS = {"stock": "back_in_stock", "price": "price_drop"}


def ask(
    session: Session,
    *,
    kind: str,
    email: str,
    variant_id: int,
    locale: str,
    currency: str,
    is_proved: bool,
    may_send: bool,
) -> None:
    """Raises NotFound for a variant that is not in the shop. `is_proved`: the address is that of who is signed in.
    `may_send` False: asked too often; the answer is the same, and no letter leaves."""
    found = _read(session, [variant_id]).get(variant_id)
    if found is None or found[1].status != "active":
        raise NotFound("This product is not in the shop any more.")
    variant, product = found
    if not may_send and not is_proved:
        return
    row = ask_to_watch(
        session,
        kind=kind,
        email=email,
        variant_id=variant_id,
        locale=locale,
        price_minor=price_in(variant, currency) or 0,
        currency=currency,
        is_proved=is_proved,
    )
    if row is None or is_proved:
        return
    request_letter(
        session,
        letter="stock_confirm",
        subject_key=f"watch:{row.id}:{clock.now():%Y%m%d%H}",
        to_email=row.email,
        locale=locale,
        facts={
            "kind": kind,
            "title": product.title,
            "items": [_item(variant, product, currency, locale)],
            "confirm_url": seal(public_url(f"/letters/confirm/{confirm_token('watch', row.id)}")),
        },
    )


def confirm(session: Session, watch_id: int) -> bool:
    """The link was opened and the button pressed. False when it is over. A repeat changes nothing."""
    row = session.execute(
        select(ProductWatch)
        .where(ProductWatch.id == watch_id)
        .with_for_update()
        .execution_options(populate_existing=True)
    ).scalar_one_or_none()
    if row is None or row.status == "ended":
        return False
    if row.status == "asked":
        begin_to_wait(session, row)
    return True


def tell(held: Claim) -> None:
    """Look at one wish that may be fulfilled, with all others of that person that are due."""
    with transaction() as session:
        durable.hold(session, ProductWatch, held)
        row = session.get_one(ProductWatch, held.id, populate_existing=True)
        if row.status != "waiting":
            durable.finish(session, ProductWatch, held)
            return
        others = _due_with(session, row)
        goods = _read(session, [row.variant_id, *(other.variant_id for other in others)])
        news = [each for each in (row, *others) if _is_news(each, goods)]
        if may_write(session, row.email, row.kind) and news:
            _write(session, row, news, goods)
        for other in others:
            other.work_state, other.finished_at, other.fence = "done", clock.now(), other.fence + 1
        session.flush()
        durable.finish(session, ProductWatch, held)


def look_at_all() -> int:
    """Once an hour: whoever a change has missed. Returns how many are looked at."""
    with transaction() as session:
        return ring_all(session, current_profile().currency)


def price_in(variant: Variant, currency: str) -> int | None:
    """What the variant costs in this currency; None where it is not sold in it."""
    pricing = pricing_for(current_profile(), currency)
    return pricing.of(variant.price_minor, variant.fixed_prices) if pricing.code == currency else None


def _due_with(session: Session, row: ProductWatch) -> Sequence[ProductWatch]:
    return (
        session.execute(
            select(ProductWatch)
            .where(
                ProductWatch.email == row.email,
                ProductWatch.kind == row.kind,
                ProductWatch.id != row.id,
                ProductWatch.status == "waiting",
                ProductWatch.work_state.in_(("due", "working")),  # claimed with this one: its fence is raised below
            )
            .order_by(ProductWatch.id)
            .limit(MOST_IN_ONE_LETTER - 1)
            .with_for_update(skip_locked=True)
            .execution_options(populate_existing=True)
        )
        .scalars()
        .all()
    )


def _is_news(row: ProductWatch, goods: dict[int, tuple[Variant, Product]]) -> bool:
    found = goods.get(row.variant_id)
    if found is None or not found[0].is_available or found[1].status != "active" or row.expires_at <= clock.now():
        return False
    if row.kind == "stock":
        return True
    price = price_in(found[0], row.currency)
    return price is not None and is_cheaper(row.price_minor, price)


def _write(
    session: Session, row: ProductWatch, news: Sequence[ProductWatch], goods: dict[int, tuple[Variant, Product]]
) -> None:
    items = [
        _item(*goods[each.variant_id], each.currency, row.locale, each.price_minor if row.kind == "price" else None)
        for each in news
    ]
    request_letter(
        session,
        letter=LETTERS[row.kind],
        subject_key=f"watch:{news[0].id}",
        to_email=row.email,
        locale=row.locale,
        facts={"items": items, **stop_links(session, row.email, row.locale, row.kind)},
    )
    for each in news:
        each.status, each.told_at = "told", clock.now()


def _read(session: Session, variant_ids: Sequence[int]) -> dict[int, tuple[Variant, Product]]:
    rows = session.execute(
        select(Variant, Product)
        .join(Product, Product.id == Variant.product_id)
        .where(Variant.id.in_(variant_ids), Variant.position >= 0)
        .execution_options(populate_existing=True)
    )
    return {variant.id: (variant, product) for variant, product in rows}


def _item(
    variant: Variant, product: Product, currency: str, locale: str, was_minor: int | None = None
) -> dict[str, Any]:
    """As the letters show it: price as text, absolute addresses."""
    price = price_in(variant, currency)
    image = (product.card or {}).get("image") or {}
    return {
        "title": product.title,
        "variant_title": variant.title,
        "price": format_minor(price, currency, locale) if price is not None else "",
        "was": format_minor(was_minor, currency, locale) if was_minor else "",
        "url": absolute_url_for(f"/products/{product.slug}?variant={variant.id}", locale),
        "image_url": absolute(str(image.get("src") or "")),
    }
