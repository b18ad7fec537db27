"""Tell me when this is back, or cheaper: a page of its own, so that the product's page stays the same for everybody."""

from __future__ import annotations

from flask import redirect, request, url_for
from flask_babel import get_locale
from flask_babel import gettext as _
from sqlalchemy import select
from werkzeug.wrappers import Response

from shop.accounts.shoppers.sessions import find_signed_in
from shop.accounts.signing_in import may_ask_for_a_letter
from shop.catalog.models import Product, Variant
from shop.core.money import format_minor
from shop.core.pages import render
from shop.core.transaction import transaction
from shop.errors import InvalidInput, NotFound
from shop.extensions import db, limiter
from shop.storefront.account import reading as read
from shop.storefront.account.blueprint import cookie_name
from shop.storefront.letters import REALM
from shop.tenancy.currencies import current_pricing
from shop.workflows import watch_products

MOST_VARIANTS = 300
LARGEST_ID = 2**62


def watch_form(slug: str) -> Response:
    """GET /letters/watch/<slug>?kind=stock|price&variant=…"""
    return _page(_product(slug), _kind(request.args.get("kind", "")), request.args.get("variant", ""))


@limiter.limit("10 per minute; 60 per hour")
def watch(slug: str) -> Response:
    """POST: kind, variant, email. A letter to confirm; none when the address is that of who is signed in. The same
    answer for every address."""
    product, kind = _product(slug), _kind(request.form.get("kind", ""))
    product_id = product.id
    typed = request.form.get("variant", "")
    chosen = int(typed) if typed.isascii() and typed.isdigit() and len(typed) < 19 else 0
    errors: dict[str, str] = {}
    email = ""
    try:
        email = read.email()
    except InvalidInput as error:
        errors = error.fields
    found = db.session.execute(
        select(Variant.id).where(Variant.id == chosen, Variant.product_id == product_id, Variant.position >= 0)
    ).scalar()
    if found is None:
        errors["variant"] = _("Please choose what you wait for.")
    if errors:
        return _page(product, kind, typed, status=422, errors=errors)
    is_proved = _is_signed_in_as(email)
    db.session.rollback()
    may_send = may_ask_for_a_letter(email, request.remote_addr or "", realm=REALM)
    with transaction() as session:
        watch_products.ask(
            session,
            kind=kind,
            email=email,
            variant_id=chosen,
            locale=str(get_locale()),
            currency=shown_currency(),
            is_proved=is_proved,
            may_send=may_send,
        )
    done = "sure" if is_proved else "asked"
    return redirect(url_for("storefront.watch_form", slug=slug, kind=kind, done=done), 303)


def shown_currency() -> str:
    """The currency that this visitor sees prices in."""
    return current_pricing().code


def _is_signed_in_as(email: str) -> bool:
    found = find_signed_in(db.session(), request.cookies.get(cookie_name()))
    return found is not None and found[0].email == email


def _kind(typed: str) -> str:
    return typed if typed in watch_products.LETTERS else "stock"


def _product(slug: str) -> Product:
    found = db.session.execute(
        select(Product).where(Product.slug == slug[:200].replace("\0", ""), Product.status == "active")
    ).scalar_one_or_none()
    if found is None:
        raise NotFound(_("This product is not in the shop any more."))
    return found


def _page(
    product: Product, kind: str, chosen: str, status: int = 200, errors: dict[str, str] | None = None
) -> Response:
    currency = shown_currency()
    wanted = Variant.is_available.is_(kind == "price")
    rows = db.session.execute(
        select(Variant)
        .where(Variant.product_id == product.id, Variant.position >= 0, wanted)
        .order_by(Variant.position, Variant.id)
        .limit(MOST_VARIANTS)
    ).scalars()
    options = []
    for row in rows:
        price = watch_products.price_in(row, currency)
        shown = f"{row.title} · {format_minor(price, currency, str(get_locale()))}" if price is not None else row.title
        options.append((str(row.id), shown))
    answer = render(
        "storefront/letters/watch.html",
        status=status,
        page_title=_("Tell me when it is cheaper") if kind == "price" else _("Tell me when it is back"),
        canonical_url=None,
        product=product,
        kind=kind,
        options=options,
        chosen=chosen,
        typed=read.typed("email")["email"],
        errors=errors or {},
        done=request.args.get("done", ""),
    )
    answer.headers["X-Robots-Tag"] = "noindex"
    return answer
