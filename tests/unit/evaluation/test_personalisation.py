"""Personalisation on invented behaviour with a planted preference: who likes what is known, so is who must win."""

import csv
import gzip
import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

from shopguide.cli import build_app, main
from shopguide.errors import UnreadableFile
from shopguide.evaluation.datasets.loader import Behaviour, read_behaviour
from shopguide.evaluation.personalisation.compare import (
    DEFAULT,
    PROFILES,
    SERVED,
    WHOSE,
    Setting,
    compare,
    derangement,
    means,
    measure,
)
from shopguide.evaluation.personalisation.report import figures, report
from shopguide.evaluation.personalisation.windows import Window, windows_of
from shopguide.feedback.events import FeedbackEvent
from shopguide.ids import Sku
from tests.unit.evaluation.planted import METRIC, SHOPPERS, gain, planted, write_own_layout

COLUMNS_OF_UCI = (
    "InvoiceNo", "StockCode", "Description", "Quantity", "InvoiceDate", "UnitPrice", "CustomerID", "Country"
)  # fmt: skip
BOTH = (DEFAULT, SERVED)


@pytest.fixture(scope="module")
def window() -> Window:
    return next(windows_of(planted(), 1, progress=lambda what, share: None))


def test_ones_own_profile_beats_none_and_none_beats_somebody_elses(window: Window) -> None:
    found = compare(window, (None, 100))
    assert set(found) == {
        *(Setting(PROFILES[0], DEFAULT, top) for top in (None, 100)),
        *(
            Setting(profile, weights, top)
            for profile in PROFILES[1:]
            for weights in (DEFAULT, SERVED)
            for top in (None, 100)
        ),
    }
    for setting in found:
        assert gain(found, setting, "own", "other") > 0.01, setting
    for setting in (Setting(profile, DEFAULT, None) for profile in ("taste without models", "taste + history")):
        assert gain(found, setting, "own", "none") > 0.02
        assert gain(found, setting, "none", "other") > 0.0


def test_where_later_choices_are_anybodys_profiles_make_no_difference(window: Window) -> None:
    real, fakes = compare(window, (None,)), []
    for seed in range(8):
        ring = derangement(window.shoppers, np.random.default_rng(100 + seed))
        shuffled = replace(window, truth={shopper: window.truth[ring[shopper]] for shopper in window.shoppers})
        fakes.append(compare(shuffled, (None,)))
    for profile in ("taste without models", "taste + history"):
        setting = Setting(profile, DEFAULT, None)
        by_chance = np.mean([gain(fake, setting, "own", "other") for fake in fakes])
        assert abs(by_chance) < gain(real, setting, "own", "other") / 3


def test_people_without_tastes_gain_nothing_from_profiles() -> None:
    tasteless = next(windows_of(planted(faithful=0.0), 1, progress=lambda what, share: None))
    found = figures([compare(tasteless, (None,))])
    for pair in found["paired"]:
        if pair["metric"] == METRIC and (pair["model"], pair["against"]) == ("own", "other"):
            low, high = pair["ci"]
            assert low <= 0.0 <= high


def test_all_arms_rank_the_same_candidates_and_nothing_that_was_bought_before(window: Window) -> None:
    for shopper in window.shoppers[:5]:
        bought = {item.row for item in window.profiles[shopper].history}
        everything = window.candidates(shopper, None)
        assert len(everything) == len(window.trained.index) - len(bought)
        assert not bought & set(everything.tolist())
        few = window.candidates(shopper, 20)
        assert len(few) == 20
        popular = [row for row in window.order.tolist() if row not in bought]
        assert set(few.tolist()) == set(popular[:20])
        assert np.all(np.diff(few) > 0)


def test_nothing_of_the_window_or_after_it_is_known_before_it() -> None:
    behaviour = planted()
    kept = next(windows_of(behaviour, 1, skip=1, progress=lambda what, share: None))
    since, until = (round(len(behaviour.events) * share) for share in (0.8, 0.9))
    cut = Behaviour("cut", "", behaviour.index, behaviour.events[:until], 0)
    later = windows_of(Behaviour("x", "", behaviour.index, (*cut.events, *_nonsense(behaviour, until)), 0), 1, skip=1,
                       progress=lambda what, share: None)  # fmt: skip
    other = next(later)
    assert kept.past_events == other.past_events == since
    assert kept.since == behaviour.events[since - 1].at
    assert compare(kept, (None,)) == compare(other, (None,))
    for shopper, profile in kept.profiles.items():
        assert all(item.at <= kept.since for item in profile.history)
        assert not {item.row for item in profile.history} & set(kept.truth[shopper].tolist())


def _nonsense(behaviour: Behaviour, start: int) -> list[FeedbackEvent]:
    """Everybody buys one and the same thing from some moment on."""
    return [replace(event, sku=Sku("p000")) for event in behaviour.events[start:]]


def test_somebody_else_is_never_oneself_and_everybody_is_somebody_elses_once() -> None:
    shoppers = list(range(7, 40))
    for seed in range(20):
        other = derangement(shoppers, np.random.default_rng(seed))
        assert sorted(other) == sorted(other.values()) == shoppers
        assert all(one != two for one, two in other.items())
    with pytest.raises(ValueError, match="two shoppers"):
        derangement([1], np.random.default_rng(0))


def test_a_ranking_is_measured_by_what_was_chosen() -> None:
    rows = np.asarray([2, 5, 8, 9], dtype=np.int32)
    scores = np.asarray([0.1, 0.9, 0.5, 0.5], dtype=np.float32)  # 5, 8, 9, 2
    found = measure(rows, scores, frozenset({8, 77}))
    ideal = 1 + 1 / np.log2(3)
    assert found == {METRIC: pytest.approx(1 / np.log2(3) / ideal), "recall@10": 0.5, "mrr": 0.5}
    assert measure(rows, scores, frozenset({77})) == {METRIC: 0.0, "recall@10": 0.0, "mrr": 0.0}


def test_a_shopper_in_two_windows_counts_once() -> None:
    one, two = ({1: {METRIC: 0.2}, 2: {METRIC: 1.0}}, {1: {METRIC: 0.4}})
    assert means([one, two], METRIC).tolist() == pytest.approx([0.3, 1.0])


def test_the_report_has_the_keys_of_the_design_and_repeats_itself() -> None:
    behaviour = planted()
    found = report(behaviour, windows=2, top=50)
    assert found == report(behaviour, windows=2, top=50)
    assert json.loads(json.dumps(found)) == found
    assert (found["dataset"], found["split"]) == ("planted", "temporal, 2 windows of 10%")
    assert len(found["windows"]) == 2
    assert {row["model"] for row in found["models"]} == set(WHOSE)
    for row in found["models"]:
        assert set(row["ci"]) == {METRIC, "recall@10", "mrr"}
        assert row["ci"][METRIC][0] <= row[METRIC] <= row["ci"][METRIC][1]
    assert {(row["model"], row["against"]) for row in found["paired"]} == {
        ("own", "none"),
        ("none", "other"),
        ("own", "other"),
    }
    assert {row["candidates"] for row in found["paired"]} == {50, "all"}


def test_too_little_behaviour_is_said_so() -> None:
    behaviour = planted()
    few = Behaviour("few", "", behaviour.index, behaviour.events[:150], 0)
    with pytest.raises(UnreadableFile, match="few: too few events"):
        report(few)


def test_a_folder_of_interactions_and_items_is_read(tmp_path: Path) -> None:
    behaviour = planted()
    write_own_layout(tmp_path, behaviour)
    found = read_behaviour(tmp_path)
    assert found.left_out == 2
    assert len(found.sha256) == 64
    assert [(e.shopper_id, e.sku, e.at, e.kind) for e in found.events] == [
        (e.shopper_id, e.sku, e.at, "purchase") for e in behaviour.events
    ]
    row = found.index.row(Sku("p007"))
    assert (found.index.values("colour", row), found.index.values("category", row)) == (("blue",), ("lamp",))


def test_films_are_read_from_movielens(tmp_path: Path) -> None:
    (tmp_path / "u.genre").write_text("unknown|0\nComedy|1\nFilm-Noir|2\n\n", "latin-1")
    (tmp_path / "u.item").write_text(
        "1|Café (1994)|01-Jan-1994||http://x|0|1|1\n2|Mystery|||http://y|1|0|0\n", "latin-1"
    )
    (tmp_path / "u.data").write_text("7\t1\t5\t880000000\n7 2 1 880000001\n7\t2\n8\t9\t3\t880000002\n")
    found = read_behaviour(tmp_path)
    assert found.index.product(Sku("1")).title == "Café (1994)"
    assert found.index.values("occasion", 0) == ("comedy", "film-noir")
    assert found.index.values("category", 0) == ("1990s",)
    assert (found.index.values("occasion", 1), found.index.values("category", 1)) == ((), ())
    assert [(event.sku, event.kind, event.value) for event in found.events] == [
        ("1", "rating", 5.0),
        ("2", "rating", 1.0),
    ]
    assert found.left_out == 2


def test_gifts_are_read_from_order_lines(tmp_path: Path) -> None:
    lines = [
        ["1", "10001", "RED CANDLE", "1", "2011-01-02 10:00:00", "0.0", "5.0", "UK"],  # given away: no name from here
        ["1", "10001", "LARGE  RED GLASS CANDLE", "1", "2011-01-02 10:00:00", "2.5", "5.0", "UK"],
        ["1", "10001", "CANDLE, RENAMED", "1", "2011-01-03 10:00:00", "9.5", "5.0", "UK"],
        *(
            ["2", f"1000{n}", f"{colour} CANDLE SPOTS", "1", "2011-01-04 10:00:00", "1", "6.0", "UK"]
            for n, colour in enumerate(("PINK", "BLUE", "IVORY", "GREEN"), start=2)
        ),
        ["C3", "10001", "RED GLASS CANDLE", "-1", "2011-01-05 10:00:00", "2.5", "5.0", "UK"],
        ["4", "POST", "POSTAGE", "1", "2011-01-05 10:00:00", "18", "5.0", "UK"],
        ["5", "10001", "RED GLASS CANDLE", "1", "2011-07-05 10:00:00", "2.5", "", "UK"],
    ]
    with gzip.open(tmp_path / "online_retail.csv.gz", "wt", newline="") as file:
        table = csv.writer(file)
        table.writerow(COLUMNS_OF_UCI)
        table.writerows(lines)
    found = read_behaviour(tmp_path)
    first = found.index.product(Sku("10001"))
    assert (first.title, float(first.price or 0), first.category) == ("LARGE RED GLASS CANDLE", 2.5, ("candle",))
    assert first.facets == {"colour": ("red",), "material": ("glass",)}
    assert found.index.values("category", found.index.row(Sku("10003"))) == ("candle",)
    assert [event.shopper_id for event in found.events] == ["5", "5", "6", "6", "6", "6"]
    assert found.left_out == 4


@pytest.fixture
def terminal(monkeypatch: pytest.MonkeyPatch) -> CliRunner:
    monkeypatch.setenv("COLUMNS", "250")
    return CliRunner()


def test_the_command_prints_tables_and_writes_json(tmp_path: Path, terminal: CliRunner) -> None:
    write_own_layout(tmp_path, planted())
    out = tmp_path / "report.json"
    options = ["evaluate", "personalisation", "--dataset", str(tmp_path), "--windows", "1", "--json", str(out)]
    result = terminal.invoke(build_app(), options)
    assert result.exit_code == 0, result.output
    assert "own less none" in result.output
    (window,) = json.loads(out.read_text("utf-8"))["windows"]
    assert window["shoppers"] + window["newcomers"] <= SHOPPERS
    assert window["shoppers"] > SHOPPERS / 2


def test_a_folder_of_something_else_ends_in_one_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.argv", ["shopguide", "evaluate", "personalisation", "--dataset", str(tmp_path)])
    with pytest.raises(SystemExit) as stopped:
        main()
    assert stopped.value.code == 1
    assert "neither online_retail.csv.gz nor u.data nor *.item.json.gz nor interactions.csv" in capsys.readouterr().err


def test_more_windows_than_there_is_time_for_are_wrong_usage(tmp_path: Path, terminal: CliRunner) -> None:
    options = ["evaluate", "personalisation", "--dataset", str(tmp_path), "--windows", "8", "--skip", "2"]
    assert terminal.invoke(build_app(), options).exit_code == 2
