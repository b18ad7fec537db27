"""The hosted payment page at ``/pay/<session>``: looks and behaves like Stripe's, and works with JavaScript off."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Any

from flask import Blueprint, Response, jsonify, make_response, redirect, render_template, request

from sandbox.stripe import book, cards, countries, page_form, paying, pricing, sessions
from sandbox.stripe.book import Obj
from sandbox.stripe.catalogue import code_refusal, find_code
from sandbox.stripe.money import written
from sandbox.stripe.refusing import Refusal
from sandbox.world import World, current_world

_CSP = (
    "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self' http: https: data:; connect-src 'self'; "
    "base-uri 'none'; frame-ancestors 'none'"
)


def register(bp: Blueprint) -> None:
    """Add the page's routes to the blueprint."""
    bp.add_url_rule("/pay/<session_id>", "pay_page", _show, methods=["GET"])
    bp.add_url_rule("/pay/<session_id>", "pay_submit", _submit, methods=["POST"])
    bp.add_url_rule("/pay/<session_id>/quote", "pay_quote", _quote, methods=["POST"])
    bp.add_url_rule("/pay/<session_id>/authenticate", "pay_challenge", _challenge, methods=["GET"])
    bp.add_url_rule("/pay/<session_id>/authenticate", "pay_challenge_answer", _answer, methods=["POST"])
    bp.add_url_rule("/pay/recover/<token>", "pay_recover", _recover, methods=["GET"])
    bp.add_url_rule("/pay/receipt/<charge_id>", "pay_receipt", _receipt, methods=["GET"])


def success_address(session: Obj) -> str:
    """Where the buyer goes after paying."""
    address: str = session["success_url"] or session["return_url"] or "/"
    return address.replace("{CHECKOUT_SESSION_ID}", session["id"])


def shop_name() -> str:
    return os.environ.get("STORE_NAME") or "Imprint"


def _show(session_id: str) -> Response:
    world = current_world()
    session = _find(world, session_id)
    if session is None:
        return _message("unknown", 404)
    if session["status"] != "open":
        return _closed(session)
    return _page(world, session, {})


def _submit(session_id: str) -> Response:
    world = current_world()
    session = _find(world, session_id)
    if session is None:
        return _message("unknown", 404)
    # A second click arrives here after the first one paid: it is sent where the first one went.
    if session["status"] == "complete":
        return _go(success_address(session))
    if session["status"] != "open":
        return _closed(session)
    typed = request.form.to_dict()
    if typed.get("fill"):
        return _page(world, session, _with_card(typed))
    action = typed.get("do", "pay")
    if action in ("apply", "remove"):
        problem = _change_code(world, session_id, typed.get("code", "") if action == "apply" else None)
        session = _find(world, session_id) or session
        errors = {"code": problem} if problem else {}
        return _page(world, session, typed, errors, status=422 if problem else 200)
    if action == "update":
        return _page(world, session, typed)
    return _pay(world, session, typed)


def _pay(world: World, session: Obj, typed: dict[str, str]) -> Response:
    paying.choose(
        world, session, shipping_rate=typed.get("shipping_option"), address=page_form.destination(session, typed)
    )
    form, errors = page_form.read(session, typed, world.clock.now())
    if form is None:
        return _page(world, session, typed, errors, status=422)
    # Nobody pays a total they were not shown: without scripts a new address may have brought taxes.
    if typed.get("shown_total", str(session["amount_total"])) != str(session["amount_total"]):
        return _page(world, session, typed, notice="total_changed", status=409)
    try:
        outcome = paying.pay(world, session["id"], form, typed.get("shipping_option"))
    except paying.Unpayable:
        latest = _find(world, session["id"]) or session
        return _go(success_address(latest)) if latest["status"] == "complete" else _closed(latest)
    except Refusal as refusal:
        return _page(world, session, typed, {"form": str(refusal)}, status=422)
    if outcome.kind == "declined":
        field = "card_cvc" if outcome.code == "incorrect_cvc" else "card_number"
        return _page(world, outcome.session, typed, {field: outcome.message}, status=402)
    if outcome.kind == "challenge":
        return _go(f"/pay/{session['id']}/authenticate")
    return _go(success_address(outcome.session))


def _quote(session_id: str) -> Response:
    """The totals for what is chosen now, as a fragment for the page's script."""
    world = current_world()
    session = _find(world, session_id)
    if session is None or session["status"] != "open":
        return _secure(jsonify({"gone": True}), 409)
    typed = request.form.to_dict()
    paying.choose(
        world, session, shipping_rate=typed.get("shipping_option"), address=page_form.destination(session, typed)
    )
    shown = _facts(world, session, typed, {}, None)
    return _secure(
        jsonify(
            {
                "totals": render_template("stripe/totals.html", **shown),
                "total": shown["total"],
                "amount": session["amount_total"],
            }
        )
    )


def _challenge(session_id: str) -> Response:
    world = current_world()
    session = _find(world, session_id)
    if session is None:
        return _message("unknown", 404)
    if session["status"] != "open":
        return _closed(session)
    if not session["_challenge"]:
        return _go(f"/pay/{session_id}")
    total = written(session["amount_total"], session["currency"])
    html = render_template("stripe/challenge.html", session=session, total=total, shop=shop_name())
    return _secure(make_response(html))


def _answer(session_id: str) -> Response:
    world = current_world()
    try:
        outcome = paying.answer_challenge(world, session_id, request.form.get("result") == "complete")
    except Refusal:
        return _message("unknown", 404)
    except paying.Unpayable:
        session = _find(world, session_id)
        done = session is not None and session["status"] == "complete"
        return _go(success_address(session)) if session and done else _go(f"/pay/{session_id}")
    if outcome.kind == "declined":
        return _page(world, outcome.session, {}, {"card_number": outcome.message}, status=402)
    return _go(success_address(outcome.session))


def _recover(token: str) -> Response:
    session = sessions.recover(current_world(), token)
    return _go(f"/pay/{session['id']}") if session else _message("too_old", 410)


def _receipt(charge_id: str) -> Response:
    charge = book.find(current_world(), "charge", charge_id)
    if charge is None:
        return _message("unknown", 404)
    paid, back = (written(charge[name], charge["currency"]) for name in ("amount", "amount_refunded"))
    return _message("receipt", 200, charge=charge, paid=paid, refunded=back)


def _change_code(world: World, session_id: str, typed: str | None) -> str | None:
    """Put a promotion code on the session, or take it off (None); returns what is wrong, for the buyer."""
    with world.store.lock:
        session = book.get(world, "checkout.session", session_id, "session")
        if session["status"] != "open" or not session["allow_promotion_codes"]:
            return "This order takes no codes."
        if typed is None:
            sessions.set_discount(session, None)
        else:
            code = find_code(world, typed)
            if code is None:
                return "This code is invalid."
            problem = code_refusal(world, code, session["amount_subtotal"], session["currency"])
            if problem:
                return problem
            sessions.set_discount(session, {"coupon": code["promotion"]["coupon"], "promotion_code": code["id"]})
        book.save(world, pricing.reprice(world, session))
    return None


def _page(
    world: World,
    session: Obj,
    typed: Mapping[str, str],
    errors: dict[str, str] | None = None,
    notice: str | None = None,
    status: int = 200,
) -> Response:
    paying.choose(
        world, session, shipping_rate=typed.get("shipping_option"), address=page_form.destination(session, typed)
    )
    html = render_template("stripe/pay.html", **_facts(world, session, typed, errors or {}, notice))
    return _secure(make_response(html, status))


def _facts(
    world: World, session: Obj, typed: Mapping[str, str], errors: dict[str, str], notice: str | None
) -> dict[str, Any]:
    currency = session["currency"]
    shipping = session["shipping_address_collection"] or {}
    code = book.find(world, "promotion_code", (session["_discount"] or {}).get("promotion_code"))
    return {
        "session": session,
        "lines": [{**line, "shown": written(line["amount_subtotal"], currency)} for line in session["_lines"]],
        "money": lambda amount: written(amount, currency),
        "total": written(session["amount_total"], currency),
        "typed": {"email": (session["customer_details"] or {}).get("email") or "", **typed},
        "errors": errors,
        "notice": notice,
        "options": _options(world, session),
        "code": code,
        "ship_countries": countries.choices(shipping.get("allowed_countries")) if shipping else [],
        "bill_countries": countries.choices(None),
        "states": {**countries.state_codes("US"), **countries.state_codes("CA")},
        "test_cards": [cards.BY_NUMBER[number] for number in cards.SHOWN],
        "spaced": cards.spaced,
        "shop": shop_name(),
        "tax_known": session["automatic_tax"]["status"] != "requires_location_inputs",
    }


def _options(world: World, session: Obj) -> list[Obj]:
    found = []
    for option in session["shipping_options"]:
        rate = book.find(world, "shipping_rate", option["shipping_rate"])
        if rate is not None:
            amount = option["shipping_amount"]
            price = "Free" if amount == 0 else written(amount, session["currency"])
            found.append({"id": rate["id"], "name": rate["display_name"], "price": price, "when": _when(rate)})
    return found


def _when(rate: Obj) -> str:
    estimate = rate["delivery_estimate"] or {}
    least, most = estimate.get("minimum"), estimate.get("maximum")
    last = most or least
    if not last:
        return ""
    unit = last["unit"].replace("_", " ") + ("s" if last["value"] > 1 else "")
    if least and most and least["unit"] == most["unit"] and least["value"] != most["value"]:
        return f"{least['value']}–{most['value']} {unit}"
    return f"{'At least' if not most else 'Up to'} {last['value']} {unit}"


def _with_card(typed: dict[str, str]) -> dict[str, str]:
    """A test card chosen without scripts: the page comes back with it filled in."""
    number = cards.digits(typed["fill"])
    filled = {"card_number": cards.spaced(number), "card_expiry": "12 / 34", "card_cvc": "123", "method": "card"}
    return {**typed, **filled, "card_name": typed.get("card_name") or "Test Buyer"}


def _find(world: World, session_id: str) -> Obj | None:
    session = book.find(world, "checkout.session", session_id)
    if session is None or session["ui_mode"] != "hosted_page":
        return None
    if session["status"] == "open" and session["expires_at"] <= world.clock.now():
        sessions.expire_when_due(world, session_id)
        session = book.find(world, "checkout.session", session_id)
    return session


def _closed(session: Obj) -> Response:
    recovery = (session["after_expiration"] or {}).get("recovery") or {}
    kind = "paid" if session["status"] == "complete" else "expired"
    back = success_address(session) if kind == "paid" else session["cancel_url"]
    return _message(kind, 200, back=back, again=recovery.get("url"))


def _message(kind: str, status: int, **facts: Any) -> Response:
    html = render_template("stripe/message.html", kind=kind, shop=shop_name(), **facts)
    return _secure(make_response(html, status))


def _go(address: str) -> Response:
    return _secure(make_response(redirect(address, 303)), 303)


def _secure(response: Response, status: int | None = None) -> Response:
    response.headers["Content-Security-Policy"] = _CSP
    response.headers["Cache-Control"] = "no-store"
    response.headers["Referrer-Policy"] = "no-referrer"
    if status is not None:
        response.status_code = status
    return response
