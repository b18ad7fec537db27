"""The books there are, by the name of their setting."""

from __future__ import annotations

from shop.channels.syncing.book import Book
from shop.channels.syncing.customer_book import CustomerBook
from shop.channels.syncing.product_book import ProductBook
from shop.errors import NotFound

_BOOKS: dict[str, Book] = {"products": ProductBook(), "customers": CustomerBook()}
ENTITIES = tuple(_BOOKS)


def book_of(entity: str) -> Book:
    """Raises NotFound."""
    try:
        return _BOOKS[entity]
    except KeyError:
        raise NotFound(f"There is nothing called {entity} to keep in step.") from None
