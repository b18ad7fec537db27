"""Static files under a hashed name, so that they may be cached for ever."""

from __future__ import annotations

import hashlib
from functools import lru_cache

from config import ROOT

STATIC = ROOT / "static"


@lru_cache(maxsize=512)
def static_url(path: str) -> str:
    """static_url("css/shop.css") -> "/static/css/shop.css?v=3f2a91c0"; a missing file keeps its plain name."""
    file = STATIC / path
    if not file.is_file():
        return f"/static/{path}"
    digest = hashlib.sha256(file.read_bytes()).hexdigest()[:10]
    return f"/static/{path}?v={digest}"
