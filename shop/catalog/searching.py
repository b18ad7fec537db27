"""Search: PostgreSQL full text in the store's language, the last word also as a beginning, typos corrected."""

from __future__ import annotations

from array import array
from collections import OrderedDict
from dataclasses import dataclass

from flask import current_app

from shop.catalog.index import current_index
from shop.catalog.reading import read
from shop.catalog.vocabulary import current_vocabulary
from shop.catalog.words import MAX_QUERY_WORDS, clean_query, fold, search_config, words_of
from shop.core.scope import current_store
from shop.tenancy.profile import current_profile, current_versions, on_forget

MAX_FOUND = 1000
_MAX_REMEMBERED = 200
_NOTHING = array("q")

RANKED_AT_MOST = 300  # more hits than this tell little apart: the shop's own order serves as well, at no cost

# Which products match, and, where they are few, in the order of how well. Ranking reads every hit's whole text: for a
# word that half the shop has, that would cost more than everything else, and grow with the shop.
_SEARCH = f"""
WITH asked AS MATERIALIZED (
    SELECT CASE WHEN %(config)s = %(own)s THEN websearch_to_tsquery(%(own)s::regconfig, %(query)s)
           ELSE websearch_to_tsquery(%(config)s::regconfig, %(query)s)
             || websearch_to_tsquery(%(own)s::regconfig, %(query)s) END q, to_tsquery('simple', %(beginning)s) b
), hits AS MATERIALIZED (
    SELECT p.id FROM products p, asked WHERE p.status = 'active' AND (p.search @@ q OR p.words @@ b)
), counted AS (SELECT count(*) AS n FROM hits)
SELECT n, CASE WHEN n <= {RANKED_AT_MOST} THEN (
    SELECT array_agg(p.id ORDER BY ts_rank(p.search, q) DESC, p.in_stock DESC, p.sold_count DESC, p.id DESC)
      FROM products p, asked WHERE p.id = ANY(ARRAY(SELECT id FROM hits)))
  ELSE (SELECT array_agg(id) FROM hits) END
  FROM counted"""  # noqa: S608  (a number of ours)

_BEGIN = """
SELECT p.id FROM products p, to_tsquery('simple', %(beginning)s) b
 WHERE p.status = 'active' AND p.words @@ b
 ORDER BY p.in_stock DESC, p.sold_count DESC, p.id DESC LIMIT %(limit)s"""


@dataclass(frozen=True, slots=True)
class Results:
    """Product ids, best first; `corrected` is the query that was searched in place of the one typed."""

    ids: array[int]
    query: str
    corrected: str | None = None


_remembered: OrderedDict[tuple[object, ...], array[int]] = OrderedDict()


def search(raw_query: str, locale: str, exact: bool = False) -> Results:
    """Search what a visitor typed; hostile text finds nothing and breaks nothing.

    Nothing found: the query is corrected against the catalogue's own words and searched again (unless `exact`).
    At most three statements; a query already asked of this version of the catalogue needs none.
    """
    query = clean_query(raw_query)
    if not words_of(query):
        return Results(_NOTHING, query)
    ids = _found(query, locale)
    if len(ids) or exact:
        return Results(ids, query)
    corrected = current_vocabulary().correct(query)
    if corrected and corrected != fold(query):
        better = _found(corrected, locale)
        if len(better):
            return Results(better, query, corrected)
    return Results(ids, query)


def suggest(raw_query: str, limit: int = 6) -> tuple[list[int], list[str]]:
    """While somebody types: ids of products with all these words, the last one only begun; and ways to finish it."""
    query = clean_query(raw_query)
    beginning = _beginning(query)
    if len(query) < 2 or not beginning:
        return [], []
    key = _key("suggest", limit, beginning)
    ids = _recall(key)
    if ids is None:
        ids = array("q", [r[0] for r in read(_BEGIN, {"beginning": beginning, "limit": limit})])
        _remember(key, ids)
    words = words_of(query)
    endings = current_vocabulary().complete(words[-1])
    return list(ids), [" ".join([*words[:-1], ending]) for ending in endings]


def _found(query: str, locale: str) -> array[int]:
    key = _key("search", search_config(locale), fold(query))
    ids = _recall(key)
    if ids is None:
        own = search_config(current_profile().locale)  # what is not translated is found in the original
        asked = {"config": search_config(locale), "own": own, "query": fold(query), "beginning": _beginning(query)}
        count, hits = read(_SEARCH, asked)[0]
        if count > RANKED_AT_MOST:
            index = current_index()
            hits = index.page(index.mask_of(hits), "featured", 0, MAX_FOUND)
        ids = array("q", hits or ())
        _remember(key, ids)
    return ids


def _beginning(query: str) -> str:
    """words_of() leaves letters and digits alone, so nothing here is an operator: "mountain & fo:*"."""
    words = words_of(query)[:MAX_QUERY_WORDS]
    if not words or (len(words[-1]) < 2 and len(words) == 1):
        return ""
    return " & ".join(words) + ":*"


def _key(*parts: object) -> tuple[object, ...]:
    return (current_store(), current_app.config["DATABASE_KEY"], current_versions().catalog, *parts)


def _recall(key: tuple[object, ...]) -> array[int] | None:
    found = _remembered.get(key)
    if found is not None:
        try:
            _remembered.move_to_end(key)
        except KeyError:  # another thread dropped it meanwhile
            return found
    return found


def _remember(key: tuple[object, ...], ids: array[int]) -> None:
    _remembered[key] = ids
    while len(_remembered) > _MAX_REMEMBERED:
        _remembered.popitem(last=False)


@on_forget
def forget() -> None:
    """Drop what this process remembers."""
    _remembered.clear()
