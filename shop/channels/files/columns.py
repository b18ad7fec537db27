"""Our fields, what others call them, and which column of a file is which. Pure."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Field:
    """`others`: headings of other shops' files, as `plain` writes them."""

    name: str
    label: str
    others: tuple[str, ...] = ()
    required: bool = False


def _field(name: str, label: str, others: str = "", required: bool = False) -> Field:
    return Field(name, label, (name.replace("_", ""), *others.split()), required)


CUSTOMERS = (
    _field("email", "E-mail address", "emailaddress mail kundenmail emailadresse customeremail billingemail", True),
    _field("name", "Name", "fullname customername displayname kunde"),
    _field("first_name", "First name", "givenname vorname prenom billingfirstname"),
    _field("last_name", "Last name", "surname familyname nachname nom billinglastname"),
    _field("phone", "Telephone", "telephone mobile phonenumber telefon defaultaddressphone billingphone"),
    _field("tags", "Tags", "labels groups group"),
    _field(
        "accepts_marketing", "Agreed to marketing mail", "acceptsemailmarketing newsletter consent subscribed optin"
    ),
)
ORDERS = (
    _field("number", "Order number", "ordernumber order orderid reference name ordername bestellnummer", True),
    _field("placed_at", "Date", "placed placedutc createdat orderdate date datecreated dateadd created"),
    _field("email", "E-mail address", "customeremail billingemail mail emailaddress"),
    _field("customer_name", "Customer's name", "customer billingname fullname"),
    _field("phone", "Telephone", "billingphone telephone shippingphone"),
    _field("currency", "Currency", "ordercurrency"),
    _field("shipping", "Shipping", "shippingtotal shippingamount ordershipping"),
    _field("discount", "Discount", "discountamount discounttotal carddiscountamount"),
    _field("tax", "Tax", "taxes totaltax ordertax"),
    _field("total", "Total", "ordertotal totalpaid amount grandtotal", True),
    _field("paid", "Payment", "paymentstatus financialstatus paymentstate"),
    _field("line_title", "Line: what", "product lineitemname itemname productname item"),
    _field("line_sku", "Line: SKU", "sku lineitemsku itemsku productsku"),
    _field("line_quantity", "Line: quantity", "quantity lineitemquantity qty itemquantity"),
    _field("line_price", "Line: price of one", "unitprice lineitemprice itemprice itemcost"),
    _field("ship_name", "Ship to: name", "shiptoname shippingname deliveryname"),
    _field("line1", "Ship to: street", "street shippingaddress1 shippingstreet address1"),
    _field("line2", "Ship to: second line", "secondline shippingaddress2 address2"),
    _field("city", "Ship to: town", "town shippingcity"),
    _field("state", "Ship to: state", "shippingprovince shippingstate province region"),
    _field("postal_code", "Ship to: postal code", "shippingzip zip postcode shippingpostcode"),
    _field("country", "Ship to: country (two letters)", "shippingcountry countrycode shippingcountrycode"),
    _field("note", "Note", "notes customernote"),
    _field("tags", "Tags", ""),
)
PRODUCTS = (
    _field("handle", "Handle", "slug urlkey permalink"),
    _field("title", "Title", "name productname productname", True),
    _field("description", "Description", "bodyhtml body descriptionhtml longdescription"),
    _field("vendor", "Brand", "brand manufacturer"),
    _field("tags", "Tags", ""),
    _field("sku", "SKU", "variantsku reference"),
    _field("price", "Price", "variantprice regularprice", True),
    _field("compare_at", "Compare-at price", "variantcompareatprice compareatprice"),
    _field("option1_name", "Option 1: name", "attribute1name"),
    _field("option1", "Option 1: value", "option1value attribute1values attribute1value"),
    _field("option2_name", "Option 2: name", "attribute2name"),
    _field("option2", "Option 2: value", "option2value attribute2values attribute2value"),
    _field("image", "Picture (address)", "imagesrc images imageurl picture"),
    _field("barcode", "Barcode", "variantbarcode ean gtin ean13"),
)
FIELDS: Mapping[str, tuple[Field, ...]] = {"customers": CUSTOMERS, "orders": ORDERS, "products": PRODUCTS}


def plain(heading: str) -> str:
    """plain("E-Mail (UTC)") -> "emailutc": what spellings of a heading have in common."""
    return "".join(sign for sign in heading.casefold() if sign.isalnum())


def guess(entity: str, headings: Sequence[str]) -> dict[str, int]:
    """{field: column}: our own name first, then what others call it; no column twice."""
    known = [plain(heading) for heading in headings]
    found: dict[str, int] = {}
    depth = max(len(field.others) for field in FIELDS[entity])
    for rank in range(-1, depth):
        for field in FIELDS[entity]:
            names = (plain(field.label), *field.others)
            if field.name in found or rank + 1 >= len(names) or names[rank + 1] not in known:
                continue
            column = known.index(names[rank + 1])
            if column not in found.values():
                found[field.name] = column
    return found


def hash_of(headings: Sequence[str]) -> str:
    """The same for files with the same headings in the same order."""
    return hashlib.sha256("\n".join(plain(heading) for heading in headings).encode()).hexdigest()


def missing_of(entity: str, mapping: Mapping[str, int]) -> list[str]:
    """Labels of required fields without a column."""
    return [field.label for field in FIELDS[entity] if field.required and field.name not in mapping]
