"""HTML from outside, made harmless on the way in. What leaves here may be shown without escaping."""

from __future__ import annotations

import html
import re
from functools import lru_cache

import nh3

MOST_CHARS_IN = 100_000
MOST_CHARS_OUT = 60_000

_cleaner = nh3.Cleaner(
    tags={"p", "br", "strong", "b", "em", "i", "u", "ul", "ol", "li", "h2", "h3", "h4", "blockquote",
          "table", "thead", "tbody", "tr", "th", "td", "sup", "sub", "hr"},
    clean_content_tags={"script", "style", "iframe", "object", "embed", "svg", "math", "template", "noscript",
                        "textarea", "select", "title", "xmp", "noembed", "noframes"},
    attributes={"th": {"colspan", "rowspan", "scope"}, "td": {"colspan", "rowspan"}},
    link_rel=None,
    url_schemes=set(),
)  # fmt: skip
_TAG = re.compile(r"<[^>]*>")
_UNSEEN = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\u200b\u2028\u2029\u202a-\u202e\u2066-\u2069\ufeff]")
_SPACE = re.compile(r"\s+")


def clean_html(text: str) -> str:
    """Only plain structure is left: no links, pictures, styles, scripts or attributes (but table spans). Bounded.

    Text without any tag becomes paragraphs at its blank lines.
    """
    text = _UNSEEN.sub("", text[:MOST_CHARS_IN])
    if "<" not in text:
        parts = [part.strip() for part in re.split(r"\n\s*\n", text) if part.strip()]
        text = "".join(f"<p>{html.escape(html.unescape(part), quote=False)}</p>" for part in parts)
    cleaned = _cleaner.clean(text).strip()
    if len(cleaned) > MOST_CHARS_OUT:  # cut, then clean again so that no tag stays open
        cleaned = _cleaner.clean(cleaned[:MOST_CHARS_OUT].rsplit("<", 1)[0]).strip()
    if len(cleaned) > MOST_CHARS_OUT:  # thousands of tags inside each other: only the words are kept
        cleaned = f"<p>{html.escape(plain_text(cleaned)[: MOST_CHARS_OUT // 8], quote=False)}</p>"
    return cleaned


def plain_text(markup: str) -> str:
    """The words of an HTML fragment on one line."""
    return _SPACE.sub(" ", html.unescape(_TAG.sub(" ", markup))).strip()


def one_line(text: str, most: int) -> str:
    """A name or label: no markup is implied, control and direction characters removed, bounded."""
    return _short_line(text, most) if len(text) <= 60 else _line(text, most)


def _line(text: str, most: int) -> str:
    return _SPACE.sub(" ", _UNSEEN.sub("", text[: most * 4])).strip()[:most].strip()


_short_line = lru_cache(maxsize=8192)(_line)  # sizes, colours and tags repeat from product to product
