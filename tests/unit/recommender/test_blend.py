"""What the blend computes: everything that counts for a shopper, and nothing costly that does not."""

from dataclasses import replace

import numpy as np
import pytest

from shopguide.catalogue.index import CatalogueIndex
from shopguide.ids import ShopperId
from shopguide.profiles.preferences import TasteProfile
from shopguide.recommender.artefacts import ModelFolder
from shopguide.recommender.blend import DEFAULT_WEIGHTS, Blend, Signals
from shopguide.recommender.candidates.base import Context, Interaction
from shopguide.recommender.candidates.popularity import Popularity
from shopguide.recommender.features import Floats, Rows, item_features
from shopguide.recommender.pipeline import Recommender
from shopguide.recommender.snapshot import load_blend
from shopguide.recommender.types import RecommendationRequest
from shopguide.settings import Settings
from shopguide.training.registry import Registry
from tests.unit.recommender.synthetic import START, FakeCatalogue, FakeFeedback, FakeProfiles, make_events

WITHOUT = {**DEFAULT_WEIGHTS, "lightfm": 0.0, "lean": 0.0, "price_fit": 0.0}


@pytest.fixture
def registry(settings: Settings) -> Registry:
    return Registry(ModelFolder(settings.models_dir / "recommender"))


class Counted:
    """A generator that counts how often it is asked."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.asked = 0

    def scores(self, context: Context, rows: Rows) -> Floats | None:
        self.asked += 1
        return rows.astype(np.float32)


def test_somebody_is_a_stranger_until_a_taste_or_a_product_is_known(index: CatalogueIndex) -> None:
    features, rows = item_features(index), np.arange(len(index), dtype=np.int32)
    signals = Signals(features, [Popularity(index)], Popularity(index))
    taste = TasteProfile(weights={"brand": {"velora": 1.0}})
    weights = {name: {"popularity": weight} for name, weight in (("known", 1.0), ("newcomer", 2.0), ("stranger", 3.0))}
    blend = Blend(weights["known"], weights["newcomer"], stranger_weights=weights["stranger"])

    def weight(likes: int, taste: TasteProfile) -> float:
        history = tuple(Interaction(row, 1.0, "like", START) for row in range(likes))
        values = signals.compute(Context(RecommendationRequest(), features, taste, history), rows, blend)
        return float((blend.score(values) / np.maximum(values.columns["popularity"], 1e-9)).max())

    nothing = TasteProfile()
    given = [weight(0, nothing), weight(0, taste), weight(3, nothing), weight(4, nothing), weight(4, taste)]
    assert given == pytest.approx([3.0, 2.0, 2.0, 1.0, 1.0])


def test_the_best_new_product_sets_the_scale_whatever_a_model_says_of_the_shoppers_own(index: CatalogueIndex) -> None:
    features, rows = item_features(index), np.arange(len(index), dtype=np.int32)
    signals = Signals(features, [Counted("lightfm")], Popularity(index))
    # The model likes the last rows most, two of which are the shopper's.
    own = tuple(Interaction(int(row), 1.0, "like", START) for row in rows[-2:])
    values = signals.compute(Context(RecommendationRequest(), features, history=own), rows)
    for name in ("lightfm", "lightfm_rank"):
        assert values.columns[name][-3] == 1.0 and (values.columns[name][:-3] < 1.0).all()


def test_weights_are_read_as_they_were_written(registry: Registry) -> None:
    blend = Blend({"lightfm": 1.0}, {"popularity": 0.5}, stranger_weights={"rating": 0.25})
    with registry.draft() as draft:
        draft.part("candidates", {"digest": "c", "families": []})
        draft.save("candidates", "blend.json", {**blend.weights_json(), "tree_columns": []})
        version = registry.publish(draft)
    assert load_blend(version) == blend


def test_a_request_computes_what_counts_in_the_blend_that_serves(
    index: CatalogueIndex, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    recommender = Recommender(FakeCatalogue(index), FakeProfiles(), FakeFeedback(make_events(index)), settings)  # type: ignore[arg-type]
    request = RecommendationRequest(shopper_id=ShopperId("shopper-3"))
    assert all("lean" in item.features for item in recommender.recommend(request).items)
    serving = replace(recommender._live.snapshot(), blend=Blend(WITHOUT))
    monkeypatch.setattr(recommender._live, "snapshot", lambda: serving)
    assert not any("lean" in item.features for item in recommender.recommend(request).items)


@pytest.mark.parametrize("likes", [3, 6])
def test_what_counts_nothing_for_the_shopper_is_not_computed_and_the_score_is_the_same(
    index: CatalogueIndex, likes: int
) -> None:
    features, model, other = item_features(index), Counted("lightfm"), Counted("item_knn")
    signals = Signals(features, [Popularity(index), model, other], Popularity(index))
    history = tuple(Interaction(row, 1.0, "purchase", START) for row in range(likes))
    taste = TasteProfile(weights={"brand": {"velora": 1.0}})
    context = Context(RecommendationRequest(), features, taste, history)
    rows = np.arange(len(index), dtype=np.int32)
    # Three likes are a newcomer's, six are not: only the weights that serve the shopper decide.
    blend = Blend(*((WITHOUT, DEFAULT_WEIGHTS) if likes > 4 else (DEFAULT_WEIGHTS, WITHOUT)))
    whole = signals.compute(context, rows)
    asked = model.asked
    part = signals.compute(context, rows, blend)
    assert model.asked == asked and other.asked == 2
    assert whole.columns.keys() - part.columns.keys() == {"lightfm", "lightfm_rank", "lean", "price_fit"}
    assert blend.score(part) == pytest.approx(blend.score(whole))
