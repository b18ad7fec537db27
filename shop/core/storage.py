"""Where files live: a directory, or S3-compatible storage (Cloudflare R2, MinIO, AWS) by setting.

Keys are made from the content ("ab/abcdef….avif"), so a file is never overwritten with something else, putting it
twice is harmless, and whoever serves it may let it be cached for ever (contracts/r2.md §1, §5, §7).
"""

from __future__ import annotations

import hashlib
import os
import re
import secrets
from functools import lru_cache
from pathlib import Path
from typing import Any, Protocol

import boto3
from botocore.config import Config as ClientSettings
from botocore.exceptions import BotoCoreError, ClientError
from flask import current_app

from config import Config
from shop.errors import NeedsReconnect, NotFound, Unavailable

CACHE_CONTROL = "public, max-age=31536000, immutable"
CONTENT_TYPES = {"avif": "image/avif", "webp": "image/webp", "jpg": "image/jpeg", "png": "image/png"}
KEY = re.compile(r"[0-9a-f]{2}/[0-9a-f]{32}\.(?:avif|webp|jpg|png)")
#: both checksum settings are needed: newer clients send trailers that R2 refuses over TLS
CLIENT_SETTINGS = ClientSettings(
    signature_version="s3v4",
    s3={"addressing_style": "path"},
    request_checksum_calculation="when_required",
    response_checksum_validation="when_required",
    connect_timeout=5,
    read_timeout=30,
    retries={"max_attempts": 3, "mode": "standard"},
)


class Storage(Protocol):
    def put(self, key: str, body: bytes) -> None:
        """Store; a repeat is harmless. Raises Unavailable or NeedsReconnect."""

    def read(self, key: str) -> bytes:
        """Raises NotFound, Unavailable or NeedsReconnect."""


class DiskStorage:
    """Files below a directory; written beside their place and renamed, so a reader never sees half a file."""

    def __init__(self, root: Path) -> None:
        self.root = root

    def put(self, key: str, body: bytes) -> None:
        path = self.root / _checked(key)
        if path.exists() and path.stat().st_size == len(body):
            return
        path.parent.mkdir(parents=True, exist_ok=True)
        half = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
        try:
            half.write_bytes(body)
            half.chmod(0o644)
            os.replace(half, path)  # noqa: PTH105  (atomic, also over an existing file)
        except OSError as error:
            half.unlink(missing_ok=True)
            raise Unavailable("The picture could not be stored.", service="disk", detail=str(error)) from error

    def read(self, key: str) -> bytes:
        try:
            return (self.root / _checked(key)).read_bytes()
        except FileNotFoundError:
            raise NotFound from None


class S3Storage:
    """One bucket. Branches on the HTTP status first: the codes of R2 and AWS differ (contracts/r2.md §4)."""

    def __init__(self, config: Config) -> None:
        self.bucket = config.s3_bucket
        self.client: Any = boto3.client(
            "s3",
            endpoint_url=config.s3_endpoint,
            region_name=config.s3_region or "auto",
            aws_access_key_id=config.s3_access_key,
            aws_secret_access_key=config.s3_secret_key,
            config=CLIENT_SETTINGS,
        )

    def put(self, key: str, body: bytes) -> None:
        kind = CONTENT_TYPES[_checked(key).rsplit(".", 1)[1]]
        self._call(
            "put_object", Bucket=self.bucket, Key=key, Body=body, ContentType=kind, CacheControl=CACHE_CONTROL
        )

    def read(self, key: str) -> bytes:
        answer = self._call("get_object", Bucket=self.bucket, Key=_checked(key))
        return bytes(answer["Body"].read())

    def _call(self, operation: str, **values: Any) -> Any:
        try:
            return getattr(self.client, operation)(**values)
        except ClientError as error:
            status = error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)
            detail = f"{operation}: {status} {error.response.get('Error', {}).get('Code', '')}"
            if status == 404 and operation == "get_object":
                raise NotFound from error
            if status in (401, 403, 404):
                raise NeedsReconnect("The picture storage refuses our key.", service="s3", detail=detail) from error
            raise Unavailable("The picture storage has trouble.", service="s3", detail=detail) from error
        except BotoCoreError as error:
            raise Unavailable("The picture storage does not answer.", service="s3", detail=str(error)) from error


def storage() -> Storage:
    """The store's storage, by setting."""
    config: Config = current_app.config["IMPRINT"]
    return _s3(config) if config.storage == "s3" else DiskStorage(Path(config.media_dir))


def content_key(body: bytes, ending: str) -> str:
    """The key of these bytes: content_key(b"…", "avif") -> "ab/abcdef….avif"."""
    digest = hashlib.sha256(body).hexdigest()[:32]
    return f"{digest[:2]}/{digest}.{ending}"


def store_file(body: bytes, ending: str) -> str:
    """Store and return the key. `ending` is one of CONTENT_TYPES."""
    key = content_key(body, ending)
    storage().put(key, body)
    return key


def public_url(key: str) -> str:
    """The address a browser fetches it from."""
    config: Config = current_app.config["IMPRINT"]
    return f"{config.media_url.rstrip('/')}/{key}"


@lru_cache(maxsize=8)
def _s3_client(endpoint: str, bucket: str, access_key: str, secret: str, region: str) -> S3Storage:
    return S3Storage(
        Config(
            s3_endpoint=endpoint, s3_bucket=bucket, s3_access_key=access_key, s3_secret_key=secret, s3_region=region
        )
    )


def _s3(config: Config) -> S3Storage:
    """One client for each account: making one is slow, using one is thread-safe."""
    return _s3_client(
        config.s3_endpoint, config.s3_bucket, config.s3_access_key, config.s3_secret_key, config.s3_region
    )


def _checked(key: str) -> str:
    if not KEY.fullmatch(key):
        raise NotFound
    return key
