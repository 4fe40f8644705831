"""The small shop, built once."""

import pytest

from shopguide.catalogue.index import CatalogueIndex
from tests.unit.conversation.shop import Shop, products


@pytest.fixture(scope="session")
def index() -> CatalogueIndex:
    """Return the index of the small shop."""
    return CatalogueIndex(products())


@pytest.fixture
def shop(index: CatalogueIndex) -> Shop:
    """Return a guide over the small shop with fresh fakes."""
    return Shop(index)
