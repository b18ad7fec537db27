"""Shares of an amount that add up to it, to the minor unit."""

from __future__ import annotations

from collections.abc import Sequence


def percent_of(minor: int, basis_points: int) -> int:
    """Rounded half up: percent_of(999, 1000) -> 100. 10 % is 1000 basis points."""
    return (minor * basis_points + 5_000) // 10_000


def spread(amount: int, weights: Sequence[int]) -> list[int]:
    """`amount` by weight, largest remainder first; no share above its weight when `amount` is not above their sum."""
    whole = sum(weights)
    if whole <= 0 or amount <= 0:
        return [0] * len(weights)
    products = [amount * weight for weight in weights]
    shares = [product // whole for product in products]
    left = amount - sum(shares)
    if left:
        remainders = [product % whole for product in products]
        for i in sorted(range(len(weights)), key=remainders.__getitem__, reverse=True)[:left]:  # the earlier of equals
            shares[i] += 1
    return shares
