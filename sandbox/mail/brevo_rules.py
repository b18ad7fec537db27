"""What Brevo refuses in a send body (contracts/brevo.md §3, §6)."""

from __future__ import annotations

import json
import re
from datetime import datetime
from typing import Any

MAX_RECIPIENTS = 2_000
MAX_PER_VERSION = 99
MAX_PARAMS = 100_000  # bytes of one set

_ADDRESS = re.compile(r"[^@\s,;<>]{1,64}@[^@\s,;<>]{1,190}\Z")


class Refusal(Exception):
    """The first thing wrong with a body: Brevo's `code` and `message`."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code
        self.message = message


def check_send(body: Any) -> None:
    """Raise Refusal for the first problem, in the order Brevo looks."""
    if not isinstance(body, dict):
        raise Refusal("invalid_parameter", "Invalid JSON body")
    template = body.get("templateId")
    if template is not None and (not isinstance(template, int) or isinstance(template, bool)):
        raise Refusal("invalid_parameter", "templateId should be an integer")
    _check_sender(body, bool(template))
    versions = body.get("messageVersions")
    if versions is None:
        if not body.get("to"):
            raise Refusal("missing_parameter", "to is missing")
        _check_people(body, MAX_RECIPIENTS)
    else:
        _check_versions(versions)
    _check_content(body, bool(template), versions)
    _check_rest(body)


def read_moment(text: Any) -> float:
    """`scheduledAt` as Unix seconds; Refusal unless it is ISO 8601 with an offset."""
    try:
        moment = datetime.fromisoformat(str(text))
    except ValueError:
        raise Refusal("invalid_parameter", "scheduledAt is not a valid date") from None
    if moment.tzinfo is None:
        raise Refusal("invalid_parameter", "scheduledAt needs an offset from UTC")
    return moment.timestamp()


def _check_sender(body: dict[str, Any], template: bool) -> None:
    sender = body.get("sender")
    if sender is None:
        if not template:
            raise Refusal("missing_parameter", "sender is missing")
        return
    if not isinstance(sender, dict) or not (sender.get("email") or sender.get("id")):
        raise Refusal("missing_parameter", "sender email is missing")
    if sender.get("email") and not _is_address(sender["email"]):
        raise Refusal("invalid_parameter", "valid sender email required")
    if not isinstance(sender.get("name", ""), str):
        raise Refusal("invalid_parameter", "sender name should be a string")


def _check_people(holder: dict[str, Any], limit: int) -> int:
    count = 0
    for field in ("to", "cc", "bcc"):
        group = holder.get(field)
        if group is None:
            continue
        if not isinstance(group, list) or not group:
            raise Refusal("invalid_parameter", f"{field} should be a non-empty array")
        for one in group:
            if not isinstance(one, dict) or not _is_address(one.get("email")):
                raise Refusal("invalid_parameter", f"email is not valid in {field}")
        count += len(group)
    reply = holder.get("replyTo")
    if reply is not None and (not isinstance(reply, dict) or not _is_address(reply.get("email"))):
        raise Refusal("invalid_parameter", "email is not valid in replyTo")
    if count > limit:
        raise Refusal("out_of_range", f"at most {limit} recipients are allowed")
    return count


def _check_versions(versions: Any) -> None:
    if not isinstance(versions, list) or not versions:
        raise Refusal("invalid_parameter", "messageVersions should be a non-empty array")
    total = 0
    for version in versions:
        if not isinstance(version, dict) or not version.get("to"):
            raise Refusal("missing_parameter", "to is missing in messageVersions")
        total += _check_people(version, MAX_PER_VERSION)
        _check_params(version.get("params"))
    if total > MAX_RECIPIENTS:
        raise Refusal("out_of_range", f"at most {MAX_RECIPIENTS} recipients are allowed in one call")


def _check_content(body: dict[str, Any], template: bool, versions: Any) -> None:
    for field in ("subject", "htmlContent", "textContent"):
        if body.get(field) is not None and not isinstance(body[field], str):
            raise Refusal("invalid_parameter", f"{field} should be a string")
    if template:
        return
    told = versions if isinstance(versions, list) else []
    if not body.get("subject") and not (told and all(one.get("subject") for one in told)):
        raise Refusal("missing_parameter", "subject is missing")
    if not (body.get("htmlContent") or body.get("textContent")) and not (
        told and all(one.get("htmlContent") or one.get("textContent") for one in told)
    ):
        raise Refusal("missing_parameter", "htmlContent or textContent is missing")


def _check_rest(body: dict[str, Any]) -> None:
    headers = body.get("headers")
    if headers is not None and not isinstance(headers, dict):
        raise Refusal("invalid_parameter", "headers should be an object")
    tags = body.get("tags")
    if tags is not None and not (isinstance(tags, list) and all(isinstance(one, str) for one in tags)):
        raise Refusal("invalid_parameter", "tags should be an array of strings")
    _check_params(body.get("params"))
    attachments = body.get("attachment")
    if attachments is not None:
        if not isinstance(attachments, list) or not all(isinstance(one, dict) for one in attachments):
            raise Refusal("invalid_parameter", "attachment should be an array of objects")
        for one in attachments:
            if not one.get("url") and not (one.get("name") and one.get("content")):
                raise Refusal("missing_parameter", "attachment needs name and content, or url")
    if body.get("scheduledAt") is not None:
        read_moment(body["scheduledAt"])


def _check_params(params: Any) -> None:
    if params is None:
        return
    if not isinstance(params, dict):
        raise Refusal("invalid_parameter", "params should be an object")
    if len(json.dumps(params)) > MAX_PARAMS:
        raise Refusal("out_of_range", "params are larger than 100 KB")


def _is_address(value: Any) -> bool:
    return isinstance(value, str) and _ADDRESS.match(value) is not None
