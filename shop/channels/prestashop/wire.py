"""XML and JSON of the webservice (contracts/prestashop.md §2). Pure.

What they answer is read by defusedxml alone: no document type, no entity, nothing from elsewhere, bounded in size and
depth. What we send is written by the standard library.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any
from xml.etree.ElementTree import Element, ParseError, SubElement, TreeBuilder, tostring

import orjson
from defusedxml import DefusedXmlException
from defusedxml.ElementTree import DefusedXMLParser

from shop.errors import Misunderstood, Unavailable

MOST_XML_BYTES = 2 * 1024 * 1024
MOST_LEVELS, MOST_ELEMENTS = 12, 40_000
_XLINK = "http://www.w3.org/1999/xlink"
SERVICE = "PrestaShop"
_MARK = b"\xef\xbb\xbf"  # a byte order mark, which orjson does not take


def read_xml(body: bytes) -> Element:
    """Their document. Raises Misunderstood for what must not be read, Unavailable for what is no whole document."""
    start = body[:200].lstrip().lower()
    if start.startswith((b"<!doctype html", b"<html")):
        raise no_answer("a web page came instead of an answer")
    if len(body) > MOST_XML_BYTES:
        raise _not_read(f"an XML document of {len(body)} bytes")
    try:
        parser = DefusedXMLParser(target=_Shallow(), forbid_dtd=True, forbid_entities=True, forbid_external=True)
        parser.feed(body)
        root: Element = parser.close()
    except DefusedXmlException as error:
        raise _not_read(f"an XML document with {type(error).__name__}") from None
    except (ParseError, ValueError, LookupError) as error:
        raise no_answer(f"no whole XML document: {str(error)[:100]}") from None
    return root


class _Shallow(TreeBuilder):
    """Stops at the first node that lies too deep, or is one too many, before the rest of the document is looked at."""

    def __init__(self) -> None:
        super().__init__()
        self._level = self._count = 0

    def start(self, tag: str, attrs: dict[str, str]) -> Element:
        self._level += 1
        self._count += 1
        if self._count > MOST_ELEMENTS:
            raise _not_read(f"an XML document of more than {MOST_ELEMENTS} elements")
        if self._level > MOST_LEVELS:
            raise _not_read("an XML document that is nested too deeply")
        return super().start(tag, attrs)

    def end(self, tag: str) -> Element:
        self._level -= 1
        return super().end(tag)


def read_rows(body: bytes, resource: str) -> list[dict[str, Any]]:
    """The rows of a list, from JSON or XML: {"id": int, field: text, "associations": {list: [{field: text}]}}."""
    if _is_xml(body):
        return _rows_in(read_xml(body), resource)
    try:
        told = orjson.loads(body.removeprefix(_MARK))
    except orjson.JSONDecodeError:
        raise no_answer("no whole JSON document") from None
    rows = told.get(resource) if isinstance(told, dict) else told
    if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
        raise Misunderstood(service=SERVICE, detail=f"{resource} is no list of objects")
    return rows


def read_error(body: bytes) -> tuple[int, str]:
    """(code, message) of an error document; (0, "") when it is none."""
    try:
        if _is_xml(body):
            root = read_xml(body)
            code, message = root.findtext(".//error/code") or "0", root.findtext(".//error/message") or ""
        else:
            first = orjson.loads(body.removeprefix(_MARK))["errors"][0]
            code, message = str(first.get("code") or "0"), str(first.get("message") or "")
        return int(code) if code.strip().isdigit() else 0, " ".join(message.split())[:300]
    except (Misunderstood, Unavailable, orjson.JSONDecodeError, KeyError, IndexError, TypeError, AttributeError):
        return 0, ""


def entity_of(root: Element) -> Element:
    """The one row of an answer about one row."""
    if root.tag == "prestashop" and len(root):
        return root[0]
    raise Misunderstood(service=SERVICE, detail="an XML answer without a row")


def row_of(node: Element) -> dict[str, Any]:
    """A row as `read_rows` gives it; of texts in several languages the first."""
    row: dict[str, Any] = {}
    for child in node:
        if child.tag == "associations":
            row["associations"] = {
                part.tag: [{f.tag: (f.text or "").strip() for f in item} for item in part] for part in child
            }
        elif child.tag == "id":
            row["id"] = whole(child.text)
        elif len(child) and child[0].tag == "language":
            row[child.tag] = child[0].text or ""
        else:
            row[child.tag] = child.text or ""
    return row


# -- writing


def document(node: Element) -> bytes:
    """A request's body around one row."""
    root = Element("prestashop", {"xmlns:xlink": _XLINK})
    root.append(node)
    body: bytes = tostring(root, encoding="utf-8", xml_declaration=True)
    return body


def build(
    item: str, fields: Mapping[str, Any], lists: Mapping[str, tuple[str, Iterable[Mapping[str, str]]]] = {}
) -> Element:
    """A new row. A value that is a mapping is {language id: text}; `lists` is {name: (item, [{field: text}])}."""
    node = Element(item)
    for name, value in fields.items():
        if isinstance(value, Mapping):
            for language_id, text in value.items():
                set_language(node, name, str(language_id), str(text))
        else:
            set_text(node, name, str(value))
    for name, (inner, rows) in lists.items():
        set_list(node, name, inner, rows)
    return node


def set_text(node: Element, name: str, value: str) -> bool:
    """Whether it was something else before."""
    child = _child(node, name)
    before, value = (child.text or "").strip(), printable(value)
    child.text = value
    return before != value.strip()


def set_language(node: Element, name: str, language_id: str, value: str) -> bool:
    """One language of a text; the others stay."""
    child, value = _child(node, name), printable(value)
    for part in child:
        if part.get("id") == language_id:
            before, part.text = part.text or "", value
            return before != value
    SubElement(child, "language", {"id": language_id}).text = value
    return True


def set_list(node: Element, name: str, item: str, rows: Iterable[Mapping[str, str]]) -> bool:
    """One list below `associations`; the others stay."""
    wanted = [dict(row) for row in rows]
    lists = _child(node, "associations")
    found = lists.find(name)
    if found is None:
        found = SubElement(lists, name)
    before = [{part.tag: (part.text or "").strip() for part in entry} for entry in found]
    if before == wanted:
        return False
    for entry in list(found):
        found.remove(entry)
    for row in wanted:
        entry = SubElement(found, item)
        for key, value in row.items():
            SubElement(entry, key).text = value
    return True


def without(node: Element, names: Iterable[str]) -> Element:
    """The row without nodes that a write may not hold, and without their remarks (attributes)."""
    for name in names:
        for child in node.findall(name):
            node.remove(child)
    for child in node.iter():
        for mark in [key for key in child.attrib if key != "id"]:
            del child.attrib[mark]
    return node


def printable(text: str) -> str:
    """XML 1.0 knows no control characters and no lone surrogates."""
    return "".join(
        ch
        for ch in text
        if (ch >= " " or ch in "\n\t\r") and not "\ud800" <= ch <= "\udfff" and ch not in "\ufffe\uffff"
    )


def whole(value: object) -> int:
    """An id, whatever it is written as. Raises ValueError."""
    return int(str(value).strip() or 0)


def no_answer(detail: str) -> Unavailable:
    return Unavailable(f"{SERVICE} did not give a whole answer.", service=SERVICE, detail=detail, broken=True)


def _not_read(detail: str) -> Misunderstood:
    return Misunderstood("The shop's answer is not safe to read.", service=SERVICE, detail=detail)


def _rows_in(root: Element, resource: str) -> list[dict[str, Any]]:
    found = root.find(resource)
    if found is None:
        raise Misunderstood(service=SERVICE, detail=f"an XML answer without {resource}")
    return [row_of(node) for node in found]


def _is_xml(body: bytes) -> bool:
    """Also behind the marks that some files of PHP begin with, and in UTF-16."""
    return body[:200].lstrip(b"\xef\xbb\xbf\xff\xfe\x00 \r\n\t").startswith(b"<")


def _child(node: Element, name: str) -> Element:
    found = node.find(name)
    return found if found is not None else SubElement(node, name)
