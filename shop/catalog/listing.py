"""One page of products with its filters: what the address says, bounded, and everything the grid shows.

The address says it all: ?type=…&color=…&size=…&collection=…&price_min=…&price_max=…&sort=…&page=…; a filter may come
several times. What is unknown is passed over, what is too much is cut.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal, InvalidOperation
from urllib.parse import urlencode

from shop.catalog.facets import FACETS, SORTS, CatalogIndex, Found, Selection
from shop.catalog.listed import Chip, Facet, Listing, PageLink, PageUrls, SortOption, Value
from shop.core.money import exponent, format_minor
from shop.core.paging import page_number

PER_PAGE = 24
MAX_VALUES = 24  # of one facet in an address, and shown in the panel
MAX_PRICE = 100_000_000  # minor units; nothing on sale costs more
Pairs = Sequence[tuple[str, str]]


@dataclass(slots=True)
class Asked:
    """What an address asks for, understood and bounded."""

    selection: Selection
    sort: str
    page: int
    price_texts: tuple[str, str] = ("", "")
    query: str = ""
    exact: bool = False

    @property
    def filtered(self) -> bool:
        chosen = self.selection
        return any(chosen.values.values()) or chosen.price_min is not None or chosen.price_max is not None


@dataclass(slots=True)
class Labels:
    """Words of the panel in the page's language."""

    facets: Mapping[str, str]
    price: str
    sorts: Mapping[str, str]
    collections: Mapping[str, str] = field(default_factory=dict)
    #: of the catalogue, where the page's language says them otherwise
    words: Mapping[str, str] = field(default_factory=dict)

    def name_of(self, key: str, slug: str, title: str) -> str:
        """A facet's value."""
        return self.collections.get(slug, title) if key == "collection" else self.words.get(title, title)


def read_address(arguments: Iterable[tuple[str, str]], currency: str, default_sort: str = "featured") -> Asked:
    """Understand an address. Never raises: hostile parts are passed over."""
    values: dict[str, list[str]] = {}
    single: dict[str, str] = {}
    for key, raw in arguments:
        if key in FACETS:
            known = values.setdefault(key, [])
            if len(known) < MAX_VALUES and _is_slug(raw) and raw not in known:
                known.append(raw)
        else:
            single.setdefault(key, raw)
    low_text, high_text = single.get("price_min", ""), single.get("price_max", "")
    low, high = price_from(low_text, currency), price_from(high_text, currency)
    sort = single.get("sort", "")
    return Asked(
        Selection({k: tuple(sorted(v)) for k, v in values.items() if v}, low, high),
        sort if sort in SORTS or sort == "relevance" else default_sort,
        page_number(single.get("page")),
        (low_text if low is not None else "", high_text if high is not None else ""),
    )


def price_from(raw: str, currency: str) -> int | None:
    """Minor units from "12" or "12.50"; None for what is no sensible price."""
    text = raw.strip().replace(",", ".")
    if not text or len(text) > 12 or not text.isascii():
        return None
    try:
        amount = Decimal(text)
    except InvalidOperation:
        return None
    if not amount.is_finite() or amount < 0:
        return None
    if amount > MAX_PRICE:  # before int(): "1e999999999" would fill the memory
        return MAX_PRICE
    return min(int(amount.scaleb(exponent(currency))), MAX_PRICE)


def _is_slug(raw: str) -> bool:
    return 0 < len(raw) <= 64 and raw.isascii() and raw.replace("-", "").isalnum() and raw == raw.lower()


def list_products(
    index: CatalogIndex,
    asked: Asked,
    *,
    path: str,
    labels: Labels,
    currency: str,
    locale: str,
    within: int | None = None,
    collection: str = "",
    ranked: Sequence[int] = (),
    default_sort: str = "featured",
    hidden_facets: frozenset[str] = frozenset(),
) -> Listing:
    """The page an address asks for: ids of its products, counts, filters, links. No statement; `cards` come after."""
    found = index.find(asked.selection, within)
    pages = max(1, -(-found.total // PER_PAGE))
    page = min(asked.page, pages)
    sort = asked.sort if asked.sort != "relevance" or ranked else "featured"
    ids = index.page(found.mask, sort, (page - 1) * PER_PAGE, PER_PAGE, collection=collection, ranked=ranked)
    links = _Links(path, asked, default_sort)
    facets = [_facet(index, asked, found, key, labels, links) for key in FACETS if key not in hidden_facets]
    price = _price_facet(index, asked, labels, currency)
    sorts = (["relevance"] if ranked else []) + list(SORTS)
    return Listing(
        ids=ids,
        total=found.total,
        page=page,
        pages=pages,
        page_urls=_page_urls(page, pages, links),
        sort_options=[SortOption(s, labels.sorts[s], s == sort, links.with_sort(s)) for s in sorts],
        facets=[f for f in facets if len(f.values) > 1 or any(v.selected for v in f.values)] + price,
        chips=_chips(index, asked, labels, links, currency, locale),
        clear_url=links.cleared(),
        form_action=path,
        hidden_fields=[("q", asked.query)] if asked.query else [],
    )


def canonical_query(asked: Asked, default_sort: str = "featured") -> str:
    """The one way to write what an address asks for: "?color=black&page=2", or "" for the plain page."""
    return _Links("", asked, default_sort).page_url(asked.page)


class _Links:
    """Addresses of the neighbours of a page. Parameters always stand in the same order."""

    def __init__(self, path: str, asked: Asked, default_sort: str) -> None:
        self.path, self.asked, self.default_sort = path, asked, default_sort
        self.query: Pairs = [("q", asked.query)] if asked.query else []
        if asked.exact:
            self.query = [*self.query, ("exact", "1")]
        self.values = {k: asked.selection.values.get(k, ()) for k in FACETS}
        self.prices = [(n, t) for n, t in zip(("price_min", "price_max"), asked.price_texts, strict=True) if t]
        self.sort: Pairs = [("sort", asked.sort)] if asked.sort != default_sort else []

    def _filters(self, skip: str = "") -> list[tuple[str, str]]:
        return [(k, v) for k, chosen in self.values.items() if k != skip for v in chosen]

    def _join(self, pairs: Pairs) -> str:
        return f"{self.path}?{urlencode(pairs)}" if pairs else self.path

    def page_url(self, page: int) -> str:
        pairs = [*self.query, *self._filters(), *self.prices, *self.sort]
        return self._join([*pairs, ("page", str(page))] if page > 1 else pairs)

    def with_sort(self, sort: str) -> str:
        chosen = [("sort", sort)] if sort != self.default_sort else []
        return self._join([*self.query, *self._filters(), *self.prices, *chosen])

    def toggler(self, facet: str) -> Callable[[str], str]:
        def toggle(value: str) -> str:
            mine = self.values[facet]
            wanted = [v for v in mine if v != value] if value in mine else sorted([*mine, value])
            pairs = [(k, v) for k in FACETS for v in (wanted if k == facet else self.values[k])]
            return self._join([*self.query, *pairs, *self.prices, *self.sort])

        return toggle

    def without_prices(self) -> str:
        return self._join([*self.query, *self._filters(), *self.sort])

    def cleared(self) -> str:
        return self._join([*self.query, *self.sort])


def _facet(index: CatalogIndex, asked: Asked, found: Found, key: str, labels: Labels, links: _Links) -> Facet:
    selected = asked.selection.values.get(key, ())
    base = found.without[key]
    toggle = links.toggler(key)
    shown = []
    for value in index.values[key].values():
        count = (value.bits & base).bit_count()
        if count or value.slug in selected:
            shown.append((value, count))
    if len(shown) > MAX_VALUES:  # the fullest, and whatever is chosen
        shown.sort(key=lambda pair: (pair[0].slug not in selected, -pair[1]))
        shown = shown[:MAX_VALUES]
    shown.sort(key=lambda pair: pair[0].rank)
    values = [
        Value(v.slug, labels.name_of(key, v.slug, v.title), count, v.slug in selected, v.hex, toggle)
        for v, count in shown
    ]
    return Facet(key, labels.facets[key], "swatch" if key == "color" else "list", values)


def _price_facet(index: CatalogIndex, asked: Asked, labels: Labels, currency: str) -> list[Facet]:
    low, high = index.price_range()
    if low == high and asked.selection.price_min is None and asked.selection.price_max is None:
        return []
    unit = 10 ** exponent(currency)
    return [
        Facet(
            "price",
            labels.price,
            "price",
            min=str(low // unit),
            max=str(-(-high // unit)),
            cur_min=asked.price_texts[0] or None,
            cur_max=asked.price_texts[1] or None,
        )
    ]


def _chips(index: CatalogIndex, asked: Asked, labels: Labels, links: _Links, currency: str, locale: str) -> list[Chip]:
    chips = []
    for key in FACETS:
        toggle = links.toggler(key)
        for slug in asked.selection.values.get(key, ()):
            known = index.values[key].get(slug)
            if known is not None:
                chips.append(Chip(labels.name_of(key, slug, known.title), toggle(slug)))
    low, high = asked.selection.price_min, asked.selection.price_max
    if low is not None or high is not None:
        ends = [format_minor(n, currency, locale) if n is not None else "…" for n in (low, high)]
        chips.append(Chip(" – ".join(ends), links.without_prices()))
    return chips


def _page_urls(page: int, pages: int, links: _Links) -> PageUrls:
    near = sorted({1, pages, *range(max(1, page - 1), min(pages, page + 1) + 1)})
    numbers: list[PageLink] = []
    before = 0
    for n in near:
        if n - before > 1:
            numbers.append(PageLink(None, None, False))
        numbers.append(PageLink(n, links.page_url(n), n == page))
        before = n
    return PageUrls(
        links.page_url(page - 1) if page > 1 else None, links.page_url(page + 1) if page < pages else None, numbers
    )
