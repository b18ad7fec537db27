"""Does an event fit? Pure: facts in, the first reason against it out."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from shop.core.money import format_minor


@dataclass(frozen=True)
class Facts:
    """What is known of the thing an event is about. None or "": the event is about something else."""

    event: str
    order_number: str = ""
    order_id: int | None = None
    customer_id: int | None = None
    total_minor: int | None = None  # in the store's currency
    currency: str = ""
    country: str = ""
    channel: str = ""
    tags: frozenset[str] = frozenset()  # of the order and of its customer, folded
    skus: frozenset[str] = frozenset()  # folded; titles of products too
    rating: int | None = None
    product: str = ""
    why: str = ""


@dataclass(frozen=True)
class Conditions:
    """All that are given must fit; within a list, one of it. Empty: any."""

    total_at_least_minor: int | None = None
    currency: str = ""
    countries: tuple[str, ...] = ()
    channels: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()
    skus: tuple[str, ...] = ()
    rating_at_most: int | None = None

    def stored(self) -> dict[str, Any]:
        """As JSON, without what is not asked."""
        return {name: value for name, value in asdict(self).items() if value not in (None, "", (), [])}


def read_conditions(stored: Mapping[str, Any]) -> Conditions:
    """From JSON; names that are not known are left out."""

    def words(name: str) -> tuple[str, ...]:
        return tuple(stored.get(name) or ())

    return Conditions(
        total_at_least_minor=stored.get("total_at_least_minor"),
        currency=stored.get("currency", ""),
        countries=words("countries"),
        channels=words("channels"),
        tags=words("tags"),
        skus=words("skus"),
        rating_at_most=stored.get("rating_at_most"),
    )


def why_not(asked: Conditions, found: Facts) -> str:
    """ "" when it fits, else why it does not, in the merchant's words."""
    if asked.total_at_least_minor is not None:
        if found.total_minor is None:
            return "It is not about an order, so it has no total."
        if found.currency != asked.currency:
            return f"Its total is in {found.currency}, the rule’s in {asked.currency}."
        if found.total_minor < asked.total_at_least_minor:
            shown = format_minor(found.total_minor, found.currency)
            return f"Its total is {shown}, less than {format_minor(asked.total_at_least_minor, asked.currency)}."
    if asked.countries and found.country not in asked.countries:
        return f"It goes to {found.country or 'no country'}, not to {_or(asked.countries)}."
    if asked.channels and found.channel not in asked.channels:
        return f"It came by {found.channel or 'no channel'}, not by {_or(asked.channels)}."
    if asked.tags and not found.tags & {tag.casefold() for tag in asked.tags}:
        return f"Neither the order nor its customer is tagged {_or(asked.tags)}."
    if asked.skus and not found.skus & {sku.casefold() for sku in asked.skus}:
        return f"None of {_or(asked.skus)} is in it."
    if asked.rating_at_most is not None:
        if found.rating is None:
            return "It is not about a review, so it has no stars."
        if found.rating > asked.rating_at_most:
            return f"It has {found.rating} stars, more than {asked.rating_at_most}."
    return ""


def _or(words: tuple[str, ...]) -> str:
    return " or ".join((", ".join(words[:-1]), words[-1]) if len(words) > 1 else words)
