"""Who looks for what, what may be known of them, and the figures."""

import json
from datetime import timedelta
from pathlib import Path

import pytest

from shopguide.cli.evaluate_dialogue import SHOPPERS, Searching
from shopguide.errors import UnreadableFile
from shopguide.evaluation.dialogue.outcome import LIMIT, Outcome
from shopguide.evaluation.dialogue.report import BASELINE, figures, pairs, rows
from shopguide.evaluation.dialogue.run import Arm, Plan
from shopguide.evaluation.dialogue.scratch import known_until
from shopguide.evaluation.dialogue.targets import split
from shopguide.feedback.events import FeedbackEvent
from shopguide.ids import ShopperId, Sku
from tests.unit.evaluation.simulated import catalogue
from tests.unit.recommender.synthetic import START

ANN, BOB = ShopperId("ann"), ShopperId("bob")


def event(hour: int, kind: str, shopper: ShopperId, sku: str) -> FeedbackEvent:
    at = START + timedelta(hours=hour)
    return FeedbackEvent(f"{hour}-{shopper}-{sku}", kind, shopper, at, Sku(sku))  # type: ignore[arg-type]


def past(count: int = 40) -> list[FeedbackEvent]:
    return [event(hour, "view", (ANN, BOB)[hour % 2], "p00") for hour in range(count)]


def test_what_is_looked_for_was_newly_bought_after_the_cut() -> None:
    later = [
        event(41, "purchase", ANN, "p00"),  # seen before
        event(42, "click", ANN, "p03"),  # not bought
        event(43, "purchase", ANN, "p04"),
        event(44, "purchase", ANN, "p05"),
        event(45, "purchase", BOB, "p06"),
        event(46, "purchase", BOB, "gone"),
        event(47, "purchase", BOB, "p06"),
    ]
    found = split([*past(), *later], catalogue(), 10, seed=0)
    wanted = {(quest.shopper, quest.row) for quest in found.quests}
    assert wanted == {(ANN, 4), (ANN, 5), (BOB, 6)}
    assert {quest.shopper for quest in found.quests[:2]} == {ANN, BOB}, "everybody once before anybody twice"
    assert all(one.at < found.at for one in found.past)
    assert not any(one.kind == "purchase" for one in found.past)


def test_without_purchases_there_is_nothing_to_look_for() -> None:
    with pytest.raises(UnreadableFile, match="no events"):
        split([], catalogue(), 5, seed=0)
    with pytest.raises(UnreadableFile, match="newly bought"):
        split(past(), catalogue(), 5, seed=0)


def test_nothing_that_was_learnt_of_a_shopper_later_is_known(tmp_path: Path) -> None:
    source = tmp_path / "shoppers.jsonl"
    tastes = [
        {"facet": "colour", "value": "red", "at": START.isoformat()},
        {"facet": "colour", "value": "blue", "at": (START + timedelta(days=9)).isoformat()},
        {"facet": "brand", "value": "orlo"},
    ]
    source.write_text(json.dumps({"shopper_id": "ann", "preferences": tastes}), "utf-8")
    copy = known_until(source, START + timedelta(days=1), tmp_path / "copy.jsonl")
    (line,) = copy.read_text("utf-8").splitlines()
    assert json.loads(line) == {"shopper_id": "ann", "preferences": tastes[:1]}


def outcome(found: int | None, actions: int, like: int | None = None) -> Outcome:
    return Outcome(actions=actions, found=found, found_like=like or found)


def test_who_fails_has_spent_every_action() -> None:
    found = figures([outcome(2, 2), outcome(None, 4), outcome(15, 15), outcome(None, 15, like=6)])
    assert found["actions"].tolist() == [2, LIMIT, 15, LIMIT]
    assert found["success@3"].tolist() == [1, 0, 0, 0]
    assert found["success@15"].tolist() == [1, 0, 1, 0]
    assert found["success_like@10"].tolist() == [1, 0, 0, 1]


def test_arms_are_compared_with_the_facet_clicker_shopper_by_shopper() -> None:
    arms = {BASELINE: [outcome(4, 4), outcome(8, 8)], "guide": [outcome(2, 2), outcome(6, 6)]}
    assert [row["actions"] for row in rows(arms, 0.0)] == [6.0, 4.0]
    actions = [row for row in pairs(arms, 0.0) if row["metric"] == "actions"]
    assert [(row.get("difference"), row.get("ratio")) for row in actions] == [(-2.0, None), (None, 0.6667)]
    assert actions[0]["ci"] == [-2.0, -2.0]
    assert pairs({"guide": arms["guide"]}, 0.0) == []


def test_the_command_knows_the_arms() -> None:
    assert [one.value for one in Searching] == [one.value for one in Arm]
    assert Plan(Path(), Path()).shoppers == SHOPPERS
