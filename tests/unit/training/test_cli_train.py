import json
from pathlib import Path
from types import SimpleNamespace

import pytest
import typer
from typer.testing import CliRunner

from shopguide.catalogue.constraints import Constraint
from shopguide.cli import train as commands
from shopguide.errors import ModelNotFound
from shopguide.recommender.artefacts import ModelFolder
from shopguide.settings import get_settings
from shopguide.training.job import TrainReport
from shopguide.training.registry import Registry


@pytest.mark.parametrize(
    ("text", "constraint"),
    [
        ("colour=blue", Constraint("colour", "in", ("blue",))),
        ("colour = Navy Blue|RED", Constraint("colour", "in", ("navy blue", "red"))),
        ("brand!=Sony", Constraint("brand", "not in", ("sony",))),
        ("price<=80", Constraint("price", "<=", value=80.0)),
        ("screen_size >= 23.5", Constraint("screen_size", ">=", value=23.5)),
    ],
)
def test_conditions_are_read(text: str, constraint: Constraint) -> None:
    assert commands.parse_condition(text) == constraint


@pytest.mark.parametrize("text", ["", "blue", "price<80", "price<=cheap", "=blue", "colour=", "colour=|"])
def test_what_is_no_condition_is_refused(text: str) -> None:
    with pytest.raises(typer.BadParameter):
        commands.parse_condition(text)


@pytest.fixture
def app(monkeypatch: pytest.MonkeyPatch, tmp_path: Path):
    monkeypatch.setenv("SHOPGUIDE_MODELS_DIR", str(tmp_path))
    get_settings.cache_clear()
    root = typer.Typer()
    commands.register(root, typer.Typer())
    yield root
    get_settings.cache_clear()


def publish(tmp_path: Path) -> str:
    registry = Registry(ModelFolder(tmp_path / "recommender"))
    with registry.draft() as draft:
        section = {"digest": "x", "metrics": {"models": [{"model": "blend_default", "ndcg@10": 0.5}]}}
        draft.part("candidates", section)
        draft.save("candidates", "ids.json", [])
        return registry.publish(draft).name


def test_the_headline_is_that_of_the_blend_that_serves() -> None:
    rows = [{"model": f"blend_{kind}", "ndcg@10": value} for kind, value in (("default", 0.1), ("trees", 0.3))]
    candidates = {"blend": {"kind": "trees"}, "metrics": {"models": rows}}
    assert commands._headline({"parts": {"candidates": candidates}}) == {"candidates ndcg@10": 0.3}


def test_a_report_is_shown_with_its_path_and_its_absence_is_an_error(app, tmp_path: Path) -> None:
    run = CliRunner().invoke
    without = publish(tmp_path)
    failed = run(app, ["models", "report"])
    assert isinstance(failed.exception, ModelNotFound) and f"{without} has no report" in str(failed.exception)
    registry = Registry(ModelFolder(tmp_path / "recommender"))
    with registry.draft() as draft:
        folder = draft.part("candidates", {"digest": "y", "seconds": {"blend": 1.5}}) / "report"
        folder.mkdir()
        (folder / "report.md").write_text("# Training report\n\nall is well", encoding="utf-8")
        version = registry.publish(draft)
    for shown in (run(app, ["models", "report"]).stdout, run(app, ["models", "report", version.name]).stdout):
        assert shown.startswith(str(version.folder / "candidates" / "report" / "report.md") + "\n")
        assert "all is well" in shown and "blend 1.5" in shown


def test_models_are_listed_shown_promoted_and_rolled_back(app, tmp_path: Path) -> None:
    run = CliRunner().invoke
    assert "nothing trained yet" in run(app, ["models", "list"]).stdout
    first, second = publish(tmp_path), publish(tmp_path)
    rows = json.loads(run(app, ["models", "list", "--json"]).stdout)
    assert [(row["version"], row["current"]) for row in rows] == [(first, False), (second, True)]
    assert rows[0]["metrics"] == {"candidates ndcg@10": 0.5}
    assert json.loads(run(app, ["models", "show"]).stdout)["version"] == second
    assert json.loads(run(app, ["models", "show", first]).stdout)["version"] == first
    assert json.loads(run(app, ["models", "rollback", "--json"]).stdout) == {"version": first}
    assert run(app, ["models", "promote", second]).stdout == f"serving {second}\n"
    assert run(app, ["models", "promote", "unknown"]).exit_code != 0
    assert ModelFolder(tmp_path / "recommender").current().name == second


def trained(monkeypatch: pytest.MonkeyPatch, app: typer.Typer, cleaned: dict) -> list[str]:
    shop = SimpleNamespace(
        catalogue=SimpleNamespace(index=lambda: None),
        products=SimpleNamespace(digest=lambda: ""),
        profiles=None,
        feedback=None,
        settings=None,
    )
    part = {"status": "trained", "seconds": {"all": 1.5}, "data": {"cleaned": cleaned}}
    monkeypatch.setattr("shopguide.bootstrap.get_shop", lambda: shop)
    monkeypatch.setattr("shopguide.training.job.train", lambda *_, **__: TrainReport("v1", {"candidates": part}))
    return CliRunner().invoke(app, ["train"]).stdout.splitlines()


def test_training_says_what_was_left_out_of_the_events_and_why(monkeypatch, app) -> None:
    report = {
        "events": 90_000, "removed": 1_249, "down_weighted": 50, "shoppers_removed": 3,
        "reasons": {"bot": {"removed": 1_200, "down_weighted": 0, "shoppers": 3},
                    "pushed_product": {"removed": 49, "down_weighted": 0, "shoppers": 49},
                    "insistence": {"removed": 0, "down_weighted": 50, "shoppers": 1}},
        "pushed": [{"product": "P1", "accounts": 50, "kept": 1, "others": 0, "expected": 0.1, "sign": "lived 1 d"}],
    }  # fmt: skip
    assert trained(monkeypatch, app, report) == [
        "candidates: trained in 1.5 s",
        "  cleaned: 1,249 of 90,000 events left out, 50 counted less: bot 1,200 (shoppers 3), pushed product 49"
        " (shoppers 49), insistence 50 (shoppers 1)",
        "  pushed: P1 by 50 accounts (lived 1 d), 1 heard",
        "serving v1",
    ]


def test_training_says_nothing_of_cleaning_where_nothing_was_dirty(monkeypatch, app) -> None:
    clean = {"events": 9, "removed": 0, "down_weighted": 0, "shoppers_removed": 0, "reasons": {}, "pushed": []}
    assert trained(monkeypatch, app, clean) == ["candidates: trained in 1.5 s", "serving v1"]
