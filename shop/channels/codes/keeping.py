"""What was told of a code is written down, and copied to where a cart looks for discounts and gift cards.

The caller commits.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import asdict
from datetime import datetime
from typing import Any

import orjson
from sqlalchemy import func, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from shop.channels.codes.models import CardMove, ChannelCard, ChannelDiscount, CodeChoice
from shop.channels.models import Connection
from shop.channels.records import DiscountAnswer, GiftCardAnswer, Verdict
from shop.core import clock
from shop.promotions.gift_cards.ledger import balance_of, lock_cards, transfer
from shop.promotions.gift_cards.models import GiftCard, GiftCardUse
from shop.promotions.models import Discount, DiscountCode

LONGEST = 60


def choices(session: Session) -> Sequence[tuple[CodeChoice, Connection]]:
    """Connections that are asked about codes, oldest first."""
    asked = (
        select(CodeChoice, Connection)
        .join(Connection, Connection.id == CodeChoice.connection_id)
        .where(Connection.status == "active", CodeChoice.takes_discounts | CodeChoice.takes_gift_cards)
        .order_by(Connection.id)
    )
    return [(choice, connection) for choice, connection in session.execute(asked)]


def choose(session: Session, connection_id: int, *, takes_discounts: bool, takes_gift_cards: bool) -> None:
    """What is switched off pays nothing from now on, what is set aside already aside. A repeat changes nothing."""
    values = {"takes_discounts": takes_discounts, "takes_gift_cards": takes_gift_cards}
    session.execute(
        insert(CodeChoice)
        .values(connection_id=connection_id, **values)
        .on_conflict_do_update(index_elements=["connection_id"], set_=values)
    )
    if not takes_discounts:
        mine = select(ChannelDiscount.discount_id).where(ChannelDiscount.connection_id == connection_id)
        session.execute(_of(Discount).where(Discount.id.in_(mine)).values(is_active=False))
        old = ChannelDiscount.connection_id == connection_id
        session.execute(_of(ChannelDiscount).where(old).values(verdict=Verdict.NOT_OFFERED))
    cards = select(ChannelCard.card_id).where(ChannelCard.connection_id == connection_id)
    if not takes_gift_cards:
        is_open = GiftCard.id.in_(cards) & (GiftCard.status == "active")
        session.execute(_of(GiftCard).where(is_open).values(status="disabled"))


def key_of(connection_id: int, code: str) -> str:
    """How a cart remembers it. No code of ours has a colon; their platforms take capitals for the same."""
    key = f"{connection_id}:{' '.join(code.upper().split())}"
    return key if len(key) <= 40 else f"{connection_id}:#{hashlib.sha256(key.encode()).hexdigest()[:24]}"


def as_rule(answer: DiscountAnswer, currency: str) -> tuple[dict[str, Any], str]:
    """(columns of a discount, why it cannot be one, for staff). Our discounts do one thing each, in the store's
    currency."""
    given = [answer.percent_points > 0, answer.amount_minor > 0, answer.is_free_shipping]
    if sum(given) != 1:
        return {}, "It gives several things at once." if any(given) else "It takes nothing off that is known here."
    if (answer.amount_minor or answer.minimum_minor) and answer.currency != currency:
        return {}, f"Its amounts are in {answer.currency or 'an unknown currency'}, the shop's in {currency}."
    if answer.percent_points > 10_000:
        return {}, "It takes more than everything off."
    kind = "percentage" if given[0] else "fixed" if given[1] else "free_shipping"
    return {
        "kind": kind,
        "basis_points": answer.percent_points,
        "amount_minor": answer.amount_minor,
        "min_minor": answer.minimum_minor,
        "ends_at": answer.ends_at,
    }, ""


def keep_discount(
    session: Session, connection: Connection, code: str, answer: DiscountAnswer, rule: dict[str, Any]
) -> str:
    """The key for the cart. `rule`: of `as_rule`, {} for one that does not hold: then a copy that is there is switched
    off, and nothing is made."""
    key = key_of(connection.id, code)
    _lock(session, key)
    kept = session.execute(
        select(ChannelDiscount).where(ChannelDiscount.key == key).execution_options(populate_existing=True)
    ).scalar_one_or_none()
    told = {
        "external_id": answer.external_id[:160],
        "verdict": answer.verdict,
        "why": answer.why[:1000],
        "told": orjson.loads(orjson.dumps(asdict(answer))),
        "checked_at": clock.now(),
    }
    if kept is None and rule:
        title = f"{code[:50]} ({connection.name or connection.channel})"[:80]
        made = Discount(title=title, by_code=True, connection_id=connection.id, is_active=True, **rule)
        session.add(made)
        session.flush()
        session.add(DiscountCode(discount_id=made.id, code=code[:40], key=key))
        session.add(
            ChannelDiscount(connection_id=connection.id, discount_id=made.id, key=key, code=code[:LONGEST], **told)
        )
    elif kept is not None:
        for name, value in told.items():
            setattr(kept, name, value)
        session.execute(_of(Discount).where(Discount.id == kept.discount_id).values(is_active=bool(rule), **rule))
    session.flush()
    return key


def find_card_of(session: Session, connection_id: int, external_id: str) -> ChannelCard | None:
    asked = select(ChannelCard).where(
        ChannelCard.connection_id == connection_id, ChannelCard.external_id == external_id
    )
    return session.execute(asked.execution_options(populate_existing=True)).scalar_one_or_none()


def keep_card(
    session: Session, connection: Connection, code: str, answer: GiftCardAnswer, settled: int | None
) -> int | None:
    """Our card's id; None for one that is not known and cannot pay. `settled`: of its row before they were asked (None:
    there was no row); an answer that a move has overtaken changes no balance."""
    _lock(session, f"card/{connection.id}/{answer.external_id}")
    kept = find_card_of(session, connection.id, answer.external_id)
    is_valid = answer.verdict == Verdict.VALID and answer.balance_minor > 0
    if kept is None:
        if not is_valid:
            return None
        card = GiftCard(
            source="channel",
            currency=answer.currency,
            initial_minor=answer.balance_minor,
            status="active",
            last_four=_last_four(code),
            note=(connection.name or connection.channel)[:300],
            expires_on=answer.expires_at.date() if answer.expires_at else None,
        )
        session.add(card)
        session.flush()
        kept = ChannelCard(
            connection_id=connection.id,
            card_id=card.id,
            external_id=answer.external_id,
            told_minor=0,
            told_at=clock.now(),
            settled=0,
        )
        session.add(kept)
        session.flush()
        settled = 0
    kept.code = code
    believe(session, kept, answer, kept.settled if settled is None else settled)
    return kept.card_id


def believe(session: Session, kept: ChannelCard, answer: GiftCardAnswer, settled: int) -> None:
    """Make what is free what they told, less what is set aside and what was not taken off there yet. Money that is on
    its way back there is counted once it has arrived."""
    lock_cards(session, [kept.card_id])
    session.refresh(kept)
    if kept.settled != settled:
        return
    status = "active" if answer.verdict == Verdict.VALID else "disabled"
    expires_on = answer.expires_at.date() if answer.expires_at else None
    columns = {"status": status, "expires_on": expires_on}
    session.execute(_of(GiftCard).where(GiftCard.id == kept.card_id).values(**columns))
    kept.told_minor, kept.told_at = answer.balance_minor, clock.now()
    session.flush()
    owed = _sum(session, select(func.sum(GiftCardUse.amount_minor)).where(
        GiftCardUse.card_id == kept.card_id, GiftCardUse.state == "reserved"))  # fmt: skip
    owed += _sum(session, select(func.sum(CardMove.amount_minor)).where(
        CardMove.channel_card_id == kept.id, CardMove.kind == "debit", CardMove.outcome == "waiting",
        CardMove.work_state != "done"))  # fmt: skip
    change = max(0, answer.balance_minor - owed) - balance_of(session, kept.card_id)
    if change:
        why = f"Balance as {kept_name(session, kept)} tells it"
        kind = "add" if change > 0 else "deduct"
        key = f"told:{kept.told_at.timestamp():.6f}:{clock.now().timestamp():.6f}"
        transfer(session, kept.card_id, kind, abs(change), key=key, why=why)


def kept_name(session: Session, kept: ChannelCard) -> str:
    """The shop there, by its name here."""
    found = session.get_one(Connection, kept.connection_id)
    return found.name or found.channel


def cards_of(session: Session, card_ids: Iterable[int]) -> dict[int, ChannelCard]:
    """{our card: its row} of those that are another platform's."""
    ids = list(card_ids)
    if not ids:
        return {}
    rows = session.execute(select(ChannelCard).where(ChannelCard.card_id.in_(ids)))
    return {row.card_id: row for row in rows.scalars()}


def discounts_of(session: Session, keys: Iterable[str]) -> list[ChannelDiscount]:
    """Of a cart's codes, those that are another platform's."""
    foreign = [key for key in keys if ":" in key]
    if not foreign:
        return []
    return list(session.execute(select(ChannelDiscount).where(ChannelDiscount.key.in_(foreign))).scalars())


def forget_codes(session: Session, before: datetime) -> int:
    """Codes of cards that nobody asked about since `before`, and that have nothing under way. Returns how many."""
    open_moves = select(CardMove.id).where(CardMove.channel_card_id == ChannelCard.id, CardMove.work_state != "done")
    rows = session.execute(
        _of(ChannelCard)
        .where(ChannelCard.code.is_not(None), ChannelCard.told_at < before, ~open_moves.exists())
        .values(code=None)
        .returning(ChannelCard.id)
    ).all()
    return len(rows)


def cards_ending(last_four: str) -> Any:
    """A sub-select of our cards that end so and are another platform's."""
    return select(GiftCard.id).where(GiftCard.last_four == last_four, GiftCard.source == "channel")


def _last_four(code: str) -> str:
    return "".join(sign for sign in code if sign.isalnum())[-4:].upper()


def _sum(session: Session, asked: Any) -> int:
    return int(session.execute(asked).scalar() or 0)


def _of(model: type[Any]) -> Any:
    return update(model).execution_options(synchronize_session=False)


def _lock(session: Session, name: str) -> None:
    """One at a time for each code; others wait for the commit."""
    scope = func.concat(func.current_schema(), "/codes/", name)
    session.execute(select(func.pg_advisory_xact_lock(func.hashtextextended(scope, 0))))
