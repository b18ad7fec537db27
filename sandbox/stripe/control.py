"""Control of the double: pay without a browser, settle, expire, dispute, fail a refund, send an event again.

JSON for tests and plain forms for the control page: a form is answered with a redirect back to the page.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from flask import Blueprint, Response, jsonify, redirect, render_template, request

from sandbox.stripe import book, disputing, events, page_form, paying, refunding, sessions
from sandbox.stripe.book import Obj
from sandbox.stripe.cards import BY_NUMBER, SHOWN, digits, spaced
from sandbox.stripe.money import written
from sandbox.stripe.page import success_address
from sandbox.stripe.refusing import Refusal
from sandbox.world import World, current_world

_PLACES: dict[str, tuple[str, str, str, str]] = {
    "US": ("1 Main Street", "Portland", "OR", "97201"),
    "CA": ("100 Queen Street West", "Toronto", "ON", "M5H 2N2"),
    "DE": ("Torstraße 1", "Berlin", "", "10119"),
    "FR": ("10 rue de Rivoli", "Paris", "", "75004"),
    "GB": ("10 Downing Street", "London", "", "SW1A 2AA"),
}
_ELSEWHERE = ("1 High Street", "Capital", "Region", "10000")
_MOST_RESENT = 50

Facts = Mapping[str, Any]
Action = Callable[[World, str, Facts], Any]


def register(bp: Blueprint) -> None:
    """Add the control routes to the blueprint."""
    _act(bp, "sessions", "pay", _pay)
    _act(bp, "sessions", "settle", lambda world, id_, facts: _settle(world, id_, _truth(facts, "success", True)))
    _act(bp, "sessions", "fail", lambda world, id_, _facts: _settle(world, id_, False))
    _act(bp, "sessions", "expire", lambda world, id_, _facts: book.public(_expire(world, id_)))
    _act(bp, "charges", "dispute", _dispute)
    _act(bp, "disputes", "close", _close)
    _act(bp, "refunds", "fail", lambda world, id_, _facts: _done(refunding.fail(world, id_), "refund"))
    _act(bp, "refunds", "succeed", lambda world, id_, _facts: _done(refunding.succeed(world, id_), "refund"))
    _act(bp, "events", "resend", _resend)
    bp.add_url_rule("/control/api/stripe", "control_state", lambda: jsonify(state(current_world())), methods=["GET"])


def panel(world: World) -> str:
    """The double's part of the control page."""
    return render_template("stripe/control.html", stripe=state(world))


def state(world: World, last: int = 12) -> dict[str, Any]:
    """The newest sessions, charges, refunds, disputes and events, newest first, with readable amounts."""
    found: dict[str, Any] = {}
    for name in ("checkout.session", "charge", "refund", "dispute", "event"):
        rows = [book.public(row) for row in reversed(world.store.all(book.KINDS[name])[-last:])]
        for row in rows:
            amount = row.get("amount_total", row.get("amount"))
            if amount is not None and row.get("currency"):
                row["shown"] = written(amount, row["currency"])
        found[name.rpartition(".")[2] + "s"] = rows
    found["cards"] = [{"number": number, "shown": spaced(number), "says": BY_NUMBER[number].says} for number in SHOWN]
    return found


def _act(bp: Blueprint, things: str, verb: str, action: Action) -> None:
    def view(id_: str) -> Response:
        facts: Any = request.get_json(silent=True) if request.is_json else request.form
        plain = not request.is_json and "text/html" in request.headers.get("Accept", "")
        try:
            answer = action(current_world(), id_, facts if isinstance(facts, Mapping) else {})
        except Refusal as refusal:
            failed = jsonify(
                {"error": refusal.error["message"], **{k: v for k, v in refusal.error.items() if k == "errors"}}
            )
            failed.status_code = refusal.status
            return failed
        return redirect("/control#stripe", 303) if plain else jsonify(answer)  # type: ignore[return-value]

    bp.add_url_rule(f"/control/api/stripe/{things}/<id_>/{verb}", f"control_{things}_{verb}", view, methods=["POST"])


def _pay(world: World, id_: str, facts: Facts) -> dict[str, Any]:
    """Pay as a buyer would.

    ``card`` (default 4242…) or ``bank`` (an account number), ``email``, ``name``, ``phone``, ``address`` (an object
    or a country code; a sample address of an allowed country when left out), ``shipping_option`` (rate id or name),
    ``promotions`` and ``three_d_secure`` (``complete``, ``fail``, or nothing: stop at the challenge). Answers
    ``{outcome, message, redirect, session}`` with outcome paid, processing, challenge or declined.
    """
    session = book.get(world, "checkout.session", id_, "session")
    form, errors = page_form.read(session, _typed(world, session, facts), world.clock.now())
    if form is None:
        raise Refusal("; ".join(f"{name}: {text}" for name, text in errors.items()), status=422, errors=errors)
    try:
        outcome = paying.pay(world, id_, form, _option(world, session, facts))
        if outcome.kind == "challenge" and facts.get("three_d_secure"):
            outcome = paying.answer_challenge(world, id_, facts["three_d_secure"] == "complete")
    except paying.Unpayable as closed:
        raise Refusal(f"The session is {closed.status}.", status=409) from None
    latest = book.get(world, "checkout.session", id_)
    return {
        "outcome": outcome.kind,
        "message": outcome.message,
        "code": outcome.code,
        "redirect": success_address(latest) if latest["status"] == "complete" else None,
        "session": book.public(latest),
    }


def _typed(world: World, session: Obj, facts: Facts) -> dict[str, str]:
    address = _address(session, facts.get("address"))
    name = str(facts.get("name") or "Ada Buyer")
    typed = {
        "email": str(facts.get("email") or "buyer@example.com"),
        "phone": str(facts.get("phone") or "+1 555 010 0199"),
        "ship_name": name,
        "card_name": name,
        "bank_name": name,
        "card_number": str(facts.get("card") or "4242424242424242"),
        "card_expiry": "12/34",
        "card_cvc": "1234" if digits(str(facts.get("card") or "")).startswith("3") else "123",
        "method": "bank" if facts.get("bank") else "card",
        "bank_account": "000123456789" if facts.get("bank") is True else str(facts.get("bank") or ""),
        "promotions": "yes" if _truth(facts, "promotions", False) else "",
        "terms": "yes",
    }
    for part, value in address.items():
        typed[f"ship_{part}"] = typed[f"bill_{part}"] = str(value or "")
    for field in session["custom_fields"]:
        typed[f"field_{field['key']}"] = str(facts.get(f"field_{field['key']}") or "1")
    return typed


def _address(session: Obj, given: Any) -> dict[str, Any]:
    if isinstance(given, Mapping):
        return dict(given)
    allowed = (session["shipping_address_collection"] or {}).get("allowed_countries") or ["US"]
    country = str(given or ("US" if "US" in allowed else allowed[0])).upper()
    line1, city, area, code = _PLACES.get(country, _ELSEWHERE)
    return {"line1": line1, "line2": "", "city": city, "state": area, "postal_code": code, "country": country}


def _option(world: World, session: Obj, facts: Facts) -> str | None:
    wanted = facts.get("shipping_option")
    for option in session["shipping_options"]:
        rate = book.find(world, "shipping_rate", option["shipping_rate"])
        if rate is not None and wanted in (rate["id"], rate["display_name"]):
            return str(rate["id"])
    if wanted:
        raise Refusal(f"The session has no shipping option {wanted!r}.", status=422)
    return None


def _settle(world: World, id_: str, success: bool) -> Any:
    book.get(world, "checkout.session", id_, "session")
    return _done(paying.settle(world, id_, success), "session's bank debit")


def _expire(world: World, id_: str) -> Obj:
    with world.store.lock:
        return sessions.expire(world, id_)


def _dispute(world: World, id_: str, facts: Facts) -> Any:
    """``id_`` may be a charge, its payment intent or its session."""
    amount = facts.get("amount")
    if amount not in (None, "") and not str(amount).isdigit():
        raise Refusal("amount must be a whole number of minor units.", status=422)
    charge = _charge_id(world, id_)
    reason = str(facts.get("reason") or "fraudulent")
    return book.public(disputing.open_dispute(world, charge, reason, int(amount) if amount else None))


def _charge_id(world: World, id_: str) -> str:
    session = book.find(world, "checkout.session", id_)
    intent = book.find(world, "payment_intent", session["payment_intent"] if session else id_)
    return str(intent["latest_charge"]) if intent else id_


def _close(world: World, id_: str, facts: Facts) -> Any:
    result = facts.get("result")
    if result not in ("won", "lost"):
        raise Refusal("result must be won or lost.", status=422)
    return _done(disputing.finish(world, id_, won=result == "won"), "dispute")


def _resend(world: World, id_: str, facts: Facts) -> dict[str, int]:
    times = str(facts.get("times") or 1)
    if not times.isdigit() or not 1 <= int(times) <= _MOST_RESENT:
        raise Refusal(f"times must be a number from 1 to {_MOST_RESENT}.", status=422)
    return {"queued": events.resend(world, id_, int(times))}


def _done(found: Obj | None, what: str) -> Any:
    if found is None:
        raise Refusal(f"The {what} is unknown or over already.", status=409)
    return book.public(found)


def _truth(facts: Facts, name: str, default: bool) -> bool:
    value = facts.get(name, default)
    return value if isinstance(value, bool) else str(value).lower() in ("1", "true", "yes", "on")
