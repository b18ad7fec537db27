"""What SendGrid refuses in a mail send body: the schema's rules and those across fields (contracts/sendgrid.md §3)."""

from __future__ import annotations

import re
from typing import Any

MAX_PERSONALIZATIONS = 1_000
MAX_RECIPIENTS = 1_000
MAX_CUSTOM_ARGS = 10_000  # bytes, all together
MAX_SCHEDULE = 72 * 3_600  # seconds ahead
HELP = "http://sendgrid.com/docs/API_Reference/Web_API_v3/Mail/errors.html#message."

_ADDRESS = re.compile(r"[^@\s,;<>]{1,64}@[^@\s,;<>]{1,190}\Z")
_BASE64 = re.compile(r"[A-Za-z0-9+/]+={0,2}\Z")
_NO_TO = (
    "The to array is required for all personalization objects, and must have at least one email object "
    "with a valid email address."
)
_REPEATED = "Each email address in the personalization block should be unique between to, cc, and bcc."
_NO_SUBJECT = (
    "The subject is required. You can get around this requirement if you use a template with a subject defined "
    "or if every personalization has a subject defined."
)
_ORDER = "If present, text/plain must be first, followed by text/html, followed by any other content."
_BYPASSES = ("bypass_spam_management", "bypass_bounce_management", "bypass_unsubscribe_management")


class Complaints(list[dict[str, Any]]):
    """The `errors` array being filled: message, field (a path or None), help."""

    def add(self, field: str | None, message: str) -> None:
        self.append({"message": message, "field": field, "help": HELP + (field or "")})

    def wants(self, value: Any, kind: type, field: str, word: str) -> bool:
        """True when `value` is absent or of `kind`; else complains."""
        if value is None:
            return False
        if not isinstance(value, kind) or (kind is int and isinstance(value, bool)):
            self.add(field, f"The {field} parameter must be {word}.")
            return False
        return True


def check_mail(body: Any, now: float) -> Complaints:
    """Every complaint about a request body; empty when SendGrid would take it."""
    errors = Complaints()
    if not isinstance(body, dict):
        errors.add(None, "Bad Request: the body must be a JSON object.")
        return errors
    _check_address(errors, body.get("from"), "from", required=True)
    _check_reply_to(errors, body)
    _check_personalizations(errors, body, now)
    _check_subject(errors, body)
    _check_content(errors, body)
    _check_attachments(errors, body)
    _check_labels(errors, body)
    _check_send_at(errors, body.get("send_at"), "send_at", now)
    _check_settings(errors, body)
    return errors


def _check_address(errors: Complaints, value: Any, field: str, required: bool = False) -> None:
    if value is None:
        if required:
            errors.add(field, f"The {field} object must be provided for every email send.")
        return
    if not isinstance(value, dict):
        errors.add(field, f"The {field} parameter must be an object.")
        return
    email = value.get("email")
    if not isinstance(email, str) or not _ADDRESS.match(email):
        errors.add(f"{field}.email", "Does not contain a valid address.")
    name: Any = value.get("name")
    if errors.wants(name, str, f"{field}.name", "a string") and field != "from" and re.search("[,;]", name):
        errors.add(f"{field}.name", "The name may not contain a comma or a semicolon.")


def _check_reply_to(errors: Complaints, body: Any) -> None:
    _check_address(errors, body.get("reply_to"), "reply_to")
    many = body.get("reply_to_list")
    if not errors.wants(many, list, "reply_to_list", "an array"):
        return
    if body.get("reply_to") is not None:
        errors.add("reply_to", "reply_to and reply_to_list may not be used together.")
    if len(many) > 1_000:
        errors.add("reply_to_list", "At most 1000 addresses are allowed.")
    for index, one in enumerate(many[:1_000]):
        _check_address(errors, one, f"reply_to_list.{index}", required=True)


def _check_personalizations(errors: Complaints, body: Any, now: float) -> None:
    envelopes = body.get("personalizations")
    if not isinstance(envelopes, list) or not envelopes:
        errors.add("personalizations", "The personalizations field is required and must have at least one element.")
        return
    if len(envelopes) > MAX_PERSONALIZATIONS:
        errors.add("personalizations", "The personalizations field may hold at most 1000 elements.")
        return
    recipients = arguments = 0
    for index, envelope in enumerate(envelopes):
        field = f"personalizations.{index}"
        if not isinstance(envelope, dict):
            errors.add(field, "Each personalization must be an object.")
            continue
        recipients += _check_envelope(errors, envelope, field, now)
        arguments += len(str(envelope.get("custom_args") or ""))
    if recipients > MAX_RECIPIENTS:
        errors.add("personalizations", "The total number of recipients must be less than 1000.")
    if arguments + len(str(body.get("custom_args") or "")) > MAX_CUSTOM_ARGS:
        errors.add("custom_args", "The custom arguments must be less than 10000 bytes.")


def _check_envelope(errors: Complaints, envelope: Any, field: str, now: float) -> int:
    to = envelope.get("to")
    if not isinstance(to, list) or not to:
        errors.add(f"{field}.to", _NO_TO)
    seen: set[str] = set()
    count = 0
    for name in ("to", "cc", "bcc"):
        group = envelope.get(name)
        if not errors.wants(group, list, f"{field}.{name}", "an array"):
            continue
        for index, one in enumerate(group):
            count += 1
            _check_address(errors, one, f"{field}.{name}.{index}", required=True)
            email = str(one.get("email", "")).lower() if isinstance(one, dict) else ""
            if email in seen:
                errors.add(field, _REPEATED)
            seen.add(email)
    _check_address(errors, envelope.get("from"), f"{field}.from")
    subject = envelope.get("subject")
    if errors.wants(subject, str, f"{field}.subject", "a string") and not subject:
        errors.add(f"{field}.subject", "The subject must be at least one character.")
    for name in ("headers", "dynamic_template_data", "custom_args", "substitutions"):
        errors.wants(envelope.get(name), dict, f"{field}.{name}", "an object")
    _check_send_at(errors, envelope.get("send_at"), f"{field}.send_at", now)
    return count


def _check_subject(errors: Complaints, body: Any) -> None:
    subject = body.get("subject")
    if subject is not None and (not isinstance(subject, str) or not subject):
        errors.add("subject", "The subject must be a string of at least one character.")
    if subject is None and not body.get("template_id"):
        envelopes = body.get("personalizations")
        named = (
            isinstance(envelopes, list)
            and envelopes
            and all(isinstance(one, dict) and one.get("subject") for one in envelopes)
        )
        if not named:
            errors.add("subject", _NO_SUBJECT)


def _check_content(errors: Complaints, body: Any) -> None:
    content = body.get("content")
    if content is None:
        if not body.get("template_id"):
            errors.add("content", "Unless a valid template_id is provided, the content parameter is required.")
        return
    if not isinstance(content, list) or not content:
        errors.add("content", "The content parameter must be an array with at least one element.")
        return
    kinds = []
    for index, one in enumerate(content):
        field = f"content.{index}"
        if not isinstance(one, dict):
            errors.add(field, "Each content must be an object.")
            continue
        for name in ("type", "value"):
            if not isinstance(one.get(name), str) or not one[name]:
                errors.add(f"{field}.{name}", f"The content {name} must be a string at least one character in length.")
        kinds.append(str(one.get("type")))
    if "text/plain" in kinds[1:] and kinds[0] != "text/plain":
        errors.add("content", _ORDER)


def _check_attachments(errors: Complaints, body: Any) -> None:
    items = body.get("attachments")
    if not errors.wants(items, list, "attachments", "an array"):
        return
    for index, one in enumerate(items):
        field = f"attachments.{index}"
        if not isinstance(one, dict):
            errors.add(field, "Each attachment must be an object.")
            continue
        if not isinstance(one.get("filename"), str) or not one["filename"]:
            errors.add(f"{field}.filename", "The attachment filename parameter is required.")
        content = one.get("content")
        if not isinstance(content, str) or not _BASE64.match(content) or len(content) % 4:
            errors.add(f"{field}.content", "The attachment content must be base64 encoded.")
        if one.get("disposition", "attachment") not in ("attachment", "inline"):
            errors.add(f"{field}.disposition", "The disposition must be inline or attachment.")


def _check_labels(errors: Complaints, body: Any) -> None:
    categories = body.get("categories")
    if errors.wants(categories, list, "categories", "an array"):
        if len(categories) > 10:
            errors.add("categories", "At most 10 categories are allowed.")
        if not all(isinstance(one, str) and len(one) <= 255 for one in categories):
            errors.add("categories", "Each category must be a string of at most 255 characters.")
        elif len(set(categories)) != len(categories):
            errors.add("categories", "The categories must be unique.")
    # The published schema says string; the service and its libraries use an object.
    custom = body.get("custom_args")
    if custom is not None and not isinstance(custom, dict | str):
        errors.add("custom_args", "The custom_args parameter must be an object.")
    errors.wants(body.get("headers"), dict, "headers", "an object")
    for name in ("template_id", "batch_id"):
        errors.wants(body.get(name), str, name, "a string")
    pool = body.get("ip_pool_name")
    if errors.wants(pool, str, "ip_pool_name", "a string") and not 2 <= len(pool) <= 64:
        errors.add("ip_pool_name", "The ip_pool_name must be between 2 and 64 characters.")
    group = body.get("asm")
    if errors.wants(group, dict, "asm", "an object"):
        if not isinstance(group.get("group_id"), int):
            errors.add("asm.group_id", "The asm group_id is required and must be an integer.")
        if len(group.get("groups_to_display") or []) > 25:
            errors.add("asm.groups_to_display", "At most 25 groups are allowed.")


def _check_send_at(errors: Complaints, value: Any, field: str, now: float) -> None:
    if errors.wants(value, int, field, "an integer") and value > now + MAX_SCHEDULE:
        errors.add(field, "The send_at parameter may not be more than 72 hours in the future.")


def _check_settings(errors: Complaints, body: Any) -> None:
    for outer in ("mail_settings", "tracking_settings"):
        group = body.get(outer)
        if not errors.wants(group, dict, outer, "an object"):
            continue
        for name, setting in group.items():
            field = f"{outer}.{name}"
            if not errors.wants(setting, dict, field, "an object"):
                continue
            if "enable" in setting and not isinstance(setting["enable"], bool):
                errors.add(f"{field}.enable", "The enable parameter must be a boolean.")
    mail = body.get("mail_settings")
    if not isinstance(mail, dict) or not _enabled(mail, "bypass_list_management"):
        return
    if any(_enabled(mail, name) for name in _BYPASSES):
        errors.add("mail_settings", "bypass_list_management may not be combined with the other bypass settings.")


def _enabled(settings: dict[str, Any], name: str) -> bool:
    setting = settings.get(name)
    return isinstance(setting, dict) and setting.get("enable") is True
