"""Discount codes and gift cards at the counter: in a draft as in a cart, with the reasons told to staff."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from sqlalchemy import select
from sqlalchemy.orm import Session

from shop.accounts.models import Customer
from shop.cart.pricing import PricedLine
from shop.core import clock
from shop.core.transaction import transaction
from shop.drafts.models import DraftOrder
from shop.errors import Conflict, InvalidInput, NotFound
from shop.promotions.codes import MOST_CODES
from shop.promotions.evaluating import Facts
from shop.promotions.gift_cards.finding import cards_in_cart
from shop.promotions.gift_cards.splitting import PaidByCards, split_total
from shop.promotions.reading import Promotions, read_codes, read_collections, read_offers
from shop.workflows.channel_codes import freshen, look_up_code
from shop.workflows.find_discounts import count_orders, count_uses
from shop.workflows.find_gift_cards import MOST_CARDS


def add_to_draft(draft_id: int, typed: str) -> str:
    """What was put in, as a sentence. Raises InvalidInput with everything that is known of why not, Conflict for a
    draft that is not open."""
    found = look_up_code(typed)
    if not found.is_found:
        raise InvalidInput(fields={"code": " ".join([str(found.problem), *found.for_staff])})
    with transaction() as session:
        draft = _open(session, draft_id)
        if found.key and found.key not in draft.codes:
            if len(draft.codes) >= MOST_CODES:
                raise InvalidInput(fields={"code": f"At most {MOST_CODES} codes. Take one out first."})
            draft.codes = [*draft.codes, found.key]
        elif found.card_id is not None and found.card_id not in draft.gift_card_ids:
            if len(draft.gift_card_ids) >= MOST_CARDS:
                raise InvalidInput(fields={"code": f"At most {MOST_CARDS} gift cards. Take one out first."})
            draft.gift_card_ids = [*draft.gift_card_ids, found.card_id]
        draft.updated_at = clock.now()
    return "The code is in the draft." if found.key else "The gift card is in the draft."


def drop_from_draft(draft_id: int, what: str) -> None:
    """`what`: "code:<its place>" or "card:<id>". What is not there is no error."""
    kind, _, rest = what.partition(":")
    number = int(rest) if rest.isascii() and rest.isdigit() and len(rest) <= 18 else -1
    with transaction() as session:
        draft = _open(session, draft_id)
        if kind == "code" and 0 <= number < len(draft.codes):
            draft.codes = [key for n, key in enumerate(draft.codes) if n != number]
        elif kind == "card":
            draft.gift_card_ids = [card for card in draft.gift_card_ids if card != number]
        draft.updated_at = clock.now()


def freshen_draft(draft_id: int) -> None:
    """Before it is paid or its link goes out. Raises Conflict for what another platform cannot tell now."""
    with transaction() as session:
        row = session.execute(
            select(DraftOrder.codes, DraftOrder.gift_card_ids).where(DraftOrder.id == draft_id)
        ).first()
        codes, cards = (row.codes, row.gift_card_ids) if row is not None else ([], [])
    freshen(codes, cards)


def promotions_of(session: Session, draft: DraftOrder, lines: Sequence[PricedLine]) -> Promotions | None:
    """Only what was typed in: staff make prices of their own, so automatic discounts do not come on top."""
    if not draft.codes:
        return None
    codes = read_codes(session, draft.codes)
    offers = tuple(offer for offer in read_offers(session, codes) if offer.by_code)
    facts = Facts(now=clock.now())
    buyer = session.execute(select(Customer.id).where(Customer.email == draft.email.lower())).scalars().first()
    if draft.email and buyer is not None:
        facts = replace(facts, orders_before=count_orders(session, buyer), used=count_uses(session, buyer))
    return Promotions(offers, codes, facts, read_collections(session, offers, [line.product_id for line in lines]))


def cards_of_draft(session: Session, draft: DraftOrder, total_minor: int, currency: str) -> PaidByCards:
    """The rest may be any amount: cash has no least charge."""
    if not draft.gift_card_ids:
        return PaidByCards()
    return split_total(total_minor, cards_in_cart(session, draft.gift_card_ids, currency), 0)


def _open(session: Session, draft_id: int) -> DraftOrder:
    draft = session.execute(select(DraftOrder).where(DraftOrder.id == draft_id).with_for_update()).scalar_one_or_none()
    if draft is None:
        raise NotFound("There is no such draft.")
    if draft.status != "open":
        raise Conflict("This draft is not open any more: take its link back first.")
    return draft
