"""Numbers in addresses that no row can have."""

from __future__ import annotations

from flask import Flask


def test_a_number_beyond_bigint_is_not_an_address(app: Flask) -> None:
    client = app.test_client()
    assert client.get(f"/api/products/{10**18}").status_code == 404
    assert client.post(f"/cart/lines/{2**70}/remove").status_code == 404
    adapter = app.url_map.bind("localhost")
    assert adapter.test(f"/api/products/{10**18 - 1}", method="GET")
    assert not adapter.test(f"/admin/catalog/runs/{2**63}", method="GET")


def test_it_is_missing_for_each_method_alike(app: Flask) -> None:
    for method in ("GET", "POST"):
        assert not app.url_map.bind("localhost").allowed_methods(f"/admin/collections/{2**63}"), method
