"""The deep models: each learns a planted order of products, keeps what it learnt, and says nothing of strangers."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pytest

from shopguide.catalogue.index import CatalogueIndex
from shopguide.catalogue.product import Product
from shopguide.errors import ModelCorrupt
from shopguide.feedback.events import FeedbackEvent
from shopguide.ids import ShopperId, Sku
from shopguide.recommender.candidates.base import Context, Interaction
from shopguide.recommender.candidates.sequence import KINDS, Kind, SequenceGenerator, SequenceModel
from shopguide.recommender.features import ItemFeatures, item_features
from shopguide.recommender.types import RecommendationRequest
from shopguide.training.interactions import EventLog
from shopguide.training.sequences import SequenceParameters, default_parameters, fit_sequence, histories_of

START = datetime(2026, 1, 1, tzinfo=UTC)
N = 24
"""Products; after product i comes product i + 5, and after the last ones the first ones again."""
STEP = 5


def product(number: int) -> Product:
    return Product(
        sku=Sku(f"P{number:02d}"), title=f"Thing {number}", description="", brand=f"Brand {number % 3}",
        category=("Things",), price=None, list_price=None, currency="EUR", stock=1, rating=None, rating_count=0,
        facets={}, units={},
    )  # fmt: skip


@pytest.fixture(scope="module")
def index() -> CatalogueIndex:
    return CatalogueIndex([product(number) for number in range(N)], revision=1)


@pytest.fixture(scope="module")
def features(index: CatalogueIndex) -> ItemFeatures:
    return item_features(index)


def event(number: int, shopper: str, row: int, kind: str = "purchase", hours: float | None = None) -> FeedbackEvent:
    at = START + timedelta(hours=number if hours is None else hours)
    return FeedbackEvent(f"e{number}", kind, ShopperId(shopper), at, Sku(f"P{row:02d}"))  # type: ignore[arg-type]


@pytest.fixture(scope="module")
def log(index: CatalogueIndex) -> EventLog:
    """120 shoppers begin anywhere and take six steps."""
    source = np.random.default_rng(5)
    events = []
    for shopper in range(120):
        first = int(source.integers(N))
        rows = [(first + STEP * i) % N for i in range(7)]
        events += [event(len(events) + i, f"s{shopper}", row) for i, row in enumerate(rows)]
    return EventLog.read(events, index)


def quick(kind: Kind, **changes: object) -> SequenceParameters:
    return replace(
        default_parameters(kind), dimensions=32, length=10, learning_rate=0.01, batch=128, dropout=0.1,
        **{"epochs": 30, **changes},
    )  # fmt: skip


def context(features: ItemFeatures, rows: Sequence[int]) -> Context:
    """A shopper who chose these, one an hour; as everywhere, the history stands strongest first."""
    history = [Interaction(row, 1.0, "purchase", START + timedelta(hours=i)) for i, row in enumerate(rows)]
    return Context(RecommendationRequest(), features, history=tuple(sorted(history, key=lambda item: item.row)))


ALL = np.arange(N, dtype=np.int32)


def share_right(generator: SequenceGenerator, features: ItemFeatures) -> float:
    """How often the product that comes next is the best one of those that were not chosen yet."""
    right = 0
    for first in range(N):
        rows = [(first + STEP * i) % N for i in range(4)]
        scores = generator.scores(context(features, rows), ALL)
        scores[rows] = -np.inf
        right += int(np.argmax(scores)) == (rows[-1] + STEP) % N
    return right / N


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("full_below", [100, 10], ids=["all products", "drawn products"])
def test_every_encoder_learns_what_comes_next(kind: Kind, full_below: int, index, features, log) -> None:
    model = fit_sequence(log, index, features, kind, quick(kind, full_below=full_below, negatives=12))
    generator = SequenceGenerator(model, index, features)
    assert generator.name == kind
    # All products are equally popular: popularity would be right about once in twenty.
    assert share_right(generator, features) >= 0.8


@pytest.fixture(scope="module")
def model(log, index, features) -> SequenceModel:
    return fit_sequence(log, index, features, "sasrec", quick("sasrec", features=True, epochs=8))


def test_a_saved_model_scores_the_same_from_mapped_files_without_pickle(model, index, features, tmp_path) -> None:
    model.save(tmp_path)
    assert {path.suffix for path in tmp_path.iterdir()} == {".npy", ".safetensors", ".json"}
    # `allow_pickle` is off: an array of objects could not be read.
    loaded = SequenceModel.load(tmp_path)
    assert isinstance(loaded.items, np.memmap) and isinstance(loaded.feature_vectors, np.memmap)
    asked = context(features, [3, 8, 13])
    before = SequenceGenerator(model, index, features).scores(asked, ALL)
    assert SequenceGenerator(loaded, index, features).scores(asked, ALL).tolist() == before.tolist()


@pytest.mark.parametrize("file", ["items.npy", "features.npy", "weights.safetensors", "model.json"])
def test_a_damaged_model_is_named(model, tmp_path: Path, file: str) -> None:
    model.save(tmp_path)
    (tmp_path / file).write_bytes(b"{}")
    with pytest.raises(ModelCorrupt, match=tmp_path.name):
        SequenceModel.load(tmp_path)
    (tmp_path / file).unlink()
    with pytest.raises(ModelCorrupt, match=file):
        SequenceModel.load(tmp_path)


@pytest.mark.parametrize("kind", KINDS)
def test_a_training_can_be_repeated(kind: Kind, index, features, log) -> None:
    first, again, other = (
        fit_sequence(log, index, features, kind, quick(kind, full_below=10, negatives=12, seed=seed)).items
        for seed in (1, 1, 2)
    )
    assert first.tolist() == again.tolist() != other.tolist()


def test_strangers_get_nothing(model, index, features) -> None:
    generator = SequenceGenerator(model, index, features)
    disliked = Context(RecommendationRequest(), features, history=(Interaction(3, -1.0, "dislike", START),))
    for asked in (context(features, []), disliked):
        assert generator.scores(asked, ALL) is None


def test_new_products_take_part_but_tell_nothing(model) -> None:
    grown = CatalogueIndex([replace(product(N), brand="Brand of tomorrow"), *map(product, range(N))], revision=2)
    features = item_features(grown)
    generator = SequenceGenerator(model, grown, features)
    new, rows = grown.row(Sku(f"P{N}")), np.arange(N + 1, dtype=np.int32)
    old = [grown.row(Sku(f"P{number:02d}")) for number in (3, 8, 13)]
    scores = generator.scores(context(features, old), rows)
    assert scores.min() < scores[new] < scores.max()
    with_new = generator.scores(context(features, [*old, new]), rows)
    assert with_new.tolist() == scores.tolist()
    assert generator.scores(context(features, [new]), rows) is None


def test_without_features_a_new_product_has_the_mean_score(log, index, features) -> None:
    model = fit_sequence(log, index, features, "two_tower", quick("two_tower", features=False))
    grown = CatalogueIndex([*map(product, range(N + 1))], revision=2)
    generator = SequenceGenerator(model, grown, item_features(grown))
    scores = generator.scores(context(item_features(grown), [3, 8]), np.arange(N + 1, dtype=np.int32))
    assert scores[N] == pytest.approx(scores[:N].mean(), abs=1e-4)


def test_features_alone_tell_a_new_product_from_another(index, features) -> None:
    """Whoever buys a product of a brand buys that brand next."""
    source = np.random.default_rng(3)
    events = []
    for shopper in range(90):
        own = [row for row in range(N) if row % 3 == shopper % 3]
        events += [event(len(events) + i, f"s{shopper}", row) for i, row in enumerate(source.permutation(own)[:5])]
    log = EventLog.read(events, index)
    model = fit_sequence(log, index, features, "two_tower", quick("two_tower", features=True))
    grown = CatalogueIndex([*map(product, range(N + 3))], revision=2)
    generator = SequenceGenerator(model, grown, item_features(grown))
    for brand in range(3):
        asked = context(item_features(grown), [brand, brand + 3, brand + 6])
        scores = generator.scores(asked, np.arange(N, N + 3, dtype=np.int32))
        assert int(np.argmax(scores)) == brand


def test_a_history_holds_what_was_chosen_on_the_whole_by_its_latest_event(index) -> None:
    told = [
        ("view", 4, 1), ("purchase", 2, 2), ("like", 7, 3), ("purchase", 9, 4), ("like", 2, 5), ("dislike", 7, 6),
        ("like", 1, 7), ("like", 0, 7),
    ]  # fmt: skip
    events = [event(number, "s", row, kind, hours) for number, (kind, row, hours) in enumerate(told)]
    log = EventLog.read([*events, event(99, "nobody", 5, "dislike")], index)
    first, second = histories_of(log)
    assert log.touched[first].tolist() == [4, 9, 2, 1, 0]
    assert not len(second)


def test_the_budget_and_patience_end_a_training_and_curves_are_written(log, index, features) -> None:
    class Curves:
        def __init__(self) -> None:
            self.points: list[tuple[str, int]] = []

        def add_scalar(self, tag: str, scalar_value: float, global_step: int) -> None:
            assert np.isfinite(scalar_value)
            self.points.append((tag, global_step))

    curves, steps = Curves(), []
    parameters = quick("gru4rec", held_out=25, patience=2)
    config = fit_sequence(
        log, index, features, "gru4rec", replace(parameters, epochs=1000), step=lambda: steps.append(1), writer=curves
    ).config
    assert config["stopped"] == "patience" and config["held_out"] == 25
    assert config["epochs"] == len(config["curve"]) - 2 == len(steps) - 2
    assert {("gru4rec/loss", len(steps)), ("gru4rec/ndcg", len(steps))} <= set(curves.points)
    hurried = fit_sequence(log, index, features, "gru4rec", replace(parameters, seconds=1e-9)).config
    assert hurried["stopped"] == "seconds" and len(hurried["curve"]) == 1


def test_without_anybody_held_out_all_epochs_are_trained(log, index, features) -> None:
    config = fit_sequence(log, index, features, "gru4rec", replace(quick("gru4rec", held_out=0), epochs=3)).config
    assert (config["epochs"], config["stopped"], config["held_out"]) == (3, "epochs", 0)
    assert all("ndcg" not in point for point in config["curve"])


def test_without_any_order_there_is_nothing_to_learn(index, features) -> None:
    log = EventLog.read([event(0, "a", 1), event(1, "b", 2)], index)
    with pytest.raises(ValueError, match="nobody chose two products"):
        fit_sequence(log, index, features, "sasrec")
