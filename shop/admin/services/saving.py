"""Keys of outside services, saved in the panel: replaced, never read back. What is typed reaches no log and no page."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from flask import Response, current_app, flash, redirect, request, url_for
from flask_login import current_user
from werkzeug.wrappers import Response as BaseResponse

from config import Config
from shop.accounts.auditing import note_change
from shop.admin.answering import one_at_a_time, press
from shop.admin.blueprint import bp
from shop.admin.permissions import May, staff_only
from shop.admin.providers import services_page
from shop.admin.services.fields import FIELDS, ProviderField, version_of
from shop.admin.settings_forms import every
from shop.core import log
from shop.core.transaction import transaction
from shop.errors import InvalidInput, NotFound
from shop.tenancy.profile import current_versions
from shop.tenancy.provider_keys import SavedKey, drop_keys, laid_over, list_saved, save_keys

logger = log.get_logger("admin")


@dataclass(frozen=True)
class _Reading:
    """One field of the form, read when it is its turn."""

    field: ProviderField
    form: Mapping[str, str]
    base: Config

    def __call__(self) -> tuple[str, str]:
        if self.field.name not in self.form:
            return self.field.name, ""
        return self.field.name, self.field.read(self.form, self.field.label, self.base)


@bp.post("/settings/services/<name>")
@staff_only(May.SETTINGS)
def save_provider(name: str) -> Response | BaseResponse:
    """Save what was typed; an empty secret keeps the one there is. Two at once: the second is told, and types again."""
    fields = _fields(name)
    base: Config = current_app.config["IMPRINT"]
    try:
        typed = dict(every([_Reading(f, request.form, base) for f in fields]))
        with one_at_a_time("provider keys"), transaction() as session:
            saved = list_saved(session)
            changes = _changes(fields, typed, saved, base)
            if changes and request.form.get("version", "") != version_of(name, saved):
                return services_page(opened=name, typed=_plain(fields, typed), was_stale=True, status=409)
            _refuse_what_cannot_run(base, saved, changes)
            if changes:
                save_keys(session, changes, by=current_user.email)
                note_change(session, "save keys", f"service {name}", {}, {"replaced": ", ".join(sorted(changes))})
    except InvalidInput as error:
        return services_page(opened=name, typed=_plain(fields, request.form), errors=error.fields, status=422)
    if not changes:
        flash("Nothing was changed: every field says what it said.", "good")
    else:
        current_versions(fresh=True)
        logger.info("provider keys saved", service=name, names=sorted(changes))
        flash("Saved. Every part of the shop uses it within a second. Press “Check” to try it.", "good")
    return redirect(url_for("admin.providers") + f"#{name}", 303)


@bp.post("/settings/services/<name>/forget")
@staff_only(May.SETTINGS)
def forget_provider(name: str) -> BaseResponse:
    """Delete everything saved for this service: what the server's environment says holds again."""
    fields = _fields(name)

    def work() -> str:
        with one_at_a_time("provider keys"), transaction() as session:
            count = drop_keys(session, [f.name for f in fields])
            if count:
                note_change(session, "delete keys", f"service {name}", {"saved": f"{count} keys"}, {"saved": "none"})
        current_versions(fresh=True)
        if not count:
            return "Nothing was saved here: the server’s own settings are in use."
        logger.info("provider keys forgotten", service=name)
        return "Deleted. The server’s own settings are in use again."

    return press(work, done="", back=url_for("admin.providers") + f"#{name}")


def _changes(
    fields: tuple[ProviderField, ...], typed: Mapping[str, str], saved: Mapping[str, SavedKey], base: Config
) -> dict[str, str]:
    """What differs from what holds now. A secret that was typed counts as changed: nobody compares it."""
    changes = {}
    for field in fields:
        value = typed[field.name]
        if field.is_secret:
            if value:
                changes[field.name] = value
            continue
        if field.name not in request.form:
            continue
        now = saved[field.name].value if field.name in saved else str(getattr(base, field.name))
        if value != now:
            changes[field.name] = value
    return changes


def _refuse_what_cannot_run(base: Config, saved: Mapping[str, SavedKey], changes: Mapping[str, str]) -> None:
    """config.py knows which settings need each other; what was wrong before is no reason to refuse."""
    kept = {n: ("set" if s.value == "" and n != "smtp_user" else s.value) for n, s in saved.items() if s.is_readable}
    now = laid_over(base, {**kept, **changes})
    new = [p for p in now.problems() if p not in replace(base).problems()]
    if new:
        field = next((n for p in new for n in sorted(changes) if n.upper() in p), sorted(changes)[0])
        raise InvalidInput(fields={field: f"That cannot work yet: {'; '.join(new)}."})


def _plain(fields: tuple[ProviderField, ...], values: Mapping[str, str]) -> dict[str, str]:
    """What the form shows again: never a secret."""
    return {f.name: values.get(f.name, "")[:500] for f in fields if not f.is_secret}


def _fields(name: str) -> tuple[ProviderField, ...]:
    if name not in FIELDS:
        raise NotFound("There is no such service, or it has no keys.")
    return FIELDS[name]
