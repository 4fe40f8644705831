"""What `shopguide evaluate reranker` counts, on an invented shop."""

import ast
import json
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

from shopguide import cli
from shopguide.catalogue.constraints import Constraint
from shopguide.catalogue.index import CatalogueIndex
from shopguide.cli.evaluate_reranker import NEEDS, Measured
from shopguide.cli.terminal.rerankers import show_rerankers
from shopguide.errors import ModelNotFound, UnreadableFile
from shopguide.evaluation.reranker import run, training, workshop
from shopguide.evaluation.reranker.attacks import FAR, INSTRUCTION, NEAR, Attack, instructions, keywords, plan_attacks
from shopguide.evaluation.reranker.judgments import read_judgments
from shopguide.evaluation.reranker.layouts import find_layout
from shopguide.evaluation.reranker.measures import graded_ndcg, reciprocal_rank
from shopguide.evaluation.reranker.models import BM25, DEPTH, PIPELINE, STUDENT, WITHOUT_RERANKER, Bm25, FirstStage
from shopguide.evaluation.reranker.needs import CONSTRAINTS, MOST_TARGETS, Need, draw_needs
from shopguide.evaluation.reranker.report import MRR, NDCG
from shopguide.evaluation.reranker.run import Part, Plan, evaluate
from shopguide.evaluation.reranker.typos import mistyped
from shopguide.settings import Settings
from shopguide.training.registry import Registry
from tests.unit.recommender.synthetic import make_products
from tests.unit.recommender.tiny import save_tiny_reranker

ROOT = Path(__file__).resolve().parents[3]


@pytest.fixture(scope="module")
def index() -> CatalogueIndex:
    return CatalogueIndex(make_products(400))


# --- figures


def test_graded_ndcg_is_the_formula() -> None:
    assert graded_ndcg([3, 2, 0]) == 1.0
    # (0 + 3 / log2 3 + 7 / log2 4) / (7 + 3 / log2 3)
    assert graded_ndcg([0, 2, 3]) == pytest.approx((3 / np.log2(3) + 3.5) / (7 + 3 / np.log2(3)))
    assert graded_ndcg([0, 2, 3], linear=True) == pytest.approx((2 / np.log2(3) + 1.5) / (3 + 2 / np.log2(3)))
    assert graded_ndcg([0] * 10 + [3]) == 0.0
    assert graded_ndcg([0, 0]) == 0.0


def test_reciprocal_rank_is_of_the_first_that_would_do() -> None:
    assert reciprocal_rank([5, 7, 9], frozenset({9, 7})) == 0.5
    assert reciprocal_rank([5], frozenset({9})) == 0.0


# --- judgments


def judgments_file(folder: Path, *lines: str) -> Path:
    path = folder / "judgments.csv"
    path.write_text("\n".join(["query,docid,final_rating", *lines]), "utf-8")
    return path


def test_unjudged_is_not_irrelevant_and_a_query_without_an_answer_is_counted(index, tmp_path) -> None:
    path = judgments_file(tmp_path, "shoe,P000,3", "shoe,P001,0", "shoe,P002,", "lamp,P003,0", "shoe,GONE,2")
    found = read_judgments(path, index)
    assert found.ratings == {"shoe": {index.row("P000"): 3.0, index.row("P001"): 0.0}}
    assert (found.without_relevant, found.unjudged, found.not_on_sale) == (1, 1, 1)


@pytest.mark.parametrize(
    ("line", "why"), [("shoe,P000,good", "line 2: final_rating: 'good'"), ("shoe,P000,0", "no query has a relevant")]
)
def test_a_bad_judgment_is_named(index, tmp_path, line: str, why: str) -> None:
    with pytest.raises(UnreadableFile, match=why):
        read_judgments(judgments_file(tmp_path, line), index)


# --- need sentences


def test_needs_have_three_constraints_and_every_product_that_meets_them(index) -> None:
    needs = draw_needs(index, 25)
    assert len({need.text for need in needs}) == 25
    for need in needs:
        kind, *others = need.constraints
        assert kind.facet == "category" and len(others) >= CONSTRAINTS[0]
        assert need.drawn in need.targets and len(need.targets) <= MOST_TARGETS
        assert need.targets == set(index.matching(need.constraints).tolist())
        for constraint in others:
            said = f"{constraint.value:g}" if constraint.value is not None else constraint.values[0]
            assert said in need.text


def test_needs_are_the_same_for_the_same_seed_alone(index) -> None:
    assert draw_needs(index, 20) == draw_needs(index, 20)
    assert draw_needs(index, 20) != draw_needs(index, 20, seed=1)


def test_a_catalogue_without_facets_is_refused() -> None:
    bare = CatalogueIndex([product for product in make_products(38) if not product.facets])
    with pytest.raises(UnreadableFile, match="need sentences"):
        draw_needs(bare, 5)


def test_training_never_sees_the_frames() -> None:
    imported = {
        node.module or ""
        for path in (ROOT / "shopguide" / "training").glob("*.py")
        for node in ast.walk(ast.parse(path.read_text("utf-8")))
        if isinstance(node, ast.ImportFrom)
    }
    assert imported and not [module for module in imported if module.startswith("shopguide.evaluation")]


def test_typos_change_a_need_and_stay_the_same() -> None:
    text = "i need a black leather wallet for men"
    assert mistyped(text) == mistyped(text) != text
    assert len(mistyped(text).split()) == len(text.split())


# --- models


def test_bm25_orders_everything_and_finds_only_what_is_in_stock(index) -> None:
    rows = np.arange(0, 40, dtype=np.int32)
    ordered = Bm25(index).order("red lamp", rows)
    assert sorted(ordered.tolist()) == rows.tolist()
    assert "red" in index.values("colour", int(ordered[0])) or "lamps" in index.values("category", int(ordered[0]))
    found = Bm25(index).best("red lamp")
    assert len(found) == DEPTH and set(found.tolist()) <= set(index.matching().tolist())


class Listed:
    """A model that always answers the same."""

    def __init__(self, *rows: int) -> None:
        self.rows = np.asarray(rows, dtype=np.int32)

    def best(self, query: str):
        return self.rows


def test_the_first_stage_takes_turns() -> None:
    found = FirstStage(Listed(*range(100)), Listed(*range(200, 300)))("a need")  # type: ignore[arg-type]
    assert found.tolist() == [*range(25), *range(200, 225)]
    assert FirstStage(Listed(3, 1), Listed(1, 2))("a need").tolist() == [1, 2, 3]  # type: ignore[arg-type]


# --- attacks


def test_attacks_stuff_a_product_near_the_top_that_does_not_answer(index) -> None:
    needs = [Need(f"need {i}", (Constraint("brand", "in", ("velora",)),), 0, frozenset({0, 12})) for i in range(3)]
    attacks = plan_attacks(Listed(*range(60)), index, needs)  # type: ignore[arg-type]
    assert len({attack.row for attack in attacks}) == 3
    assert all(NEAR - 1 <= attack.row < FAR and attack.row != 12 for attack in attacks)


def test_stuffing_stands_before_what_the_description_said(index) -> None:
    need = Need("i need a red lamp", (), 0, frozenset({0}))
    attack = Attack(need, 1, np.arange(3, dtype=np.int32), "Velora")
    product = index.product(index.skus[1])
    assert keywords(product, attack).description.startswith("need, red, lamp, need, red, lamp")
    assert instructions(product, attack).description == f"{INSTRUCTION} {product.description}"


# --- the whole


@pytest.fixture
def shop(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder of a data set with a catalogue of its own, and a tiny encoder configured."""
    folder = tmp_path / "shop"
    folder.mkdir()
    lines = [
        {
            "sku": product.sku, "title": product.title, "description": product.description, "brand": product.brand,
            "category": "/".join(product.category), "price": str(product.price or ""),
            "colour": (product.facets.get("colour") or ("",))[0], "material": ("wool", "steel")[number % 2],
        }
        for number, product in enumerate(make_products(120))
    ]  # fmt: skip
    (folder / "products.jsonl").write_text("\n".join(map(json.dumps, lines)), "utf-8")
    (folder / "mapping.yml").write_text(
        "sku: sku\ntitle: title\ndescription: description\nbrand: brand\nprice: price\ncurrency: EUR\n"
        "category: {from: category, split: /}\nfacets: {colour: colour, material: material}\n",
        "utf-8",
    )
    judgments_file(folder, "blue shoes,P000,3", "blue shoes,P001,1", "blue shoes,P033,0", "red lamp,P036,2")
    encoder = save_tiny_reranker(tmp_path / "encoder")
    settings = Settings(_env_file=None, encoder=str(encoder), torch_threads=1, models_dir=tmp_path / "models")
    monkeypatch.setattr(workshop, "get_settings", lambda: settings)
    monkeypatch.setattr(run, "get_settings", lambda: settings)
    return folder


def version_of(folder: Path, tmp_path: Path) -> Path:
    """Return a version with a tiny reranker."""
    registry = Registry(run.ModelFolder(tmp_path / "recommender"))
    with registry.draft() as draft:
        save_tiny_reranker(draft.part("reranker", {"digest": "r"}), seed=1)
        return registry.publish(draft).folder


def test_a_data_set_is_measured_from_end_to_end(shop: Path, tmp_path: Path, capsys) -> None:
    plan = Plan(shop, None, version_of(shop, tmp_path), None, 8, 0, frozenset(Part))
    found = evaluate(plan, tmp_path / "kept", lambda _what, _share: None)
    assert found["products"] == 120 and found["judgments"]["queries"] == 2 and found["needs"]["sentences"] == 8
    by_name = {(row["on"], row["model"]): row for row in found["models"]}
    assert {model for _, model in by_name} == {BM25, "bi_encoder", STUDENT, PIPELINE}
    assert {on for on, _ in by_name} == {"judgments", "judgments, typos", "needs", "needs, typos", "pooled"}
    pooled = by_name["pooled", STUDENT]
    assert pooled["cases"] == 10
    parts = [by_name[on, STUDENT] for on in ("judgments", "needs")]
    assert pooled[NDCG] == pytest.approx(sum(row[NDCG] * row["cases"] for row in parts) / 10, abs=1e-4)
    assert len(found["values"]["needs"][STUDENT][MRR]) == 8
    assert by_name["judgments", BM25][NDCG] > 0 and by_name["needs", BM25]["cases"] == 8
    assert {(row["model"], row["against"]) for row in found["paired"]} == {(PIPELINE, BM25), (PIPELINE, "bi_encoder")}
    clean, noisy = (by_name[on, BM25][MRR] for on in ("needs", "needs, typos"))
    cost = next(row for row in found["typos"] if (row["on"], row["model"], row["metric"]) == ("needs", BM25, MRR))
    assert cost["difference"] == pytest.approx(noisy - clean, abs=2e-4)
    assert {row["attack"] for row in found["attacks"]} == {"keywords", "instructions", "brand"}
    assert found["words"]["pairs"] == 8
    show_rerankers(found)
    assert "pipeline less bm25" in capsys.readouterr().out
    # The same folder again, with another data set's catalogue, is refused.
    (shop / "products.jsonl").write_text('{"sku": "A", "title": "a lamp"}', "utf-8")
    with pytest.raises(UnreadableFile, match="holds another shop"):
        evaluate(plan, tmp_path / "kept", lambda _what, _share: None)


def test_shoppers_with_a_past_are_asked_with_and_without_the_reranker(shop: Path, tmp_path: Path, capsys) -> None:
    events = []
    for number in range(40):
        who, day = f"s{number % 8}", f"2026-01-{number // 2 + 1:02d}T{12 * (number % 2):02d}"
        need = ("blue shoes", "P001") if number % 2 else ("red lamp", "P036")
        events += [
            {"event_id": f"a{number}", "kind": "search", "shopper_id": who, "at": f"{day}:00:00Z", "text": need[0]},
            {"event_id": f"b{number}", "kind": "purchase", "shopper_id": who, "at": f"{day}:05:00Z", "sku": need[1]},
        ]
    (shop / "events.jsonl").write_text("\n".join(map(json.dumps, events)), "utf-8")
    plan = Plan(shop, None, version_of(shop, tmp_path), None, 5, 0, frozenset({Part.EVENTS}))
    found = evaluate(plan, tmp_path / "kept", lambda _what, _share: None)
    assert found["events"] == {"needs": 5, "made": False}
    by_name = {row["model"]: row for row in found["models"]}
    assert set(by_name) == {BM25, "bi_encoder", STUDENT, PIPELINE, WITHOUT_RERANKER}
    assert by_name[BM25][MRR] > 0.2 and by_name[WITHOUT_RERANKER]["cases"] == 5
    assert {row["against"] for row in found["paired"]} == {BM25, "bi_encoder", WITHOUT_RERANKER}
    show_rerankers(found)
    assert "after they said" in capsys.readouterr().out


def test_what_is_asked_is_left_out_of_training(shop: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    seen = {}

    def train(data, registry, *, left_out, **_):
        seen["left_out"] = set(left_out)
        return {"status": "refused", "why": "no better"}

    monkeypatch.setattr(training, "train_reranker", train)
    with pytest.raises(ModelNotFound, match="no better"):
        evaluate(Plan(shop, None, None, 0.1, 3, 0, frozenset(Part)), tmp_path / "kept", lambda _what, _share: None)
    assert {"blue shoes", "red lamp"} < seen["left_out"] and len(seen["left_out"]) == 5


def test_a_folder_without_a_reranker_is_refused(shop: Path, tmp_path: Path) -> None:
    with pytest.raises(UnreadableFile, match="no trained version with a reranker"):
        evaluate(Plan(shop, None, tmp_path, None, 0, 0, frozenset(Part)), tmp_path / "kept", lambda _w, _s: None)


def test_a_catalogue_that_nothing_says_how_to_read_is_refused(tmp_path: Path) -> None:
    (tmp_path / "products.csv").write_text("id,name\n1,lamp\n", "utf-8")
    with pytest.raises(UnreadableFile, match="--mapping"):
        find_layout(tmp_path)
    with pytest.raises(UnreadableFile, match="no catalogue"):
        find_layout(tmp_path / "sub" / "folder")


def test_the_command_names_the_parts_that_there_are() -> None:
    assert [one.value for one in Measured] == [one.value for one in Part]
    assert NEEDS == 200


def test_a_model_is_taken_or_trained(tmp_path: Path) -> None:
    command = ["evaluate", "reranker", "--dataset", str(tmp_path), "--model", str(tmp_path), "--minutes", "1"]
    assert CliRunner().invoke(cli.build_app(), command).exit_code == 2
