"""What a first visit costs: bytes, requests, complaints, and things that move while they load."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, Request

from tests.browser.conftest import Console
from tests.browser.showroom import Showroom
from tests.town import Town

MOST_WITHOUT_PICTURES = 60_000
MOST_SCRIPT = 20_000
MOST_LIST_HTML = 8_000
MOST_SHIFT = 0.02
SIZES = {"desktop": (1280, 900), "phone": (390, 844)}
WATCH_SHIFTS = """
window.shifted = 0;
new PerformanceObserver(list => list.getEntries().forEach(e => { if (!e.hadRecentInput) window.shifted += e.value }))
  .observe({ type: "layout-shift", buffered: true });
"""
SCROLL_DOWN = """async () => {
  for (let y = 0; y < document.body.scrollHeight; y += 600) {
    scrollTo(0, y);
    await new Promise(done => setTimeout(done, 40));
  }
}"""


@dataclass
class Visit:
    """What came over the wire, as it came (packed): bodies by kind, and all headers."""

    url: str
    weights: dict[str, int] = field(default_factory=dict)
    headers: int = 0
    foreign: list[str] = field(default_factory=list)

    def note(self, request: Request) -> None:
        if urlsplit(request.url).netloc != urlsplit(self.url).netloc:
            self.foreign.append(request.url)
            return
        size = request.sizes()
        self.headers += size["responseHeadersSize"]
        kind = request.resource_type
        self.weights[kind] = self.weights.get(kind, 0) + size["responseBodySize"]

    @property
    def without_pictures(self) -> int:
        return self.headers + sum(weight for kind, weight in self.weights.items() if kind != "image")


@pytest.fixture
def showroom(town: Town) -> Showroom:
    return Showroom(town)


@pytest.fixture
def addresses(showroom: Showroom) -> dict[str, str]:
    order = showroom.town.paid_order()
    return {
        "home": "/",
        "collections": "/collections",
        "collection": "/collections/botanical",
        "everything": "/search",
        "found": "/search?q=tee",
        "product": f"/products/{showroom.product}",
        "cart": "/cart",
        "order": f"/orders/{order.token}",
        "look-up": "/orders/find",
        "contact": "/contact",
        "text": "/pages/shipping",
        "missing": "/nowhere",
    }


@pytest.fixture
def fresh(browser: Browser, showroom: Showroom) -> Iterator[BrowserContext]:
    """A visitor nobody has met."""
    context = browser.new_context(viewport={"width": 390, "height": 844}, base_url=showroom.url)
    context.add_init_script(WATCH_SHIFTS)
    yield context
    context.close()


def test_a_first_visit_is_light_and_stays_at_home(
    showroom: Showroom, addresses: dict[str, str], browser: Browser
) -> None:
    heavy, foreign, complaints = {}, [], []
    for name, path in addresses.items():
        context = browser.new_context(viewport={"width": 390, "height": 844}, base_url=showroom.url)
        page = context.new_page()
        console, visit = Console(page), Visit(showroom.url)
        page.on("requestfinished", visit.note)
        page.goto(path, wait_until="networkidle")
        context.close()
        foreign += visit.foreign
        complaints += [text for text in console.complaints if name != "missing"]  # Chromium mourns every 404
        lists = name in ("collection", "everything", "found")
        if (
            visit.without_pictures > MOST_WITHOUT_PICTURES
            or visit.weights["script"] > MOST_SCRIPT
            or (lists and visit.weights["document"] > MOST_LIST_HTML)
        ):
            heavy[name] = visit
    assert heavy == {}
    assert foreign == []
    assert complaints == []


@pytest.mark.parametrize("size", list(SIZES))
def test_nothing_moves_while_a_page_loads(
    showroom: Showroom, addresses: dict[str, str], fresh: BrowserContext, size: str
) -> None:
    page = fresh.new_page()
    page.set_viewport_size({"width": SIZES[size][0], "height": SIZES[size][1]})
    moved = {}
    for name, path in addresses.items():
        shift = shift_of(page, path)
        if shift > MOST_SHIFT:
            moved[name] = shift
    assert moved == {}


def shift_of(page: Page, path: str) -> float:
    """Cumulative layout shift from the first byte until the foot of the page was seen."""
    page.goto(path)
    page.evaluate(SCROLL_DOWN)
    page.wait_for_function("() => [...document.images].every(i => i.complete || i.loading === 'lazy')")
    return float(page.evaluate("() => window.shifted"))
