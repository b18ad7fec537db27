"""The shop as wsgi.py makes it, with one switch: BENCH_PAGE_CACHE=off keeps no page, so every request is worked out.

What is kept below the pages (settings, facet index, cards) stays on: that is how an uncached page is made in real life.
"""

from __future__ import annotations

import os
from dataclasses import replace

from config import Config
from shop import create_app

_config = Config.from_env()
if os.environ.get("BENCH_PAGE_CACHE") == "off":
    _config = replace(_config, flask={"PAGE_CACHE": False})
app = create_app(_config)
