"""The Printify stand-in over real HTTP: what contracts/printify.md §9 asks of a faithful double."""

from __future__ import annotations

import base64
import io
from collections.abc import Iterator
from typing import Any

import pytest
import requests
from PIL import Image

from tests.sandbox.printify_world import SHOP, TO, Printify, open_printify


@pytest.fixture(scope="module")
def printify() -> Iterator[Printify]:
    with open_printify(rate_limits=False) as opened:
        yield opened


def png(colour: str = "red") -> str:
    buffer = io.BytesIO()
    Image.new("RGB", (300, 200), colour).save(buffer, "PNG")
    return base64.b64encode(buffer.getvalue()).decode()


def product_body(printify: Printify, **changes: Any) -> dict[str, Any]:
    upload = printify.post("/v1/uploads/images.json", {"file_name": "a.png", "contents": png()}).json()
    layer = {"id": upload["id"], "x": 0.5, "y": 0.5, "scale": 1, "angle": 0}
    body = {
        "title": "Test shirt",
        "description": "<p>Soft.</p>",
        "blueprint_id": 12,
        "print_provider_id": 29,
        "variants": [{"id": 12101, "price": 2500}, {"id": 12102, "price": 2500}],
        "print_areas": [{"variant_ids": [12101, 12102], "placeholders": [{"position": "front", "images": [layer]}]}],
    }
    return {**body, **changes}


def code(answer: requests.Response) -> int:
    return int(answer.json()["code"])


def test_a_wrong_token_gets_the_other_error_shape(printify: Printify) -> None:
    answer = printify.call("GET", "/v1/shops.json", headers={"Authorization": "Bearer nonsense"})
    assert answer.status_code == 401
    assert answer.json()["error"] == "Unauthenticated"


def test_a_call_without_user_agent_is_refused(printify: Printify) -> None:
    answer = printify.call("GET", "/v1/shops.json", headers={"User-Agent": None})
    assert answer.status_code in (200, 403)
    answer = printify.call("GET", "/v1/shops.json", headers={"User-Agent": ""})
    assert answer.status_code == 403


def test_the_shop_has_goods_in_five_collections(printify: Printify) -> None:
    products = printify.products()
    assert len(products) >= 40
    assert {product["tags"][0] for product in products} == {
        "Wild Places", "Night Sky", "Botanical", "Type & Words", "Retro Waves"}  # fmt: skip
    assert len({product["title"] for product in products}) == len(products)
    for product in products:
        known = {value["id"] for option in product["options"] for value in option["values"]}
        assert all(set(variant["options"]) <= known for variant in product["variants"])
        assert any(variant["is_enabled"] and variant["is_available"] for variant in product["variants"])
        assert sum(variant["is_default"] for variant in product["variants"]) == 1
        assert all(v["price"] > v["cost"] for v in product["variants"] if v["is_enabled"])
        assert product["images"][0]["src"].startswith(printify.url)
    skus = [variant["sku"] for product in products for variant in product["variants"]]
    assert len(skus) == len(set(skus))


def test_product_pages_follow_the_envelope(printify: Printify) -> None:
    first = printify.get(printify.shop("/products.json")).json()
    assert (first["per_page"], len(first["data"]), first["prev_page_url"]) == (10, 10, None)
    seen: list[str] = []
    for page in range(1, first["last_page"] + 1):
        seen += [row["id"] for row in printify.get(printify.shop("/products.json"), page=page).json()["data"]]
    assert len(seen) == len(set(seen)) == first["total"]
    beyond = printify.get(printify.shop("/products.json"), page=first["last_page"] + 5).json()
    assert beyond["data"] == []


@pytest.mark.parametrize(("path", "most"), [("/products.json", 50), ("/orders.json", 10)])
def test_a_limit_above_the_published_one_is_refused(printify: Printify, path: str, most: int) -> None:
    assert printify.get(printify.shop(path), limit=most).status_code == 200
    refused = printify.get(printify.shop(path), limit=most + 1)
    assert (refused.status_code, code(refused)) == (400, 8150)
    for nonsense in ("0", "-1", "abc", "1e3", "9" * 30):
        assert printify.get(printify.shop(path), limit=nonsense).status_code == 400


def test_unknown_filters_on_products_change_nothing(printify: Printify) -> None:
    plain = printify.get(printify.shop("/products.json")).json()
    filtered = printify.get(printify.shop("/products.json"), title="Alpine", search="x", sku="1").json()
    assert plain == filtered


def test_the_catalogue_hides_what_is_out_of_stock(printify: Printify) -> None:
    path = "/v1/catalog/blueprints/12/print_providers/29/variants.json"
    shown = printify.get(path).json()["variants"]
    everything = printify.get(path, **{"show-out-of-stock": 1}).json()["variants"]
    assert 0 < len(shown) < len(everything) == 70
    assert shown[0]["options"].keys() == {"color", "size"}


def test_every_catalogue_address_answers(printify: Printify) -> None:
    one = "/catalog/blueprints/77/print_providers/39"
    for path in ("/v1/catalog/blueprints.json", "/v1/catalog/blueprints/77.json", "/v1/catalog/print_providers.json",
                 "/v1/catalog/blueprints/77/print_providers.json", "/v1/catalog/print_providers/39.json",
                 f"/v1{one}/variants.json", f"/v1{one}/shipping.json", f"/v2{one}/shipping.json",
                 f"/v2{one}/shipping/standard.json", f"/v2{one}/shipping/economy.json"):  # fmt: skip
        assert printify.get(path).status_code == 200, path
    assert printify.get("/v1/catalog/blueprints/999999.json").status_code == 404
    rows = printify.get(f"/v2{one}/shipping/standard.json").json()["data"]
    us = next(row for row in rows if row["type"] == "variant_shipping_standard_us")
    assert us["attributes"]["shippingCost"]["firstItem"] == {"amount": 849, "currency": "USD"}


def test_a_created_product_comes_back_as_the_whole_matrix(printify: Printify) -> None:
    created = printify.post(printify.shop("/products.json"), product_body(printify))
    assert created.status_code == 200
    product = created.json()
    assert len(product["variants"]) == 70
    assert [v["id"] for v in product["variants"] if v["is_enabled"]] == [12101, 12102]
    assert all(v["price"] == v["cost"] for v in product["variants"] if not v["is_enabled"])
    assert len(product["print_areas"][0]["variant_ids"]) == 70
    assert {place["position"] for place in product["print_areas"][0]["placeholders"]} == {"front", "back", "neck"}
    assert "Cotton" in product["tags"]
    again = printify.get(printify.shop(f"/products/{product['id']}.json")).json()
    assert len(again["images"]) > len(product["images"])


def test_a_repeated_create_makes_a_second_product(printify: Printify) -> None:
    body = product_body(printify)
    first, second = (printify.post(printify.shop("/products.json"), body).json() for _ in range(2))
    assert first["id"] != second["id"]


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ({"title": ""}, 8150),
        ({"blueprint_id": 999}, 8150),
        ({"blueprint_id": "12"}, 8150),
        ({"variants": [{"id": 12101}]}, 8150),
        ({"variants": [{"id": 12101, "price": -5}]}, 8150),
        ({"variants": [{"id": 1, "price": 500}]}, 8150),
        ({"print_areas": [{"variant_ids": [12101], "placeholders": []}]}, 8251),
    ],
)
def test_a_wrong_product_is_refused_with_its_code(printify: Printify, change: dict[str, Any], expected: int) -> None:
    refused = printify.post(printify.shop("/products.json"), product_body(printify, **change))
    assert (refused.status_code, code(refused)) == (400, expected)


def test_an_update_merges_variants_and_ignores_the_blueprint(printify: Printify) -> None:
    product = printify.post(printify.shop("/products.json"), product_body(printify)).json()
    path = printify.shop(f"/products/{product['id']}.json")
    change = {"variants": [{"id": 12103, "price": 2600, "is_enabled": True}], "blueprint_id": 77, "visible": False}
    updated = printify.call("PUT", path, json=change).json()
    assert [v["id"] for v in updated["variants"] if v["is_enabled"]] == [12101, 12102, 12103]
    assert (updated["blueprint_id"], updated["visible"]) == (12, False)
    priceless = printify.call("PUT", path, json={"variants": [{"id": 12101, "is_enabled": False}]})
    assert (priceless.status_code, code(priceless)) == (400, 8150)
    narrow = printify.call("PUT", path, json={"print_areas": product_body(printify)["print_areas"]})
    assert (narrow.status_code, code(narrow)) == (400, 8251)
    assert printify.call("PUT", path, json={"print_areas": _sent(product)}).status_code == 200


def _sent(product: dict[str, Any]) -> list[dict[str, Any]]:
    return [
        {"variant_ids": area["variant_ids"], "placeholders": area["placeholders"]} for area in product["print_areas"]
    ]


def test_a_deleted_product_is_gone(printify: Printify) -> None:
    product = printify.post(printify.shop("/products.json"), product_body(printify)).json()
    path = printify.shop(f"/products/{product['id']}.json")
    assert printify.call("DELETE", path).json() == {}
    assert printify.get(path).status_code == 404
    assert printify.call("DELETE", path).status_code == 404


def test_publishing_locks_until_somebody_answers(printify: Printify) -> None:
    product = printify.products()[5]
    path = printify.shop(f"/products/{product['id']}")
    flags = dict.fromkeys(("title", "description", "images", "variants", "tags"), True)
    assert printify.post(f"{path}/publish.json", flags).json() == {}
    assert printify.get(f"{path}.json").json()["is_locked"] is True
    locked = printify.call("PUT", f"{path}.json", json={"title": "New"})
    assert (locked.status_code, code(locked)) == (400, 8252)
    external = {"external": {"id": "42", "handle": "https://shop.example/p/42"}}
    assert printify.post(f"{path}/publishing_succeeded.json", external).status_code == 200
    after = printify.get(f"{path}.json").json()
    assert (after["is_locked"], after["external"]["id"]) == (False, "42")
    printify.post(f"{path}/publish.json", flags)
    assert printify.post(f"{path}/publishing_failed.json", {"reason": "no"}).status_code == 200
    assert printify.get(f"{path}.json").json()["is_locked"] is False
    printify.post(f"{path}/unpublish.json")
    assert "external" not in printify.get(f"{path}.json").json()


def test_a_disconnected_shop_cannot_publish_and_has_no_goods(printify: Printify) -> None:
    shops = printify.get("/v1/shops.json").json()
    other = next(shop for shop in shops if shop["sales_channel"] == "disconnected")
    flags = dict.fromkeys(("title", "description", "images", "variants", "tags"), True)
    product = printify.products()[0]["id"]
    refused = printify.post(f"/v1/shops/{other['id']}/products/{product}/publish.json", flags)
    assert (refused.status_code, code(refused)) == (400, 8254)
    assert printify.get(f"/v1/shops/{other['id']}/products/{product}.json").status_code == 404
    assert printify.get("/v1/shops/1/products.json").status_code == 404


def test_identical_uploads_are_one_upload(printify: Printify) -> None:
    first = printify.post("/v1/uploads/images.json", {"file_name": "a.png", "contents": png("blue")}).json()
    second = printify.post("/v1/uploads/images.json", {"file_name": "b.png", "contents": png("blue")}).json()
    assert first == second
    assert (first["width"], first["height"], first["mime_type"]) == (300, 200, "image/png")
    assert requests.get(first["preview_url"], timeout=10).headers["Content-Type"] == "image/png"
    assert printify.get(f"/v1/uploads/{first['id']}.json").json()["id"] == first["id"]
    listed = [row["id"] for row in printify.get("/v1/uploads.json", limit=100).json()["data"]]
    assert first["id"] in listed
    printify.post(f"/v1/uploads/{first['id']}/archive.json")
    assert first["id"] not in [row["id"] for row in printify.get("/v1/uploads.json", limit=100).json()["data"]]


@pytest.mark.parametrize("contents", ["not base64!", base64.b64encode(b"GIF89a nothing").decode()])
def test_an_upload_that_is_no_picture_is_refused(printify: Printify, contents: str) -> None:
    refused = printify.post("/v1/uploads/images.json", {"file_name": "a.png", "contents": contents})
    assert refused.status_code == 400
    assert code(refused) in (8150, 8201)


def test_an_upload_that_cannot_be_fetched_says_so(printify: Printify) -> None:
    body = {"file_name": "a.png", "url": f"{printify.url}/nothing/here.png"}
    refused = printify.post("/v1/uploads/images.json", body)
    assert (refused.status_code, code(refused)) == (400, 10300)


def test_a_quote_sums_up_over_print_providers(printify: Printify) -> None:
    lines = [printify.line("tee", 2), printify.line("mug", 1)]
    quote = printify.post(printify.shop("/orders/shipping.json"), {"line_items": lines, "address_to": TO}).json()
    assert quote["standard"] == 475 + 240 + 639
    assert quote["express"] == quote["priority"]
    assert "economy" not in quote
    printify.control("/printify/knobs", {"quote_keys": "announced"})
    announced = printify.post(
        printify.shop("/orders/shipping.json"), {"line_items": lines[:1], "address_to": TO}
    ).json()
    assert announced.keys() == {"standard", "priority", "express", "economy"}
    printify.control("/printify/knobs", {"quote_keys": "transitional"})


def test_support_requests_open_a_case(printify: Printify) -> None:
    order_id = printify.order("support-1").json()["id"]
    base = printify.shop(f"/orders/{order_id}/support-requests")
    case = printify.post(f"{base}/reprint", {"reason": "wrong_design", "description": "Not this one."})
    assert (case.status_code, case.json()["type"]) == (201, "order_reprint")
    assert printify.get(f"{base}/{case.json()['id']}").json()["data"]["order_id"] == order_id
    assert len(printify.get(base).json()["data"]) == 1
    assert printify.post(f"{base}/refund", {"reason": "because", "description": "x"}).status_code == 400
    changed = printify.post(f"{base}/address-change", {**TO, "city": "Raleigh"})
    assert (changed.status_code, printify.read(order_id)["address_to"]["city"]) == (200, "Raleigh")


def test_a_request_against_the_specification_is_refused_and_logged(printify: Printify) -> None:
    if not printify.world.specs.knows("printify"):
        pytest.skip("the specification is not at hand (SANDBOX_SPECS_DIR)")
    body = {"external_id": "x", "line_items": [{"sku": "1", "quantity": 0}], "shipping_method": 9, "address_to": TO}
    assert printify.post(printify.shop("/orders.json"), body).status_code == 400
    logged = printify.world.requests.violations()[0]
    assert logged["path"].endswith(f"/{SHOP}/orders.json")
    ours = [entry for entry in printify.world.requests.violations() if "our answer" in str(entry["violations"])]
    assert ours == []


def test_mock_ups_are_real_pictures(printify: Printify) -> None:
    source = printify.products()[0]["images"][0]["src"]
    answer = requests.get(source, timeout=60)
    with Image.open(io.BytesIO(answer.content)) as image:
        assert (image.format, image.size) == ("JPEG", (1200, 1500))
    assert requests.get(source, timeout=10).content == answer.content
    assert requests.get(source.replace("/front.", "/inside-out."), timeout=10).status_code == 404
    assert requests.get(source.replace("/tee/", "/../tee/"), timeout=10).status_code == 404
