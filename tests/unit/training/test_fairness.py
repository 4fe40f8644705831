"""The fairness switch on a planted window: a minority whose choices follow another feature than everybody else's."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from shopguide.training.blendfit import METRIC, Rehearsal, Validation, validate
from shopguide.training.fairness import FairBlend, both_ends, fit_fairly, groupings_in
from shopguide.training.frames import Frames
from shopguide.training.frames import joined as put_together
from shopguide.training.groups import ACTIVITY, LEAST, MOST
from tests.unit.training.test_blendfit import planted

MANY, FEW = 240, 60
CLUB = {"club": {shopper: "many" if shopper < MANY else "few" for shopper in range(MANY + FEW)}}
FAMILIES = ("lightfm",)


def joined(one: Frames, other: Frames) -> Frames:
    """Put the shoppers of two windows into one."""
    return put_together([one, replace(other, positions=other.positions + one.n_shoppers)])


@pytest.fixture(scope="module")
def window() -> Frames:
    return joined(planted(MANY, {"lightfm": 1.0}, seed=1), planted(FEW, {"taste": 1.0}, seed=2))


@pytest.fixture(scope="module")
def served(window: Frames) -> Validation:
    return validate(Rehearsal(FAMILIES, window), FAMILIES)


@pytest.fixture(scope="module")
def fair(window: Frames, served: Validation) -> FairBlend:
    return fit_fairly(window, served, CLUB, 1.0)


def ends(window: Frames, served: Validation, fair: FairBlend, strength: float) -> dict[str, Any]:
    return both_ends(window, served, fair, CLUB, strength)


def by_club(end: dict[str, Any]) -> dict[str, float]:
    return {group["group"]: group[METRIC] for group in end["groups"][0]["groups"]}


def test_a_minority_comes_nearer_to_the_majority_at_a_cost_that_is_shown(
    window: Frames, served: Validation, fair: FairBlend
) -> None:
    found = ends(window, served, fair, 1.0)
    off, on = found["ends"]
    assert (off["strength"], on["strength"], found["strength"]) == (0.0, 1.0, 1.0)
    assert off["groups"][0]["gap"]["between"] == ["many", "few"]
    assert abs(on["groups"][0]["gap"]["difference"]) < off["groups"][0]["gap"]["difference"] / 3
    assert by_club(on)["few"] > by_club(off)["few"] + 0.1
    assert by_club(on)["many"] < by_club(off)["many"]
    assert found["cost"]["difference"] == pytest.approx(on[METRIC] - off[METRIC], abs=2e-4)
    assert found["cost"]["ci"][1] < 0
    assert fair.blend.weights["taste"] > served.blend.weights["taste"]


def test_a_low_strength_lies_between_the_ends(window: Frames, served: Validation, fair: FairBlend) -> None:
    low = fit_fairly(window, served, CLUB, 0.3)
    off, on = ends(window, served, low, 0.2)["ends"]
    whole = ends(window, served, fair, 1.0)["ends"][1]
    assert by_club(off)["few"] < by_club(on)["few"] < by_club(whole)["few"]
    between = [abs(end["groups"][0]["gap"]["difference"]) for end in (off, on, whole)]
    assert between == sorted(between, reverse=True)
    assert off[METRIC] > on[METRIC] > whole[METRIC]


def test_nobody_is_judged_by_a_blend_that_their_own_choices_shaped(window: Frames, served: Validation) -> None:
    # Choices without any pattern: whoever is judged by their own weights looks better than chance.
    noise = replace(window, relevant=np.roll(window.relevant.reshape(-1, 40), 1, axis=1).ravel())
    found = fit_fairly(noise, served, CLUB, 1.0)
    own = noise.metrics(noise.score(found.blend))[METRIC]
    assert found.per_shopper.mean() < own.mean()


def test_without_the_switch_one_end_is_shown(window: Frames, served: Validation) -> None:
    found = both_ends(window, served, None, CLUB, 1.0)
    assert [end["strength"] for end in found["ends"]] == [0.0]
    assert found["strength"] == 0.0 and "cost" not in found


def test_small_groups_are_left_out_and_activity_takes_the_place_of_what_nobody_volunteered(window: Frames) -> None:
    club = {**dict.fromkeys(range(30), "a"), **dict.fromkeys(range(30, 60), "b"), **dict.fromkeys(range(60, 79), "c")}
    assert set(groupings_in(window, {"club": club})["club"].values()) == {"a", "b"}
    active = replace(window, liked=np.arange(MANY + FEW)[::-1].copy())
    for groups in ({}, {"club": dict.fromkeys(range(100), "a")}):
        thirds = groupings_in(active, groups)
        assert set(thirds) == {ACTIVITY}
        assert (thirds[ACTIVITY][0], thirds[ACTIVITY][MANY + FEW - 1]) == (MOST, LEAST)
