"""The mailbox for tests: JSON under /control/api/mail."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from flask import Blueprint, Response, jsonify, request

from sandbox.mail.brevo import BLOCKED
from sandbox.mail.brevo_events import notify_brevo
from sandbox.mail.mailbox import as_json, clear_mailbox, find_mail, list_cards
from sandbox.mail.sendgrid import SUPPRESSED
from sandbox.mail.sendgrid_events import notify_sendgrid
from sandbox.mail.smtp_faults import ACTIONS, add_smtp_fault, clear_smtp_faults, list_smtp_faults
from sandbox.world import current_world

bp = Blueprint("api", __name__, url_prefix="/control/api/mail")

MAX_LIST = 500


@bp.get("/messages")
def messages() -> tuple[Response, int]:
    """Newest first, whole: `?to=&subject=&since=&q=&limit=`; `since` is Unix seconds or ISO 8601."""
    world = current_world()
    try:
        since = _moment(request.args.get("since", ""))
    except ValueError:
        return jsonify({"error": "since must be Unix seconds or an ISO 8601 time"}), 400
    args = request.args
    cards = list_cards(world, args.get("to", ""), args.get("subject", ""), since, args.get("q", ""))
    limit = max(1, min(MAX_LIST, args.get("limit", 100, type=int)))
    found = [find_mail(world, card["id"]) for card in cards[:limit]]
    return jsonify({"count": len(cards), "messages": [as_json(mail) for mail in found if mail]}), 200


@bp.get("/messages/<mail_id>")
def message(mail_id: str) -> tuple[Response, int]:
    """One message with its raw source, or 404."""
    mail = find_mail(current_world(), mail_id)
    if mail is None:
        return jsonify({"error": "no such message"}), 404
    return jsonify({**as_json(mail), "raw": mail["raw"]}), 200


@bp.delete("/messages")
def clear() -> Response:
    """Empty the mailbox; tells how many there were."""
    return jsonify({"deleted": clear_mailbox(current_world())})


@bp.get("/faults")
def faults() -> Response:
    """The SMTP rules in force and the actions there are."""
    return jsonify({"faults": list_smtp_faults(current_world().store), "actions": ACTIONS})


@bp.post("/faults")
def add_fault() -> tuple[Response, int]:
    """Add one rule: {"action","code","percent","recipient","times","seconds"}; see smtp_faults.ACTIONS."""
    body = request.get_json(silent=True)
    if not isinstance(body, dict):
        return jsonify({"error": "a JSON object is needed"}), 400
    try:
        return jsonify(add_smtp_fault(current_world().store, body)), 201
    except ValueError as problem:
        return jsonify({"error": str(problem)}), 400


@bp.delete("/faults")
def clear_faults() -> Response:
    """Forget every SMTP rule."""
    clear_smtp_faults(current_world().store)
    return jsonify({"faults": []})


@bp.post("/events")
def make_event() -> tuple[Response, int]:
    """Let something happen to a delivered mail: {"id","event"}, event such as open, click, bounce, spamreport, spam."""
    world = current_world()
    body = request.get_json(silent=True)
    mail = find_mail(world, str(body.get("id"))) if isinstance(body, dict) else None
    event = str(body.get("event") or "") if isinstance(body, dict) else ""
    if mail is None or not event.replace("_", "").isalpha():
        return jsonify({"error": "id of a message and the name of an event are needed"}), 400
    for number, address in enumerate(mail["to"]):
        if mail["provider"] == "sendgrid":
            notify_sendgrid(world, mail["reference"], f"recvd-late-{number}", address, event, mail["extra"])
        elif mail["provider"] == "brevo":
            notify_brevo(world, mail["reference"], address, event, {**mail["extra"], "subject": mail["subject"]})
        else:
            return jsonify({"error": "SMTP tells nobody what became of a mail"}), 400
    return jsonify({"sent": len(mail["to"])}), 202


@bp.route("/suppressions", methods=["GET", "POST", "DELETE"])
def suppressions() -> tuple[Response, int]:
    """Addresses both providers refuse to send to: POST {"email"} adds, DELETE forgets all."""
    store = current_world().store
    if request.method == "DELETE":
        store.reset(SUPPRESSED)
        store.reset(BLOCKED)
    if request.method == "POST":
        body = request.get_json(silent=True)
        email = str(body.get("email") or "").strip().lower() if isinstance(body, dict) else ""
        if "@" not in email:
            return jsonify({"error": "an email is needed"}), 400
        store.put(SUPPRESSED, email, {"email": email})
        store.put(BLOCKED, email, {"email": email, "reason": {"code": "hardBounce", "message": "sandbox"}})
    return jsonify({"suppressed": [one["email"] for one in store.all(SUPPRESSED)]}), 200


def _moment(text: str) -> float:
    text = text.strip()
    if not text:
        return 0.0
    try:
        return float(text)
    except ValueError:
        # A plus sign in a query string arrives as a space.
        moment: Any = datetime.fromisoformat(text.replace(" ", "+") if "T" in text else text)
        return float((moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp())
