"""Somebody at the panel, as in the panel's own tests."""

from __future__ import annotations

from tests.admin.conftest import _no_tries_yet, staff, staff_as

__all__ = ["_no_tries_yet", "staff", "staff_as"]
