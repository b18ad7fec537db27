"""The connect form, drawn from a connector's `spec`: how it is filled, and what came of it."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping

from shop.admin import reading_forms as read
from shop.admin.settings_forms import every
from shop.channels.connector import ConnectorSpec, Setting
from shop.channels.models import Connection
from shop.errors import InvalidInput
from shop.workflows.connect_channel import MADE_UP, Typed

LONGEST_SECRET = 4000
ADDRESS = "store_url"
_SPACE = re.compile(r"\s")


def fill(spec: ConnectorSpec, found: Connection | None) -> dict[str, str]:
    """What the form shows; a secret is never among it."""
    values = {"name": found.name if found else ""}
    for setting in spec.settings:
        if setting.kind == "secret":
            continue
        if found is None:
            values[setting.name] = setting.default
        elif setting.name == ADDRESS:
            values[ADDRESS] = found.store_url
        else:
            values[setting.name] = str(found.settings.get(setting.name, setting.default))
    return values


def typed_in(spec: ConnectorSpec, form: Mapping[str, str]) -> dict[str, str]:
    """As it came, for the form to show again; without secrets."""
    names = ["name", *(s.name for s in spec.settings if s.kind != "secret")]
    return {name: form.get(name, "").replace("\0", "").strip()[:600] for name in names}


def read_form(
    spec: ConnectorSpec,
    form: Mapping[str, str],
    *,
    has_secrets: Mapping[str, str] | None = None,
    is_later: bool = False,
) -> Typed:
    """Every wrong field is told at once. `has_secrets`: those that are kept already, and may be left empty; `is_later`:
    all may, they come from the platform.

    Raises InvalidInput. The address is checked by the workflow, which asks the name servers.
    """
    kept = has_secrets or {}
    readers: list[Callable[[], tuple[str, str]]] = [
        lambda: ("name", read.text(form, "name", "Your name for it", 120, required=False))
    ]
    readers += [_reader(setting, form, is_later or setting.name in kept) for setting in spec.settings]
    found = dict(every(readers))
    secret = {s.name for s in spec.settings if s.kind == "secret"}
    return Typed(
        name=found.pop("name"),
        store_url=found.pop(ADDRESS, ""),
        settings={name: value for name, value in found.items() if name not in secret},
        secrets={name: value for name, value in found.items() if name in secret and value},
    )


def _reader(setting: Setting, form: Mapping[str, str], is_kept: bool) -> Callable[[], tuple[str, str]]:
    def reader() -> tuple[str, str]:
        name, label = setting.name, setting.label
        if setting.kind == "secret":
            must = setting.required and not is_kept and name != MADE_UP
            return name, _secret(form.get(name, ""), name, label, must)
        if setting.kind == "switch":
            return name, "1" if form.get(name) else ""
        if setting.kind == "choice":
            options = tuple(key for key, _ in setting.choices)
            if not setting.required and not form.get(name):
                return name, ""
            return name, read.choice(form, name, label, options)
        return name, read.text(form, name, label, 300, required=setting.required)

    return reader


def _secret(raw: str, name: str, label: str, must: bool) -> str:
    value = raw.strip()
    if must and not value:
        raise InvalidInput(fields={name: f"{label} is missing."})
    if len(value) > LONGEST_SECRET:
        raise InvalidInput(fields={name: f"{label} is too long to be a key."})
    if not value.isprintable() or _SPACE.search(value):
        raise InvalidInput(fields={name: f"{label} has characters that no key has. Copy it again, without spaces."})
    return value


def labels(spec: ConnectorSpec) -> dict[str, str]:
    return {"name": "Your name for it", **{s.name: s.label for s in spec.settings}}
