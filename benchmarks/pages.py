"""Pages under load: kept ones, ones worked out for every request, searches, and carts being filled."""

from __future__ import annotations

import random
import urllib.request
from collections.abc import Callable, Iterable, Sequence

from sqlalchemy import select

from benchmarks.catalogue import title_of
from benchmarks.figures import Figure
from benchmarks.loading import Load, get, post
from benchmarks.rounds import Cell, run_rounds
from benchmarks.serving import Server
from benchmarks.stage import SMALL, Shop, Stage
from shop.cart.models import Cart
from shop.catalog.models import Collection
from shop.core.secrets import new_token
from shop.core.transaction import transaction
from shop.tenancy.models import StoreProfile
from shop.tenancy.profile import touch_settings

LIST_PAGES = 5
SEARCHES = 6_000
CARTS = 400
FORM = "Content-Type: application/x-www-form-urlencoded\r\nSec-Fetch-Site: same-origin\r\n"
HTMX = "HX-Request: true\r\n"
PACKED = "Accept-Encoding: gzip\r\n"


def measure(stage: Stage) -> Iterable[Figure]:
    """The cells of the issue's Figures, and a few that tell what they leave out."""
    shop, cached, uncached = stage.small, stage.server("cached"), stage.server("uncached")
    lists, products, searches = list_pages(shop), product_pages(shop, stage.seed), search_pages(stage.seed)
    check(uncached, lists[:3] + products[:3] + searches[:3])
    carts = Carts(shop)
    offer_euros(shop)
    cells = [
        Cell("hello on the shop's own server", stage.server("own hello"), always(["/"])),
        Cell("cached list", cached, always(lists[:10]), 0.9),
        Cell("cached product page", cached, always(products[:40]), 0.9),
        Cell("list of 24, worked out", uncached, always(lists), 0.11),
        Cell("product page, worked out", uncached, always(products), 0.13),
        # a second currency costs no more than a tenth on top
        Cell("cached product page in a second currency", cached, always(in_euros(products[:40])), 0.9 / 1.1),
        Cell("list of 24 in a second currency, worked out", uncached, always(in_euros(lists)), 0.11 / 1.1),
        Cell("product page in a second currency, worked out", uncached, always(in_euros(products)), 0.13 / 1.1),
        Cell("search, worked out", uncached, always(searches), 0.12),
        Cell("add to cart, committed (form)", cached, carts.form, 0.14, carts.check),
        Cell("add to cart, drawer drawn (htmx)", cached, carts.htmx, None, carts.check),
    ]
    if not stage.quick:
        cells += [
            Cell("cached product page, gzip", cached, always(products[:40], PACKED)),
            Cell("product page worked out, gzip", uncached, always(products, PACKED)),
        ]
    return run_rounds(stage, cells)


def offer_euros(shop: Shop) -> None:
    with shop.app.app_context(), transaction() as session:
        row = session.execute(select(StoreProfile).limit(1)).scalar_one()
        row.currencies = [{"code": "EUR", "rate": "0.9137", "rounding": "99", "way": "up"}]
        touch_settings(session)


def in_euros(paths: Sequence[str]) -> list[str]:
    return [f"{path}{'&' if '?' in path else '?'}currency=EUR" for path in paths]


def list_pages(shop: Shop) -> list[str]:
    """The pages of every collection, 24 products each."""
    with shop.app.app_context(), transaction() as session:
        slugs = session.execute(select(Collection.slug).order_by(Collection.id)).scalars().all()
    return [f"/collections/{slug}?page={page}" for page in range(1, LIST_PAGES + 1) for slug in slugs]


def product_pages(shop: Shop, seed: int) -> list[str]:
    """Every product, in an order that no process can keep up with by remembering the last few hundred."""
    slugs = shop.column("SELECT slug FROM products WHERE status = 'active' ORDER BY id")
    random.Random(seed).shuffle(slugs)
    return [f"/products/{slug}" for slug in slugs]


def search_pages(seed: int) -> list[str]:
    """Thousands of searches of one to three words of some product's title, more than a process remembers; one in ten is
    mistyped."""
    chance = random.Random(seed)
    found: dict[str, None] = {}
    for number in range(SEARCHES):
        words = title_of(chance.randrange(SMALL), seed).partition(" No. ")[0].split()
        wanted = chance.sample(words, min(len(words), 1 + number % 3))
        if number % 10 == 0:
            place = chance.randrange(1, len(wanted[0]) - 1)
            wanted[0] = wanted[0][:place] + wanted[0][place + 1 :]
        found["/search?q=" + "+".join(wanted)] = None
    return list(found)


def always(paths: Sequence[str], headers: str = "") -> Callable[[], Sequence[bytes]]:
    requests = [get(path, headers) for path in paths]
    return lambda: requests


def check(server: Server, paths: Iterable[str]) -> None:
    """Real pages, not errors or empty grids. Raises AssertionError."""
    for path in paths:
        with urllib.request.urlopen(f"http://127.0.0.1:{server.port}{path}", timeout=20) as answer:
            text = answer.read().decode()
        assert "</html>" in text and 'href="/products/' in text, f"{path} is no page with products"


class Carts:
    """Carts that callers fill: many more than callers, so that nobody waits for another's."""

    def __init__(self, shop: Shop) -> None:
        self.shop = shop
        self.variants = shop.column(
            "SELECT id FROM variants WHERE is_available AND position >= 0 ORDER BY id LIMIT 3000"
        )
        with shop.app.app_context(), transaction() as session:
            self.tokens = [new_token() for _ in range(CARTS)]
            session.add_all(Cart(token=token) for token in self.tokens)
        self.chance = random.Random(1)

    def form(self) -> list[bytes]:
        return self._requests("")

    def htmx(self) -> list[bytes]:
        return self._requests(HTMX)

    def check(self, load: Load) -> None:
        """A refusal redirects too: look at what was written."""
        filled = self.shop.one("SELECT count(DISTINCT cart_id) FROM cart_lines")
        wanted = min(CARTS, load.answered) * 9 // 10
        assert filled >= wanted, f"only {filled} carts were filled by {load.answered} requests"

    def _requests(self, headers: str) -> list[bytes]:
        """Each cart gets a few things in turn; the carts are emptied first, so that drawers stay short."""
        with self.shop.app.app_context(), transaction() as session:
            session.connection().exec_driver_sql("DELETE FROM cart_lines")
        own = {token: self.chance.sample(self.variants, 3) for token in self.tokens}
        return [
            post(
                "/cart/lines",
                f"variant={own[token][turn]}&quantity=1".encode(),
                f"{FORM}{headers}Cookie: cart={token}\r\n",
            )
            for turn in range(3)
            for token in self.tokens
        ]
