"""The catalogue's own words (titles, types, tags, colours): they correct a typo and complete a beginning."""

from __future__ import annotations

from bisect import bisect_left
from dataclasses import dataclass

from flask import current_app
from rapidfuzz import process
from rapidfuzz.distance import OSA

from shop.catalog.reading import read
from shop.catalog.words import words_of
from shop.core.scope import current_store
from shop.tenancy.profile import current_versions, on_forget

MAX_WORDS = 40_000

_SELECT = f"""
SELECT word, ndoc FROM ts_stat('SELECT words FROM products WHERE status = ''active'' AND words IS NOT NULL')
 WHERE length(word) BETWEEN 3 AND 40 AND word !~ '[^[:alpha:]]'
 ORDER BY ndoc DESC, word LIMIT {MAX_WORDS}"""  # noqa: S608  (a number of ours)


@dataclass(frozen=True)
class Vocabulary:
    """Words in order, and in how many products each stands."""

    words: list[str]
    counts: dict[str, int]

    def correct(self, query: str) -> str | None:
        """The query with its unknown words replaced by the nearest known ones; None when nothing is near.

        One slip in short words, two in longer ones; of equally near words the more frequent wins.
        """
        corrected, changed = [], False
        for word in words_of(query)[:8]:
            if len(word) < 3 or not word.isalpha() or word in self.counts:
                corrected.append(word)
                continue
            best = self._nearest(word)
            changed = changed or best is not None
            corrected.append(best or word)
        return " ".join(corrected) if changed else None

    def _nearest(self, word: str) -> str | None:
        slips = 1 if len(word) <= 4 else 2
        near = process.extract(word, self.words, scorer=OSA.distance, score_cutoff=slips, limit=20)
        if not near:
            return None
        return min(near, key=lambda found: (found[1], -self.counts[found[0]], found[0]))[0]

    def complete(self, beginning: str, limit: int = 4) -> list[str]:
        """The most frequent words that begin so."""
        if not beginning:
            return []
        first = bisect_left(self.words, beginning)
        found = []
        for word in self.words[first : first + 400]:
            if not word.startswith(beginning):
                break
            found.append(word)
        return sorted(found, key=lambda w: (-self.counts[w], w))[:limit]


_held: dict[str, tuple[int, Vocabulary]] = {}


def current_vocabulary() -> Vocabulary:
    """One SELECT after a change of the catalogue, and only once somebody needs it."""
    key = f"{current_store()}@{current_app.config['DATABASE_KEY']}"
    version = current_versions().catalog
    held = _held.get(key)
    if held is None or held[0] != version:
        counts = {row[0]: row[1] for row in read(_SELECT)}
        held = (version, Vocabulary(sorted(counts), counts))
        _held[key] = held
    return held[1]


@on_forget
def forget() -> None:
    """Drop what this process remembers."""
    _held.clear()
