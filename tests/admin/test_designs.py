"""A design becomes a product at Printify and in the shop: once, whatever is lost on the way."""

from __future__ import annotations

import io
import struct
import zlib
from typing import Any

import pytest
from PIL import Image
from sqlalchemy import func, select

from sandbox.printify.products import PRODUCT
from shop.catalog.models import Product, Variant
from shop.core.queue import JobName
from shop.designing.models import Design, NewProduct
from shop.extensions import db
from shop.workflows.list_failures import try_again
from tests.admin.conftest import Staff
from tests.town import Town

TEE, PRINTER = 12, 29


def picture(width: int = 900, height: int = 1200, kind: str = "PNG") -> bytes:
    out = io.BytesIO()
    Image.new("RGB", (width, height), (width % 255, 90, 60)).save(out, kind)
    return out.getvalue()


def upload(staff: Staff, raw: bytes, name: str = "fern.png") -> Any:
    return staff.post("/admin/designs", {"design": (io.BytesIO(raw), name)}, content_type="multipart/form-data")


@pytest.fixture
def owner(town: Town) -> Staff:
    return Staff(town.app).known_as("admin@example.com")


@pytest.fixture
def design(owner: Staff) -> int:
    assert upload(owner, picture()).status_code == 303
    return int(db.session.execute(select(Design.id)).scalar_one())


def form(**changes: Any) -> dict[str, Any]:
    return {
        "title": "Fern on a tee", "description_html": "Hello <b>you</b><script>1</script>", "tags": "Fern, Green",
        "price": "29.00", "axis-0": ["White", "Navy"], "axis-1": ["S", "M", "2XL"], "price-5": "32", "on-0": "1",
        "scale-0": "80", "x-0": "50", "y-0": "45", "angle-0": "0", "publish": "1", "key": "ABCDEF123456",
        **changes,
    }  # fmt: skip


def address(design_id: int) -> str:
    return f"/admin/designs/{design_id}/{TEE}/{PRINTER}"


def new_product() -> NewProduct:
    db.session.remove()
    return db.session.execute(select(NewProduct)).scalar_one()


def made_there(town: Town) -> list[dict[str, Any]]:
    return [p for p in town.world.store.all(PRODUCT) if p["title"] == "Fern on a tee"]


def test_a_design_is_for_sale_after_a_few_clicks(town: Town, owner: Staff, design: int) -> None:
    assert "Unisex Jersey" in owner.get(f"/admin/designs/{design}?q=jersey").text
    assert "Monster Digital" in owner.get(f"/admin/designs/{design}?blank={TEE}").text
    assert "Prints sharp" not in owner.get(address(design)).text  # 900 pixels are few
    page = owner.press(address(design), form())
    assert "It is put on sale" in page
    town.work()
    row = new_product()
    assert (row.work_state, row.step) == ("done", "done")
    (there,) = made_there(town)
    assert there["external"]["handle"].startswith(town.url) and not there["is_locked"]
    product = db.session.execute(select(Product).where(Product.external_id == there["id"])).scalar_one()
    assert (product.status, product.id) == ("active", row.product_id)
    assert "script" not in product.description_html
    prices = dict(
        db.session.execute(select(Variant.title, Variant.price_minor).where(Variant.product_id == product.id)).all()
    )
    assert prices["White / M"] == 2900 and prices["White / 2XL"] == 3200 and len(prices) == 6
    assert town.buyer.get(f"/products/{product.slug}").status_code == 200
    assert "Open the product" in owner.get(f"/admin/new-products/{row.id}").text


def test_the_same_form_twice_makes_one_product(town: Town, owner: Staff, design: int) -> None:
    for _ in range(3):
        owner.press(address(design), form())
    town.work()
    assert len(made_there(town)) == 1


def test_a_lost_answer_makes_no_second_product(town: Town, owner: Staff, design: int) -> None:
    owner.press(address(design), form())
    town.fault("printify", "drop_after", match=r"POST .*/products\.json")
    town.work(JobName.DRAIN_NEW_PRODUCTS)
    assert (len(made_there(town)), new_product().step) == (1, "create")
    with db.engine.begin() as connection:
        connection.execute(NewProduct.__table__.update().values(due_at=func.now()))  # type: ignore[attr-defined]
    town.breathe()
    town.work()
    assert len(made_there(town)) == 1
    assert new_product().work_state == "done"


def test_a_refusal_is_told_and_can_be_tried_again(town: Town, owner: Staff, design: int) -> None:
    owner.press(address(design), form())
    row = new_product()
    with db.engine.begin() as connection:
        connection.execute(NewProduct.__table__.update().values(provider_id=39))  # type: ignore[attr-defined]
    town.work()
    assert new_product().work_state == "parked"
    assert "It stopped" in owner.get(f"/admin/new-products/{row.id}").text
    assert "could not be made of a design" in owner.get("/admin/failures").text
    with db.engine.begin() as connection:
        connection.execute(NewProduct.__table__.update().values(provider_id=PRINTER))  # type: ignore[attr-defined]
    assert try_again("new_products", row.id, who="x")
    town.work()
    assert len(made_there(town)) == 1


def test_left_as_a_draft_it_is_not_on_sale_until_published(town: Town, owner: Staff, design: int) -> None:
    owner.press(address(design), form(publish=""))
    town.work()
    product_id = new_product().product_id
    db.session.remove()
    product = db.session.get_one(Product, product_id)
    assert product.status == "draft"
    assert "on sale in the shop" in owner.press(f"/admin/catalog/{product_id}/offer")
    town.work()
    db.session.remove()
    assert db.session.get_one(Product, product_id).status == "active"
    assert made_there(town)[0]["external"]["id"] == str(product_id)
    assert "off sale" in owner.press(f"/admin/catalog/{product_id}/withdraw")
    town.work()
    db.session.remove()
    assert db.session.get_one(Product, product_id).status == "draft"
    assert "external" not in made_there(town)[0]


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"not a picture",
        b"\x89PNG\r\n\x1a\n" + b"\0" * 50,
        picture(50, 50),
        b"GIF89a" + b"\0" * 80,
        picture()[:300],
    ],
    ids=["nothing", "text", "a broken head", "tiny", "GIF", "half"],
)
def test_what_cannot_be_printed_is_refused_beside_the_field(owner: Staff, raw: bytes) -> None:
    answer = upload(owner, raw, "../../etc/passwd.png")
    assert answer.status_code == 422
    assert "error-summary" in answer.text
    assert db.session.execute(select(func.count()).select_from(Design)).scalar_one() == 0


def test_a_picture_that_unpacks_to_gigabytes_is_refused_unopened(owner: Staff) -> None:
    head = struct.pack(">IIBBBBB", 60_000, 60_000, 8, 2, 0, 0, 0)
    chunk = struct.pack(">I", len(head)) + b"IHDR" + head + struct.pack(">I", zlib.crc32(b"IHDR" + head))
    assert upload(owner, b"\x89PNG\r\n\x1a\n" + chunk + b"\0" * 20).status_code == 422


def test_the_same_picture_is_one_design(owner: Staff, design: int) -> None:
    upload(owner, picture(), "again.png")
    assert db.session.execute(select(func.count()).select_from(Design)).scalar_one() == 1


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"title": ""}, "title is missing"),
        ({"title": "x" * 301}, "title"),
        ({"price": ""}, "price is missing"),
        ({"price": "free"}, "price"),
        ({"price": "0"}, "more than nothing"),
        ({"price-5": "-3"}, "price of 2XL"),
        ({"axis-0": []}, "at least one"),
        ({"axis-1": ["Moon"]}, "at least one"),
        ({"on-0": ""}, "place to print on"),
        ({"scale-0": "9999"}, "size"),
        ({"angle-0": "4.5"}, "turn"),
        ({"x-0": "left"}, "from the left"),
    ],
)
def test_wrong_fields_are_told_and_nothing_is_lost(
    owner: Staff, design: int, change: dict[str, Any], words: str
) -> None:
    answer = owner.post(address(design), form(**change))
    assert answer.status_code == 422
    assert words in answer.text
    assert "Hello &lt;b&gt;" in answer.text
    assert db.session.execute(select(func.count()).select_from(NewProduct)).scalar_one() == 0


def test_blanks_and_designs_that_are_not_there_are_not_found(owner: Staff, design: int) -> None:
    for path in (
        "/admin/designs/999",
        f"/admin/designs/{design}/99999/1",
        f"/admin/designs/{design}/{TEE}/99999",
        "/admin/new-products/9",
    ):
        assert owner.get(path).status_code == 404, path
    assert owner.post("/admin/catalog/999999/offer", {}).status_code == 303


def test_looking_at_the_placement_asks_for_nothing(owner: Staff, design: int) -> None:
    answer = owner.post(address(design), form(look="1", **{"angle-0": "45"}))
    assert answer.status_code == 200
    assert "rotate(45 " in answer.text
    assert db.session.execute(select(func.count()).select_from(NewProduct)).scalar_one() == 0
