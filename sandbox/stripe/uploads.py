"""File uploads for dispute evidence: kept with their bytes, so that they can be looked at. contracts/stripe.md §3."""

from __future__ import annotations

import base64
from pathlib import PurePath

from werkzeug.datastructures import FileStorage

from sandbox.stripe import book
from sandbox.stripe.book import Obj
from sandbox.stripe.ids import new_id
from sandbox.stripe.refusing import Refusal, required
from sandbox.world import World

PURPOSES = (
    "account_requirement", "additional_verification", "business_icon", "business_logo", "customer_signature",
    "dispute_evidence", "identity_document", "issuing_regulatory_reporting", "pci_document",
    "platform_terms_of_service", "tax_document_user_upload", "terminal_android_apk", "terminal_reader_splashscreen",
)  # fmt: skip
MOST_BYTES = 5 * 1024 * 1024
_TYPES = {"pdf": "pdf", "jpg": "jpg", "jpeg": "jpg", "png": "png", "csv": "csv", "txt": "txt"}


def create(world: World, purpose: str | None, upload: FileStorage | None, base: str) -> Obj:
    """Keep an uploaded file. Raises Refusal for a missing part, an unknown purpose or more than 5 MB."""
    if upload is None:
        raise required("file")
    if not purpose:
        raise required("purpose")
    if purpose not in PURPOSES:
        raise Refusal(f"Invalid purpose: must be one of {', '.join(PURPOSES)}", param="purpose")
    content = upload.read(MOST_BYTES + 1)
    if len(content) > MOST_BYTES:
        raise Refusal("The file is too large: at most 5 MB.", code="file_too_large", param="file")
    name = PurePath(upload.filename or "file").name[:255]
    kind = _TYPES.get(name.rpartition(".")[2].lower())
    if kind is None:
        raise Refusal("This file type is not supported: use pdf, jpg or png.", param="file")
    id_ = new_id("file")
    return book.save(
        world,
        {
            "id": id_,
            "object": "file",
            "created": book.now(world),
            "expires_at": None,
            "filename": name,
            "links": book.listing(f"/v1/file_links?file={id_}", []),
            "purpose": purpose,
            "size": len(content),
            "title": None,
            "type": kind,
            "url": f"{base}/stripe/v1/files/{id_}/contents",
            "_content": base64.b64encode(content).decode(),
        },
    )
