"""The kinds of values that the API takes and gives; the documentation is made from the same types."""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Annotated, Any, Literal

from msgspec import UNSET, Meta, Struct, UnsetType

from shop.errors import InvalidInput
from shop.tenancy.profile import current_profile

MOST_A_PAGE = 100
_CONTROL = r"\x00-\x1f\x7f-\x9f\u2028\u2029"
#: a line with something to see in it
LINE = rf"^[^{_CONTROL}]*[^\s{_CONTROL}][^{_CONTROL}]*$"
LINE_OR_NOTHING = rf"^[^{_CONTROL}]*$"
NO_NUL = r"^[^\x00]*$"

Id = Annotated[int, Meta(ge=1, le=10**18 - 1)]
Ids = Annotated[
    str,
    Meta(
        pattern=r"^[1-9][0-9]{0,17}(,[1-9][0-9]{0,17}){0,99}$",
        max_length=1900,
        description="Only these, with commas; at most 100.",
        examples=["12,15"],
    ),
]
Moment = Annotated[datetime, Meta(tz=True)]
Currency = Annotated[str, Meta(pattern="^[A-Z]{3}$", examples=["USD"])]
Slug = Annotated[str, Meta(pattern="^[a-z0-9]+(-[a-z0-9]+)*$", max_length=120)]


class Money(Struct, forbid_unknown_fields=True):
    """An amount in the smallest unit of its currency: 1250 in USD is $12.50, in JPY ¥1250."""

    amount_minor: Annotated[int, Meta(ge=0, le=10**15)]
    currency: Currency


class Query(Struct, forbid_unknown_fields=True, kw_only=True):
    """Parameters of one thing: none."""


class ListQuery(Query, kw_only=True):
    """What every list takes."""

    limit: Annotated[int, Meta(ge=1, le=MOST_A_PAGE, description="How many at most.")] = 50
    cursor: (
        Annotated[
            str,
            Meta(
                description="`next` of the page before. It names a place: the other parameters may change.",
                extra_json_schema={"format": "cursor"},
            ),
        ]
        | UnsetType
    ) = UNSET
    sort: Annotated[Literal["id", "-id"], Meta(description="Oldest first, or (`-id`) newest first.")] = "-id"
    ids: Ids | UnsetType = UNSET


class CreatedQuery(ListQuery, kw_only=True):
    created_from: Annotated[Moment, Meta(description="Made at or after this moment.")] | UnsetType = UNSET
    created_before: Annotated[Moment, Meta(description="Made before this moment.")] | UnsetType = UNSET


class ChangedQuery(CreatedQuery, kw_only=True):
    updated_from: Annotated[Moment, Meta(description="Changed at or after this moment.")] | UnsetType = UNSET
    updated_before: Annotated[Moment, Meta(description="Changed before this moment.")] | UnsetType = UNSET


def money(minor: int, currency: str) -> Money:
    return Money(minor, currency)


def utc(moment: datetime) -> datetime:
    return moment.astimezone(UTC)


def utc_or_none(moment: datetime | None) -> datetime | None:
    return None if moment is None else moment.astimezone(UTC)


def tidy(value: str) -> str:
    """As it is stored: one way to write each sign, nothing around it."""
    return unicodedata.normalize("NFC", value).strip()


def id_list(raw: str) -> list[int]:
    return [int(part) for part in raw.split(",")]


def in_the_shops_currency(amount: Money, name: str) -> int:
    """Minor units. Raises InvalidInput for another currency."""
    ours = current_profile().currency
    if amount.currency != ours:
        raise InvalidInput(fields={f"{name}.currency": f"This shop sells in {ours}."})
    return amount.amount_minor


def given(body: Struct, *names: str) -> dict[str, Any]:
    """The fields of a PATCH that were sent."""
    return {name: value for name in names if (value := getattr(body, name)) is not UNSET}


Address = dict[str, str]


def address(stored: Mapping[str, Any]) -> Address:
    names = ("name", "line1", "line2", "city", "state", "postal_code", "country")
    return {name: str(stored.get(name) or "") for name in names}
