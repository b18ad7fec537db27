"""The webservice's resources as data: fields, what a write needs, what it refuses, what hangs on a row (§3 to §6)."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True)
class Field:
    """`kind`: text | lang | number | id | flag | time. A read-only field in a write is refused with code 93."""

    kind: str = "text"
    required: bool = False
    size: int = 0
    read_only: bool = False
    default: str = ""


@dataclass(frozen=True)
class Association:
    """A list below a row; a `writable` one is replaced, or wiped, by a PUT."""

    item: str
    fields: tuple[str, ...] = ("id",)
    writable: bool = True


@dataclass(frozen=True)
class Resource:
    name: str
    item: str
    fields: dict[str, Field]
    associations: dict[str, Association] = field(default_factory=dict)
    methods: frozenset[str] = frozenset({"GET", "POST", "PUT", "PATCH", "DELETE"})
    indexed: tuple[str, ...] = ()


_KINDS = {"": "text", "#": "number", "@": "id", "?": "flag", "~": "lang", "&": "time"}


def _fields(text: str) -> dict[str, Field]:
    """One word a field: a mark for its kind, its name, `*` required, `!` read-only, `:64` size, `=0` default."""
    found = {}
    for word in text.split():
        word, _, default = word.partition("=")
        word, _, size = word.partition(":")
        mark = word[0] if word[0] in _KINDS else ""
        name = word.lstrip("#@?~&").rstrip("*!")
        kind = _KINDS[mark]
        found[name] = Field(
            kind, "*" in word, int(size or 0), "!" in word, default or ("0" if kind in ("id", "flag") else "")
        )
    return found


def _resource(
    name: str, item: str, text: str, *indexed: str, methods: str = "", **associations: Association
) -> Resource:
    some = {"methods": frozenset(methods.split())} if methods else {}
    return Resource(name, item, _fields(text), associations, indexed=indexed, **some)


_WRITTEN = "&date_add &date_upd"
_ALL = (
    _resource(
        "products", "product",
        "@id_manufacturer @id_supplier @id_category_default @id_default_image @id_default_combination "
        "@id_tax_rules_group manufacturer_name! quantity! type! reference:64 supplier_reference:64 #width=0.000000 "
        "#height=0.000000 #depth=0.000000 #weight=0.000000 ean13:13 isbn:32 upc:12 mpn:40 product_type=standard ?state "
        "?on_sale #minimal_quantity=1 #price* #wholesale_price=0.000000 ?customizable #text_fields=0 "
        "#uploadable_files=0 ?active ?available_for_order condition=new ?show_price visibility=both "
        f"~meta_description:512 ~meta_title:255 ~link_rewrite:128 ~name*:128 ~description "
        f"~description_short {_WRITTEN}",
        "reference", "id_manufacturer",
        categories=Association("category"), images=Association("image"),
        combinations=Association("combination"),
        product_option_values=Association("product_option_value", writable=False),
        tags=Association("tag"),
        stock_availables=Association("stock_available", ("id", "id_product_attribute"), writable=False),
    ),
    _resource(
        "combinations", "combination",
        "@id_product* ean13:13 isbn:32 upc:12 mpn:40 reference:64 supplier_reference:64 #wholesale_price=0.000000 "
        "#price=0.000000 #weight=0.000000 #minimal_quantity* ?default_on &available_date",
        "id_product", "reference",
        product_option_values=Association("product_option_value"), images=Association("image"),
    ),
    _resource(
        "stock_availables", "stock_available",
        "@id_product* @id_product_attribute* @id_shop @id_shop_group #quantity* ?depends_on_stock* #out_of_stock*",
        "id_product", methods="GET PUT PATCH",
    ),
    _resource(
        "product_options", "product_option",
        "group_type*=select ?is_color_group #position=0 ~name*:128 ~public_name*:64",
    ),
    _resource(
        "product_option_values", "product_option_value", "@id_attribute_group* color #position=0 ~name*:128",
        "id_attribute_group",
    ),
    _resource("tags", "tag", "@id_lang* name*:32", "name"),
    _resource("manufacturers", "manufacturer", f"?active name*:64 {_WRITTEN}", "name"),
    _resource("categories", "category", f"@id_parent ?active ~name*:128 ~link_rewrite* {_WRITTEN}"),
    _resource(
        "customers", "customer",
        "@id_default_group @id_lang lastname*:255 firstname*:255 email*:255 passwd*:255 secure_key! birthday "
        f"?newsletter ?optin company siret ape website ?active=1 ?is_guest ?deleted note "
        f"@id_shop @id_shop_group @id_gender {_WRITTEN}",
        "email", groups=Association("group"),
    ),
    _resource(
        "addresses", "address",
        "@id_customer @id_country* @id_state alias*:32 company:255 lastname*:255 firstname*:255 vat_number "
        f"address1*:128 address2:128 postcode:12 city*:64 other:300 phone:32 phone_mobile:32 dni ?deleted {_WRITTEN}",
        "id_customer", "alias",
    ),
    _resource(
        "carts", "cart",
        "@id_address_delivery @id_address_invoice @id_currency* @id_customer @id_guest @id_lang* @id_shop "
        f"@id_shop_group @id_carrier secure_key delivery_option ?gift gift_message {_WRITTEN}",
        "id_customer", "id_address_delivery",
        cart_rows=Association("cart_row", ("id_product", "id_product_attribute", "id_address_delivery", "quantity")),
    ),
    _resource(
        "orders", "order",
        "@id_address_delivery* @id_address_invoice* @id_cart* @id_currency* @id_lang* @id_customer* @id_carrier* "
        "@current_state module* payment* invoice_number delivery_number secure_key ?valid ?gift gift_message note "
        "#total_discounts #total_discounts_tax_incl #total_discounts_tax_excl #total_paid* #total_paid_tax_incl "
        "#total_paid_tax_excl #total_paid_real* #total_products* #total_products_wt* #total_shipping "
        "#total_shipping_tax_incl #total_shipping_tax_excl #carrier_tax_rate #total_wrapping #total_wrapping_tax_incl "
        f"#total_wrapping_tax_excl #conversion_rate* reference shipping_number @id_shop @id_shop_group {_WRITTEN}",
        "id_cart", "reference", "id_customer", "id_address_delivery",
        order_rows=Association(
            "order_row",
            ("id", "product_id", "product_attribute_id", "product_quantity", "product_name", "product_reference",
             "product_ean13", "product_price", "id_customization", "unit_price_tax_incl", "unit_price_tax_excl"),
        ),
    ),
    _resource("order_histories", "order_history", "@id_order* @id_order_state* @id_employee &date_add", "id_order"),
    _resource(
        "order_carriers", "order_carrier",
        "@id_order* @id_carrier* @id_order_invoice #weight #shipping_cost_tax_excl #shipping_cost_tax_incl "
        "tracking_number:64 &date_add",
        "id_order",
    ),
    _resource(
        "order_states", "order_state",
        "?unremovable ?delivery ?hidden ?send_email ?invoice color ?logable ?shipped ?paid ?deleted ~name* ~template",
    ),
    _resource(
        "order_cart_rules", "order_cart_rule",
        "@id_order* @id_cart_rule* @id_order_invoice name* #value* #value_tax_excl* ?free_shipping", "id_order",
    ),
    _resource(
        "cart_rules", "cart_rule",
        "@id_customer &date_from* &date_to* description #quantity=0 #quantity_per_user=0 priority ?partial_use "
        "code:254 #minimum_amount=0.000000 ?minimum_amount_tax @minimum_amount_currency ?minimum_amount_shipping "
        "?country_restriction ?carrier_restriction ?group_restriction ?cart_rule_restriction ?product_restriction "
        "?shop_restriction ?free_shipping #reduction_percent=0.00 #reduction_amount=0.000000 ?reduction_tax "
        "@reduction_currency #reduction_product=0 ?reduction_exclude_special @gift_product @gift_product_attribute "
        f"?highlight ?active ~name*:254 {_WRITTEN}",
        "code",
    ),
    _resource(
        "customizations", "customization",
        "@id_address_delivery @id_cart @id_product @id_product_attribute #quantity ?in_cart",
        customized_data_text_fields=Association("customized_data_text_field", ("id_customization_field", "value")),
    ),
    _resource(
        "specific_prices", "specific_price",
        "@id_shop* @id_cart* @id_product* @id_product_attribute @id_currency* @id_country* @id_group* @id_customer* "
        "#price* #from_quantity* #reduction* ?reduction_tax reduction_type* &from* &to*",
        "id_product", "id_cart",
    ),
    _resource("carriers", "carrier", "?deleted ?is_module @id_tax_rules_group name*:64 ?active url ~delay*", "name"),
    _resource("languages", "language", "name* iso_code* locale ?active", "iso_code"),
    _resource("currencies", "currency", "name iso_code* #conversion_rate* ?deleted ?active", "iso_code"),
    _resource("countries", "country", "@id_zone @id_currency iso_code* ?active ~name*", "iso_code"),
    _resource("states", "state", "@id_zone* @id_country* iso_code* name* ?active", "iso_code", "id_country"),
    _resource("taxes", "tax", "#rate* ?active ?deleted ~name*"),
    _resource("tax_rules", "tax_rule", "@id_tax_rules_group* @id_country* @id_tax*", "id_tax_rules_group"),
    _resource("configurations", "configuration", f"value name* @id_shop_group @id_shop {_WRITTEN}", "name"),
)  # fmt: skip
RESOURCES: dict[str, Resource] = {found.name: found for found in _ALL}
