"""A back office in full use: something of everything the panel has a page for, made by pressing its own buttons."""

from __future__ import annotations

import io
import re

from PIL import Image
from sqlalchemy import select

from shop.accounts.models import Customer
from shop.catalog.models import Product
from shop.core.transaction import transaction
from shop.extensions import db
from shop.payments.models import Dispute
from shop.reviews.models import Review
from shop.reviews.pictures import keep_picture
from shop.reviews.recounting import recount
from shop.subscribers.choosing import confirm_newsletter, keep_subscriber
from shop.webhook_delivery.announcing import announce
from shop.webhook_delivery.endpoints import add_endpoint
from tests.admin.conftest import Staff
from tests.admin.test_discounts import NEW as NEW_DISCOUNT
from tests.admin.test_gift_cards import NEW as NEW_GIFT_CARD
from tests.admin.test_product_editor import form_of
from tests.admin.test_products_grid import hidden_form
from tests.browser.channels_back import stock_channels
from tests.browser.goods_back import stock_returns
from tests.channels.ordering.making import comes, connected, line, sale
from tests.returns.making import delivered_order
from tests.town import Town


def furnish(town: Town) -> None:
    """What `stock_the_back_office` does not leave behind. Each part may be missing from the panel no more than here."""
    owner = Staff(town.app).known_as("admin@example.com")
    _webhooks(town)
    _keys(owner)
    _designs(owner)
    _content(owner)
    _grid(owner)
    owner.press("/admin/drafts")
    assert owner.post("/admin/discounts/new", NEW_DISCOUNT).status_code == 303
    assert owner.post("/admin/gift-cards/new", NEW_GIFT_CARD).status_code == 303
    owner.press(f"/admin/orders/{town.orders()[0].number}/invoice")
    customer = db.session.execute(select(Customer.id).limit(1)).scalar_one()
    owner.press(f"/admin/customers/{customer}/export")
    dispute = db.session.execute(select(Dispute.id).limit(1)).scalar_one()
    page = owner.get(f"/admin/disputes/{dispute}").text
    (field, *_) = re.findall(r'type="file"[^>]*name="([^"]+)"|name="([^"]+)"[^>]*type="file"', page)
    marks = page.split('name="marks" value="')[1].split('"')[0]
    sent = {"marks": marks, "do": "save", "".join(field): (_picture(), "receipt.png")}
    assert owner.post(f"/admin/disputes/{dispute}", sent, content_type="multipart/form-data").status_code == 303
    _reviews(town)
    _newsletters(owner)
    _channel_orders(town)
    stock_returns(delivered_order(2))
    stock_channels()
    rule = {"name": "Large orders", "event": "order.paid", "total": "10", "tag_order": "Large", "url": f"{town.sandbox_url}/receiver/demo"}
    owner.press("/admin/automations/new", rule)
    owner.press("/admin/automations/1/test")
    _files(owner)
    town.work()


def _files(owner: Staff) -> None:
    """One whose dry run is over."""
    content = io.BytesIO(b"E-Mail,Name\nada@example.com,Ada\nnobody,Nobody\n")
    sent = {"entity": "customers", "file": (content, "customers.csv")}
    answer = owner.post("/admin/files", sent, content_type="multipart/form-data")
    owner.press(f"{answer.location}/check", {"column-email": "0", "column-name": "1"})


def _reviews(town: Town) -> None:
    """One that waits, and one that is shown with a picture and an answer."""
    order = town.orders()[0]
    with transaction() as session:
        ids = (
            session.execute(select(Product.id).where(Product.status == "active").order_by(Product.id).limit(2))
            .scalars()
            .all()
        )
        picture = keep_picture(_picture(400).getvalue())
        for product_id, status in zip(ids, ("waiting", "shown"), strict=True):
            session.add(
                Review(
                    product_id=product_id,
                    order_id=order.id,
                    rating=4,
                    title="Soft as moss",
                    body="Fits well.",
                    name="Ada",
                    status=status,
                    pictures=[picture],
                    has_pictures=True,
                    reply="Thank you",
                )
            )
        recount(session, ids)


def _newsletters(owner: Staff) -> None:
    """One that is written, and somebody who gets it."""
    draft = {"title": "Winter", "subject_en": "New for the winter", "body_en": "<p>Three designs arrived.</p>"}
    assert owner.post("/admin/newsletters/new", draft).status_code == 303
    with transaction() as session:
        confirm_newsletter(session, keep_subscriber(session, "ada@example.com", "en"), source="page", words="Yes")


def _channel_orders(town: Town) -> None:
    """One that is placed, and one with goods that nobody knows."""
    there = connected("prestashop")
    comes(town, there, sale(line(town.a_shirt().sku)))
    comes(town, there, sale(line("UNKNOWN"), external_id="1000"))


def _webhooks(town: Town) -> None:
    with transaction() as session:
        add_endpoint(session, url=f"{town.sandbox_url}/receiver/demo", events=("order.paid",))
    with transaction() as session:
        announce(session, "order.paid", {"order": {"id": 1}}, "order:TEST")


def _keys(owner: Staff) -> None:
    owner.get("/admin/developers/keys/new")
    form = {"name": "Warehouse", "may-orders": "write", "lives": "90", "per_minute": "120", "form_key": "one form"}
    assert owner.post("/admin/developers/keys/new", form).status_code == 200


def _designs(owner: Staff) -> None:
    sent = {"design": (_picture(900), "fern.png")}
    assert owner.post("/admin/designs", sent, content_type="multipart/form-data").status_code == 303
    owner.press(
        "/admin/designs/1/12/29",
        {"title": "Fern", "price": "29", "axis-0": ["White"], "axis-1": ["M"], "on-0": "1", "key": "BACKOFFICE"},
    )


def _content(owner: Staff) -> None:
    owner.press("/admin/content/menus/header/own")
    sale = {"text": "Free shipping", "url": "/search", "tone": "accent", "is_on": "1"}
    assert owner.post("/admin/content/announcements", sale).status_code == 303


def _grid(owner: Staff) -> None:
    product = db.session.execute(select(Product.id).where(Product.status == "active").limit(1)).scalar_one()
    form = form_of(owner.get(f"/admin/catalog/grid?ids={product}").text)
    shown = owner.post("/admin/catalog/grid", {**form, f"p{product}-tags": "Sale", "do": "preview"})
    assert owner.post("/admin/catalog/grid", {**hidden_form(shown.text), "do": "apply"}).status_code == 303


def _picture(side: int = 300) -> io.BytesIO:
    out = io.BytesIO()
    Image.new("RGB", (side, side), (40, 90, 60)).save(out, "PNG")
    return io.BytesIO(out.getvalue())
