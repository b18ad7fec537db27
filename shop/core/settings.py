"""The settings in force: the environment's, and over them what a merchant saved in the panel.

The one door to every key and address of an outside service. What is saved lies in the database, a layer above this
one; whoever knows how to read it registers itself here (`tenancy/provider_keys.py`).
"""

from __future__ import annotations

from collections.abc import Callable

from flask import Flask, current_app

from config import Config

Overlay = Callable[[Config], Config]
_NAME = "imprint.settings"


def current_settings() -> Config:
    """Every setting as it holds now. Ask each time: a change made in the panel is seen within a second."""
    base: Config = current_app.config["IMPRINT"]
    overlay: Overlay | None = current_app.extensions.get(_NAME)
    return base if overlay is None else overlay(base)


def lay_over(app: Flask, overlay: Overlay) -> None:
    """Let `overlay` have the last word on the settings of `app`."""
    app.extensions[_NAME] = overlay
