"""One running shop for all tests that need servers: training and starting it takes minutes."""

from collections.abc import Iterator

import pytest

from tests.support.live_shop import LiveShop, live_shop


@pytest.fixture(scope="session")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LiveShop]:
    """The demo shop with both servers; who stops one of them starts it again."""
    with live_shop(tmp_path_factory.mktemp("shop")) as running:
        yield running
