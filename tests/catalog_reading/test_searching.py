from __future__ import annotations

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from shop.catalog.searching import search, suggest
from shop.catalog.vocabulary import current_vocabulary
from shop.catalog.words import clean_query, fold, plain_text, slug_of
from tests.catalog_reading.goods import counted_statements, stock

pytestmark = pytest.mark.usefixtures("app")


@pytest.fixture
def goods(app) -> dict[str, int]:
    return {
        "fox": stock("Quiet Fox Tee", tags=["animals"]),
        "comet": stock("Midnight Comet Poster", product_type="Poster", description_html="<p>For foxes at heart</p>"),
        "cafe": stock("Café Crème Mug", product_type="Mug", slug="cafe"),
    }


def test_titles_weigh_more_than_descriptions(goods) -> None:
    assert list(search("fox", "en").ids) == [goods["fox"], goods["comet"]]
    assert list(search("foxes", "en").ids) == [goods["fox"], goods["comet"]]  # stemmed


def test_tags_types_and_colours_are_searched_too(goods) -> None:
    assert list(search("poster", "en").ids) == [goods["comet"]]
    assert list(search("animals", "en").ids) == [goods["fox"]]
    assert set(search("navy", "en").ids) == set(goods.values())


def test_accents_do_not_matter(goods) -> None:
    for typed in ("cafe creme", "CAFÉ", "crème"):
        assert list(search(typed, "en").ids) == [goods["cafe"]]


def test_the_last_word_may_be_unfinished(goods) -> None:
    assert list(search("midnight com", "en").ids) == [goods["comet"]]
    ids, words = suggest("mid")
    assert ids == [goods["comet"]] and words == ["midnight"]
    assert suggest("quiet fo")[1] == ["quiet fox"]


def test_typos_are_corrected_against_our_own_words_unless_asked_not_to(goods) -> None:
    found = search("midnigth comte", "en")
    assert (list(found.ids), found.corrected) == ([goods["comet"]], "midnight comet")
    assert list(search("midnigth comte", "en", exact=True).ids) == []
    assert search("qqqqqqqq", "en").corrected is None


def test_a_search_needs_three_statements_at_most_and_none_when_repeated(goods) -> None:
    current_vocabulary()
    with counted_statements() as seen:
        search("midnigth", "en")
    assert len(seen) <= 3
    with counted_statements() as seen:
        search("midnigth", "en")
    assert seen == []


def test_words_that_are_operators_are_only_words(goods) -> None:
    for hostile in ("'", "fox' | 'x", "((((", "fox & !", ":*", "a:*b", "\\", "''''", "-", '"', '"fox', "fox:ABC", "<->",
                    "fox <2> tee", "%", "\x00fox", "\ud800", "‮fox", "OR", "the", "🦊", "fox " * 3000):  # fmt: skip
        search(hostile, "en")
        suggest(hostile)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.text(max_size=120))
def test_no_text_breaks_the_search(text: str) -> None:
    search(text, "en")
    suggest(text)


def test_every_language_has_a_configuration_that_exists(goods) -> None:
    for locale in ("en", "fr_FR", "de", "es", "it", "nl", "pt", "sv", "da", "fi", "no", "ja", "xx"):
        search("fox", locale)


def test_words_are_cleaned_and_folded() -> None:
    assert clean_query("  a\x00b\n\tc " + "x" * 500)[:6] == "a b c " and len(clean_query("x" * 10_000)) == 100
    assert fold("Crème BRÛLÉE") == "creme brulee"
    assert plain_text("<p>a &lt;b&gt; c</p><script>") == "a <b> c"
    assert slug_of("Heather / Grey") == "heather-grey" and slug_of("黒") != slug_of("白")
