"""A code was typed: ours first, then those of other platforms that the merchant takes here.

They are asked outside any transaction and not for long; what they say is kept with the time (channels/codes), and is
asked again when somebody pays. Whoever calls `look_up_code` has limited how often one person may guess.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from shop.cart.models import Cart
from shop.channels import registry
from shop.channels.codes import keeping
from shop.channels.codes.asking import Heard, Question, ask_all
from shop.channels.codes.models import ChannelCard, CodeChoice
from shop.channels.connector import ChecksDiscounts, HoldsGiftCards
from shop.channels.models import Connection
from shop.channels.records import CodeWhy, DiscountAnswer, GiftCardAnswer, Verdict
from shop.core import clock
from shop.core.transaction import run_in_transaction, transaction
from shop.errors import Conflict
from shop.extensions import db
from shop.promotions.codes import fold_code
from shop.promotions.gift_cards.finding import find_card
from shop.promotions.models import DiscountCode
from shop.promotions.reading import is_known
from shop.tenancy.profile import current_profile
from shop.words import mark

#: what was told so lately is not asked again when somebody pays
FRESH = timedelta(seconds=30)
SHORTEST = 3

UNKNOWN = mark("We do not know this code. Please check how it is spelt.")
NO_ANSWER = mark("We cannot check this code right now. Please try again in a minute.")
STUCK = mark("We cannot check the code %(code)s right now. Please try again, or remove it to go on.")
NOT_HERE = mark("This code has conditions that cannot be checked here, so it cannot be used in this shop.")
NO_CARD_HERE = mark("This gift card can only be used where it was bought.")
WHY = {
    CodeWhy.UNKNOWN: UNKNOWN,
    CodeWhy.OFF: mark("This code is not valid any more."),
    CodeWhy.ENDED: mark("This code is not valid any more."),
    CodeWhy.NOT_YET: mark("This code is not valid yet."),
    CodeWhy.USED_UP: mark("It has been used as often as it may be."),
    CodeWhy.EMPTY: mark("There is nothing left on it."),
}


@dataclass(frozen=True)
class LookedUp:
    """`key`: of a discount, for a cart's codes; `card_id`: a gift card; else `problem` for the shopper, and a line
    `for_staff` for each platform that was asked."""

    key: str = ""
    card_id: int | None = None
    problem: str = UNKNOWN
    for_staff: tuple[str, ...] = field(default=())

    @property
    def is_found(self) -> bool:
        return bool(self.key) or self.card_id is not None


def look_up_code(typed: str) -> LookedUp:
    """Never raises for what a platform does. A code found both here and there is ours."""
    session = db.session()
    key = fold_code(typed)
    if key and is_known(session, key):
        return LookedUp(key=key)
    card = find_card(session, typed)
    if card is not None:
        return LookedUp(card_id=card.id)
    code = " ".join(typed.split())
    if not SHORTEST <= len(code) <= keeping.LONGEST or not code.isprintable():
        return LookedUp()
    questions = _questions(keeping.choices(session), code)
    if not questions:
        return LookedUp()
    settled = _settled(session, code)
    heard = ask_all(questions)
    return run_in_transaction(lambda s: _keep(s, code, heard, settled))


def cart_keys_of(session: Session, codes: Sequence[str], typed: str) -> list[str]:
    """Which of a cart's codes is meant by what stands beside its button."""
    typed = typed.replace("\x00", "")
    named = select(DiscountCode.key).where(DiscountCode.key.in_(codes), DiscountCode.code == typed[:40])
    return [fold_code(typed), *session.execute(named).scalars()]


def freshen_cart(cart_id: int) -> None:
    """Before a cart is paid: ask again about what other platforms said too long ago. Raises Conflict for one that
    cannot be checked now; what does not hold any more takes nothing off from here on."""
    with transaction() as session:
        row = session.execute(select(Cart.codes, Cart.gift_card_ids).where(Cart.id == cart_id)).first()
        codes, cards = (row.codes, row.gift_card_ids) if row is not None else ([], [])
    freshen(codes, cards)


def freshen(codes: Iterable[str], card_ids: Iterable[int]) -> None:
    """As `freshen_cart`, for a cart's keys and gift cards. Asks nobody for what is ours."""
    old = clock.now() - FRESH
    with transaction() as session:
        discounts = [row for row in keeping.discounts_of(session, codes) if row.checked_at < old]
        cards = [row for row in keeping.cards_of(session, card_ids).values() if row.told_at < old]
        taken = {choice.connection_id: choice for choice, _ in keeping.choices(session)} if discounts or cards else {}
        lapsed: list[_Again] = []
        asked: list[_Again] = []
        for discount in discounts:
            choice = taken.get(discount.connection_id)
            again = _Again(Question(discount.connection_id, "discount", discount.code), "", 0)
            (asked if choice is not None and choice.takes_discounts else lapsed).append(again)
        for card in cards:
            choice = taken.get(card.connection_id)
            question = Question(card.connection_id, "gift_card", card.code or "")
            again = _Again(question, card.external_id, card.settled)
            (asked if choice is not None and choice.takes_gift_cards and card.code else lapsed).append(again)
    for again in lapsed:
        _keep_again(again, None)
    heard = ask_all([again.question for again in asked]) if asked else []
    for again, one in zip(asked, heard, strict=True):
        if one.answer is None:
            code = again.question.code
            shown = code if again.question.kind == "discount" else f"•••• {code[-4:]}"
            raise Conflict(mark(STUCK, code=shown))
        _keep_again(again, one.answer)


@dataclass(frozen=True)
class _Again:
    """`external_id` and `settled`: of a card's row before it was asked about."""

    question: Question
    external_id: str
    settled: int


def _questions(taken: Sequence[tuple[CodeChoice, Connection]], code: str) -> list[Question]:
    """Discounts first, in the order of connections: so they are judged."""
    registry.load()
    found = [
        Question(connection.id, "discount", code)
        for choice, connection in taken
        if choice.takes_discounts and registry.can(connection.channel, ChecksDiscounts)
    ]
    return found + [
        Question(connection.id, "gift_card", code)
        for choice, connection in taken
        if choice.takes_gift_cards and may_pay(connection.channel)
    ]


def may_pay(channel: str) -> bool:
    """Whether money can be taken off this platform's gift cards."""
    registry.load()
    if not registry.can(channel, HoldsGiftCards):
        return False
    return bool(getattr(registry.class_of(channel), "can_debit", False))


def _settled(session: Session, code: str) -> dict[tuple[int, str], int]:
    """What is known of the cards before anybody is asked: moves that are made meanwhile are noticed."""
    last = "".join(sign for sign in code if sign.isalnum())[-4:].upper()
    rows = session.execute(
        select(ChannelCard.connection_id, ChannelCard.external_id, ChannelCard.settled).where(
            ChannelCard.card_id.in_(keeping.cards_ending(last))
        )
    )
    return {(row.connection_id, row.external_id): row.settled for row in rows}


def _keep(session: Session, code: str, heard: Sequence[Heard], settled: dict[tuple[int, str], int]) -> LookedUp:
    """The first that holds; else the best reason there is."""
    problems: list[tuple[int, str]] = []
    told: list[str] = []
    for one in heard:
        connection = session.get_one(Connection, one.question.connection_id)
        answer = one.answer
        name = connection.name or connection.channel
        if answer is None:
            problems.append((2, NO_ANSWER))
            told.append(f"{name}: {one.trouble}")
        elif isinstance(answer, GiftCardAnswer):
            card_id = _kept_card(session, connection, code, answer, settled)
            if card_id is not None:
                return LookedUp(card_id=card_id)
            problems.append(_problem_of(answer))
            told.append(f"{name}: {_told(answer)}")
        else:
            rule, why = keeping.as_rule(answer, current_profile().currency)
            if answer.verdict == Verdict.VALID and rule and answer.code.casefold() == code.casefold():
                return LookedUp(key=keeping.keep_discount(session, connection, answer.code, answer, rule))
            keeping.keep_discount(session, connection, code, answer, {})
            problems.append(_problem_of(answer) if answer.verdict != Verdict.VALID else (4, NOT_HERE))
            told.append(f"{name}: {why if answer.verdict == Verdict.VALID and why else _told(answer)}")
    return LookedUp(problem=max(problems, default=(0, UNKNOWN))[1], for_staff=tuple(told))


def _kept_card(
    session: Session, connection: Connection, code: str, answer: GiftCardAnswer, settled: dict[tuple[int, str], int]
) -> int | None:
    if not answer.external_id:
        return None
    known = settled.get((connection.id, answer.external_id))
    card_id = keeping.keep_card(session, connection, code, answer, known)
    return card_id if answer.verdict == Verdict.VALID and answer.balance_minor > 0 else None


def _problem_of(answer: DiscountAnswer | GiftCardAnswer) -> tuple[int, str]:
    """(how much it explains, the sentence)"""
    is_card = isinstance(answer, GiftCardAnswer)
    if answer.verdict == Verdict.UNCERTAIN:
        return (5, NO_CARD_HERE if is_card else NOT_HERE)
    if answer.verdict == Verdict.VALID:
        return (3, WHY[CodeWhy.EMPTY])
    if answer.verdict == Verdict.INVALID and answer.why in WHY and answer.why != CodeWhy.UNKNOWN:
        return (3, WHY[CodeWhy(answer.why)])
    return (0, UNKNOWN)


def _told(answer: DiscountAnswer | GiftCardAnswer) -> str:
    """For staff, in a few words."""
    if answer.why and answer.why not in WHY:
        return answer.why
    if answer.verdict == Verdict.INVALID or (answer.verdict == Verdict.VALID and isinstance(answer, GiftCardAnswer)):
        return str(WHY.get(CodeWhy(answer.why) if answer.why in WHY else CodeWhy.EMPTY, UNKNOWN))
    if answer.verdict == Verdict.UNCERTAIN:
        return "It has conditions that cannot be checked here."
    return "It does not offer that." if answer.verdict == Verdict.NOT_OFFERED else "It cannot be used here."


def _keep_again(again: _Again, answer: DiscountAnswer | GiftCardAnswer | None) -> None:
    """`answer` None, or of another card: it may not be used here any more."""
    question = again.question

    def work(session: Session) -> None:
        connection = session.get_one(Connection, question.connection_id)
        if question.kind == "gift_card":
            kept = keeping.find_card_of(session, connection.id, again.external_id)
            told = answer if isinstance(answer, GiftCardAnswer) and answer.external_id == again.external_id else None
            if kept is not None:
                keeping.believe(session, kept, told or GiftCardAnswer(Verdict.NOT_OFFERED), again.settled)
            return
        heard = answer if isinstance(answer, DiscountAnswer) else DiscountAnswer(Verdict.NOT_OFFERED)
        rule, _ = keeping.as_rule(heard, current_profile().currency)
        holds = heard.verdict == Verdict.VALID
        keeping.keep_discount(session, connection, question.code, heard, rule if holds else {})

    run_in_transaction(work)
