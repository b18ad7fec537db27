"""A file on its way in: dry run first, then it is done once, and nobody is told of what is long past."""

from __future__ import annotations

import io
from typing import Any

from sqlalchemy import func, select, update

from shop.accounts.models import Customer
from shop.catalog.models import Product, Variant
from shop.channels.files.models import FileImport, FileLine
from shop.core.transaction import transaction
from shop.customers.models import ConsentChange
from shop.email.models import Letter
from shop.extensions import db
from shop.fulfilment.models import FulfilmentOrder
from shop.payments.models import Payment
from shop.workflows.import_files import begin_apply, begin_check, take_in_file
from tests.town import Town


def taken(town: Town, entity: str, text: str, *, apply: bool = True) -> FileImport:
    import_id = take_in_file(entity, "file.csv", text.encode(), "a test")
    begin_check(import_id, found(import_id).mapping)
    town.work()
    if apply and found(import_id).stage == "checked":
        assert begin_apply(import_id)
        town.work()
    return found(import_id)


def found(import_id: int) -> FileImport:
    db.session.remove()
    return db.session.get_one(FileImport, import_id)


def figures(row: FileImport) -> tuple[int, int, int, int]:
    return row.created, row.changed, row.same, row.wrong


def lines(row: FileImport, verdict: str) -> list[tuple[int, str, str]]:
    asked = select(FileLine).where(FileLine.import_id == row.id, FileLine.verdict == verdict).order_by(FileLine.line)
    return [(one.line, one.field, one.why) for one in db.session.execute(asked).scalars()]


CUSTOMERS = """E-Mail;First name;Last name;Tags;Accepts Email Marketing
Ada@Example.com;Ada;Byron;Friend, press;no
eve@example.com;Eve;=cmd|' /C calc'!A0;;yes
not an address;X;Y;;
ada@example.com;Ada;Lovelace;;
"""


def test_customers_come_by_their_address_and_consent_only_where_it_is_written(town: Town) -> None:
    dry = taken(town, "customers", CUSTOMERS, apply=False)
    assert (dry.stage, *figures(dry)) == ("checked", 2, 0, 1, 1)
    assert lines(dry, "wrong") == [(4, "email", "This is no e-mail address.")]
    assert db.session.execute(select(func.count(Customer.id))).scalar_one() == 0
    assert begin_apply(dry.id) and not begin_apply(dry.id)
    town.work()
    people = {row.email: row for row in db.session.execute(select(Customer)).scalars()}
    assert people["ada@example.com"].name == "Ada Lovelace" and people["ada@example.com"].tags == ["Friend", "press"]
    assert not people["ada@example.com"].accepts_marketing and people["eve@example.com"].accepts_marketing
    noted = db.session.execute(select(ConsentChange)).scalar_one()
    assert (noted.source, noted.why) == ("import", "Line 3 of the file file.csv says so")
    again = taken(town, "customers", CUSTOMERS.replace("Lovelace", "Byron", 1), apply=False)
    assert again.facts["remembered"] and again.created == 0
    assert db.session.execute(select(Letter)).first() is None


ORDERS = """Name,Email,Financial Status,Currency,Shipping,Taxes,Total,Discount Amount,Created at,Lineitem quantity,Lineitem name,Lineitem price,Lineitem sku,Shipping Country
#1001,ada@example.com,paid,USD,5.00,2.00,33.00,2.00,2024-03-01 10:00:00 +0100,2,Mug,10.00,MUG,US
#1001,,,,,,,,,1,Bag,10.00,BAG,
#1002,eve@example.com,pending,USD,0,1.00,11.00,0,2024-03-02,1,Mug,10.00,MUG,US
#1003,eve@example.com,paid,USD,0,0,99.00,0,2024-03-02,1,Mug,10.00,MUG,US
#1004,eve@example.com,paid,EUR,0,0,10.00,0,2024-03-02,1,Mug,10.00,MUG,US
#1005,eve@example.com,paid,USD,0,0,10.00,0,someday,1,Mug,10.00,MUG,US
"""


def test_past_orders_are_kept_and_nothing_else_happens(town: Town) -> None:
    row = taken(town, "orders", ORDERS)
    assert (row.stage, *figures(row)) == ("applied", 2, 0, 0, 3)
    assert [(line, field) for line, field, _ in lines(row, "wrong")] == [
        (5, "total"),
        (6, "currency"),
        (7, "placed_at"),
    ]
    first, second = town.orders()
    assert (first.total_minor, first.shipping_minor, first.discount_minor, first.tax_minor) == (3300, 500, 200, 200)
    assert first.tax_included and not second.tax_included and second.total_minor == 1100
    assert (
        first.placed_at.isoformat().startswith("2024-03-01T09:00") and first.archived_at and first.tags == ["Imported"]
    )
    assert (first.status, first.payment_status, second.payment_status) == ("completed", "paid", "unpaid")
    assert [line.quantity for line in first.lines] == [2, 1]
    assert db.session.execute(select(Payment.gateway)).scalars().all() == ["channel"]
    assert db.session.execute(select(FulfilmentOrder)).first() is None and town.provider_orders() == []
    assert db.session.execute(select(Letter)).first() is None
    again = taken(town, "orders", ORDERS)
    assert figures(again) == (0, 0, 2, 3) and len(town.orders()) == 2


def test_new_products_are_drafts_and_what_is_here_goes_the_way_of_every_product_file(town: Town) -> None:
    shirt = town.a_shirt()
    slug = db.session.execute(select(Product.slug).where(Product.id == shirt.product_id)).scalar_one()
    text = (
        "Handle,Title,Body (HTML),Option1 Name,Option1 Value,Variant SKU,Variant Price,Image Src\n"
        'cup,Cup,"<p>Warm<script>x</script></p>",Size,S,CUP-S,9.50,\n'
        "cup,,,,L,CUP-L,12,\n"
        f"{slug},New words,,,,,,\n"
        "jar,Jar,,,,JAR,abc,\n"
    )
    row = taken(town, "products", text)
    assert (row.stage, *figures(row)) == ("applied", 1, 1, 0, 1)
    cup = db.session.execute(select(Product).where(Product.title == "Cup")).scalar_one()
    assert cup.status == "draft" and "script" not in cup.description_html
    prices = select(Variant.sku, Variant.price_minor).where(Variant.product_id == cup.id).order_by(Variant.position)
    assert [tuple(one) for one in db.session.execute(prices)] == [("CUP-S", 950), ("CUP-L", 1200)]
    assert row.facts["change_run"] and lines(row, "wrong")[0][1] == "price"


def test_a_worker_that_dies_goes_on_where_it_stopped(town: Town) -> None:
    text = "email\n" + "".join(f"p{n}@example.com\n" for n in range(900))
    row = taken(town, "customers", text, apply=False)
    assert figures(row) == (900, 0, 0, 0)
    begin_apply(row.id)
    with transaction() as session:  # as after two batches
        session.execute(update(FileImport).values(progress=801, created=800))
    town.work()
    row = found(row.id)
    assert (row.stage, row.created) == ("applied", 900)
    assert db.session.execute(select(func.count(Customer.id))).scalar_one() == 100


def test_ten_thousand_lines_in_batches(town: Town) -> None:
    out = io.StringIO()
    out.write("email,name\n")
    out.writelines(f"p{n}@example.com,Person {n}\n" for n in range(10_000))
    row: Any = taken(town, "customers", out.getvalue(), apply=False)
    assert figures(row) == (10_000, 0, 0, 0)
