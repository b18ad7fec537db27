"""One product: its words, prices and pictures, what of it is the merchant's own, and how Printify gets it back."""

from __future__ import annotations

from typing import Any

from flask import Response, current_app, flash, redirect, request, url_for
from sqlalchemy import select
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response as BaseResponse

from shop.admin.answering import press
from shop.admin.blueprint import bp
from shop.admin.permissions import May, staff_only
from shop.admin.product_form import MOST_PICTURES, MOST_VARIANTS, STATUS_NAMES, fill, labels, read_edit, with_move
from shop.admin.products.files import who_acts
from shop.admin.stale import marks_of, meet
from shop.catalog.addresses import PRODUCT, old_addresses, taken_slugs
from shop.catalog.cards import picture_from
from shop.catalog.editing import Edited, ProductEdit, apply_edit, find_product
from shop.catalog.models import Collection, CollectionProduct, Image, SizeGuide
from shop.catalog.runs.fields import FIELDS, in_words
from shop.catalog.runs.keeping import find_run
from shop.catalog.runs.saving import Save, items_of_edit, keep_save, last_saves
from shop.catalog.runs.settling import Item
from shop.catalog.runs.stepping import record_run
from shop.catalog.taking_back import (
    GIVEN_BACK,
    leave_status_to_printify,
    names_given_back,
    take_back,
    told_statuses,
)
from shop.catalog.words import plain_text
from shop.core import clock, log
from shop.core.pages import render
from shop.core.transaction import transaction
from shop.errors import InvalidInput, NotFound
from shop.extensions import db
from shop.tenancy.currencies import offered
from shop.tenancy.profile import current_profile
from shop.workflows import run_changes

logger = log.get_logger("admin")


class Changed(Exception):
    """Somebody saved this product since the form was filled."""


@bp.get("/catalog/<int:product_id>")
@staff_only()
def product(product_id: int) -> Response:
    found = _find(db.session(), product_id)
    values = fill(found, current_profile().currency)
    return _page(db.session(), found, values)


@bp.post("/catalog/<int:product_id>")
@staff_only(May.CATALOG)
def save_product(product_id: int) -> Response | BaseResponse:
    """Only what differs is written; when somebody else saved meanwhile, nothing is, and both versions are shown."""
    typed, currency = request.form.to_dict(), current_profile().currency
    try:
        saved = _save(product_id, typed, currency)
    except InvalidInput as error:
        found = _find(db.session(), product_id)
        values = {**fill(found, currency), **{k: v for k, v in typed.items() if k in labels(found)}}
        return _page(db.session(), found, values, status=422, errors=error.fields, marks=typed.get("marks"))
    except Changed:
        found = _find(db.session(), product_id)
        met = meet(fill(found, currency), typed, typed.get("marks", ""))
        return _page(db.session(), found, met.values, status=422, changed=met.changed)
    if saved:
        logger.info("product saved", product=product_id, fields=sorted(saved.columns))
        flash("Saved. The shop shows it within a second.", "good")
    else:
        flash("Nothing was different, so nothing was changed.", "good")
    return redirect(url_for("admin.product", product_id=product_id), 303)


@bp.post("/catalog/<int:product_id>/take-back")
@staff_only(May.CATALOG)
def take_printifys(product_id: int) -> BaseResponse:
    """Give one field back to Printify (form field `field`)."""
    name = request.form.get("field", "")[:60]

    def work() -> None:
        with transaction() as session:
            take_back(session, _find(session, product_id, to_change=True), name, clock.now())

    done = f"{GIVEN_BACK.get(name, 'The price')}: Printify’s again."
    return press(work, done=done, back=url_for("admin.product", product_id=product_id))


@bp.post("/catalog/<int:product_id>/archive")
@staff_only(May.CATALOG)
def archive_product(product_id: int) -> BaseResponse:
    """Archive, or (form field `to`: draft) take out of the archive. Kept like any save, so it can be undone."""
    status = "draft" if request.form.get("to") == "draft" else "archived"
    done = "Out of the archive: it is a draft now." if status == "draft" else "Archived: it is no longer sold."

    def work() -> str:
        with transaction() as session:
            found = _find(session, product_id, to_change=True)
            if found.product.status == status:
                return "It is so already."
            item = Item(0, product_id, 0, "status", found.product.status, status)
            record_run(session, "editor", done[:40].partition(":")[0], who_acts(), [item], product_id=product_id)
        return done

    return press(work, done="", back=url_for("admin.product", product_id=product_id))


@bp.post("/catalog/<int:product_id>/saves/<int:change_id>/undo")
@staff_only(May.CATALOG)
def undo_save(product_id: int, change_id: int) -> BaseResponse:
    """Put back what one save replaced, where it still says what the save wrote."""

    def work() -> str:
        with transaction() as session:
            run = find_run(session, change_id)
            if run is None or run.product_id != product_id:
                raise NotFound("There is no such save.")
        run_changes.undo(change_id)
        with transaction() as session:
            run = find_run(session, change_id)
        if run is not None and run.kept:
            return f"Put back, but for {run.kept} of its changes: the list below says why."
        return "Put back as it was before that save."

    return press(work, done="", back=url_for("admin.product", product_id=product_id, _anchor="saves"))


def _save(product_id: int, typed: dict[str, str], currency: str) -> ProductEdit | None:
    """None when nothing differs. Raises Changed, InvalidInput, NotFound."""
    with transaction() as session:
        found = _find(session, product_id, to_change=True)
        if meet(fill(found, currency), typed, typed.get("marks", "")).changed:
            raise Changed
        edit = read_edit(with_move(typed, found), found, currency)
        if edit == ProductEdit():
            return None
        _check_elsewhere(session, product_id, edit)
        replaced = items_of_edit(found, edit)
        apply_edit(session, found, edit, clock.now())
        if "status" in edit.columns:
            leave_status_to_printify(found.product, told_statuses(session, [product_id]).get(product_id))
        keep_save(session, product_id, replaced, who_acts())
    return edit


def _check_elsewhere(session: Session, product_id: int, edit: ProductEdit) -> None:
    """What other rows have a say in. Raises InvalidInput."""
    slug, guide = edit.columns.get("slug"), edit.columns.get("size_guide_id")
    if slug is not None and taken_slugs(session, PRODUCT, [slug]).get(slug, product_id) != product_id:
        raise InvalidInput(fields={"slug": f"Another product has the address {slug} already."})
    if guide is not None and session.get(SizeGuide, guide) is None:
        raise InvalidInput(fields={"size_guide_id": "This size guide is gone. Choose another one."})


def _find(session: Session, product_id: int, to_change: bool = False) -> Edited:
    found = find_product(session, product_id, to_change)
    if found is None:
        raise NotFound("There is no such product.")
    return found


def _page(
    session: Session,
    found: Edited,
    values: dict[str, str],
    *,
    status: int = 200,
    errors: dict[str, str] | None = None,
    changed: dict[str, str] | None = None,
    marks: str | None = None,
) -> Response:
    """`marks`: of the form that comes back with errors; else the form is filled anew."""
    names, product = labels(found), found.product
    config = current_app.config["IMPRINT"]
    currency = current_profile().currency
    own = names_given_back(found)
    return render(
        "admin/product.html",
        status=status,
        page_title=product.title,
        product=product,
        values=values,
        errors=errors or {},
        changed=None if changed is None else {names[name]: value for name, value in changed.items()},
        marks=marks if marks is not None else marks_of(fill(found, currency)),
        variants=[
            _variant_row(v, config.printify_currency == currency) for v in found.variants[:MOST_VARIANTS]
        ],
        more_variants=max(0, len(found.variants) - MOST_VARIANTS),
        pictures=[(image, _picture(image, config.media_url)) for image in found.images[:MOST_PICTURES]],
        own=own,
        given_back=GIVEN_BACK,
        statuses=list(STATUS_NAMES.items()),
        collections=_collections(session, product.id),
        preview=_preview(values, config.public_url, product.slug),
        cost_currency=config.printify_currency,
        other_currencies=offered(current_profile())[1:],
        guides=_guides(session),
        old_addresses=old_addresses(session, PRODUCT, product.id),
        saves=_told_saves(session, found, currency),
        now=clock.now(),
    )


def _variant_row(variant: Any, comparable: bool) -> dict[str, Any]:
    """`margin`: percent of the price, and `profit` in minor units; None when the cost is not known in the shop's
    currency."""
    margin = profit = None
    if comparable and variant.cost_minor and variant.price_minor:
        profit = variant.price_minor - variant.cost_minor
        margin = round(100 * profit / variant.price_minor)
    return {"variant": variant, "margin": margin, "profit": profit}


def _picture(image: Image, media_url: str) -> dict[str, Any] | None:
    if not image.width:
        return None
    names = ("id", "alt", "width", "height", "colour", "renditions", "variant_external_ids")
    return picture_from({name: getattr(image, name) for name in names}, media_url.rstrip("/"))


def _collections(session: Session, product_id: int) -> list[Any]:
    query = (
        select(Collection.id, Collection.title, CollectionProduct.by_hand)
        .join(CollectionProduct, CollectionProduct.collection_id == Collection.id)
        .where(CollectionProduct.product_id == product_id)
        .order_by(Collection.position, Collection.id)
    )
    return list(session.execute(query))


def _guides(session: Session) -> list[tuple[str, str]]:
    rows = session.execute(select(SizeGuide.id, SizeGuide.name).order_by(SizeGuide.name).limit(500))
    return [("", "By collection or type"), *((str(row.id), row.name) for row in rows)]


def _told_saves(session: Session, found: Edited, currency: str) -> list[dict[str, Any]]:
    """[{save, rows: [(what, before, after, state, reason)]}], newest first."""
    names = {variant.id: variant.title for variant in found.variants}

    def label(item: Any) -> str:
        field = FIELDS[item.field]
        return f"{field.label} of {names.get(item.subject_id, 'a variant')}" if field.of == "variant" else field.label

    def row(item: Any) -> tuple[str, str, str, str, str]:
        said = [plain_text(in_words(item.field, value, currency))[:400] for value in (item.before, item.after)]
        return label(item), said[0], said[1], item.state, item.reason

    def told(save: Save) -> dict[str, Any]:
        return {"save": save, "rows": [row(item) for item in save.items[:60]], "more": max(0, len(save.items) - 60)}

    return [told(save) for save in last_saves(session, found.product.id)]


def _preview(values: dict[str, str], public_url: str, slug: str) -> dict[str, str]:
    """How a search engine shows the page: long texts are cut there too."""
    text = values["seo_description"] or plain_text(values["description_html"])[:155]
    return {
        "title": _cut(values["seo_title"] or values["title"], 60),
        "url": f"{public_url.rstrip('/')}/products/{slug}",
        "text": _cut(text, 155),
    }


def _cut(text: str, most: int) -> str:
    return text if len(text) <= most else text[: most - 1].rstrip() + "…"
