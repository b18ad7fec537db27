"""payable = total − gift cards, never below zero; what goes back is never more than was paid."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from shop.payments.models import Payment
from shop.payments.summing import GIFT_CARD, split_refund
from shop.promotions.gift_cards.splitting import CardInCart, split_total

MINOR = st.integers(0, 10**8)
CARDS = st.lists(st.tuples(MINOR, st.sampled_from(["", "", "", "gone", "currency", "empty", "taxes"])), max_size=10)


@given(MINOR, CARDS, st.integers(0, 2000), st.sampled_from([1, 10]))
def test_payable_is_the_total_less_the_cards(total: int, found: list[tuple[int, str]], least: int, step: int) -> None:
    total, least = total * step, least * step
    cards = [CardInCart(n, "", "USD", minor, why) for n, (minor, why) in enumerate(found)]
    paid = split_total(total, cards, least, step)
    payable = total - paid.minor
    assert 0 <= payable <= total
    for part in paid.parts:
        assert 0 <= part.minor <= part.card.free_minor and part.left_minor >= 0
        assert part.minor == 0 or not part.card.why
    usable = sum(card.free_minor for card in cards if not card.why)
    assert payable == 0 or payable >= min(least, total), "what is left can be paid"
    assert payable % step == 0
    assert paid.minor + paid.kept_back_minor == min(total, usable)
    assert (payable == 0) == (total == 0 or usable >= total)
    assert list(paid.uses) == sorted(paid.uses) and sum(minor for _, minor in paid.uses) == paid.minor


@given(st.lists(st.tuples(st.sampled_from([GIFT_CARD, "stripe", "cash"]), MINOR), max_size=6), st.integers(1, 10**9))
def test_a_refund_goes_to_cards_first_and_never_beyond_what_was_paid(found: list[tuple[str, int]], amount: int) -> None:
    rooms = [(Payment(gateway=gateway), room) for gateway, room in sorted(found, key=lambda one: one[0] != GIFT_CARD)]
    parts, most = split_refund(rooms, amount)
    assert bool(parts) == (0 < amount <= most)
    if not parts:
        return
    assert sum(minor for _, minor in parts) == amount
    room_of = {id(payment): room for payment, room in rooms}
    assert all(0 < minor <= room_of[id(payment)] for payment, minor in parts)
    by_card = sum(minor for payment, minor in parts if payment.gateway == GIFT_CARD)
    assert by_card == min(amount, sum(room for payment, room in rooms if payment.gateway == GIFT_CARD))
