"""Passkeys of a shopper (WebAuthn level 3). The checks themselves are the library's; what counts here is what they are
made against: our own address, a challenge asked for by this browser and used once, and a person who was verified.

None of these commits.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from urllib.parse import urlsplit

import webauthn
from sqlalchemy import delete, func, select
from sqlalchemy.orm import Session
from webauthn.helpers import parse_authentication_credential_json
from webauthn.helpers.structs import (
    AuthenticatorSelectionCriteria,
    PublicKeyCredentialDescriptor,
    ResidentKeyRequirement,
    UserVerificationRequirement,
)

from shop.accounts.shopper_models import Shopper, ShopperChallenge, ShopperPasskey, ShopperSession
from shop.core import clock
from shop.core.secrets import hash_token, new_token
from shop.errors import Conflict, InvalidInput, NotFound
from shop.words import mark

MOST = 10
CHALLENGE_LASTS = timedelta(minutes=5)
LONGEST_NAME, LONGEST_ANSWER = 60, 20_000
NOT_TAKEN = mark("This passkey could not be added. Please try again.")
TOO_MANY = mark("There can be 10 passkeys. Remove one first.")
GONE = mark("This passkey is not in your account any more.")
_QUIET = {"synchronize_session": False}


@dataclass(frozen=True)
class Site:
    """Where passkeys are good for: `rp_id` is the host's name, `origin` the address as browsers say it."""

    rp_id: str
    origin: str
    name: str

    @classmethod
    def at(cls, public_url: str, name: str) -> Site | None:
        """None for a bare IP address: browsers make no passkeys there."""
        parts = urlsplit(public_url)
        host = (parts.hostname or "").lower()
        try:
            ipaddress.ip_address(host)
        except ValueError:
            return cls(host, f"{parts.scheme}://{parts.netloc.lower()}", name[:60]) if host else None
        return None


def new_challenge(session: Session, purpose: str) -> str:
    """What is to be signed. `purpose`: what it may be used for, and by whom."""
    token = new_token()
    lasts = clock.now() + CHALLENGE_LASTS
    session.add(ShopperChallenge(challenge_hash=_bound(token, purpose), expires_at=lasts))
    return token


def take_challenge(session: Session, token: object, purpose: str) -> bytes | None:
    """Use it up; None when it was used, is too old, or was made for something else. To be committed before what was
    signed is looked at: an answer that is refused uses it up as well."""
    if not isinstance(token, str) or not 20 <= len(token) <= 100:
        return None
    used = delete(ShopperChallenge).where(
        ShopperChallenge.challenge_hash == _bound(token, purpose), ShopperChallenge.expires_at > clock.now()
    )
    found = session.execute(used.returning(ShopperChallenge.id), execution_options=_QUIET).first()
    return token.encode() if found is not None else None


def question_for_new(session: Session, shopper: Shopper, site: Site, challenge: str) -> str:
    """JSON for navigator.credentials.create(). Raises Conflict when there are too many."""
    held = list_passkeys(session, shopper.id)
    if len(held) >= MOST:
        raise Conflict(TOO_MANY)
    if shopper.passkey_handle is None:
        shopper.passkey_handle = new_token()
    return webauthn.options_to_json(
        webauthn.generate_registration_options(
            rp_id=site.rp_id,
            rp_name=site.name,
            user_id=shopper.passkey_handle.encode(),
            user_name=shopper.email,
            challenge=challenge.encode(),
            authenticator_selection=AuthenticatorSelectionCriteria(
                resident_key=ResidentKeyRequirement.REQUIRED,
                require_resident_key=True,
                user_verification=UserVerificationRequirement.REQUIRED,
            ),
            exclude_credentials=[PublicKeyCredentialDescriptor(id=row.credential_id) for row in held],
        )
    )


def add_passkey(session: Session, shopper_id: int, site: Site, challenge: bytes, answer: str, name: str) -> str:
    """Its name. Raises InvalidInput (field "name"), Conflict when there are too many."""
    session.execute(select(Shopper.id).where(Shopper.id == shopper_id).with_for_update())
    if session.execute(select(func.count()).where(ShopperPasskey.shopper_id == shopper_id)).scalar_one() >= MOST:
        raise Conflict(TOO_MANY)
    found = _checked(
        lambda: webauthn.verify_registration_response(
            credential=answer[:LONGEST_ANSWER],
            expected_challenge=challenge,
            expected_rp_id=site.rp_id,
            expected_origin=site.origin,
            require_user_verification=True,
        )
    )
    known = found and select(ShopperPasskey.id).where(ShopperPasskey.credential_id == found.credential_id)
    if found is None or session.execute(known).first() is not None:
        raise InvalidInput(fields={"name": NOT_TAKEN})
    row = ShopperPasskey(
        shopper_id=shopper_id, name=name[:LONGEST_NAME], credential_id=found.credential_id,
        public_key=found.credential_public_key, sign_count=found.sign_count, is_synced=found.credential_backed_up,
    )  # fmt: skip
    session.add(row)
    session.flush()
    return row.name


def question_for_sign_in(site: Site, challenge: str) -> str:
    """JSON for navigator.credentials.get(): whoever it is, so it tells nothing about anybody."""
    return webauthn.options_to_json(
        webauthn.generate_authentication_options(
            rp_id=site.rp_id,
            challenge=challenge.encode(),
            user_verification=UserVerificationRequirement.REQUIRED,
        )
    )


def check_answer(session: Session, site: Site, challenge: bytes, answer: str) -> tuple[Shopper, int] | None:
    """(whose passkey signed, its row); None when anything does not fit, also a counter that did not go up."""
    parsed = _checked(lambda: parse_authentication_credential_json(answer[:LONGEST_ANSWER]))
    if parsed is None:
        return None
    found = session.execute(
        select(ShopperPasskey, Shopper)
        .join(Shopper, Shopper.id == ShopperPasskey.shopper_id)
        .where(ShopperPasskey.credential_id == parsed.raw_id)
        .with_for_update(of=ShopperPasskey)
        .execution_options(populate_existing=True)
    ).first()
    if found is None:
        return None
    row, shopper = found
    if (parsed.response.user_handle or b"") != (shopper.passkey_handle or "").encode():
        return None
    checked = _checked(
        lambda: webauthn.verify_authentication_response(
            credential=parsed,
            expected_challenge=challenge,
            expected_rp_id=site.rp_id,
            expected_origin=site.origin,
            credential_public_key=row.public_key,
            credential_current_sign_count=row.sign_count,
            require_user_verification=True,
        )
    )
    if checked is None:
        return None
    row.sign_count, row.last_used_at, row.is_synced = checked.new_sign_count, clock.now(), checked.credential_backed_up
    return shopper, row.id


def list_passkeys(session: Session, shopper_id: int) -> list[ShopperPasskey]:
    """Oldest first; there are at most 10."""
    mine = select(ShopperPasskey).where(ShopperPasskey.shopper_id == shopper_id)
    return list(session.execute(mine.order_by(ShopperPasskey.id).limit(MOST)).scalars())


def rename_passkey(session: Session, shopper_id: int, passkey_id: int, name: str) -> None:
    """Raises NotFound, also for somebody else's."""
    _get(session, shopper_id, passkey_id).name = name[:LONGEST_NAME]


def remove_passkey(session: Session, shopper_id: int, passkey_id: int, *, but: int | None = None) -> str:
    """Its name. Whoever is signed in by it is signed out, the session `but` apart. Raises NotFound."""
    row = _get(session, shopper_id, passkey_id)
    ended = delete(ShopperSession).where(ShopperSession.passkey_id == row.id, ShopperSession.id != (but or 0))
    session.execute(ended, execution_options=_QUIET)
    session.delete(row)
    session.flush()
    return row.name


def remove_all_passkeys(session: Session, shopper_id: int) -> int:
    """How many there were."""
    gone = delete(ShopperPasskey).where(ShopperPasskey.shopper_id == shopper_id).returning(ShopperPasskey.id)
    return len(session.execute(gone, execution_options=_QUIET).all())


def _get(session: Session, shopper_id: int, passkey_id: int) -> ShopperPasskey:
    mine = select(ShopperPasskey).where(ShopperPasskey.id == passkey_id, ShopperPasskey.shopper_id == shopper_id)
    found = session.execute(mine.with_for_update()).scalar_one_or_none()
    if found is None:
        raise NotFound(GONE)
    return found


def _bound(token: str, purpose: str) -> str:
    return hash_token(f"{purpose}:{token}")


def _checked(check: Callable[[], Any]) -> Any:
    """The answer comes from outside and may be anything: whatever the library stumbles over is a refusal."""
    try:
        return check()
    except Exception:  # noqa: BLE001
        return None
