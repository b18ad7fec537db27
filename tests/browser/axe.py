"""axe-core looks at a page as it stands: WCAG 2.2 AA and the good practice beyond it."""

from __future__ import annotations

from functools import cache
from typing import Any

import pytest
from playwright.sync_api import Page

from launch.setup import AXE, ROOT

TAGS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
#: what a theme can change
COLOUR_RULES = ["color-contrast", "link-in-text-block"]


@cache
def source() -> str:
    file = ROOT / AXE
    if not file.exists():
        pytest.skip("no axe-core here: `make test` fetches it (npm)")
    return file.read_text(encoding="utf-8")


def violations(page: Page, rules: list[str] | None = None) -> list[str]:
    """One line for each element that breaks a rule; `rules` looks at those alone. Playwright's own channel carries
    axe into the page, so the page's Content-Security-Policy stays as it is."""
    if not page.evaluate("() => 'axe' in window"):
        page.evaluate(source())
    wanted: dict[str, Any] = {"type": "rule", "values": rules} if rules else {"type": "tag", "values": TAGS}
    options = {"runOnly": wanted, "resultTypes": ["violations"], "preload": False}
    if not rules:
        options["rules"] = {"target-size": {"enabled": True}}
    result = page.evaluate("options => window.axe.run(document, options)", options)
    return [
        f"{found['id']} ({found['help']}): {node['target']} {node['html'][:160]} {_why(node)}"
        for found in result["violations"]
        for node in found["nodes"]
    ]


def _why(node: dict[str, Any]) -> str:
    reasons = [check["message"] for kind in ("any", "all", "none") for check in node[kind]]
    return "; ".join(reasons)[:300]
