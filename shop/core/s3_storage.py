"""S3-compatible storage through boto3, set up so that Cloudflare R2 takes it (contracts/r2.md §1)."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import boto3
from botocore.config import Config as ClientSettings
from botocore.exceptions import BotoCoreError, ClientError

from config import Config
from shop.core.storage import CACHE_CONTROL, CONTENT_TYPES, checked_key
from shop.errors import NeedsReconnect, NotFound, Unavailable

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
        kind = CONTENT_TYPES[checked_key(key).rsplit(".", 1)[1]]
        self._call(
            "put_object", Bucket=self.bucket, Key=key, Body=body, ContentType=kind, CacheControl=CACHE_CONTROL
        )

    def read(self, key: str) -> bytes:
        answer = self._call("get_object", Bucket=self.bucket, Key=checked_key(key))
        return bytes(answer["Body"].read())

    def remove(self, key: str) -> None:
        self._call("delete_object", Bucket=self.bucket, Key=checked_key(key))

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


@lru_cache(maxsize=8)
def _client(endpoint: str, bucket: str, access_key: str, secret: str, region: str) -> S3Storage:
    return S3Storage(
        Config(
            s3_endpoint=endpoint, s3_bucket=bucket, s3_access_key=access_key, s3_secret_key=secret, s3_region=region
        )
    )


def s3_storage(config: Config) -> S3Storage:
    """One client for each account: making one is slow, using one is thread-safe."""
    return _client(config.s3_endpoint, config.s3_bucket, config.s3_access_key, config.s3_secret_key, config.s3_region)
