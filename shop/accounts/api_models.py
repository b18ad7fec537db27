"""Keys of the API, and the answers kept for writes that are sent again."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import BigInteger, ForeignKey, Index, Integer, SmallInteger, String, UniqueConstraint, func
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import Mapped, mapped_column

from shop.core.secrets import EncryptedText, new_token
from shop.extensions import Model, UtcDateTime


class ApiKey(Model):
    """What a program shows instead of a password: `imp_live_<public id>_<secret>`. Only a hash of it is kept."""

    __tablename__ = "api_keys"

    name: Mapped[str] = mapped_column(String(80))
    public_id: Mapped[str] = mapped_column(String(16), unique=True)  # found by this, proved by the hash
    prefix: Mapped[str] = mapped_column(String(12))  # imp_live | imp_test: as the shop was when it was made
    token_hash: Mapped[str] = mapped_column(String(80))  # core/secrets.keyed_hash
    last_signs: Mapped[str] = mapped_column(String(4))  # to recognise it by
    #: after a rotation the token before is good until then
    previous_hash: Mapped[str | None] = mapped_column(String(80))
    previous_until: Mapped[datetime | None] = mapped_column(UtcDateTime)
    generation: Mapped[int] = mapped_column(Integer, default=1)  # rises with every rotation
    scopes: Mapped[list[str]] = mapped_column(ARRAY(String(40)), default=list)  # accounts/api_keys.SCOPES
    per_minute: Mapped[int] = mapped_column(Integer, default=600)
    #: the form it was made with: sent twice, it makes one key
    form_key: Mapped[str] = mapped_column(String(64), unique=True, default=new_token)
    created_by_id: Mapped[int | None] = mapped_column(BigInteger, ForeignKey("staff_members.id", ondelete="SET NULL"))
    created_by: Mapped[str] = mapped_column(String(120), default="")
    created_at: Mapped[datetime] = mapped_column(UtcDateTime, server_default=func.now())
    rotated_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    expires_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    revoked_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    last_used_at: Mapped[datetime | None] = mapped_column(UtcDateTime)  # noted at most once a minute
    last_used_ip: Mapped[str] = mapped_column(String(45), default="")


class ApiAnswer(Model):
    """What a write with an Idempotency-Key was answered: a repeat is answered the same. Kept for a day."""

    __tablename__ = "api_answers"
    __table_args__ = (UniqueConstraint("api_key_id", "key"), Index("ix_api_answers_created_at", "created_at"))

    api_key_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("api_keys.id", ondelete="CASCADE"))
    key: Mapped[str] = mapped_column(String(255))
    method: Mapped[str] = mapped_column(String(8))
    path: Mapped[str] = mapped_column(String(500))
    body_hash: Mapped[str] = mapped_column(String(64))
    #: a worker that is silent for so long has died: the next try goes on
    lease_until: Mapped[datetime | None] = mapped_column(UtcDateTime)
    fence: Mapped[int] = mapped_column(Integer, default=1, server_default="1")
    status: Mapped[int] = mapped_column(SmallInteger, default=0, server_default="0")  # 0: not answered yet
    #: JSON {"headers": {…}, "body": "…"}; encrypted, since an answer may carry a secret or a person's data
    answer: Mapped[str | None] = mapped_column(EncryptedText)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime, server_default=func.now())
