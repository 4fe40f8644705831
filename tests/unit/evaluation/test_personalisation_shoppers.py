"""Each shopper's own last choices: what is known of whom, what is predicted, and the command."""

import json
from collections import defaultdict
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

from shopguide.cli import build_app
from shopguide.cli.evaluate import WINDOWS as WINDOWS_OF_THE_COMMAND
from shopguide.errors import UnreadableFile
from shopguide.evaluation.datasets.loader import Behaviour
from shopguide.evaluation.personalisation.compare import DEFAULT, Setting, compare
from shopguide.evaluation.personalisation.report import WINDOWS, report_by_shopper
from shopguide.evaluation.personalisation.shoppers import FIRST, LAST, MIDDLE, last_choices, parts
from shopguide.evaluation.personalisation.windows import Window
from shopguide.feedback.events import FeedbackEvent
from shopguide.guide.learning import evidence_of
from shopguide.ids import ShopperId, Sku
from shopguide.profiles.taste import derive_taste
from shopguide.training.interactions import EventLog
from tests.unit.evaluation.planted import EACH, METRIC, SHOPPERS, gain, planted, write_own_layout
from tests.unit.recommender.synthetic import START


def silent(what: str, share: float) -> None:
    pass


@pytest.fixture(scope="module")
def behaviour() -> Behaviour:
    return planted()


@pytest.fixture(scope="module")
def window(behaviour: Behaviour) -> Window:
    return last_choices(behaviour, progress=silent)


def cut(behaviour: Behaviour) -> dict[str, tuple[list[FeedbackEvent], list[FeedbackEvent], list[FeedbackEvent]]]:
    """Return everybody's first 70 %, next 10 % and last 20 %."""
    own = defaultdict(list)
    for event in behaviour.events:
        own[event.shopper_id].append(event)
    return {shopper: (events[:21], events[21:24], events[24:]) for shopper, events in own.items()}


def changed(behaviour: Behaviour, which: int) -> Behaviour:
    """Return the behaviour as it would be had everybody bought one and the same thing in one of their parts."""
    ids = {event.event_id for own in cut(behaviour).values() for event in own[which]}
    events = (replace(e, sku=Sku("p359")) if e.event_id in ids else e for e in behaviour.events)
    return replace(behaviour, events=tuple(events))


def test_ones_own_profile_beats_none_and_none_beats_somebody_elses(window: Window) -> None:
    found = compare(window, (None,))
    setting = Setting("taste + history", DEFAULT, None)
    assert gain(found, setting, "own", "none") > 0.02
    assert gain(found, setting, "none", "other") > 0.01


@pytest.mark.parametrize("validation", [False, True])
def test_everybody_is_known_by_their_first_events_and_predicted_by_their_last(
    behaviour: Behaviour, validation: bool
) -> None:
    window = last_choices(behaviour, validation=validation, progress=silent)
    assert window.since is None
    assert window.past_events == SHOPPERS * 21
    row = behaviour.index.row
    for position in window.shoppers:
        profile = window.profiles[position]
        first, middle, last = cut(behaviour)[str(profile.request.shopper_id)]
        earlier, predicted = (first, middle) if validation else (first + middle, last)
        assert {item.row for item in profile.history} == {row(e.sku) for e in first if e.sku}
        assert set(window.touched[position].tolist()) == {row(e.sku) for e in earlier if e.sku}
        new = {row(e.sku) for e in predicted if e.sku} - set(window.touched[position].tolist())
        assert set(window.truth[position].tolist()) == new
        assert not set(window.candidates(position, None).tolist()) & set(window.touched[position].tolist())
    assert len(window.shoppers) > SHOPPERS / 2


@pytest.mark.parametrize(("validation", "unknown"), [(False, 1), (False, 2), (True, 1), (True, 2)])
def test_nothing_but_the_first_part_is_known(behaviour: Behaviour, validation: bool, unknown: int) -> None:
    kept, other = (
        last_choices(one, validation=validation, progress=silent) for one in (behaviour, changed(behaviour, unknown))
    )
    everything = np.arange(len(behaviour.index), dtype=np.int32)
    assert (kept.blend, kept.order.tolist()) == (other.blend, other.order.tolist())
    for shopper, profile in kept.profiles.items():
        assert other.profiles.get(shopper, profile) == profile  # whoever chose nothing new there is not predicted
        one, two = (window.trained.signals.compute(window.context(profile), everything) for window in (kept, other))
        assert np.array_equal(kept.trained.blend.score(one), other.trained.blend.score(two))


def test_a_taste_does_not_fade_while_others_go_on(behaviour: Behaviour) -> None:
    late = [replace(e, at=e.at + timedelta(days=730)) for e in behaviour.events if e.shopper_id != "s0"]
    early = [e for e in behaviour.events if e.shopper_id == "s0"]
    window = last_choices(replace(behaviour, events=(*early, *late)), progress=silent)
    (position,) = (p for p, profile in window.profiles.items() if profile.request.shopper_id == "s0")
    first, _, _ = cut(behaviour)["s0"]
    evidence = [piece for event in first for piece in evidence_of(event, behaviour.index)]
    assert window.profiles[position].taste == derive_taste(ShopperId("s0"), evidence, first[-1].at)


def test_one_basket_is_not_torn_apart(behaviour: Behaviour) -> None:
    minutes = [0, 1, 2, 3, 4, 5, 6, 6, 6, 7]  # the 8th event, where the middle begins, is of the 7th one's moment
    events = [
        FeedbackEvent(f"e{n}", "purchase", ShopperId("s"), START + timedelta(minutes=minute), Sku(f"p{n:03d}"))
        for n, minute in enumerate(minutes)
    ]
    log = EventLog.read(events, behaviour.index)
    assert parts(log).tolist() == [FIRST] * 6 + [LAST] * 4
    spread = [replace(event, at=START + timedelta(minutes=n)) for n, event in enumerate(events)]
    assert parts(EventLog.read(spread, behaviour.index)).tolist() == [FIRST] * 7 + [MIDDLE] + [LAST] * 2
    assert parts(EventLog.read(events[:1], behaviour.index)).tolist() == [LAST]
    assert parts(EventLog.read([], behaviour.index)).tolist() == []


def test_who_came_once_is_a_newcomer(behaviour: Behaviour) -> None:
    once = [FeedbackEvent(f"once{n}", "purchase", ShopperId("once"), START, Sku(f"p{n:03d}")) for n in range(5)]
    found, without = (
        report_by_shopper(replace(behaviour, events=events), top=50)
        for events in ((*once, *behaviour.events), behaviour.events)
    )
    (with_them,), (before,) = found["windows"], without["windows"]
    assert with_them["newcomers"] == before["newcomers"] + 1
    assert {**with_them, "newcomers": 0} == {**before, "newcomers": 0}


def test_the_report_says_which_split_it_is_and_repeats_itself(behaviour: Behaviour) -> None:
    found = report_by_shopper(behaviour, top=50)
    assert found == report_by_shopper(behaviour, top=50)
    assert json.loads(json.dumps(found)) == found
    assert (found["split_by"], found["split"]) == ("shopper", "each shopper's first 70% known, last 20% predicted")
    assert report_by_shopper(behaviour, validation=True)["split"] == (
        "each shopper's first 70% known, next 10% predicted"
    )
    (described,) = found["windows"]
    assert described["since"] is None
    assert described["shoppers"] + described["newcomers"] <= SHOPPERS
    assert all(row["shoppers"] == described["shoppers"] for row in found["models"])
    assert {row["candidates"] for row in found["paired"]} == {50, "all"}
    assert any(row["metric"] == METRIC for row in found["paired"])


@pytest.mark.parametrize("events", [0, 150, SHOPPERS * EACH // 6])
def test_too_little_behaviour_is_said_so(behaviour: Behaviour, events: int) -> None:
    few = replace(behaviour, name="few", events=behaviour.events[:events])
    with pytest.raises(UnreadableFile, match="few: too few events"):
        report_by_shopper(few)


def test_the_command_prints_tables_and_writes_json(tmp_path: Path, behaviour: Behaviour) -> None:
    write_own_layout(tmp_path, behaviour)
    out = tmp_path / "report.json"
    options = ["evaluate", "personalisation", "--dataset", str(tmp_path), "--split", "shopper", "--validation"]
    result = CliRunner().invoke(build_app(), [*options, "--json", str(out)])
    assert result.exit_code == 0, result.output
    assert "next 10% predicted" in " ".join(result.output.split())
    assert json.loads(out.read_text("utf-8"))["split_by"] == "shopper"


@pytest.mark.parametrize(
    "options",
    [
        ["--validation"],
        ["--split", "shopper", "--windows", "2"],
        ["--split", "shopper", "--skip", "1"],
        ["--split", "x"],
    ],
)
def test_options_of_the_other_split_are_wrong_usage(tmp_path: Path, options: list[str]) -> None:
    command = ["evaluate", "personalisation", "--dataset", str(tmp_path), *options]
    assert CliRunner().invoke(build_app(), command).exit_code == 2


def test_the_help_tells_the_windows_that_are_predicted() -> None:
    assert WINDOWS_OF_THE_COMMAND == WINDOWS
