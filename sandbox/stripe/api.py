"""The API's routes: each one line of meaning, the work is in the module it names. Source: contracts/stripe.md §3."""

from __future__ import annotations

import base64
from collections.abc import Callable

from flask import Blueprint, Response, request

from sandbox.stripe import (
    balance,
    book,
    catalogue,
    disputing,
    endpoints,
    goods,
    listing,
    refunding,
    sessions,
    uploads,
    ways_to_pay,
)
from sandbox.stripe.answering import Call, check_caller, operation, refuse
from sandbox.stripe.book import Obj
from sandbox.stripe.refusing import Refusal
from sandbox.stripe.wire import Params, branch, merge_metadata, rows, text, truth
from sandbox.world import World, current_world

Create = Callable[[World, Params], Obj]
Change = Callable[[World, str, Params], Obj]


def register(bp: Blueprint) -> None:
    """Add every API route to the blueprint."""
    _register_sessions(bp)
    _register_payments(bp)
    _register_files(bp)
    _resource(bp, "coupons", "coupon", "coupon", catalogue.create_coupon, catalogue.update_coupon, deletes=True)
    _resource(
        bp, "promotion_codes", "promotion_code", "promotion_code", catalogue.create_promotion_code,
        catalogue.update_promotion_code, filters=("active", "code", "customer"),
    )  # fmt: skip
    _resource(
        bp, "tax_rates", "tax_rate", "tax_rate", catalogue.create_tax_rate, catalogue.update_tax_rate,
        filters=("active", "inclusive"),
    )  # fmt: skip
    _resource(
        bp, "shipping_rates", "shipping_rate", "shipping_rate_token", catalogue.create_shipping_rate,
        catalogue.update_shipping_rate, filters=("active",),
    )  # fmt: skip
    _resource(
        bp, "customers", "customer", "customer", goods.create_customer, goods.update_customer, filters=("email",),
        deletes=True,
    )  # fmt: skip
    _resource(
        bp, "products", "product", "id", goods.create_product, goods.update_product, filters=("active",), deletes=True
    )
    _resource(bp, "prices", "price", "price", goods.create_price, goods.update_price, filters=("active", "product"))
    _register_endpoints(bp)
    _register_events(bp)
    operation(bp, "GET", _WAYS)(lambda call: book.listing(_WAYS, [ways_to_pay.default_configuration()]))
    operation(bp, "GET", "/v1/balance")(lambda call: balance.read(call.world))
    _readable(bp, "balance_transactions", "balance_transaction", "id", ("currency", "source", "type"))
    bp.add_url_rule("/stripe", "unknown_root", _unknown, methods=_ALL)
    bp.add_url_rule("/stripe/<path:_rest>", "unknown", _unknown, methods=_ALL)


_WAYS = "/v1/payment_method_configurations"
_ALL = ["GET", "POST", "PUT", "PATCH", "DELETE"]


def _unknown(_rest: str = "") -> Response:
    path = request.path.removeprefix("/stripe")
    message = (
        f"Unrecognized request URL ({request.method}: {path}). Please see https://stripe.com/docs or we can help at "
        "https://support.stripe.com/."
    )
    return refuse(Refusal(message, status=404))


def _register_sessions(bp: Blueprint) -> None:
    root = "/v1/checkout/sessions"
    operation(bp, "POST", root)(lambda call: sessions.create(call.world, call.params, call.base))
    operation(bp, "GET", root)(_list_sessions)
    operation(bp, "GET", root + "/{session}")(
        lambda call: book.get(call.world, "checkout.session", call.path["session"], "session")
    )
    operation(bp, "POST", root + "/{session}")(
        lambda call: sessions.update(call.world, call.path["session"], call.params)
    )
    operation(bp, "POST", root + "/{session}/expire")(lambda call: sessions.expire(call.world, call.path["session"]))
    operation(bp, "GET", root + "/{session}/line_items")(_list_lines)


def _list_sessions(call: Call) -> Obj:
    email = text(branch(call.params, "customer_details"), "email")

    def keep(session: Obj) -> bool:
        return email is None or (session["customer_details"] or {}).get("email") == email

    names = ("customer", "payment_intent", "payment_link", "subscription", "status")
    return listing.page(call.world, "checkout.session", call.params, "/v1/checkout/sessions", *names, keep=keep)


def _list_lines(call: Call) -> Obj:
    session = book.get(call.world, "checkout.session", call.path["session"], "session")
    url = f"/v1/checkout/sessions/{session['id']}/line_items"
    return listing.cut(session["_lines"], call.params, url, "item")


def _register_payments(bp: Blueprint) -> None:
    _readable(bp, "payment_intents", "payment_intent", "intent", ("customer",))
    _readable(bp, "charges", "charge", "charge", ("customer", "payment_intent"))
    operation(bp, "POST", "/v1/payment_intents/{intent}")(lambda call: _note(call, "payment_intent", "intent"))
    operation(bp, "POST", "/v1/charges/{charge}")(lambda call: _note(call, "charge", "charge"))
    _readable(bp, "refunds", "refund", "refund", ("charge", "payment_intent"))
    operation(bp, "POST", "/v1/refunds")(lambda call: refunding.create(call.world, call.params))
    operation(bp, "POST", "/v1/refunds/{refund}")(
        lambda call: refunding.update(call.world, call.path["refund"], call.params)
    )
    operation(bp, "POST", "/v1/refunds/{refund}/cancel")(lambda call: refunding.cancel(call.world, call.path["refund"]))
    _readable(bp, "disputes", "dispute", "dispute", ("charge", "payment_intent"))
    operation(bp, "POST", "/v1/disputes/{dispute}")(
        lambda call: disputing.update(call.world, call.path["dispute"], call.params)
    )
    operation(bp, "POST", "/v1/disputes/{dispute}/close")(
        lambda call: disputing.concede(call.world, call.path["dispute"])
    )


def _note(call: Call, resource: str, variable: str) -> Obj:
    """An update that changes words only: metadata and description. Money is moved elsewhere."""
    found = book.get(call.world, resource, call.path[variable], variable)
    found["metadata"] = merge_metadata(found["metadata"], call.params)
    if "description" in call.params:
        found["description"] = text(call.params, "description")
    return book.save(call.world, found)


def _register_files(bp: Blueprint) -> None:
    _readable(bp, "files", "file", "file", ("purpose",))
    operation(bp, "POST", "/v1/files")(
        lambda call: uploads.create(call.world, text(call.params, "purpose"), request.files.get("file"), call.base)
    )

    def contents(file: str) -> Response:
        try:
            check_caller()
            found = book.get(current_world(), "file", file, "file")
        except Refusal as refusal:
            return refuse(refusal)
        return Response(base64.b64decode(found["_content"]), mimetype="application/octet-stream")

    bp.add_url_rule("/stripe/v1/files/<file>/contents", "file_contents", contents)


def _register_endpoints(bp: Blueprint) -> None:
    root, one = "/v1/webhook_endpoints", "/v1/webhook_endpoints/{webhook_endpoint}"
    operation(bp, "POST", root)(lambda call: endpoints.create(call.world, call.params))
    _readable(bp, "webhook_endpoints", "webhook_endpoint", "webhook_endpoint")
    operation(bp, "POST", one)(lambda call: endpoints.update(call.world, call.path["webhook_endpoint"], call.params))
    operation(bp, "DELETE", one)(lambda call: endpoints.delete(call.world, call.path["webhook_endpoint"]))


def _register_events(bp: Blueprint) -> None:
    operation(bp, "GET", "/v1/events")(_list_events)
    operation(bp, "GET", "/v1/events/{id}")(lambda call: book.get(call.world, "event", call.path["id"]))


def _list_events(call: Call) -> Obj:
    types = [str(name) for name in rows(call.params, "types")]
    one = text(call.params, "type")
    if types and one:
        raise Refusal("You may only specify one of these parameters: type, types.", param="types")
    if len(types) > 20:
        raise Refusal("You may specify up to 20 event types.", param="types")
    delivered = truth(call.params, "delivery_success")

    def keep(event: Obj) -> bool:
        if one is not None and not _fits(event["type"], one):
            return False
        if types and event["type"] not in types:
            return False
        return delivered is None or (event["pending_webhooks"] == 0) == delivered

    return listing.page(call.world, "event", call.params, "/v1/events", keep=keep)


def _fits(event_type: str, wanted: str) -> bool:
    """``charge.*`` names a whole family."""
    return event_type.startswith(wanted[:-1]) if wanted.endswith("*") else event_type == wanted


def _readable(bp: Blueprint, plural: str, resource: str, variable: str, filters: tuple[str, ...] = ()) -> None:
    """``GET`` of the list and of one."""
    url = f"/v1/{plural}"
    operation(bp, "GET", url)(lambda call: listing.page(call.world, resource, call.params, url, *filters))
    operation(bp, "GET", f"{url}/{{{variable}}}")(
        lambda call: book.get(call.world, resource, call.path[variable], variable)
    )


def _resource(
    bp: Blueprint,
    plural: str,
    resource: str,
    variable: str,
    create: Create,
    change: Change,
    filters: tuple[str, ...] = (),
    deletes: bool = False,
) -> None:
    """List, read, create, change and (some) delete."""
    url, one = f"/v1/{plural}", f"/v1/{plural}/{{{variable}}}"
    _readable(bp, plural, resource, variable, filters)
    operation(bp, "POST", url)(lambda call: create(call.world, call.params))
    operation(bp, "POST", one)(lambda call: change(call.world, call.path[variable], call.params))
    if deletes:
        operation(bp, "DELETE", one)(lambda call: _delete(call, resource, variable))


def _delete(call: Call, resource: str, variable: str) -> Obj:
    found = book.get(call.world, resource, call.path[variable], variable)
    call.world.store.delete(book.KINDS[resource], found["id"])
    return {"id": found["id"], "object": resource, "deleted": True}
