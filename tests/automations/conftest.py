"""Receivers of the sandbox, and somebody at the panel."""

from __future__ import annotations

from tests.admin.conftest import staff, staff_as
from tests.webhook_delivery.conftest import post

__all__ = ["post", "staff", "staff_as"]
