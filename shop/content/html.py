"""Rich text that staff write, made harmless on the way in: structure, links, emphasis; nothing that runs or loads."""

from __future__ import annotations

import html
import re

import nh3

MOST_CHARS = 60_000
_UNSEEN = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\u200b\u2028\u2029\u202a-\u202e\u2066-\u2069\ufeff]")
_WORD = re.compile(r"\w")
_TAG = re.compile(r"<[^>]*>")

_cleaner = nh3.Cleaner(
    tags={"p", "br", "strong", "b", "em", "i", "u", "ul", "ol", "li", "h2", "h3", "h4", "blockquote", "a",
          "table", "thead", "tbody", "tr", "th", "td", "sup", "sub", "hr"},
    clean_content_tags={"script", "style", "iframe", "object", "embed", "svg", "math", "template", "noscript",
                        "textarea", "select", "title", "xmp", "noembed", "noframes"},
    attributes={"a": {"href", "title"}, "th": {"colspan", "rowspan", "scope"}, "td": {"colspan", "rowspan"}},
    link_rel="noopener",
    url_schemes={"http", "https", "mailto", "tel"},
)  # fmt: skip


def clean_page(text: str) -> str:
    """The text without scripts, styles, pictures and foreign attributes. Without any tag: paragraphs at blank lines."""
    text = _UNSEEN.sub("", text[: MOST_CHARS * 2])
    if "<" not in text:
        parts = [part.strip() for part in re.split(r"\n\s*\n", text.replace("\r\n", "\n")) if part.strip()]
        text = "\n".join(f"<p>{html.escape(part, quote=False)}</p>" for part in parts)
    return _cleaner.clean(text).strip()


def has_words(markup: str) -> bool:
    """Whether a reader would see anything."""
    return _WORD.search(_TAG.sub(" ", markup)) is not None
