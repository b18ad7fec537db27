"""Every question we ask Shopify is one that its own schema of 2026-10 allows."""

from __future__ import annotations

import gzip
import json

import pytest
from graphql import GraphQLSchema, build_client_schema, parse, validate

from sandbox.shopify.executing import FILE
from shop.channels.shopify import documents, order_documents
from tests.conftest import SPECS

FRAGMENTS = {"VARIANT", "PRODUCT", "LISTING", "LINE", "ORDER", "CUSTOMER"}
QUESTIONS = {
    name: text
    for module in (documents, order_documents)
    for name, text in vars(module).items()
    if name.isupper() and isinstance(text, str) and not name.startswith("_") and name not in FRAGMENTS
}


@pytest.fixture(scope="module")
def schema() -> GraphQLSchema:
    path = SPECS / FILE
    if not path.is_file():
        pytest.skip(f"the contract's introspection schema is not at hand ({path})")
    told = json.loads(gzip.decompress(path.read_bytes()))
    return build_client_schema(told.get("data", told), assume_valid=True)


@pytest.mark.parametrize("name", sorted(QUESTIONS))
def test_the_schema_allows_it(schema: GraphQLSchema, name: str) -> None:
    assert [error.message for error in validate(schema, parse(QUESTIONS[name]))] == []
