"""Servers map the products' representations that training wrote; they compute those of new and changed ones only."""

from dataclasses import replace

import numpy as np
import pytest

from shopguide.catalogue.index import CatalogueIndex
from shopguide.ids import Sku
from shopguide.recommender.artefacts import ModelFolder
from shopguide.recommender.candidates.families import load_families
from shopguide.recommender.candidates.lightfm import Factors, item_vectors
from shopguide.recommender.features import ItemFeatures, item_features
from shopguide.settings import Settings
from shopguide.training.data import TrainingData
from shopguide.training.factors import FactorParameters, fit_factors
from shopguide.training.interactions import EventLog
from shopguide.training.job import train
from tests.unit.recommender.synthetic import FakeFeedback, FakeProfiles, make_events, make_products

SMALL = FactorParameters(dimensions=8, epochs=2)


@pytest.fixture(scope="module")
def features(index: CatalogueIndex) -> ItemFeatures:
    return item_features(index)


@pytest.fixture(scope="module")
def factors(index: CatalogueIndex, features: ItemFeatures) -> Factors:
    # Of the first events only, so that some products have no identity.
    return fit_factors(EventLog.read(make_events(index)[:60], index), index, features, {}, SMALL)


def representations(factors: Factors, index: CatalogueIndex) -> np.ndarray:
    vectors = item_vectors(factors, index, item_features(index))
    return vectors.of(np.arange(len(index), dtype=np.int32))


def unshared(factors: Factors) -> Factors:
    return replace(factors, item_representation=None, item_key=None)


def blank(factors: Factors) -> Factors:
    """Return factors that show which products were read from them: those have zeros."""
    assert factors.item_representation is not None
    return replace(factors, item_representation=np.zeros_like(factors.item_representation))


def test_what_training_wrote_is_what_a_server_would_compute_and_nothing_is_computed(factors, index) -> None:
    assert np.array_equal(representations(factors, index), representations(unshared(factors), index))
    assert representations(unshared(factors), index).any(axis=1).all()
    assert not representations(blank(factors), index).any()


def test_only_new_and_changed_products_are_computed_in_any_order_of_the_catalogue(factors) -> None:
    products = make_products()
    changed = replace(products[20], brand="Osterby")
    new = replace(products[0], sku=Sku("NEW"), facets={"colour": ("Red",), "mood": ("odd",)})
    others = [product for product in reversed(products) if product.sku not in (changed.sku, "P095")]
    index = CatalogueIndex([new, *others, changed], revision=2)
    computed = representations(blank(factors), index).any(axis=1)
    assert computed[index.row(Sku("NEW"))]
    assert computed[index.row(changed.sku)]
    # A changed or missing price moves the bands of its category, which are features too; most products stay.
    assert computed.sum() < 0.5 * len(index)
    assert representations(factors, index) == pytest.approx(representations(unshared(factors), index), abs=1e-6)


def test_a_published_model_is_mapped(index, settings: Settings) -> None:
    data = TrainingData(index, "catalogue-1", FakeProfiles(), FakeFeedback(make_events(index)), settings)  # type: ignore[arg-type]
    train(data, only="candidates")
    version = ModelFolder(settings.models_dir / "recommender").current()
    (loaded,) = (model for model in load_families(version) if isinstance(model, Factors))
    assert isinstance(loaded.item_representation, np.memmap)
    assert loaded.item_representation.shape == (len(index), loaded.item_feature.shape[1] + 1)
    assert not representations(blank(loaded), index).any()
