"""Who is held out of a rehearsal, and what is taken as known of them."""

from datetime import timedelta

import numpy as np
import pytest

from shopguide.catalogue.index import CatalogueIndex
from shopguide.feedback.events import FeedbackEvent
from shopguide.ids import ShopperId
from shopguide.profiles.preferences import PreferenceEvidence
from shopguide.recommender.features import item_features
from shopguide.training.factors import FactorParameters
from shopguide.training.families import Fit
from shopguide.training.interactions import EventLog, TemporalSplit, temporal_split
from shopguide.training.newcomers import ALL_TOLD, Told, hold_out, newcomer_cases, split_for_training
from tests.unit.recommender.synthetic import START, make_events


@pytest.fixture(scope="module")
def log(index: CatalogueIndex) -> EventLog:
    """Eighty shoppers all the time, forty who chose three products and left, a later one who stayed, and a new one."""
    events = make_events(index)
    end = START + timedelta(hours=len(events))
    for number in range(40):
        for place in range(3):
            at = START + timedelta(hours=800 + number, minutes=place)
            events.append(bought(f"left-{number}", at, index.skus[(number + place) % len(index)]))
    events += [bought("fresh", end, sku) for sku in index.skus[:2]]
    late = [*(START + timedelta(hours=900, minutes=minutes) for minutes in range(3)), end]
    events += [bought("came late and stayed", at, sku) for at, sku in zip(late, index.skus[40:44], strict=True)]
    return EventLog.read(events, index)


def bought(shopper: str, at: object, sku: str) -> FeedbackEvent:
    return FeedbackEvent(f"{shopper}-{sku}", "purchase", ShopperId(shopper), at, sku)  # type: ignore[arg-type]


def names(log: EventLog, positions: object) -> set[str]:
    return {log.shoppers[position] for position in np.unique(np.asarray(positions)).tolist()}


@pytest.fixture(scope="module")
def split(log: EventLog) -> TemporalSplit:
    found = split_for_training(log)
    assert found is not None
    return found


def test_those_who_came_last_are_held_out_whole_unless_the_window_asks_about_them(log, split) -> None:
    plain = temporal_split(log)
    assert split.newcomers is not None and plain is not None
    # A tenth of 121, one of whom is she who first came in the window.
    assert names(log, split.newcomers.shopper) == {"fresh", *(f"left-{number}" for number in range(29, 40))}
    assert not names(log, split.past.shopper) & names(log, split.newcomers.shopper)
    assert len(split.past) + len(split.newcomers) == len(plain.past) + 2
    assert split.truth.keys() == plain.truth.keys()
    assert (np.diff(split.newcomers.at) >= 0).all()


def test_whoever_is_held_out_is_not_predicted_as_somebody_known(log) -> None:
    plain = temporal_split(log)
    assert plain is not None
    first = np.asarray(sorted(set(plain.truth) & set(plain.past.shopper.tolist())), dtype=np.int32)
    split = hold_out(plain, first, share=0.05)
    assert set(first[:5].tolist()).isdisjoint(split.truth) and set(first[6:].tolist()) <= split.truth.keys()
    assert len(np.unique(hold_out(plain, first, share=1.0, most=7).newcomers.shopper)) == 7  # type: ignore[union-attr]


@pytest.mark.parametrize("told", ALL_TOLD, ids=str)
def test_what_is_known_is_what_came_first_and_the_rest_is_to_be_found(index, log, split, told: Told) -> None:
    fit = Fit(index, item_features(index), {}, FactorParameters(), lambda *_: None)
    cases = {log.shoppers[case.position]: case for case in newcomer_cases(split.newcomers, fit, told)}
    assert len(cases) == 12
    case = cases["left-30"]
    if told.kind == "clicks":
        # Of three products one stays to be found.
        known = [30, 31][: told.count]
        assert [item.row for item in case.context.history] == known == list(case.met)
        assert case.truth.tolist() == [row for row in (30, 31, 32) if row not in known]
    else:
        assert not case.context.history and case.met == [30, 31] and case.truth.tolist() == [32]
        values = [(facet, value) for facet, own in case.context.taste.weights.items() for value in own]
        assert len(values) == told.count
        assert all(value in {*index.values(facet, 30), *index.values(facet, 31)} for facet, value in values)
    assert case.context.request.shopper_id is None


def test_the_taste_after_some_choices_is_what_the_profile_held_before_the_next_one(index, log, split) -> None:
    position = log.shoppers.index(ShopperId("left-30"))
    early, late = (START + timedelta(hours=830, minutes=minutes) for minutes in (0, 1))
    pieces = tuple(
        PreferenceEvidence(ShopperId("left-30"), "colour", value, 1, "like", at)
        for value, at in (("red", early), ("blue", late))
    )
    fit = Fit(index, item_features(index), {position: pieces}, FactorParameters(), lambda *_: None)
    (taste,) = (
        case.context.taste
        for case in newcomer_cases(split.newcomers, fit, Told("clicks", 1))
        if case.position == position
    )
    assert set(taste.weights["colour"]) == {"red"}
