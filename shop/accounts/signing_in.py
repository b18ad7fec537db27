"""Signing in to the panel: throttled before the check, and silent about which half was wrong."""

from __future__ import annotations

import hashlib
import ipaddress
import threading

from flask import g
from limits import RateLimitItemPerSecond
from limits.storage import MemoryStorage, RedisStorage
from limits.strategies import MovingWindowRateLimiter
from sqlalchemy.orm import Session

from shop.accounts.models import StaffMember
from shop.accounts.passwords import hash_password, is_outdated, verify_password
from shop.accounts.sessions import find_signed_in
from shop.accounts.shopper_models import Shopper
from shop.accounts.staff import find_staff
from shop.accounts.staff_models import StaffSession
from shop.core import redis as redis_door
from shop.core.redis import RedisDoor
from shop.core.scope import scoped_key
from shop.extensions import db, login_manager

HOUR = 3600
PER_ACCOUNT, PER_ADDRESS = 20, 60  # tries an hour that reach the password check
WITHOUT_REDIS = 4  # each process then allows this fraction, since it knows nothing of the others
PER_CODE, LETTERS_PER_ACCOUNT = 10, 4

_memory = MovingWindowRateLimiter(MemoryStorage())
_shared: dict[str, MovingWindowRateLimiter] = {}
_lock = threading.Lock()


def may_try(email: str, address: str, device: str | None = None, *, realm: str = "") -> bool:
    """Count one try; False when the account or the network address has had too many in the last hour.

    `realm`: "" for the panel, "shopper" for the shop's own customers. Each counts by itself, so nobody who guesses at
    the one is in the way of the other.

    Known and unknown accounts are counted alike, so the answer tells nothing. A browser that has signed in to this
    account before (accounts/devices.py) is counted by itself.
    """
    by_address = _hit(f"{realm}address", network_of(address), PER_ADDRESS)
    who = f"{email.strip().lower()}#{device}" if device else email.strip().lower()
    return by_address and _hit(f"{realm}account", who, PER_ACCOUNT)


def may_try_code(member: StaffMember | Shopper, device: str | None = None, *, realm: str = "") -> bool:
    """Count one try at the second step: six digits stand little guessing. A known browser is counted by itself."""
    return _hit(f"{realm}code", f"{member.id}#{device or ''}", PER_CODE)


def may_try_key(address: str) -> bool:
    """Count one wish to sign in by a passkey."""
    return _hit("passkey-address", network_of(address), PER_ADDRESS)


def may_ask_for_a_letter(email: str, address: str, *, realm: str = "") -> bool:
    """Count one wish for a way back in, for any address alike: nobody's mailbox is to be filled."""
    by_address = _hit(f"{realm}reset-address", network_of(address), PER_ADDRESS)
    return by_address and _hit(f"{realm}reset", email.strip().lower(), LETTERS_PER_ACCOUNT)


def check_sign_in(session: Session, email: str, password: str) -> StaffMember | None:
    """The account, or None when the address is unknown, the password wrong, or the account switched off.

    The password is checked in every case, so the time taken tells nothing. The caller commits.
    """
    member = find_staff(session, email[:254])
    if not verify_password(member.password_hash if member else None, password) or member is None:
        return None
    if not member.is_enabled:
        return None
    if is_outdated(member.password_hash):
        member.password_hash = hash_password(password)
    return member


def network_of(address: str) -> str:
    """What one household or server has: the IPv4 address, or the first 64 bits of an IPv6 one."""
    try:
        parsed = ipaddress.ip_address(address)
    except ValueError:
        return "unknown"
    if parsed.version == 4:
        return str(parsed)
    return str(ipaddress.ip_network((parsed, 64), strict=False))


@login_manager.user_loader
def load_member(cookie_id: str) -> StaffMember | None:
    """The member of a session cookie; None once the session has ended. The session's row is kept for this request."""
    found = find_signed_in(db.session(), cookie_id)
    g.staff_session = found[1] if found else None
    return found[0] if found else None


def session_here() -> StaffSession | None:
    """The session this request belongs to, once `current_user` has been looked at."""
    here: StaffSession | None = g.get("staff_session")
    return here


def _hit(kind: str, who: str, at_most: int) -> bool:
    name = scoped_key("sign-in", kind, hashlib.sha256(who.encode()).hexdigest()[:24])
    door = redis_door.door()
    if door is not None:
        limiter = _limiter(door)
        allowed = door.attempt(lambda _: limiter.hit(RateLimitItemPerSecond(at_most, HOUR), name))
        if allowed is not None:
            return allowed
    return _memory.hit(RateLimitItemPerSecond(max(at_most // WITHOUT_REDIS, 1), HOUR), name)


def _limiter(door: RedisDoor) -> MovingWindowRateLimiter:
    with _lock:
        if door.url not in _shared:
            storage = RedisStorage(door.url, connection_pool=door.client.connection_pool)
            _shared[door.url] = MovingWindowRateLimiter(storage)
        return _shared[door.url]


def forget_tries() -> None:
    """Drop what this process has counted (tests)."""
    _memory.storage.reset()
