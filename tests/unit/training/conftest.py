from pathlib import Path

import pytest

from shopguide.catalogue.index import CatalogueIndex
from shopguide.settings import Settings
from tests.unit.recommender.synthetic import make_products


@pytest.fixture(scope="session")
def index() -> CatalogueIndex:
    return CatalogueIndex(make_products(), revision=1)


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(models_dir=tmp_path / "models", torch_threads=1, exploration_rate=0)
