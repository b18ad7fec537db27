"""A buyer wants to pay: freeze the prices, make (or find) the payment page.

The same cart with the same content always leads to the same open page, so a double click opens one page and charges
once. Older pages of a changed cart are closed first: two open pages could both be paid.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import timedelta

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from shop.cart.changing import accept_new_prices
from shop.cart.models import Cart
from shop.cart.pricing import price_lines
from shop.checkout.models import Checkout
from shop.checkout.quoting import Quote, content_hash, draft_of, quote_cart
from shop.checkout.shipping import read_rates
from shop.core import clock
from shop.core.settings import current_settings
from shop.core.transaction import release_connection, run_in_transaction, transaction
from shop.drafts.models import DraftOrder
from shop.errors import Conflict, InvalidInput, NotFound, OutsideError
from shop.orders.draft import OrderDraft, is_sent
from shop.payments.gateway import PayLine, PayRequest, PayShipping
from shop.payments.stripe_gateway import gateway
from shop.promotions.gift_cards.reserving import set_aside
from shop.promotions.reserving import Use, lock_discounts, release, reserve
from shop.tenancy.checkout_rules import rules_of
from shop.tenancy.currencies import pricing_for
from shop.tenancy.languages import absolute_url_for
from shop.tenancy.profile import Profile, current_profile
from shop.words import mark
from shop.workflows.channel_codes import freshen_cart
from shop.workflows.find_discounts import promotions_for
from shop.workflows.find_gift_cards import paid_by_cards
from shop.workflows.gift_card_payment import as_paid_with_cards
from shop.workflows.letter_facts import absolute, public_url

STILL_USEFUL = timedelta(minutes=3)


@dataclass(frozen=True)
class StartedCheckout:
    """Where to send the buyer. `already_paid`: a page of this cart was paid meanwhile; show its return page."""

    reference: str
    session_id: str
    url: str
    already_paid: bool = False
    is_covered: bool = False  # gift cards pay all of it: the shop asks where to, and there is no payment page


@dataclass(frozen=True)
class _Plan:
    checkout_id: int
    to_close: tuple[str, ...]
    covered: str = ""  # the reference of a checkout that gift cards pay


class PricesChanged(Conflict):
    """Told once; the next click goes on with the new prices."""

    title = mark("A price in your cart has changed. Please look at the new total before you pay.")


def quote_for(session: Session, cart: Cart, profile: Profile) -> Quote:
    """The cart priced now, for its destination and method, with its discounts. Three statements without any."""
    country = cart.country or profile.country
    pricing = pricing_for(profile, cart.currency)
    lines = price_lines(session, cart.id, pricing)
    rates = read_rates(session, lines, country, profile.currency)
    quote = quote_cart(
        lines,
        rates,
        profile,
        country=country,
        method=cart.shipping_method,
        table_tax=uses_tax_table(),
        promotions=promotions_for(session, cart, lines),
        pricing=pricing,
    )
    taxes_elsewhere = not uses_tax_table()
    cards = paid_by_cards(session, cart, quote.total_minor, quote.currency, taxes_elsewhere=taxes_elsewhere)
    return replace(quote, paid_by_cards=cards)


def uses_tax_table() -> bool:
    """Taxes come from the store's own table, not from the payment page."""
    return bool(current_settings().tax_mode == "table")


class TotalChanged(Conflict):
    """A discount ended, or delivery became dearer, since the buyer looked."""

    title = mark("The total of your cart has changed. Please look at it before you pay.")


def start_checkout(
    cart_id: int,
    *,
    email: str | None = None,
    locale: str = "en",
    seen_minor: int | None = None,
    seen_currency: str | None = None,
) -> StartedCheckout:
    """Raises InvalidInput when this cart cannot be paid, PricesChanged once after a price moved, TotalChanged when it
    costs more than the `seen_minor` that the buyer saw, or is in another currency than they saw, UsedUp when a discount
    has no use left, OutsideError kinds when the gateway cannot be asked. A repeat returns the same page.
    """
    freshen_cart(cart_id)
    profile = current_profile()
    seen = (seen_minor, seen_currency)
    plan = run_in_transaction(lambda session: _freeze(session, cart_id, profile, email, locale, seen))
    if isinstance(plan, PricesChanged):
        raise plan
    release_connection()
    for session_id in plan.to_close:
        if gateway().close_page(session_id).status == "complete":
            return StartedCheckout("", session_id, "", already_paid=True)
        forget_page(session_id)
    if plan.covered:
        return StartedCheckout(plan.covered, "", public_url(f"/checkout/details/{plan.covered}"), is_covered=True)
    return open_page(plan.checkout_id, profile)


def _freeze(
    session: Session,
    cart_id: int,
    profile: Profile,
    email: str | None,
    locale: str,
    seen: tuple[int | None, str | None],
) -> _Plan | PricesChanged:
    cart = session.execute(select(Cart).where(Cart.id == cart_id).with_for_update()).scalar_one_or_none()
    if cart is None:
        raise NotFound(mark("This cart is gone. Please start again."))
    quote = quote_for(session, cart, profile)
    if quote.problem:
        raise InvalidInput(quote.problem)
    if any(line.problem == "price_changed" for line in quote.lines):
        accept_new_prices(session, quote.lines)
        return PricesChanged()
    seen_minor, seen_currency = seen
    if seen_currency is not None and seen_currency != quote.currency:
        raise TotalChanged()
    if seen_minor is not None and quote.payable_minor > seen_minor:
        raise TotalChanged()
    draft = draft_of(quote, note=cart.note, locale=locale)
    cards = quote.paid_by_cards.uses
    fingerprint = content_hash(draft, quote.country, cart.generation, email or cart.email or "", *cards)
    now = clock.now()
    earlier = session.execute(
        select(Checkout).where(
            Checkout.cart_id == cart.id,
            Checkout.cart_generation == cart.generation,
            Checkout.status.in_(["creating", "open"]),
            Checkout.expires_at > now,
        )
    ).scalars()
    same, to_close, given_up = None, [], []
    for checkout in earlier:
        if checkout.content_hash == fingerprint and checkout.expires_at > now + STILL_USEFUL:
            same = checkout
            continue
        given_up.append(checkout.id)
        if checkout.session_id:
            to_close.append(checkout.session_id)
        elif checkout.is_covered:
            checkout.status = "expired"  # it has no page that could still be paid
    uses = uses_of(draft)
    if lock_discounts(session, given_up, uses, cards):
        release(session, given_up)  # and taken again below, before anybody else can
    if same is None:
        same = _new_checkout(session, cart, quote, draft, fingerprint, email, locale)
        reserve(session, same.id, uses)
        set_aside(session, same.id, cards)
    covered = same.reference if cards and not quote.payable_minor else ""
    return _Plan(same.id, tuple(to_close), covered)


def start_draft_checkout(token: str) -> StartedCheckout:
    """The same for a draft that was sent as a link: its frozen prices, one open page at a time. Raises NotFound for a
    link that is not known or was taken back, Conflict for one that is over."""
    profile = current_profile()
    checkout_id = run_in_transaction(lambda session: _freeze_draft(session, token))
    return open_page(checkout_id, profile)


def _freeze_draft(session: Session, token: str) -> int:
    draft = session.execute(
        select(DraftOrder).where(DraftOrder.token == token).with_for_update().execution_options(populate_existing=True)
    ).scalar_one_or_none()
    now = clock.now()
    if draft is None or draft.frozen is None or draft.status not in ("sent", "paid"):
        raise NotFound(mark("This payment link is not known. It may have been replaced by a newer one."))
    if draft.status == "paid":
        raise Conflict(mark("This is paid already. Thank you!"))
    if draft.link_expires_at is not None and draft.link_expires_at <= now:
        raise Conflict(mark("This payment link has run out. Please ask us for a new one."))
    open_one = session.execute(
        select(Checkout)
        .where(Checkout.draft_order_id == draft.id, Checkout.status.in_(["creating", "open", "processing"]))
        .order_by(Checkout.id.desc())
        .limit(1)
    ).scalar_one_or_none()
    if open_one is not None and open_one.status == "processing":
        raise Conflict(mark("A payment is on its way already: your bank has not told us the result yet."))
    if open_one is not None and open_one.expires_at > now + STILL_USEFUL:
        return open_one.id
    frozen = OrderDraft.from_json(draft.frozen)
    checkout = Checkout(
        draft_order_id=draft.id,
        content_hash=content_hash(frozen, draft.id, draft.times_sent),
        draft=draft.frozen,
        currency=frozen.currency,
        total_minor=frozen.total_minor,
        email=draft.email,
        locale=draft.locale,
        expires_at=now + timedelta(minutes=current_settings().checkout_expires_minutes, seconds=60),
        polled_at=now,
    )
    session.add(checkout)
    session.flush()
    return checkout.id


def uses_of(draft: OrderDraft) -> list[Use]:
    """Which discounts the draft uses, by the sources that quoting wrote: "discount:<id>[:<code id>]"."""
    uses = []
    for row in draft.adjustments:
        word, _, ids = row.source.partition(":")
        if row.kind == "discount" and word == "discount":
            discount_id, _, code_id = ids.partition(":")
            uses.append((int(discount_id), int(code_id) if code_id else None, -row.amount_minor))
    return uses


def _new_checkout(
    session: Session, cart: Cart, quote: Quote, draft: OrderDraft, fingerprint: str, email: str | None, locale: str
) -> Checkout:
    config = current_settings()
    checkout = Checkout(
        cart_id=cart.id,
        cart_generation=cart.generation,
        content_hash=fingerprint,
        draft={**draft.to_json()},
        currency=quote.currency,
        total_minor=draft.total_minor,
        gift_minor=quote.paid_by_cards.minor,
        email=email or cart.email,
        locale=locale,
        accepts_recovery=bool(cart.email),  # typed into the reminder form: the consent to be reminded
        # a minute on top: Stripe counts from when it reads the request, and refuses less than half an hour
        expires_at=clock.now() + timedelta(minutes=config.checkout_expires_minutes, seconds=60),
        polled_at=clock.now(),
    )
    session.add(checkout)
    session.flush()
    return checkout


def open_page(checkout_id: int, profile: Profile) -> StartedCheckout:
    with transaction() as session:
        checkout = session.execute(select(Checkout).where(Checkout.id == checkout_id)).scalar_one()
        if checkout.session_id and checkout.session_url:
            return StartedCheckout(checkout.reference, checkout.session_id, checkout.session_url)
        request = _pay_request(session, checkout, profile)
    release_connection()
    try:
        page = gateway().open_page(request)
    except OutsideError:
        _let_go(checkout_id)
        raise
    with transaction() as session:
        checkout = session.execute(select(Checkout).where(Checkout.id == checkout_id).with_for_update()).scalar_one()
        checkout.session_id, checkout.session_url = page.session_id, page.url
        if checkout.status in ("creating", "expired") and page.status == "open":
            checkout.status = "open"
    return StartedCheckout(request.reference, page.session_id, page.url or "", already_paid=page.status == "complete")


def _let_go(checkout_id: int) -> None:
    """The gateway may keep its error under our key for a day: the next click asks under a new one. A page that was
    made all the same is known to nobody, and expires."""
    with transaction() as session:
        session.execute(
            update(Checkout)
            .where(Checkout.id == checkout_id, Checkout.status == "creating", Checkout.session_id.is_(None))
            .values(status="expired")
            .execution_options(synchronize_session=False)
        )
        release(session, [checkout_id])


def _pay_request(session: Session, checkout: Checkout, profile: Profile) -> PayRequest:
    config = current_settings()
    draft = OrderDraft.from_json(checkout.draft)
    country = next((a.source.partition("/")[0] for a in draft.adjustments if a.kind == "shipping"), profile.country)
    request = PayRequest(
        key=f"checkout-{checkout.reference}",
        reference=checkout.reference,
        currency=checkout.currency,
        lines=_pay_lines(draft),
        shipping=_pay_shipping(draft),
        countries=(country,) if is_sent(draft) else (),
        success_url=absolute_url_for("/checkout/return", checkout.locale) + "?session_id={CHECKOUT_SESSION_ID}",
        cancel_url=absolute_url_for(way_back(session, checkout), checkout.locale),
        expires_at=checkout.expires_at,
        email=checkout.email,
        locale=checkout.locale,
        automatic_tax=config.tax_mode == "stripe" and is_sent(draft),
        prices_include_tax=profile.prices_include_tax,
        ask_phone=rules_of(profile.checkout).asks_phone,
        discount_minor=-draft.sum_of("discount"),
        discount_label=", ".join(a.label for a in draft.adjustments if a.kind == "discount"),
        # a page that is opened again later would use what others may have used up meanwhile
        is_recoverable=is_sent(draft) and not uses_of(draft),
        metadata={"reference": checkout.reference},
    )
    return as_paid_with_cards(session, checkout, request)


def way_back(session: Session, checkout: Checkout) -> str:
    """Where who did not pay goes on: the cart, or the page of the payment link."""
    if checkout.draft_order_id is None:
        return "/cart" if checkout.cart_id is not None else "/gift-card"
    token = session.execute(select(DraftOrder.token).where(DraftOrder.id == checkout.draft_order_id)).scalar_one()
    return f"/pay/{token}"


def _pay_lines(draft: OrderDraft) -> tuple[PayLine, ...]:
    """Tax that is added stands as its own line, so that the page's total is ours to the cent."""
    goods = [
        PayLine(
            name=line.title,
            description=line.variant_title,
            unit_minor=line.unit_minor,
            quantity=line.quantity,
            image_url=absolute(str(line.image.get("src") or "")),
        )
        for line in draft.lines
    ]
    added = [PayLine(a.label, a.amount_minor, 1) for a in draft.adjustments if a.kind == "tax" and not a.included]
    return (*goods, *added)


def _pay_shipping(draft: OrderDraft) -> tuple[PayShipping, ...]:
    return tuple(
        PayShipping(label=f"{a.label} shipping", amount_minor=a.amount_minor, method=draft.shipping_method)
        for a in draft.adjustments
        if a.kind == "shipping"
    )


def forget_page(session_id: str) -> None:
    with transaction() as session:
        checkout = session.execute(
            select(Checkout).where(Checkout.session_id == session_id).with_for_update()
        ).scalar_one_or_none()
        if checkout is not None and checkout.status == "open":
            checkout.status = "expired"
            release(session, [checkout.id])
