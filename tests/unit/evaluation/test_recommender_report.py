"""The report on planted purchases, by models whose worth is known and by the real ones; and the command."""

import csv
import json
from collections.abc import Callable, Sequence
from dataclasses import replace
from io import StringIO
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from rich.console import Console
from typer.testing import CliRunner

from shopguide.cli import build_app
from shopguide.cli.evaluate_recommender import SHOPPERS as SHOPPERS_OF_THE_COMMAND
from shopguide.cli.evaluate_recommender import RecommenderSplit
from shopguide.cli.terminal.recommenders import show_recommenders
from shopguide.errors import UnreadableFile
from shopguide.evaluation.datasets.reading import Reading
from shopguide.evaluation.recommender.contexts import Contexts
from shopguide.evaluation.recommender.models import MODELS, OF_PAPER, Contender, Ground, is_single, models_of
from shopguide.evaluation.recommender.paper_model import PaperLightFM
from shopguide.evaluation.recommender.report import COMPARED, SHOPPERS, differences, measure, report, sampled
from shopguide.evaluation.recommender.splits import Split, SplitName, split_of
from shopguide.evaluation.recommender.texts import Texts, read_texts
from shopguide.ids import Sku
from shopguide.recommender.candidates.base import Context
from shopguide.recommender.features import Floats
from shopguide.recommender.types import RecommendationRequest
from shopguide.training.data import Progress
from tests.unit.evaluation.bought import PRODUCTS, reading

NDCG = "ndcg@10"
USUAL = tuple(name for name in MODELS if name != OF_PAPER)


@pytest.fixture(scope="module")
def bought() -> Reading:
    return reading()


def planted_models(split: Split, ground: Ground, names: Sequence[str], progress: Progress) -> Sequence[Contender]:
    """Return one that knows the truth, one that draws lots, one that never has anything to say, and two ensembles."""
    random = np.random.default_rng(0)
    shopper = {split.reading.log.shoppers[position]: position for position in split.truth}
    popular = np.bincount(split.past.row, minlength=PRODUCTS).astype(np.float32)

    def wise(context: Context) -> Floats | None:
        assert context.request.shopper_id is not None
        truth = split.truth[shopper[context.request.shopper_id]]
        return np.isin(np.arange(PRODUCTS), truth).astype(np.float32)

    return [
        Contender("popularity", lambda context: popular),
        Contender("lots", lambda context: random.random(PRODUCTS).astype(np.float32)),
        Contender("silent", lambda context: None),
        Contender("ensemble", wise),
        Contender("ensemble_of_lots", lambda context: random.random(PRODUCTS).astype(np.float32)),
    ]


@pytest.fixture(scope="module")
def planted(bought: Reading) -> dict[str, Any]:
    return report(bought, SplitName.SHOPPER, planted_models)


def test_who_knows_the_truth_is_best_and_who_is_silent_is_popularity(planted: dict[str, Any]) -> None:
    rows = {row["model"]: row for row in planted["models"]}
    assert rows["ensemble"][NDCG] == rows["ensemble"]["auc"] == 1.0
    assert rows["lots"]["auc"] == pytest.approx(0.5, abs=0.05)
    silent, popularity = ({k: v for k, v in rows[name].items() if k != "model"} for name in ("silent", "popularity"))
    assert silent == popularity
    for row in planted["models"]:
        assert row["candidates"] == "all" and row["shoppers"] == planted["shoppers"]
        assert set(row) - set(row["ci"]) == {"model", "ci", "candidates", "shoppers", "coverage@10", "gini@10"}
        for name, (low, high) in row["ci"].items():
            assert low <= row[name] <= high, name


def test_every_model_is_compared_with_the_best_single_one_and_the_ensemble_with_every_other(
    planted: dict[str, Any],
) -> None:
    pairs = {(row["model"], row["against"]): row for row in planted["paired"] if row["metric"] == NDCG}
    rows = {row["model"]: row for row in planted["models"]}
    best = max(("popularity", "lots", "silent"), key=lambda model: rows[model][NDCG])
    assert {model for model, against in pairs if against == best} == set(rows) - {best}
    assert {against for model, against in pairs if model == "ensemble"} == set(rows) - {"ensemble"}
    assert pairs["ensemble", "lots"]["difference"] == pytest.approx(1 - rows["lots"][NDCG], abs=1e-3)
    assert {row["metric"] for row in planted["paired"]} == set(COMPARED)
    ratios = {(row["model"], row["metric"]): row for row in planted["ratios"]}
    assert {model for model, _ in ratios} == {"ensemble", "ensemble_of_lots"}
    assert ratios["ensemble", NDCG]["ratio"] == pytest.approx(1 / rows[best][NDCG], rel=1e-2)


def test_differences_leave_out_whom_a_figure_says_nothing_of() -> None:
    nan = float("nan")
    values = {"a": np.array([0.5, nan, 0.7]), "ensemble": np.array([0.6, nan, 0.9])}
    (pair,) = differences(values, "auc")["paired"]
    assert (pair["model"], pair["against"], pair["difference"]) == ("ensemble", "a", 0.15)
    assert differences({"ensemble": np.ones(3)}, "auc") == {"paired": [], "ratios": []}


def test_groups_are_reported_for_every_model(planted: dict[str, Any]) -> None:
    rows = [row for row in planted["groups"] if row["model"] == "ensemble"]
    assert [row["grouping"] for row in rows] == ["club", "activity"]
    assert {group["group"]: group[NDCG] for group in rows[0]["groups"]} == {"gold": 1.0, "silver": 1.0}
    assert sum(group["shoppers"] for group in rows[0]["groups"]) == planted["shoppers"]


def test_the_report_has_the_keys_of_an_evaluation_and_is_json(planted: dict[str, Any]) -> None:
    assert {"dataset", "split", "models", "paired", "protocol", "sha256", "seed", "validation"} <= set(planted)
    assert (planted["dataset"], planted["split"], planted["validation"]) == ("bought", "shopper", False)
    assert json.loads(json.dumps(planted, allow_nan=False)) == planted


def test_a_sample_is_seeded_and_of_those_who_can_be_predicted(bought: Reading) -> None:
    split = split_of(bought, SplitName.SHOPPER)
    few = sampled(split, 25, 3)
    assert few == sampled(split, 25, 3) != sampled(split, 25, 4)
    assert len(set(few)) == 25 and set(few) <= set(split.shoppers)
    assert sampled(split, 10_000, 3) == split.shoppers
    found = report(bought, SplitName.SHOPPER, planted_models, shoppers=25)
    assert (found["shoppers"], found["shoppers_to_predict"]) == (25, len(split.shoppers))
    assert {row["shoppers"] for row in found["models"]} == {25}


def test_models_that_are_asked_for_and_popularity_are_reported(bought: Reading) -> None:
    found = report(bought, SplitName.SHOPPER, planted_models, only=["lots"])
    assert [row["model"] for row in found["models"]] == ["popularity", "lots"]
    with pytest.raises(UnreadableFile, match="no model taste_content could be fitted"):
        report(bought, SplitName.SHOPPER, planted_models, only=["taste_content"])


def test_the_order_of_the_catalogue_tells_a_model_nothing(bought: Reading) -> None:
    # Everybody's next choice is among the first products of the catalogue.
    split = split_of(bought, SplitName.SHOPPER)
    favoured = replace(split, truth={shopper: np.arange(4, dtype=np.int32) for shopper in split.truth},
                       seen={shopper: np.zeros(0, dtype=np.int32) for shopper in split.truth})  # fmt: skip
    same = Contender("popularity", lambda context: np.zeros(PRODUCTS, dtype=np.float32))
    ground = Ground(bought.index, bought.features, {})
    found = []
    for seed in range(20):
        ((_, tallies),) = measure(favoured, ground, [same], favoured.shoppers[:1], seed=seed).tallies.items()
        found.append(float(tallies["popularity"].accuracy()["recall@10"][0]))
    assert np.mean(found) == pytest.approx(10 / PRODUCTS, abs=0.08)


def texts() -> Texts:
    """Return texts that say the colour, as a stand-in for an encoder's."""
    from shopguide.recommender.vectors import ItemVectors

    vectors = np.eye(4, dtype=np.float32)[np.arange(PRODUCTS) % 4]
    return Texts(ItemVectors(vectors, np.arange(PRODUCTS, dtype=np.int32)), lambda _: None)


@pytest.fixture(scope="module")
def by_split(bought: Reading) -> Callable[[SplitName], dict[str, Any]]:
    found: dict[SplitName, dict[str, Any]] = {}

    def of(name: SplitName) -> dict[str, Any]:
        if name not in found:
            data = reading(ratings=True) if name.value.startswith("paper") else bought
            found[name] = report(data, name, models_of, texts=texts())
        return found[name]

    return of


def test_the_real_models_find_a_planted_taste(by_split: Callable[[SplitName], dict[str, Any]]) -> None:
    rows = {row["model"]: row for row in by_split(SplitName.SHOPPER)["models"]}
    assert set(rows) == set(USUAL)
    for model in ("item_knn", "taste_content", "ensemble"):
        assert rows[model]["auc"] > rows["popularity"]["auc"] + 0.1, model
    assert all("diversity_of_texts@10" in row for row in rows.values())


def test_hidden_products_are_ranked_among_themselves_and_among_all(
    by_split: Callable[[SplitName], dict[str, Any]],
) -> None:
    rows = {(row["model"], row["candidates"]): row for row in by_split(SplitName.COLD_ITEMS)["models"]}
    assert set(rows) == {(model, scope) for model in USUAL for scope in ("all", "hidden")}
    assert rows["popularity", "hidden"]["auc"] == 0.5  # nobody chose any of them
    assert rows["popularity", "all"]["auc"] < 0.4
    assert rows["ensemble", "hidden"]["auc"] > 0.7
    assert "coverage@10" in rows["ensemble", "all"] and "coverage@10" not in rows["ensemble", "hidden"]


def test_shoppers_held_out_are_reported_by_what_was_given(by_split: Callable[[SplitName], dict[str, Any]]) -> None:
    found = by_split(SplitName.COLD_SHOPPERS)
    rows = {(row["model"], row["evidence"], row["count"]): row for row in found["models"]}
    assert set(rows) == {(model, kind, n) for model in USUAL for kind in ("clicks", "preferences") for n in (0, 1, 3)}
    singles = [model for model in USUAL if is_single(model)]
    nothing = {rows[model, kind, 0][NDCG] for model in singles for kind in ("clicks", "preferences")}
    # Of whom nothing is known, everybody gets what is popular; the ensemble also knows what was so lately and ever.
    assert nothing == {rows["popularity", "clicks", 3][NDCG]}
    assert rows["ensemble", "preferences", 1]["auc"] > rows["ensemble", "preferences", 0]["auc"] + 0.1
    assert rows["ensemble", "clicks", 3]["auc"] > rows["ensemble", "clicks", 0]["auc"] + 0.1
    assert all({"evidence", "count"} <= set(row) for row in found["paired"])


def test_beside_the_papers_figure_there_are_ours(by_split: Callable[[SplitName], dict[str, Any]]) -> None:
    for name, theirs in ((SplitName.PAPER_WARM, 0.763), (SplitName.PAPER_COLD, 0.716)):
        found = by_split(name)
        assert found["paper"]["auc"] == theirs
        judged = {row["model"]: row for row in found["models"] if row["candidates"] == "rated"}
        assert set(judged) == set(MODELS)
        assert all(NDCG not in row and 0 < row["auc"] < 1 for row in judged.values())
        assert any(row["candidates"] == "all" and NDCG in row for row in found["models"])


def test_the_papers_model_learns_from_bad_ratings_too() -> None:
    # Everybody rates mugs badly and lamps well, each shopper others of them.
    data = reading(ratings=True)
    lamps = {sku for sku in data.index.skus if data.index.product(sku).category == ("lamp",)}
    judged = reading([replace(event, value=5.0 if event.sku in lamps else 1.0) for event in data.events])
    split = split_of(judged, SplitName.PAPER_COLD)
    model = PaperLightFM(split, judged.features)
    known = int(split.past.shopper[0])
    scores = model.score(Context(RecommendationRequest(shopper_id=split.past.shoppers[known]), judged.features))
    assert scores is not None
    hidden = np.setdiff1d(judged.log.row, split.past.row)
    good = np.asarray([judged.index.skus[row] in lamps for row in hidden.tolist()])
    assert scores[hidden[good]].min() > scores[hidden[~good]].max()
    assert model.score(Context(RecommendationRequest(), judged.features)) is None


@pytest.mark.parametrize("name", [SplitName.TIME, SplitName.SHOPPER, SplitName.LAST])
def test_models_see_the_past_alone(bought: Reading, name: SplitName) -> None:
    kept = split_of(bought, name)
    other = reading(
        [
            event if known else replace(event, sku=Sku(f"p{PRODUCTS - 1:03d}"))
            for event, known in zip(bought.events, kept.known, strict=True)
        ]
    )
    changed = split_of(other, name)
    assert changed.known.tolist() == kept.known.tolist()
    shopper = next(iter(set(kept.shoppers) & set(changed.shoppers)))
    found = []
    for data, split in ((bought, kept), (other, changed)):
        ground = Ground(data.index, data.features, data.evidence(split.known))
        (asked,) = Contexts(split, ground.evidence).of(shopper)
        found.append({contender.name: contender.score(asked.context) for contender in models_of(split, ground)})
    for model, scores in found[0].items():
        assert scores is not None and np.array_equal(scores, found[1][model]), model


@pytest.mark.parametrize("name", SplitName)
def test_every_report_is_shown(by_split: Callable[[SplitName], dict[str, Any]], name: SplitName) -> None:
    shown = StringIO()
    found = by_split(name)
    show_recommenders(found, Console(file=shown, width=250))
    text = shown.getvalue()
    assert str(name) in text and all(model in text for model in USUAL)
    best = max(found["models"], key=lambda row: row.get(NDCG, 0.0))
    assert f"{best[NDCG]:.4f}" in text
    if name is SplitName.PAPER_WARM:
        assert "0.763" in text and "among rated" in text.lower()


class Counting:
    """An encoder's stand-in that counts what it is asked."""

    dimensions = 3
    asked = 0

    def encode(self, texts: Sequence[str]) -> Floats:
        self.asked += len(texts)
        return np.ones((len(texts), 3), dtype=np.float32) / np.float32(np.sqrt(3))

    def query(self, text: str) -> Floats:
        return self.encode([text])[0]


def test_vectors_are_kept_for_the_next_time(tmp_path: Path, bought: Reading) -> None:
    file, encoder = tmp_path / "vectors.npz", Counting()

    def read(digest: str) -> Floats:
        found = read_texts(bought.index, encoder, keep=file, digest=digest)  # type: ignore[arg-type]
        return found.vectors.of(np.arange(5, dtype=np.int32))

    once = read("one")
    assert encoder.asked == PRODUCTS
    assert np.array_equal(read("one"), once) and encoder.asked == PRODUCTS
    read("another encoder")
    assert encoder.asked == 2 * PRODUCTS
    file.write_text("nothing of the kind")
    with pytest.raises(UnreadableFile, match=r"vectors.npz: holds no vectors"):
        read("one")


def write(folder: Path, data: Reading) -> None:
    with (folder / "interactions.csv").open("w", newline="") as file:
        table = csv.writer(file)
        table.writerow(["user_id", "item_id", "timestamp"])
        table.writerows((event.shopper_id, event.sku, event.at.isoformat()) for event in data.events)
    with (folder / "items.csv").open("w", newline="") as file:
        table = csv.writer(file)
        table.writerow(["item_id", "title", "category", "colour"])
        for sku in data.index.skus:
            product = data.index.product(sku)
            table.writerow([sku, product.title, product.category[0], *product.facets["colour"]])  # type: ignore[misc]


@pytest.fixture
def terminal(monkeypatch: pytest.MonkeyPatch) -> CliRunner:
    monkeypatch.setenv("COLUMNS", "250")
    return CliRunner()


def test_the_command_prints_tables_and_writes_json(tmp_path: Path, terminal: CliRunner, bought: Reading) -> None:
    write(tmp_path, bought)
    command = ["evaluate", "recommender", "--dataset", str(tmp_path), "--split", "last", "--validation", "--no-texts"]
    out = tmp_path / "report.json"
    options = ["--models", "item_knn,ensemble", "--shoppers", "40", "--seed", "2", "--json", str(out)]
    result = terminal.invoke(build_app(), [*command, *options])
    assert result.exit_code == 0, result.output
    assert "ensemble less it" in result.output and "leave-last-out" in result.output
    found = json.loads(out.read_text("utf-8"))
    assert [row["model"] for row in found["models"]] == ["popularity", "item_knn", "ensemble"]
    assert (found["split"], found["validation"], found["shoppers"], found["seed"]) == ("last", True, 40, 2)


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--models", "item_knn,magic"], "no magic"),
        (["--split", "weather"], "weather"),
        (["--json", "/nowhere/at/all.json"], "cannot write"),
        (["--no-texts", "--vectors", "v.npz"], "without texts"),
        (["--shoppers", "0"], "--shoppers"),
    ],
)
def test_wrong_usage_is_said_before_anything_is_read(
    tmp_path: Path, terminal: CliRunner, options: list[str], said: str
) -> None:
    result = terminal.invoke(build_app(), ["evaluate", "recommender", "--dataset", str(tmp_path), *options])
    assert result.exit_code == 2 and said in result.output


def test_the_help_tells_what_there_is() -> None:
    assert SHOPPERS_OF_THE_COMMAND == SHOPPERS
    assert [split.value for split in RecommenderSplit] == [name.value for name in SplitName]
