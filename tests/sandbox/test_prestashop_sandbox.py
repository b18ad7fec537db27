"""The stand-in behaves as contracts/prestashop.md says (§2, §9): spoken to as any HTTP client would."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import requests

from sandbox.prestashop.seeding import KEY, READ_ONLY_KEY
from sandbox.prestashop.tables import shop_of
from sandbox.world import World

Ask = Callable[..., requests.Response]
HEAD = '<?xml version="1.0" encoding="UTF-8"?><prestashop xmlns:xlink="http://www.w3.org/1999/xlink">'


@pytest.fixture
def ask(sandbox: World, _sandbox: tuple[World, str, str]) -> Ask:
    def send(method: str, path: str, body: str = "", key: str | None = KEY, **params: Any) -> requests.Response:
        url = f"{_sandbox[1]}/prestashop/demo/api{path}"
        auth = (key, "") if key else None
        return requests.request(method, url, params=params, data=body.encode() or None, auth=auth, timeout=10)

    return send


def stall(_sandbox: tuple[World, str, str], verb: str, **arguments: Any) -> Any:
    answer = requests.post(f"{_sandbox[1]}/control/api/channels/prestashop/{verb}", json=arguments, timeout=10)
    assert answer.ok, answer.text
    return answer.json()["result"]


def tee(sku: str = "FJ") -> dict[str, Any]:
    variants = [{"sku": f"{sku}-{size}", "price_minor": price, "options": {"Size": size}, "stock": 5}
                for size, price in (("S", 2490), ("M", 2690))]  # fmt: skip
    return {"title": f"Tee {sku}", "options": ["Size"], "variants": variants}


def codes(answer: requests.Response) -> tuple[int, int]:
    return answer.status_code, answer.json()["errors"][0]["code"]


J = {"output_format": "JSON"}


def test_the_key_goes_as_basic_user_or_in_the_address(ask: Ask, sandbox: World) -> None:
    assert requests.auth._basic_auth_str(KEY, "") == "Basic WlI5MkZOWTVVRlJFUk5JM085WjVRREhXS1RQM1lJSVQ6"
    assert ask("GET", "/").status_code == ask("GET", "/", key=None, ws_key=KEY).status_code == 200
    nobody = ask("GET", "/", key=None)
    assert (nobody.status_code, nobody.text) == (401, "401 Unauthorized") and "Basic" in nobody.headers["WWW-Authenticate"]
    assert codes(ask("GET", "/", key="SHORT", **J))[0] == 401
    shop_of(sandbox).set_moods(no_authorization=True)
    assert ask("GET", "/").status_code == 401 and ask("GET", "/", key=None, ws_key=KEY).status_code == 200
    shop_of(sandbox).set_moods(no_authorization=False, off=True)
    assert codes(ask("GET", "/products", **J)) == (503, 22)
    shop_of(sandbox).set_moods(off=False)


def test_rights_are_listed_and_held(ask: Ask) -> None:
    assert 'put="true"' in ask("GET", "/").text and 'put="true"' not in ask("GET", "/", key=READ_ONLY_KEY).text
    assert codes(ask("POST", "/tags", f"{HEAD}</prestashop>", key=READ_ONLY_KEY, **J)) == (405, 25)
    assert codes(ask("POST", "/stock_availables", f"{HEAD}</prestashop>", **J)) == (405, 101)
    assert codes(ask("GET", "/unicorns", **J))[0] == 400
    assert codes(ask("GET", "/products/999", **J)) == (404, 131)


def test_lists_are_ids_rows_or_nothing(ask: Ask, _sandbox: tuple[World, str, str]) -> None:
    assert ask("GET", "/products", **J).json() == [] and "<products></products>" in ask("GET", "/products").text
    (product_id,) = stall(_sandbox, "add_products", products=[tee()])
    assert ask("GET", "/products", **J).json() == {"products": [{"id": int(product_id)}]}
    (full,) = ask("GET", "/products", display="full", language="1", **J).json()["products"]
    assert (full["name"], full["price"], full["quantity"]) == ("Tee FJ", "20.924370", "0")
    (both,) = ask("GET", "/products", display="[id,name]", **J).json()["products"]
    assert [entry["id"] for entry in both["name"]] == [1, 2]
    single = ask("GET", f"/products/{product_id}", **J).json()["product"]
    assert "quantity" not in single and "on_sale" not in single, "falsy fields are dropped"
    assert ask("GET", f"/products/{product_id}", display="full", **J).json()["products"][0]["on_sale"] == "0"
    impacts = ask("GET", "/combinations", display="full", **J).json()["combinations"]
    assert [row["price"] for row in impacts] == ["0.000000", "1.680672"]


def test_filters_sort_and_limit(ask: Ask, _sandbox: tuple[World, str, str]) -> None:
    stall(_sandbox, "add_products", products=[tee("A"), tee("B"), tee("C")])

    def refs(**params: Any) -> list[str]:
        rows = ask("GET", "/combinations", display="full", **J, **params).json()
        return [row["reference"] for row in rows["combinations"]] if rows else []

    assert refs(**{"filter[reference]": "[A-S|c-m]"}) == ["A-S", "C-M"]
    assert refs(**{"filter[reference]": "[A]%"}) == ["A-S", "A-M"] and refs(**{"filter[reference]": "%[M]"}) == ["A-M", "B-M", "C-M"]
    assert refs(**{"filter[id]": "[2,3]"}) == ["A-M", "B-S"] and refs(**{"filter[id]": ">[5]"}) == ["C-M"]
    assert refs(**{"filter[id]": "![1|2|3]"}) == ["B-M", "C-S", "C-M"]
    assert refs(sort="[reference_DESC]", limit="1,2") == ["C-M", "B-S"]
    between = {"filter[date_upd]": "[2020-01-01 00:00:00,2099-01-01 00:00:00]"}
    assert codes(ask("GET", "/products", **J, **between)) == (400, 32)
    assert codes(ask("GET", "/products", sort="[date_upd_ASC]", **J)) == (400, 38)
    assert len(ask("GET", "/products", date="1", sort="[date_upd_ASC,id_ASC]", **J, **between).json()["products"]) == 3
    for wrong, code in (({"filter[colour]": "[x]"}, 32), ({"filter[id]": "7"}, 33), ({"limit": "x"}, 39), ({"sort": "up"}, 37), ({"display": "all"}, 35)):
        assert codes(ask("GET", "/products", **J, **wrong)) == (400, code), wrong


def test_a_put_replaces_everything_and_refuses_what_is_read_only(ask: Ask, _sandbox: tuple[World, str, str]) -> None:
    (product_id,) = stall(_sandbox, "add_products", products=[tee()])
    whole = ask("GET", f"/products/{product_id}").text
    assert codes(ask("PUT", f"/products/{product_id}", whole, **J)) == (400, 93)
    name = '<name><language id="1">New</language></name>'
    few = f"{HEAD}<product><id>{product_id}</id><price>10</price>{name}</product></prestashop>"
    assert ask("PUT", f"/products/{product_id}", few).status_code == 200
    left = stall(_sandbox, "list_products")[product_id]
    assert (left["title"], left["status"], left["variants"][0]["options"]) == ("New", "draft", {}), "combinations are wiped"
    assert codes(ask("PUT", f"/products/{product_id}", few.replace("<price>10</price>", ""), **J)) == (400, 41)
    assert codes(ask("POST", "/products", few, **J)) == (400, 91)
    assert codes(ask("POST", "/products", '{"product":{}}', **J)) == (500, 127)
    bomb = '<!DOCTYPE p [<!ENTITY x "y">]><prestashop><product><name>&x;</name></product></prestashop>'
    assert codes(ask("POST", "/products", bomb, **J)) == (500, 127)


def test_notices_are_printed_although_the_row_was_written(ask: Ask, sandbox: World) -> None:
    shop_of(sandbox).set_moods(debug_notices=True)
    body = f"{HEAD}<tag><id_lang>1</id_lang><name>blue</name></tag></prestashop>"
    assert ask("POST", "/tags", body).status_code == 500
    shop_of(sandbox).set_moods(debug_notices=False)
    assert [row["name"] for row in ask("GET", "/tags", display="full", **J).json()["tags"]] == ["blue"]


@pytest.mark.parametrize(("paid", "state"), [("54.70", "11"), ("49.80", "8")])
def test_an_order_is_computed_again_from_its_cart(
    ask: Ask, sandbox: World, _sandbox: tuple[World, str, str], paid: str, state: str
) -> None:
    (product_id,) = stall(_sandbox, "add_products", products=[tee()])
    (customer_id,) = stall(_sandbox, "add_customers", customers=[{"email": "a@x.de", "phone": "1"}])
    row = f"<cart_row><id_product>{product_id}</id_product><id_product_attribute>1</id_product_attribute><quantity>2</quantity></cart_row>"
    who = f"<id_currency>1</id_currency><id_lang>1</id_lang><id_customer>{customer_id}</id_customer><id_address_delivery>1</id_address_delivery><id_address_invoice>1</id_address_invoice>"
    option = '<delivery_option>{"1":"3,"}</delivery_option>'
    lists = f"<associations><cart_rows>{row}</cart_rows></associations>"
    cart = ask("POST", "/carts", f"{HEAD}<cart>{who}{option}{lists}</cart></prestashop>", **J).json()["cart"]
    told = f"<id_carrier>2</id_carrier><module>ps_wirepayment</module><payment>Till</payment><total_paid>{paid}</total_paid><total_paid_real>{paid}</total_paid_real><total_products>1</total_products><total_products_wt>1</total_products_wt><conversion_rate>1</conversion_rate>"
    body = f"{HEAD}<order>{who}<id_cart>{cart['id']}</id_cart>{told}</order></prestashop>"
    order = ask("POST", "/orders", body, **J).json()["order"]
    assert (order["total_paid"], order["current_state"], order["id_carrier"]) == ("54.700000", state, "3")
    assert codes(ask("PUT", f"/orders/{order['id']}", body.replace("<order>", f"<order><id>{order['id']}</id>"), **J)) == (405, 25)
    assert ask("POST", "/orders", body).status_code == 500, "a cart is ordered once"
    stock = ask("GET", "/stock_availables", display="full", **{"filter[id_product_attribute]": "[1]"}, **J).json()
    assert stock["stock_availables"][0]["quantity"] == "3"
    history = f"{HEAD}<order_history><id_order>{order['id']}</id_order><id_order_state>6</id_order_state></order_history></prestashop>"
    assert ask("POST", "/order_histories", history).status_code == 201
    stock = ask("GET", "/stock_availables", display="full", **{"filter[id_product_attribute]": "[1]"}, **J).json()
    assert stock["stock_availables"][0]["quantity"] == "5", "cancelled goods go back"


def test_ten_thousand_rows_page_without_being_read_all(ask: Ask, sandbox: World) -> None:
    table = shop_of(sandbox)["products"]
    name = {"1": "Tee", "2": "Hemd"}
    table.put_new(
        {"id": n, "name": name, "date_upd": f"2026-11-20 {n // 3600:02}:{n // 60 % 60:02}:{n % 60:02}", "associations": {}}
        for n in range(1, 10_001)
    )
    read: list[int] = []
    table.rows = lambda ids, rows=table.rows: [read.append(1) or row for row in rows(ids)]  # type: ignore[method-assign,misc,func-returns-value]
    late = {"filter[date_upd]": "[2026-11-20 02:40:00,2099-01-01 00:00:00]", "sort": "[date_upd_ASC,id_ASC]", "date": "1"}
    rows = ask("GET", "/products", limit="0,100", **late, **J).json()["products"]
    assert [row["id"] for row in rows] == list(range(9600, 9700))
    assert len(read) <= 200
