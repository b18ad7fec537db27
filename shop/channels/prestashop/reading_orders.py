"""Orders and customers as PrestaShop tells them → our records (contracts/prestashop.md §4, §5).

Pure. Amounts are the gross twins (`_tax_incl`); what an order's state means is told by its flags, then by the ids that
the shop's settings name. Raises ValueError, with a sentence, for what cannot be read.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from shop.channels.prestashop.reading import NO_NAME, Row, links, text
from shop.channels.prestashop.terms import Terms, flag, minor, number
from shop.channels.records import (
    AddressRecord,
    CustomerRecord,
    FulfilmentState,
    OrderLineRecord,
    OrderRecord,
    PaymentState,
    Unreadable,
)

_READ = frozenset({
    "id", "reference", "id_currency", "id_customer", "id_address_delivery", "id_address_invoice", "current_state",
    "total_paid", "total_paid_tax_incl", "total_paid_tax_excl", "total_paid_real", "total_discounts",
    "total_discounts_tax_incl", "total_discounts_tax_excl", "total_shipping", "total_shipping_tax_incl",
    "total_shipping_tax_excl", "total_products", "total_products_wt", "date_add", "date_upd", "note", "associations",
})  # fmt: skip


@dataclass(frozen=True)
class Around:
    """What an order only names by its id, by that id."""

    states: Mapping[str, Row] = field(default_factory=dict)
    customers: Mapping[str, Row] = field(default_factory=dict)
    addresses: Mapping[str, Row] = field(default_factory=dict)
    countries: Mapping[str, str] = field(default_factory=dict)  # ISO codes
    provinces: Mapping[str, str] = field(default_factory=dict)
    currencies: Mapping[str, str] = field(default_factory=dict)
    carriers: Mapping[str, str] = field(default_factory=dict)
    codes: Mapping[str, tuple[str, ...]] = field(default_factory=dict)  # by the order's id
    texts: Mapping[str, Mapping[str, str]] = field(default_factory=dict)  # by the customisation's id


def read_orders(rows: Iterable[Row], around: Around, terms: Terms) -> list[OrderRecord | Unreadable]:
    found: list[OrderRecord | Unreadable] = []
    for row in rows:
        try:
            found.append(read_order(row, around, terms))
        except (ValueError, TypeError, AttributeError, KeyError, ArithmeticError) as error:
            why = str(error) if isinstance(error, ValueError) else f"{type(error).__name__}: {error}"
            found.append(Unreadable(text(row.get("id")), why[:300], dict(row)))
    return found


def read_order(row: Row, around: Around, terms: Terms) -> OrderRecord:
    currency = around.currencies.get(text(row.get("id_currency")), "")
    placed_at = terms.utc(row.get("date_add"))
    if not currency or placed_at is None:
        raise ValueError("Its currency or its date is not told.")
    amount = _Amounts(row, currency)
    lines = tuple(_line(item, currency, around) for item in links(row, "order_rows"))
    total = amount.of("total_paid_tax_incl", "total_paid")
    discount, shipping = (
        amount.of("total_discounts_tax_incl", "total_discounts"),
        amount.of("total_shipping_tax_incl", "total_shipping"),
    )
    goods = sum(line.unit_minor * line.quantity for line in lines)
    state_id = text(row.get("current_state"))
    state = around.states.get(state_id, {})
    customer = around.customers.get(text(row.get("id_customer")), {})
    is_cancelled = state_id == terms.setting("PS_OS_CANCELED", "6")
    return OrderRecord(
        external_id=text(row.get("id")),
        number=text(row.get("reference")) or text(row.get("id")),
        currency=currency,
        lines=lines,
        total_minor=total,
        placed_at=placed_at,
        payment=_payment(state_id, state, amount, total, terms),
        fulfilment=_fulfilment(state, is_cancelled=is_cancelled),
        email=text(customer.get("email")),
        ship_to=read_address(around.addresses.get(text(row.get("id_address_delivery"))), around),
        bill_to=read_address(around.addresses.get(text(row.get("id_address_invoice"))), around),
        discount_minor=discount,
        shipping_minor=shipping,
        tax_minor=max(0, total - amount.of("total_paid_tax_excl")) if text(row.get("total_paid_tax_excl")) else 0,
        rounding_minor=total - (goods - discount + shipping),
        taxes_included=True,
        codes=around.codes.get(text(row.get("id")), ()),
        customer_external_id=text(row.get("id_customer")).removeprefix("0"),
        shipping_label=around.carriers.get(text(row.get("id_carrier")), ""),
        note=text(row.get("note")),
        is_cancelled=is_cancelled,
        updated_at=terms.utc(row.get("date_upd")),
        raw_status=f"{state_id} {text(state.get('name'))}".strip(),
        unknown={name: value for name, value in row.items() if name not in _READ and value not in ("", "0", None, [])},
        raw=dict(row),
    )


@dataclass(frozen=True)
class _Amounts:
    row: Row
    currency: str

    def of(self, *names: str) -> int:
        """The first of these that is told."""
        told = next((self.row[name] for name in names if text(self.row.get(name))), "0")
        return minor(number(told), self.currency)


def _line(item: Row, currency: str, around: Around) -> OrderLineRecord:
    quantity = int(number(item.get("product_quantity")))
    if quantity < 1:
        raise ValueError(f"The line {text(item.get('product_name'))[:60]!r} has the quantity {quantity}.")
    gross, net = number(item.get("unit_price_tax_incl")), number(item.get("unit_price_tax_excl"))
    if gross < 0:
        raise ValueError(f"The line {text(item.get('product_name'))[:60]!r} has a price below zero.")
    product_id, combination_id = text(item.get("product_id")) or "0", text(item.get("product_attribute_id")) or "0"
    return OrderLineRecord(
        title=text(item.get("product_name")),
        quantity=quantity,
        unit_minor=minor(gross, currency),
        external_id=text(item.get("id")),
        sku=text(item.get("product_reference")),
        product_external_id="" if product_id == "0" else product_id,
        variant_external_id="" if product_id == "0" else f"{product_id}:{combination_id}",
        tax_minor=minor(max(number(0), gross - net) * quantity, currency),
        properties=around.texts.get(text(item.get("id_customization")), {}),
    )


def _payment(state_id: str, state: Row, amount: _Amounts, total: int, terms: Terms) -> PaymentState:
    if state_id == terms.setting("PS_OS_REFUND", "7"):
        return PaymentState.REFUNDED
    if state_id == terms.setting("PS_OS_ERROR", "8"):
        return PaymentState.FAILED
    if not state:
        return PaymentState.UNKNOWN
    if flag(state.get("paid")):
        return PaymentState.PAID
    real = amount.of("total_paid_real")
    if total and real >= total:  # the money is recorded, whatever the state is called
        return PaymentState.PAID
    return PaymentState.PARTLY_PAID if real > 0 else PaymentState.PENDING


def _fulfilment(state: Row, *, is_cancelled: bool) -> FulfilmentState:
    """`delivery` alone is a delivery slip, no parcel (§4)."""
    if is_cancelled:
        return FulfilmentState.CANCELLED
    if not state:
        return FulfilmentState.UNKNOWN
    return FulfilmentState.FULFILLED if flag(state.get("shipped")) else FulfilmentState.UNFULFILLED


def read_address(row: Row | None, around: Around) -> AddressRecord:
    if not row:
        return AddressRecord()
    return AddressRecord(
        name=f"{person(row.get('firstname'))} {person(row.get('lastname'))}".strip(),
        company=text(row.get("company")),
        line1=text(row.get("address1")),
        line2=text(row.get("address2")),
        city=text(row.get("city")),
        state=around.provinces.get(text(row.get("id_state")), ""),
        postal_code=text(row.get("postcode")),
        country=around.countries.get(text(row.get("id_country")), ""),
        phone=text(row.get("phone")) or text(row.get("phone_mobile")),
    )


def read_customers(
    rows: Iterable[Row], addresses: Iterable[Row], around: Around, terms: Terms
) -> list[CustomerRecord | Unreadable]:
    by_customer: dict[str, list[AddressRecord]] = {}
    for address in addresses:
        if not flag(address.get("deleted")):
            by_customer.setdefault(text(address.get("id_customer")), []).append(read_address(address, around))
    found: list[CustomerRecord | Unreadable] = []
    for row in rows:
        customer_id, email = text(row.get("id")), text(row.get("email"))
        if "@" not in email:
            found.append(Unreadable(customer_id, "This customer has no e-mail address.", _without_hash(row)))
            continue
        own = by_customer.get(customer_id, [])
        found.append(
            CustomerRecord(
                external_id=customer_id,
                email=email,
                first_name=person(row.get("firstname")),
                last_name=person(row.get("lastname")),
                phone=next((address.phone for address in own if address.phone), ""),
                accepts_marketing=flag(row.get("newsletter")),
                addresses=tuple(own),
                updated_at=terms.utc(row.get("date_upd")),
                raw=_without_hash(row),
            )
        )
    return found


def person(value: object) -> str:
    """Both names are required there: NO_NAME stands where somebody has one only."""
    return "" if text(value).strip() == NO_NAME else text(value)


def _without_hash(row: Row) -> dict[str, object]:
    """Their hashes of passwords are none of ours."""
    return {name: value for name, value in row.items() if name not in ("passwd", "secure_key")}
