"""What an order is made from. Orders know no cart, gateway or letter: whoever sells fills a draft."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import Any


@dataclass(frozen=True)
class DraftLine:
    """Amounts are minor units of the draft's currency; `tax_minor` is the line's share, included or added."""

    product_id: int | None
    variant_id: int | None
    title: str
    variant_title: str
    sku: str
    quantity: int
    unit_minor: int
    unit_cost_minor: int = 0
    tax_minor: int = 0
    printable: dict[str, Any] = field(default_factory=dict)
    image: dict[str, Any] = field(default_factory=dict)
    discount_minor: int = 0  # its share of the discounts
    is_personalised: bool = False  # made to specification: the buyer was told that there is no way back

    @property
    def total_minor(self) -> int:
        return self.unit_minor * self.quantity


@dataclass(frozen=True)
class DraftAdjustment:
    kind: str  # shipping | tax | discount (negative)
    label: str
    amount_minor: int
    included: bool = False
    source: str = ""
    rate: str = ""  # of a tax, where it is known: "0.19"


@dataclass(frozen=True)
class OrderDraft:
    currency: str
    lines: tuple[DraftLine, ...]
    adjustments: tuple[DraftAdjustment, ...]
    shipping_method: str = "standard"
    shipping_label: str = ""
    tax_included: bool = True
    channel: str = "storefront"
    note: str = ""
    locale: str = "en"
    store_currency: str = ""  # "": the draft's own
    rate: str = "1"  # so much of `currency` for one of the store's
    to_store: str = "1"  # minor units of the store's currency for one of `currency`

    @property
    def subtotal_minor(self) -> int:
        return sum(line.total_minor for line in self.lines)

    def sum_of(self, kind: str, *, added_only: bool = False) -> int:
        return sum(a.amount_minor for a in self.adjustments if a.kind == kind and not (added_only and a.included))

    @property
    def total_minor(self) -> int:
        """Lines plus every adjustment that is not already inside the prices; never below zero."""
        return max(0, self.subtotal_minor + sum(a.amount_minor for a in self.adjustments if not a.included))

    def to_json(self) -> dict[str, Any]:
        return asdict(self)

    @classmethod
    def from_json(cls, data: dict[str, Any]) -> OrderDraft:
        return cls(
            **{
                **data,
                "lines": tuple(DraftLine(**line) for line in data["lines"]),
                "adjustments": tuple(DraftAdjustment(**a) for a in data["adjustments"]),
            }
        )


def is_sent(draft: OrderDraft) -> bool:
    """Something of it is delivered: gift cards alone have no shipping, not even for nothing."""
    return any(a.kind == "shipping" for a in draft.adjustments)
