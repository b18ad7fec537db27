"""Lighthouse, as a phone sees a running shop: `python3 -m benchmarks.lighthouse [http://127.0.0.1:8000]`.

Needs npm (which fetches Lighthouse) and Chromium. Three rounds of each page; the median counts. The score rests on
how busy the machine is: Lighthouse's own index of the machine is printed beside it (a quiet laptop has 1,500 and more).
"""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
import urllib.request
from statistics import median
from typing import Any

LIGHTHOUSE = "lighthouse@13.5.0"
ROUNDS = 3
TRIES = 3  # on a busy machine it sometimes misses the start of its own recording
LEAST = 0.95
KINDS = ("performance", "accessibility", "best-practices", "seo")
FACTS = {"first-contentful-paint": "first paint", "largest-contentful-paint": "largest paint",
         "total-blocking-time": "blocked", "cumulative-layout-shift": "shift"}  # fmt: skip


def pages_of(shop: str) -> dict[str, str]:
    """Home, the first collection, its first product: found by following the shop's own links."""
    collection = _first_link(f"{shop}/collections", r'href="(/collections/[^"?]+)"')
    product = _first_link(shop + collection, r'href="(/products/[^"?]+)"')
    return {"home": "/", "collection": collection, "product": product}


def _first_link(url: str, pattern: str) -> str:
    with urllib.request.urlopen(url, timeout=20) as answer:
        found = re.search(pattern, answer.read().decode())
    if found is None:
        raise SystemExit(f"No link like {pattern} on {url}: is the catalogue there?")
    return found.group(1)


def look(url: str) -> dict[str, Any]:
    """One report, as Lighthouse writes it."""
    command = ["npx", "--yes", LIGHTHOUSE, url, "--quiet", "--output=json", f"--only-categories={','.join(KINDS)}"]
    command += ["--chrome-flags=--headless=new --no-sandbox --disable-gpu"]
    for _ in range(TRIES):
        done = subprocess.run(command, capture_output=True, text=True, timeout=300)
        if done.returncode == 0:
            report: dict[str, Any] = json.loads(done.stdout)
            return report
    raise SystemExit(f"Lighthouse failed:\n{done.stderr[-1500:]}")


def main(shop: str) -> int:
    if shutil.which("npx") is None:
        raise SystemExit("No npx here: install Node.js.")
    worst = 1.0
    for name, path in pages_of(shop).items():
        reports = [look(shop + path) for _ in range(ROUNDS)]
        scores = {kind: median(r["categories"][kind]["score"] for r in reports) for kind in KINDS}
        middle = sorted(reports, key=lambda r: r["categories"]["performance"]["score"])[ROUNDS // 2]
        facts = ", ".join(f"{word} {middle['audits'][key]['displayValue']}" for key, word in FACTS.items())
        machine = median(r["environment"]["benchmarkIndex"] for r in reports)
        shown = "  ".join(f"{kind} {score * 100:.0f}" for kind, score in scores.items())
        print(f"{name:11} {shown}   ({facts}; machine {machine:.0f})", flush=True)
        worst = min(worst, scores["performance"])
    return 0 if worst >= LEAST else 1


if __name__ == "__main__":
    raise SystemExit(main((sys.argv[1] if len(sys.argv) > 1 else "http://127.0.0.1:8000").rstrip("/")))
