"""The words of templates. Flask-Babel works out the language anew for every string, and Jinja formats each one even
when there is nothing to format; a page has about a hundred. Here a text is looked up once for each language."""

from __future__ import annotations

from gettext import NullTranslations

from flask import g
from flask_babel import get_domain
from jinja2 import Environment
from markupsafe import Markup

MAX_HELD = 5000  # texts of one language; templates hold far fewer

_translations: dict[str, NullTranslations] = {}
_texts: dict[str, dict[str, Markup]] = {}  # by language; as it stands in the catalogue
_said: dict[str, dict[str, str]] = {}
_plain: dict[str, dict[str, Markup]] = {}  # the same with nothing to put in


def install(env: Environment) -> None:
    """`_`, `gettext` and `ngettext` for templates: translations are trusted, what is put into them is escaped."""
    env.install_gettext_callables(_gettext, _ngettext, newstyle=True)  # type: ignore[attr-defined]
    env.globals.update(_=_gettext, gettext=_gettext, ngettext=_ngettext)


def say(text: str, /, **values: object) -> str:
    """For views: a text in the page's language, plain (templates escape it). Import it as `_`."""
    locale = g.get("locale") or "en"
    held = _said.setdefault(locale, {})
    found = held.get(text)
    if found is None:
        found = _of(locale).gettext(text)
        if len(held) < MAX_HELD:
            held[text] = found
    return found % values if values else found


def _gettext(text: str, /, **values: object) -> Markup:
    locale = g.get("locale") or "en"
    held = (_texts if values else _plain).setdefault(locale, {})
    found = held.get(text)
    if found is None:
        found = Markup(_of(locale).gettext(text))  # noqa: S704  (our own catalogue)
        if not values:
            found = found % {}
        if len(held) < MAX_HELD:
            held[text] = found
    return found % values if values else found


def _ngettext(one: str, many: str, number: int, /, **values: object) -> Markup:
    locale = g.get("locale") or "en"
    translated = Markup(_of(locale).ngettext(one, many, number))  # noqa: S704  (our own catalogue)
    return translated % {"num": number, **values}


def _of(locale: str) -> NullTranslations:
    found = _translations.get(locale)
    if found is None:
        found = _translations[locale] = get_domain().get_translations()
    return found
