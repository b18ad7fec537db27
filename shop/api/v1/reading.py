"""What a caller sent, against the types of the operation: strict, bounded, with every wrong part named."""

from __future__ import annotations

import re
from typing import Any

import msgspec
from flask import request
from msgspec import Struct
from werkzeug.datastructures import MultiDict

from shop.api.v1.problems import ApiProblem, WrongPart

MOST_BYTES = 512 * 1024
JSON = "application/json"
_WHOLE = re.compile(r"-?[0-9]{1,19}")
_WHERE = re.compile(r" - at `\$(.*)`$")
_PATTERN = re.compile(r" matching regex .*$", re.DOTALL)


def read_query(kind: type[Struct], sent: MultiDict[str, str]) -> Any:
    """The parameters behind the question mark. Raises ApiProblem: unknown, repeated, not as described."""
    wrong = [WrongPart("query", name[:80], "is given more than once") for name in sent if len(sent.getlist(name)) > 1]
    if wrong:
        raise ApiProblem("invalid", wrong[0].detail, wrong)
    whole = _whole_numbers(kind)
    values = {name: int(v) if name in whole and _WHOLE.fullmatch(v) else v for name, v in sent.items()}
    return _fit(values, kind, "query")


def read_body(kind: type[Struct]) -> Any:
    """The JSON body. Raises ApiProblem: another type, too large, not JSON, not as described."""
    if request.mimetype != JSON:
        raise ApiProblem("unsupported-media", f"Send Content-Type: {JSON}.")
    raw = request.get_data()
    try:
        return msgspec.json.decode(raw, type=kind)
    except msgspec.ValidationError:
        pass
    except (msgspec.DecodeError, RecursionError, UnicodeDecodeError) as error:
        raise ApiProblem("malformed", f"The body is not JSON: {str(error)[:200]}") from error
    try:
        values = msgspec.json.decode(raw)
    except (msgspec.DecodeError, RecursionError, UnicodeDecodeError) as error:
        raise ApiProblem("malformed", f"The body is not JSON: {str(error)[:200]}") from error
    return _fit(whole_where_whole(values), kind, "body")


def whole_where_whole(value: Any) -> Any:
    """For JSON Schema 12.0 is a whole number, and no field of ours is a fraction."""
    if isinstance(value, float) and value.is_integer() and abs(value) < 2**53:
        return int(value)
    if isinstance(value, list):
        return [whole_where_whole(item) for item in value]
    if isinstance(value, dict):
        return {name: whole_where_whole(item) for name, item in value.items()}
    return value


def check_accept() -> None:
    """406 for somebody who does not take JSON."""
    if request.headers.get("Accept") and not request.accept_mimetypes.quality(JSON):
        raise ApiProblem("not-acceptable", f"Answers are {JSON}.")


def _fit(values: Any, kind: type[Struct], where: str) -> Any:
    if not isinstance(values, dict):
        raise ApiProblem("invalid", "The body must be an object.", [WrongPart(where, "", "must be an object")])
    try:
        return msgspec.convert(values, kind)
    except msgspec.ValidationError as error:
        wrong = _each_wrong_part(values, kind, where) or [_part(where, "", error)]
    first = wrong[0]
    raise ApiProblem("invalid", f"{first.name} {first.detail}".strip(), wrong[:50])


def _each_wrong_part(values: dict[str, Any], kind: type[Struct], where: str) -> list[WrongPart]:
    fields = {field.encode_name: field for field in msgspec.structs.fields(kind)}
    wrong = [WrongPart(where, str(name)[:80], "is not known here") for name in values if name not in fields]
    for name, field in fields.items():
        if name not in values:
            if field.required:
                wrong.append(WrongPart(where, name, "is missing"))
            continue
        try:
            msgspec.convert(values[name], field.type)
        except msgspec.ValidationError as error:
            wrong.append(_part(where, name, error))
    return wrong


def _part(where: str, name: str, error: msgspec.ValidationError) -> WrongPart:
    """"Expected `int` <= 100 - at `$.a[0]`" in words, without the regular expressions."""
    said = str(error)
    inside = _WHERE.search(said)
    path = name + (inside[1].replace("[", ".").replace("]", "") if inside else "")
    words = _PATTERN.sub(" of the right form", _WHERE.sub("", said))
    words = words.replace("`", "").replace("Expected ", "must be ").replace("str", "text")
    return WrongPart(where, path.strip(".")[:120], words[:1].lower() + words[1:300])


_known_whole: dict[type[Struct], frozenset[str]] = {}


def _whole_numbers(kind: type[Struct]) -> frozenset[str]:
    """Names of the parameters that are numbers: in an address everything is text."""
    if kind not in _known_whole:
        _, found = msgspec.json.schema_components([kind])
        properties = found[kind.__name__]["properties"]
        _known_whole[kind] = frozenset(n for n, schema in properties.items() if schema.get("type") == "integer")
    return _known_whole[kind]
