"""The pages of an account, phone and desktop, by day and by night: axe finds nothing to say."""

from __future__ import annotations

import pytest
from playwright.sync_api import Browser

from shop.accounts.shoppers.address_book import save_address
from shop.core.transaction import transaction
from tests.browser.test_accessibility import BOTH, Scene, a_page, look_at_all
from tests.customers.people import bought, buyer
from tests.storefront.account.conftest import Visitor, open_account
from tests.storefront.account.test_pages import ADDRESS
from tests.town import Town

OUTSIDE = ("/account/sign-in", "/account/register", "/account/register/sent", "/account/forgotten",
           "/account/forgotten/sent", "/account/gone")  # fmt: skip
INSIDE = (
    "/account",
    "/account/wishlist",
    "/account/carts",
    "/account/two-step",
    "/account/prove",
    "/account/addresses",
    "/account/addresses/new",
    "/account/security",
    "/account/data",
)


@pytest.mark.parametrize("size", BOTH)
def test_no_page_of_an_account_breaks_an_accessibility_rule(town: Town, browser: Browser, size: str) -> None:
    shopper_id = open_account("ada@example.com")
    with transaction() as session:
        bought(session, buyer(session, "ada@example.com"))
        save_address(session, shopper_id, ADDRESS, address_id=None, default=True)
        save_address(session, shopper_id, ADDRESS, address_id=None, default=False)
    known = Visitor(town.app).known_as("ada@example.com").session_token
    with a_page(browser, town.url, size) as page:
        complaints = look_at_all(page, [Scene(path) for path in OUTSIDE], size)
        complaints += look_at_all(page, [Scene("/account/verify/none", status=404)], size)
        page.context.add_cookies([{"name": "shopper", "value": known, "url": town.url}])
        complaints += look_at_all(page, [Scene(path) for path in INSIDE], size)

    assert not complaints, "\n".join(complaints)
