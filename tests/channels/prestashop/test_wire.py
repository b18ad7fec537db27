"""XML from a stranger's shop: bombs are refused at once, broken answers wait, and what we write is what they read."""

from __future__ import annotations

import time

import orjson
import pytest

from shop.channels.prestashop import wire
from shop.errors import Misunderstood, Unavailable

HEAD = b'<?xml version="1.0"?>'
LAUGHS = (
    HEAD + b'<!DOCTYPE lolz [<!ENTITY lol "lol">'
    + b"".join(b'<!ENTITY lol%d "%s">' % (n, b"&lol%d;" % (n - 1) * 10 if n > 1 else b"&lol;" * 10) for n in range(1, 10))
    + b"]><prestashop><products><product><id>&lol9;</id></product></products></prestashop>"
)  # fmt: skip
BOMBS = {
    "billion laughs": LAUGHS,
    "quadratic blow-up": HEAD + b'<!DOCTYPE b [<!ENTITY a "' + b"a" * 60_000 + b'">]><p>' + b"&a;" * 60_000 + b"</p>",
    "a file": HEAD + b'<!DOCTYPE p [<!ENTITY x SYSTEM "file:///etc/passwd">]><prestashop>&x;</prestashop>',
    "an address": HEAD + b'<!DOCTYPE p [<!ENTITY x SYSTEM "http://127.0.0.1:9/x">]><prestashop>&x;</prestashop>',
    "a foreign document type": HEAD + b'<!DOCTYPE p SYSTEM "http://127.0.0.1:9/x.dtd"><prestashop/>',
    "parameter entities": HEAD + b'<!DOCTYPE p [<!ENTITY % a SYSTEM "file:///etc/hosts"> %a;]><prestashop/>',
    "the same in UTF-16": '<?xml version="1.0" encoding="UTF-16"?><!DOCTYPE p [<!ENTITY x "y">]><p>&x;</p>'.encode("utf-16"),
    "a huge document": HEAD + b"<prestashop>" + b"<p>text</p>" * 400_000 + b"</prestashop>",
    "a deep document": HEAD + b"<a>" * 100_000 + b"</a>" * 100_000,
}


@pytest.mark.parametrize("name", list(BOMBS))
def test_a_bomb_is_refused_at_once(name: str) -> None:
    started = time.perf_counter()
    with pytest.raises(Misunderstood) as caught:
        wire.read_rows(BOMBS[name], "products")
    assert time.perf_counter() - started < 0.05
    assert "not safe to read" in caught.value.user_message


@pytest.mark.parametrize(
    "body",
    [
        b"", b"<", b"<prestashop><products><product>", b"<!DOCTYPE html><html><body>Checking your browser</body></html>",
        b'<?xml version="1.0" encoding="utf-99"?><a/>', b'{"products":[{"id":1', b"not found", b"\xff\xfe\x00",
        b"[" * 100_000, b"<p>\x00</p>",
    ],
)  # fmt: skip
def test_what_is_no_whole_answer_waits(body: bytes) -> None:
    with pytest.raises(Unavailable):
        wire.read_rows(body, "products")


@pytest.mark.parametrize("body", [b'{"products":{}}', b'{"products":[1]}', b'{"other":[]}', b"{}", b"7", b'"x"', b"null"])
def test_another_shape_is_misunderstood(body: bytes) -> None:
    with pytest.raises(Misunderstood):
        wire.read_rows(body, "products")


def test_an_empty_list_is_empty_in_both_forms() -> None:
    assert wire.read_rows(b"[]", "products") == []
    assert wire.read_rows(b"<prestashop><products></products></prestashop>", "products") == []


def test_xml_and_json_are_read_alike() -> None:
    xml = """<prestashop xmlns:xlink="http://www.w3.org/1999/xlink"><products><product><id><![CDATA[12]]></id>
    <name><language id="1" xlink:href="x"><![CDATA[Fjord <Tee> & more]]></language><language id="2">F</language></name>
    <price><![CDATA[20.920000]]></price><associations><images nodeType="image"><image xlink:href="y"><id>31</id></image>
    </images></associations></product></products></prestashop>"""
    row = {
        "id": 12, "name": "Fjord <Tee> & more", "price": "20.920000", "associations": {"images": [{"id": "31"}]},
    }  # fmt: skip
    assert wire.read_rows(xml.encode(), "products") == [row]
    assert wire.read_rows(orjson.dumps({"products": [row]}), "products") == [row]


@pytest.mark.parametrize(
    ("body", "told"),
    [
        (b'{"errors":[{"code":17,"message":"Authentication key is empty"}]}', (17, "Authentication key is empty")),
        (
            b"<prestashop><errors><error><code><![CDATA[85]]></code><message><![CDATA[Property  is\n not valid]]></message>"
            b"</error></errors></prestashop>",
            (85, "Property is not valid"),
        ),
        (b"401 Unauthorized", (0, "")), (LAUGHS, (0, "")), (b'{"errors":[]}', (0, "")), (b'{"errors":7}', (0, "")), (b"", (0, "")),
    ],
)  # fmt: skip
def test_errors_are_read_in_both_forms(body: bytes, told: tuple[int, str]) -> None:
    assert wire.read_error(body) == told


def test_what_we_write_they_read_whatever_it_holds() -> None:
    nasty = "a & b < c > d ]]> e \x00\x0b\ud800 \ufffe 🏔️ قميص"
    node = wire.build("product", {"reference": nasty, "name": {"1": nasty}}, {"tags": ("tag", [{"id": "4"}])})
    (back,) = list(wire.read_xml(wire.document(node)))
    assert back.findtext("reference") == "a & b < c > d ]]> e   🏔️ قميص"
    assert back.findtext("name/language") == back.findtext("reference")
    assert [tag.text for tag in back.iter("id")] == ["4"]


def test_only_what_is_set_differs_and_a_repeat_says_so() -> None:
    xml = b'<p><name><language id="1">A</language><language id="2">B</language></name><price>1</price></p>'
    node = wire.read_xml(xml)
    assert wire.set_language(node, "name", "1", "New") and not wire.set_language(node, "name", "1", "New")
    assert not wire.set_text(node, "price", "1") and wire.set_text(node, "price", "2")
    assert wire.set_list(node, "tags", "tag", [{"id": "1"}]) and not wire.set_list(node, "tags", "tag", [{"id": "1"}])
    assert node.findtext("name/language[@id='2']") == "B"


def test_remarks_and_read_only_nodes_do_not_go_back() -> None:
    node = wire.read_xml(b'<p><id a="b">1</id><name x="y"><language id="1">A</language></name><quantity>3</quantity></p>')
    assert wire.document(wire.without(node, ["quantity"])).endswith(
        b'<p><id>1</id><name><language id="1">A</language></name></p></prestashop>'
    )
