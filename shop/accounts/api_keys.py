"""API keys: made, proved, rotated, revoked. A token is shown once; the database holds a keyed hash of it.

imp_live_k3v9x2m7q4ab_<43 signs, 256 random bits>
╰──┬───╯ ╰────┬─────╯
kind     public id: the row is found by it
"""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from datetime import datetime, timedelta

from sqlalchemy import or_, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from shop.accounts.api_models import ApiKey
from shop.accounts.auditing import note_change
from shop.core import clock
from shop.core.secrets import fits_hash, is_newest_hash, keyed_hash, new_token
from shop.errors import Conflict, InvalidInput

#: what a scope opens, with the words beside it in the panel
RESOURCES: dict[str, tuple[str, str]] = {
    "products": ("Products", "products, variants, prices and collections"),
    "orders": ("Orders", "orders with their addresses and lines; notes, cancelling"),
    "customers": ("Customers", "names, addresses and consent"),
    "fulfilments": ("Fulfilments", "what is printed, and parcels; releasing"),
    "refunds": ("Refunds", "money that went back; giving money back"),
    "webhooks": ("Webhooks", "where we send notices, and their secrets"),
}
SCOPES = tuple(f"{resource}:{what}" for resource in RESOURCES for what in ("read", "write"))
KINDS = ("imp_live", "imp_test")
LONGEST_TOKEN = 120
MOST_OVERLAP_HOURS = 24
MOST_KEYS = 200  # that are not revoked
USED_EVERY = timedelta(minutes=1)
_SIGNS = "abcdefghjkmnpqrstuvwxyz23456789"


def create_key(
    session: Session,
    *,
    name: str,
    scopes: Sequence[str],
    is_test: bool,
    per_minute: int = 600,
    expires_at: datetime | None = None,
    by: tuple[int | None, str] = (None, ""),
    form_key: str = "",
) -> tuple[ApiKey, str | None]:
    """The key and its token, which nobody can read again. None for the token: this form made the key before.

    A write scope includes reading. Raises InvalidInput, and Conflict when there are too many. The caller commits.
    """
    chosen = with_reading(scopes)
    if not chosen:
        raise InvalidInput(fields={"scopes": "Choose at least one thing that this key may do."})
    if expires_at is not None and expires_at <= clock.now():
        raise InvalidInput(fields={"expires": "This day has passed already."})
    open_keys = select(ApiKey.id).where(ApiKey.revoked_at.is_(None)).limit(MOST_KEYS)
    if len(session.execute(open_keys).all()) >= MOST_KEYS:
        raise Conflict(f"There are {MOST_KEYS} keys already. Revoke one that is not used any more.")
    public_id = "".join(secrets.choice(_SIGNS) for _ in range(12))
    kind = KINDS[1] if is_test else KINDS[0]
    token = _token(kind, public_id)
    form_key = form_key or new_token()
    row = insert(ApiKey).values(
        name=name,
        public_id=public_id,
        prefix=kind,
        token_hash=keyed_hash(token),
        last_signs=token[-4:],
        scopes=chosen,
        per_minute=per_minute,
        form_key=form_key,
        created_by_id=by[0],
        created_by=by[1][:120],
        created_at=clock.now(),
        expires_at=expires_at,
        generation=1,
        last_used_ip="",
    )
    new = session.execute(row.on_conflict_do_nothing(index_elements=["form_key"]).returning(ApiKey.id)).first()
    key = session.execute(select(ApiKey).where(ApiKey.form_key == form_key)).scalar_one()
    if new is None:
        return key, None
    facts = {"scopes": chosen, "per_minute": per_minute, "expires_at": expires_at}
    note_change(session, "create API key", f"API key {name}", {}, facts)
    return key, token


def with_reading(scopes: Sequence[str]) -> list[str]:
    """The scopes we know, in their order, each write with its read. Raises InvalidInput for an unknown one."""
    if unknown := [scope for scope in scopes if scope not in SCOPES]:
        raise InvalidInput(fields={"scopes": f"{unknown[0][:40]} is not a scope."})
    wanted = {*scopes, *(scope.replace(":write", ":read") for scope in scopes)}
    return [scope for scope in SCOPES if scope in wanted]


def find_key(session: Session, key_id: int, to_change: bool = False) -> ApiKey | None:
    query = select(ApiKey).where(ApiKey.id == key_id)
    if to_change:
        query = query.with_for_update().execution_options(populate_existing=True)
    return session.execute(query).scalar_one_or_none()


def find_by_token(session: Session, token: str) -> ApiKey | None:
    """The key that this token proves; None for anything else: unknown, revoked, expired, replaced. One statement."""
    public_id = _public_id(token)
    if public_id is None:
        return None
    key = session.execute(select(ApiKey).where(ApiKey.public_id == public_id)).scalar_one_or_none()
    if key is None or not is_good(key):
        return None
    if fits_hash(token, key.token_hash):
        return key
    before, until = key.previous_hash, key.previous_until
    if before and until and clock.now() < until and fits_hash(token, before):
        return key
    return None


def is_good(key: ApiKey) -> bool:
    return key.revoked_at is None and (key.expires_at is None or clock.now() < key.expires_at)


def is_due_to_note_use(key: ApiKey) -> bool:
    return key.last_used_at is None or clock.now() - key.last_used_at > USED_EVERY


def note_use(session: Session, key: ApiKey, token: str, address: str) -> None:
    """When and from where, at most once a minute, whoever comes at the same time. The caller commits."""
    now = clock.now()
    values: dict[str, object] = {"last_used_at": now, "last_used_ip": address[:45]}
    if not is_newest_hash(key.token_hash) and fits_hash(token, key.token_hash):
        values["token_hash"] = keyed_hash(token)  # an encryption key is being replaced
    session.execute(
        update(ApiKey)
        .where(
            ApiKey.id == key.id,
            ApiKey.token_hash == key.token_hash,
            or_(ApiKey.last_used_at.is_(None), ApiKey.last_used_at < now - USED_EVERY),
        )
        .values(**values)
        .execution_options(synchronize_session=False)
    )


def rotate_key(session: Session, key: ApiKey, *, generation: int, overlap_hours: int) -> str:
    """A new token; the one before is good for `overlap_hours` more (0 to 24), an older one no longer.

    `generation` is what the form was filled with: a second press raises Conflict, as does a key that is no good. The
    caller holds the row (`find_key(…, to_change=True)`) and commits.
    """
    if not 0 <= overlap_hours <= MOST_OVERLAP_HOURS:
        raise InvalidInput(fields={"overlap": f"Choose 0 to {MOST_OVERLAP_HOURS} hours."})
    if not is_good(key):
        raise Conflict("This key is revoked or expired. Create a new one.")
    if key.generation != generation:
        raise Conflict("This key was rotated meanwhile. Its new token was shown then; rotate again for another one.")
    token = _token(key.prefix, key.public_id)
    now = clock.now()
    key.previous_hash = key.token_hash if overlap_hours else None
    key.previous_until = now + timedelta(hours=overlap_hours) if overlap_hours else None
    key.token_hash, key.last_signs = keyed_hash(token), token[-4:]
    key.generation, key.rotated_at = key.generation + 1, now
    return token


def revoke_key(session: Session, key: ApiKey) -> bool:
    """No token of it is good any more. False when it was so already. The caller commits."""
    if key.revoked_at is not None:
        return False
    key.revoked_at = clock.now()
    key.previous_hash = key.previous_until = None
    return True


def _token(kind: str, public_id: str) -> str:
    return f"{kind}_{public_id}_{new_token(32)}"


def _public_id(token: str) -> str | None:
    """Of something that looks like a token; anything else costs no look into the database."""
    parts = token.split("_", 3)
    if len(token) > LONGEST_TOKEN or not token.isascii() or len(parts) != 4:
        return None
    return parts[2] if f"{parts[0]}_{parts[1]}" in KINDS and len(parts[2]) == 12 and parts[2].isalnum() else None
