"""The report on a training: what it says, its pictures, its learning curves, and that it repeats to the byte."""

import copy
import re
import struct
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from shopguide.training.curves import FILE, curve_writer
from shopguide.training.report import write_report


def row(model: str, value: float) -> dict[str, Any]:
    ends = {name: [value - 0.01, value + 0.02] for name in ("ndcg@10", "recall@10")}
    return {"model": model, "ndcg@10": value, "recall@10": value, "ci": ends}


SECTION: dict[str, Any] = {
    "digest": "d",
    "data": {"catalogue": "0123456789abcdef", "products": 1200, "events_used": 15000, "shoppers": 80},
    "parameters": {"lightfm": {"dimensions": 8, "seed": 5}},
    "families": ["lightfm", "ease"],
    "blend": {
        "kind": "linear",
        "weights": {"lightfm": 1.0, "lean": 0.0},
        "newcomer_weights": {"popularity": 0.8},
        "stranger_weights": None,
    },
    "metrics": {
        "shoppers": 60,
        "models": [row("popularity", 0.03), row("blend_linear", 0.2), row("lightfm", 0.1)],
        "paired": [
            {"model": "blend_linear", "against": "lightfm", "metric": "ndcg@10", "difference": 0.1, "ci": [0.05, 0.15]}
        ],
        "newcomers": [row("popularity", 0.05) | {"told": "products chosen: 1"}],
        "choice": [{"models": ["lightfm"], "ndcg@10": 0.1}, {"models": ["lightfm", "ease"], "ndcg@10": 0.2}],
        "coverage": [
            {"model": "blend_linear", "products": 1200, "recommended": 300, "share": 0.25, "most": 0.5, "often": [3, 1]}
        ],
    },
    "champion": {},
    "notes": ["als is left out: 40% of 60 s have passed"],
    "seconds": {"all": 98765.43},
}
CURVES = {"sasrec": {"loss": [5.0, 4.0, 3.5], "ndcg@10": [0.1, 0.2, 0.25]}, "gru4rec": {"loss": [6.0]}}


def written(folder: Path, **changes: Any) -> str:
    return write_report(folder, {**copy.deepcopy(SECTION), **changes}).read_text(encoding="utf-8")


def scalars(path: Path) -> list[tuple[str, int, float]]:
    """Read an event file: records of length, checksum, event, checksum."""
    from tensorboardX.proto.event_pb2 import Event

    content, events = path.read_bytes(), []
    while content:
        (length,) = struct.unpack("<Q", content[:8])
        events.append(Event.FromString(content[12 : 12 + length]))
        content = content[16 + length :]
    assert events[0].file_version == "brain.Event:2"
    return [(value.tag, event.step, value.simple_value) for event in events for value in event.summary.value]


def test_the_report_says_what_went_in_what_came_out_and_what_was_left_out(tmp_path: Path) -> None:
    text = written(tmp_path)
    for line in (
        "| events used | 15,000 |",
        "| catalogue | `0123456789ab` |",
        "| lightfm | dimensions = 8, seed = 5 |",
        "`lightfm`, `ease`, blended by `blend_linear`.",
        "| lightfm, ease | 0.2000 |",
        "| **blend_linear** (serves) | 0.2000 [0.1900, 0.2200] | 0.2000 [0.1900, 0.2200] |",
        "| lightfm | +0.1000 [+0.0500, +0.1500] |",
        "| popularity, products chosen: 1 | 0.0500 [0.0400, 0.0700] | 0.0500 [0.0400, 0.0700] |",
        "| lightfm | 1.0000 | 0.0000 |",
        "| blend_linear | 300 of 1,200 | 25.0 % | 50.0 % |",
        "- als is left out: 40% of 60 s have passed",
    ):
        assert line in text.splitlines()
    assert "98765" not in text and "| lean |" not in text
    assert "Learning curves" not in text and "served before" not in text and "Cleaning" not in text


def test_models_are_ordered_by_how_well_they_rank(tmp_path: Path) -> None:
    text = written(tmp_path)
    places = [text.index(f"\n| {row}") for row in ("**blend_linear** (serves) |", "lightfm | 0.1000 [", "popularity |")]
    assert places == sorted(places)


def test_every_picture_that_is_shown_is_there_and_no_other(tmp_path: Path) -> None:
    shown = re.findall(r"!\[[^]]+\]\(([^)]+)\)", written(tmp_path, curves=CURVES))
    assert sorted(shown) == ["coverage.png", "curves.png", "models.png", "weights.png"]
    assert sorted(path.name for path in (tmp_path / "report").glob("*.png")) == sorted(shown)
    for name in shown:
        assert (tmp_path / "report" / name).read_bytes().startswith(b"\x89PNG")


def test_the_same_training_writes_the_same_files_to_the_byte(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    contents = []
    for name, seconds in (("one", 1e9), ("two", 2e9)):
        monkeypatch.setattr("time.time", lambda seconds=seconds: seconds)
        written(tmp_path / name, curves=CURVES, seconds={"all": seconds})
        files = [path for path in (tmp_path / name).rglob("*") if path.is_file()]
        contents.append({path.relative_to(tmp_path / name): path.read_bytes() for path in files})
    assert contents[0] == contents[1] and len(contents[0]) == 7


def test_learning_curves_can_be_read_by_tensorboard(tmp_path: Path) -> None:
    written(tmp_path, curves=CURVES)
    runs = tmp_path / "report" / "tensorboard"
    assert scalars(runs / "sasrec" / FILE) == [
        (name, epoch, pytest.approx(value))
        for name, values in CURVES["sasrec"].items()
        for epoch, value in enumerate(values, 1)
    ]
    assert scalars(runs / "gru4rec" / FILE) == [("loss", 1, 6.0)]


def test_a_curve_writer_takes_points_while_a_model_is_trained(tmp_path: Path) -> None:
    with curve_writer(tmp_path, "caser") as writer:
        writer.add_scalar("caser/loss", np.float32(0.5), 7)  # type: ignore[arg-type]
    assert scalars(tmp_path / "caser" / FILE) == [("caser/loss", 7, 0.5)]


def test_what_cleaning_removed_is_listed_whatever_products_are_called(tmp_path: Path) -> None:
    cleaned = {
        "events": 16000,
        "removed": 1000,
        "down_weighted": 12,
        "reasons": {"same_history": {"removed": 900, "down_weighted": 0, "shoppers": 4}},
        "pushed": [{"product": "A|1\nB", "accounts": 50, "sign": "new accounts"}],
    }
    text = written(tmp_path, data={**SECTION["data"], "cleaned": cleaned})
    assert "left out 1,000 of 16,000 events and let 12 count less" in text
    assert "| same history | 900 | 0 | 4 |" in text and "| A\\|1 B | 50 | new accounts |" in text


@pytest.mark.parametrize(("ci", "verdict"), [([-0.3, -0.1], "was not made current"), ([-0.3, 0.1], "was made current")])
def test_a_challenger_that_loses_is_said_to_have_lost(tmp_path: Path, ci: list[float], verdict: str) -> None:
    champion = {"metric": "ndcg@10", "difference": -0.2, "ci": ci, "version": "v1", "judged": "by its recipe"}
    text = written(tmp_path, champion=champion)
    assert f"ndcg@10 -0.2000 [-0.3000, {ci[1]:+.4f}] against v1, judged by its recipe." in text and verdict in text


def test_a_shop_without_events_gets_a_report_too(tmp_path: Path) -> None:
    blend = {"kind": "default", "weights": {"lightfm": 1.0}, "newcomer_weights": None, "stranger_weights": None}
    text = written(tmp_path, families=[], metrics={}, blend=blend, notes=["0 events are fewer than 50"])
    assert "None: popularity, ratings" in text and "Nothing could be validated" in text
    assert "- 0 events are fewer than 50" in text and "models.png" not in text
