"""The control page lets a person connect the other platforms and act there as their merchant."""

from __future__ import annotations

import pytest
import requests
from flask import Flask

from tests.channels.street import Platform
from tests.town import Town


@pytest.mark.parametrize("platform", ["shopify", "woocommerce", "prestashop"])
def test_the_page_tells_what_to_type_and_its_buttons_stock_and_sell(app: Flask, town: Town, platform: str) -> None:
    there = Platform(town, platform)
    press = lambda verb, **form: requests.post(  # noqa: E731
        f"{town.sandbox_url}/control/api/channels/{platform}/hands/{verb}", data=form, timeout=20
    )
    before = len(there.list_products())
    assert press("stock").status_code == 200
    assert len(there.list_products()) == before + 6
    assert press("sell").status_code == 200
    assert len(there.list_orders()) == 1
    assert press("codes").status_code == 200
    assert press("sell", sku="nobody has this").status_code == 422
    page = requests.get(f"{town.sandbox_url}/control", timeout=20).text
    assert there.account()["store_url"] in page and "Enamel mug" not in page
