"""XML and JSON as the webservice writes and reads them (§2): CDATA, languages, dropped fields, the empty list."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any
from xml.etree.ElementTree import Element, ParseError
from xml.sax.saxutils import escape

import orjson
from defusedxml import DefusedXmlException
from defusedxml.ElementTree import fromstring

from sandbox.prestashop.asking import Wrong
from sandbox.prestashop.schema import RESOURCES, Resource
from sandbox.prestashop.tables import LANGUAGES, Row

HEAD = '<?xml version="1.0" encoding="UTF-8"?>\n<prestashop xmlns:xlink="http://www.w3.org/1999/xlink">\n'


def errors_as(problems: Iterable[tuple[int, str]], *, json: bool) -> bytes:
    if json:
        return orjson.dumps({"errors": [{"code": code, "message": message} for code, message in problems]})
    inner = "".join(
        f"<error><code>{cdata(code)}</code><message>{cdata(text)}</message></error>" for code, text in problems
    )
    return f"{HEAD}<errors>{inner}</errors></prestashop>".encode()


def cdata(value: object) -> str:
    text = "".join(ch for ch in str(value) if ch >= " " or ch in "\n\t\r")
    return f"<![CDATA[{text.replace(']]>', ']]]]><![CDATA[>')}]]>" if text else ""


# -- JSON


def list_as_json(resource: Resource, rows: list[Row], shown: tuple[str, ...] | None, languages: list[str]) -> bytes:
    if not rows:
        return b"[]"
    return orjson.dumps({resource.name: [_json_row(resource, row, shown, languages) for row in rows]})


def one_as_json(resource: Resource, row: Row, languages: list[str]) -> bytes:
    """Without `display`: every falsy field is dropped ("0" is one)."""
    full = _json_row(resource, row, None, languages)
    return orjson.dumps(
        {resource.item: {name: value for name, value in full.items() if value not in ("", "0", None, [])}}
    )


def _json_row(resource: Resource, row: Row, shown: tuple[str, ...] | None, languages: list[str]) -> dict[str, Any]:
    if shown == ("",):
        return {"id": row["id"]}
    names = resource.fields if shown is None else [name for name in shown if name != "id"]
    told: dict[str, Any] = {"id": row["id"]}
    for name in names:
        value = row.get(name, "")
        if resource.fields[name].kind == "lang":
            value = value if isinstance(value, dict) else {}
            texts = [{"id": int(lang), "value": value.get(lang, "")} for lang in languages]
            told[name] = texts[0]["value"] if len(texts) == 1 else texts
        elif name != "passwd" or value:
            told[name] = value
    if shown is None:
        lists = {name: found for name in resource.associations if (found := row.get("associations", {}).get(name))}
        if lists:
            told["associations"] = lists
    return told


# -- XML


def list_as_xml(
    resource: Resource, rows: list[Row], shown: tuple[str, ...] | None, languages: list[str], base: str
) -> bytes:
    inner = "".join(_xml_row(resource, row, shown, languages, base) for row in rows)
    return f"{HEAD}<{resource.name}>{inner}</{resource.name}>\n</prestashop>".encode()


def one_as_xml(resource: Resource, row: Row, languages: list[str], base: str) -> bytes:
    return f"{HEAD}{_xml_row(resource, row, None, languages, base)}\n</prestashop>".encode()


def _xml_row(resource: Resource, row: Row, shown: tuple[str, ...] | None, languages: list[str], base: str) -> str:
    href = f'xlink:href="{base}/{resource.name}/{row["id"]}"'
    if shown == ("",):
        return f'<{resource.item} id="{row["id"]}" {href}/>\n'
    names = list(resource.fields) if shown is None else [name for name in shown if name != "id"]
    parts = [f"<id>{cdata(row['id'])}</id>"]
    for name in names:
        spec, value = resource.fields[name], row.get(name, "")
        if spec.kind == "lang":
            value = value if isinstance(value, dict) else {}
            inner = "".join(f'<language id="{lang}">{cdata(value.get(lang, ""))}</language>' for lang in languages)
            parts.append(f"<{name}>{inner}</{name}>")
        else:
            marks = ' notFilterable="true"' if spec.read_only else ""
            parts.append(f"<{name}{marks}>{cdata(value)}</{name}>")
    if shown is None and resource.associations:
        parts.append(f"<associations>{''.join(_xml_lists(resource, row))}</associations>")
    return f"<{resource.item}>\n" + "\n".join(parts) + f"\n</{resource.item}>\n"


def _xml_lists(resource: Resource, row: Row) -> Iterable[str]:
    for name, spec in resource.associations.items():
        items = row.get("associations", {}).get(name, [])
        inner = "".join(
            f"<{spec.item}>"
            + "".join(f"<{key}>{cdata(item.get(key, ''))}</{key}>" for key in spec.fields)
            + f"</{spec.item}>"
            for item in items
        )
        yield f'<{name} nodeType="{spec.item}" api="{name}">{inner}</{name}>'


def resources_as_xml(base: str, permissions: Mapping[str, Iterable[str]], shop_name: str) -> bytes:
    """The answer of `/api/`: what the key may do, method by method."""
    rows = []
    for name, methods in permissions.items():
        flags = " ".join(
            f'{method.lower()}="{"true" if method in methods else "false"}"'
            for method in ("GET", "PUT", "POST", "PATCH", "DELETE", "HEAD")
        )
        rows.append(f'<{name} xlink:href="{base}/{name}" {flags}><description>The {name}</description></{name}>')
    return f'{HEAD}<api shopName="{escape(shop_name)}">{"".join(rows)}</api>\n</prestashop>'.encode()


# -- what is sent to it


def read_body(body: bytes, resource: Resource) -> Row:
    """The row that a write sends: {field: text | {language: text}, "associations": {list: [{field: text}]}}."""
    try:
        root = fromstring(body, forbid_dtd=True)
    except (ParseError, DefusedXmlException, ValueError):
        raise Wrong(500, 127, "XML error : the body is not a valid XML document") from None
    node = root[0] if root.tag == "prestashop" and len(root) else root
    if node.tag != resource.item:
        raise Wrong(400, 85, f"The node {resource.item} is expected, not {node.tag}.")
    row: Row = {}
    for child in node:
        if child.tag == "associations":
            row["associations"] = {part.tag: _read_list(part, resource) for part in child}
        elif child.tag == "id":
            row["id"] = (child.text or "").strip()
        elif child.tag not in resource.fields:
            raise Wrong(400, 85, f"There is no property {resource.item}->{child.tag}.")
        elif resource.fields[child.tag].read_only:
            raise Wrong(400, 93, f'parameter "{child.tag}" not writable. Please remove this attribute of this XML')
        elif resource.fields[child.tag].kind == "lang":
            row[child.tag] = _read_languages(child)
        else:
            row[child.tag] = (child.text or "").strip()
    return row


def _read_languages(node: Element) -> dict[str, str]:
    found = {str(part.get("id")): part.text or "" for part in node if part.tag == "language"}
    if not found:
        raise Wrong(400, 84, f"The field {node.tag} needs a language node.")
    if unknown := set(found) - set(LANGUAGES):
        raise Wrong(400, 84, f"There is no language {sorted(unknown)[0]}.")
    return found


def _read_list(node: Element, resource: Resource) -> list[dict[str, str]]:
    spec = resource.associations.get(node.tag)
    if spec is None:
        raise Wrong(400, 85, f"There is no association {resource.item}->{node.tag}.")
    return [{part.tag: (part.text or "").strip() for part in item} for item in node]


def known(name: str) -> Resource | None:
    return RESOURCES.get(name)
