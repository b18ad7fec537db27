"""What a first visit pulls, as it crosses the wire (gzip), pictures left out."""

from __future__ import annotations

import gzip
import re
import urllib.request
from collections.abc import Iterable
from dataclasses import dataclass
from urllib.parse import urljoin, urlsplit

from benchmarks.figures import Figure, at_most
from benchmarks.pages import list_pages, product_pages
from benchmarks.stage import Stage

HTML_MARK, JS_MARK, ALL_MARK = 8.0, 20.0, 60.0  # kB of 1,000 bytes
_TAG = re.compile(r"<(script|link)\b[^>]*>", re.IGNORECASE)
_ATTRIBUTE = re.compile(r"""\b(src|href|rel|as)=["']([^"']*)["']""", re.IGNORECASE)
_FONT = re.compile(rb"url\(\s*[\"']?([^\"')]+\.woff2[^\"')]*)")
_PULLED = ("stylesheet", "preload", "modulepreload", "icon", "manifest")


@dataclass
class Weight:
    """Bytes on the wire."""

    html: int
    scripts: int
    styles: int
    others: int  # fonts, icon, manifest
    requests: int
    foreign: list[str]

    @property
    def whole(self) -> int:
        return self.html + self.scripts + self.styles + self.others


def measure(stage: Stage) -> Iterable[Figure]:
    address = f"http://127.0.0.1:{stage.server('cached').port}"
    lists, products = list_pages(stage.small), product_pages(stage.small, stage.seed)
    weights = {
        "list": weigh(address + lists[0]),
        "product": weigh(address + products[0]),
        "home": weigh(address + "/"),
        "search": weigh(address + "/search?q=harbour"),
        "cart": weigh(address + "/cart"),
    }
    one = weights["list"]
    yield at_most("HTML of a list of 24, gzip", one.html / 1000, HTML_MARK, " kB")
    story = ", ".join(f"{name} {w.html / 1000:.1f}" for name, w in weights.items() if name != "list")
    yield Figure("HTML of other pages, gzip", f"{weights['product'].html / 1000:.1f} kB", story=f"product; {story}")
    yield at_most("scripts, gzip", max(w.scripts for w in weights.values()) / 1000, JS_MARK, " kB")
    yield Figure("style sheets, gzip", f"{max(w.styles for w in weights.values()) / 1000:.1f} kB")
    name, heaviest = max(weights.items(), key=lambda pair: pair[1].whole)
    story = f"{name}: {heaviest.requests} requests; others (fonts, icon, manifest) {heaviest.others / 1000:.1f} kB"
    yield at_most("first load without pictures", heaviest.whole / 1000, ALL_MARK, " kB", story)
    foreign = sorted({place for w in weights.values() for place in w.foreign})
    yield at_most("requests to other places", len(foreign), 0, "", ", ".join(foreign), 0)


def weigh(address: str) -> Weight:
    """Everything that a browser pulls for a first look at `address`, but pictures."""
    size, body = fetch(address)
    weight = Weight(size, 0, 0, 0, 1, [])
    for kind, place in parts(body.decode()):
        whole = urljoin(address, place)
        if urlsplit(whole).netloc != urlsplit(address).netloc:
            weight.foreign.append(whole)
            continue
        size, body = fetch(whole)
        weight.requests += 1
        if kind == "script":
            weight.scripts += size
        elif kind == "stylesheet":
            weight.styles += size
            for font in {urljoin(whole, match.decode()) for match in _FONT.findall(body)}:
                weight.others += fetch(font)[0]
                weight.requests += 1
        else:
            weight.others += size
    return weight


def parts(html: str) -> list[tuple[str, str]]:
    """(kind, address) of the scripts, style sheets and other files that a page names."""
    found = []
    for tag in _TAG.finditer(html):
        told = {name.lower(): value for name, value in _ATTRIBUTE.findall(tag.group())}
        if tag.group(1).lower() == "script":
            if told.get("src"):
                found.append(("script", told["src"]))
        elif told.get("href"):
            words = told.get("rel", "").lower().split()
            kind = next((kind for kind in _PULLED if kind in words), None)
            if kind and told.get("as") != "image":
                found.append((kind, told["href"]))
    return list(dict.fromkeys(found))


def fetch(address: str) -> tuple[int, bytes]:
    """(bytes on the wire, body)."""
    asked = urllib.request.Request(address, headers={"Accept-Encoding": "gzip", "User-Agent": "benchmarks"})
    with urllib.request.urlopen(asked, timeout=20) as answer:
        raw = answer.read()
        packed = answer.headers.get("Content-Encoding") == "gzip"
    return len(raw), gzip.decompress(raw) if packed else raw
