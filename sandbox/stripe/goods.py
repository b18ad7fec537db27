"""Products, prices and customers: as much as a shop with its own catalogue needs. Source: contracts/stripe.md §3."""

from __future__ import annotations

from decimal import Decimal

from sandbox.stripe import book
from sandbox.stripe.book import Obj
from sandbox.stripe.ids import new_id
from sandbox.stripe.money import MOST, read_currency, rounded
from sandbox.stripe.refusing import Refusal, required
from sandbox.stripe.wire import Params, branch, decimal, merge_metadata, rows, text, truth, whole
from sandbox.world import World

_ADDRESS = ("city", "country", "line1", "line2", "postal_code", "state")


def create_product(world: World, params: Params, path: str = "") -> Obj:
    """Also used for ``price_data[product_data]``, where ``path`` says so."""
    images = [str(image) for image in rows(params, "images", path)]
    if len(images) > 8:
        raise Refusal("Products can have up to 8 images.", param=f"{path}[images]" if path else "images")
    for number, image in enumerate(images):
        if not image.startswith(("http://", "https://")) or len(image) > 2048:
            where = f"{path}[images][{number}]" if path else f"images[{number}]"
            raise Refusal("Not a valid URL", code="url_invalid", param=where)
    id_ = text(params, "id", path) or new_id("prod")
    if book.find(world, "product", id_) is not None:
        raise Refusal("Product already exists.", code="resource_already_exists", param="id")
    return book.save(
        world,
        {
            "id": id_,
            "object": "product",
            "active": truth(params, "active", path) is not False,
            "created": book.now(world),
            "default_price": None,
            "description": text(params, "description", path, longest=40000),
            "images": images,
            "livemode": False,
            "marketing_features": [],
            "metadata": merge_metadata({}, params),
            "name": text(params, "name", path, needed=True),
            "package_dimensions": None,
            "shippable": None,
            "statement_descriptor": None,
            "tax_code": text(params, "tax_code", path),
            "type": "good",
            "unit_label": text(params, "unit_label", path),
            "updated": book.now(world),
            "url": None,
        },
    )


def update_product(world: World, id_: str, params: Params) -> Obj:
    product = book.get(world, "product", id_)
    for name in ("name", "description", "tax_code", "unit_label"):
        if name in params:
            product[name] = text(params, name)
    if "images" in params:
        product["images"] = [str(image) for image in rows(params, "images")]
    active = truth(params, "active")
    if active is not None:
        product["active"] = active
    product["metadata"] = merge_metadata(product["metadata"], params)
    product["updated"] = book.now(world)
    return book.save(world, product)


def create_price(world: World, params: Params, path: str = "") -> Obj:
    """A one-time price from ``prices`` or from ``line_items[][price_data]`` (then inactive, as Stripe makes it)."""
    inner = bool(path)
    currency = read_currency(text(params, "currency", path), f"{path}[currency]" if inner else "currency")
    amount, precise = unit_amount(params, path)
    if branch(params, "recurring", path):
        where = f"{path}[recurring]" if inner else "recurring"
        raise Refusal("This sandbox sells one-time prices only.", param=where)
    return book.save(
        world,
        {
            "id": new_id("price"),
            "object": "price",
            "active": not inner,
            "billing_scheme": "per_unit",
            "created": book.now(world),
            "currency": currency,
            "custom_unit_amount": None,
            "livemode": False,
            "lookup_key": text(params, "lookup_key", path),
            "metadata": merge_metadata({}, params),
            "nickname": text(params, "nickname", path),
            "product": _product_of(world, params, path),
            "recurring": None,
            "tax_behavior": text(params, "tax_behavior", path) or "unspecified",
            "tiers_mode": None,
            "transform_quantity": None,
            "type": "one_time",
            "unit_amount": amount,
            "unit_amount_decimal": precise,
        },
    )


def unit_amount(params: Params, path: str) -> tuple[int | None, str]:
    """``(unit_amount or None, unit_amount_decimal)``: exactly one of the two must be given."""
    amount = whole(params, "unit_amount", path, least=0, most=MOST)
    precise = decimal(params, "unit_amount_decimal", path)
    where = f"{path}[unit_amount]" if path else "unit_amount"
    if amount is not None and precise is not None:
        raise Refusal("You may only specify one of these parameters: unit_amount, unit_amount_decimal.", param=where)
    if amount is not None:
        return amount, str(amount)
    if precise is None:
        raise required(where)
    if precise < 0 or -int(precise.as_tuple().exponent) > 12:
        raise Refusal("Invalid decimal: must be at least 0 with at most 12 decimal places", param=where)
    return (int(precise) if precise == precise.to_integral() else None), f"{precise.normalize():f}"


def line_amount(price: Obj, quantity: int) -> int:
    """Minor units of a line before discounts and taxes."""
    return rounded(Decimal(price["unit_amount_decimal"]) * quantity)


def _product_of(world: World, params: Params, path: str) -> str:
    id_, data = text(params, "product", path), branch(params, "product_data", path)
    where = f"{path}[product]" if path else "product"
    if bool(id_) == bool(data):
        raise Refusal("You must specify either `product` or `product_data`.", param=where, code="parameter_missing")
    if id_:
        return str(book.named(world, "product", id_, where)["id"])
    return str(create_product(world, data, f"{path}[product_data]" if path else "product_data")["id"])


def update_price(world: World, id_: str, params: Params) -> Obj:
    price = book.get(world, "price", id_, "price")
    active = truth(params, "active")
    if active is not None:
        price["active"] = active
    if "nickname" in params:
        price["nickname"] = text(params, "nickname")
    price["metadata"] = merge_metadata(price["metadata"], params)
    return book.save(world, price)


def create_customer(world: World, params: Params) -> Obj:
    customer: Obj = {
        "id": new_id("cus"),
        "object": "customer",
        "address": None,
        "balance": 0,
        "created": book.now(world),
        "currency": None,
        "default_source": None,
        "delinquent": False,
        "description": None,
        "discount": None,
        "email": None,
        "invoice_prefix": None,
        "invoice_settings": {
            "custom_fields": None,
            "default_payment_method": None,
            "footer": None,
            "rendering_options": None,
        },
        "livemode": False,
        "metadata": {},
        "name": None,
        "next_invoice_sequence": 1,
        "phone": None,
        "preferred_locales": [],
        "shipping": None,
        "tax_exempt": "none",
        "test_clock": None,
    }
    return book.save(world, _fill_customer(customer, params))


def update_customer(world: World, id_: str, params: Params) -> Obj:
    return book.save(world, _fill_customer(book.get(world, "customer", id_, "customer"), params))


def _fill_customer(customer: Obj, params: Params) -> Obj:
    for name in ("email", "name", "phone", "description"):
        if name in params:
            customer[name] = text(params, name, longest=512)
    if customer["email"] is not None and "@" not in customer["email"]:
        raise Refusal(f"Invalid email address: {customer['email'][:80]}", code="email_invalid", param="email")
    if "tax_exempt" in params:
        customer["tax_exempt"] = text(params, "tax_exempt") or "none"
    if "address" in params:
        customer["address"] = read_address(branch(params, "address"), "address")
    if "shipping" in params:
        shipping = branch(params, "shipping")
        customer["shipping"] = shipping and {
            "address": read_address(branch(shipping, "address"), "shipping[address]"),
            "name": text(shipping, "name"),
            "phone": text(shipping, "phone"),
        }
    if "preferred_locales" in params:
        customer["preferred_locales"] = [str(locale) for locale in rows(params, "preferred_locales")]
    customer["metadata"] = merge_metadata(customer["metadata"], params)
    return customer


def read_address(given: Params, path: str) -> Obj | None:
    """An address from parameters, every part present (None when not given)."""
    return {name: text(given, name, path) for name in _ADDRESS} if given else None
