"""Which build of the shop this is: pages kept by another one are not served."""

from __future__ import annotations

import hashlib

from config import ROOT

_PARTS = (("templates", "*.html"), ("static", "*.*"), ("shop", "*.py"), ("shop/translations", "*.mo"))


def build_key(*settings: object) -> str:
    """A short hash of every file that a page is made from (by size and time) and of `settings` that show in pages."""
    digest = hashlib.blake2b(repr(settings).encode(), digest_size=6)
    for folder, pattern in _PARTS:
        for path in sorted((ROOT / folder).rglob(pattern)):
            stat = path.stat()
            digest.update(f"{path.relative_to(ROOT)}:{stat.st_size}:{stat.st_mtime_ns}".encode())
    return digest.hexdigest()
