"""Checks a mail send body against SendGrid's own OpenAPI document, where it is at hand."""

from __future__ import annotations

import functools
import gzip
import json
from pathlib import Path
from typing import Any

try:
    from openapi_schema_validator import OAS31Validator
except ImportError:  # pragma: no cover - a runtime-only installation
    OAS31Validator = None

FILE = "sendgrid-mail_v3.openapi.json.gz"


def spec_problems(directory: Path | None, body: Any) -> list[tuple[str, str]]:
    """(field, message) pairs; [] when the body fits or the document or its validator is missing."""
    validator = _validator(directory)
    if validator is None:
        return []
    found = []
    for error in validator.iter_errors(body):
        found.append((".".join(str(part) for part in error.absolute_path), str(error.message)[:200]))
        if len(found) == 5:
            break
    return found


@functools.lru_cache(maxsize=4)
def _validator(directory: Path | None) -> Any:
    if directory is None or OAS31Validator is None or not (directory / FILE).is_file():
        return None
    document = json.loads(gzip.decompress((directory / FILE).read_bytes()))
    schema = document["components"]["requestBodies"]["PostMailSend"]["content"]["application/json"]["schema"]
    # The document calls it a string, the service takes an object (contracts/sendgrid.md §3).
    schema["properties"].pop("custom_args", None)
    return OAS31Validator({"components": document["components"], "allOf": [schema]})
