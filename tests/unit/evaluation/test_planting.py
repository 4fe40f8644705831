"""What is planted is as much as asked for, the same for every seed, and leaves the honest events alone."""

import numpy as np
import pytest

from shopguide.evaluation.planting import (
    DAY,
    HOUR,
    STYLES,
    VISIT,
    Shilling,
    obscure_product,
    plant_noise,
    plant_shilling,
)
from shopguide.training.interactions import EventLog
from tests.unit.training.honest import honest_events, log_of


@pytest.fixture(scope="module")
def honest() -> EventLog:
    return log_of(honest_events())


def events_of(log: EventLog) -> list[tuple[float, ...]]:
    return list(zip(log.shopper.tolist(), log.row.tolist(), log.weight.tolist(), log.at.tolist(), strict=True))


def same(one: EventLog, other: EventLog) -> bool:
    return one.shoppers == other.shoppers and events_of(one) == events_of(other)


@pytest.mark.parametrize("share", [0.1, 0.3])
def test_noise_is_the_share_that_was_asked_for_and_the_honest_events_are_still_there(honest, share: float) -> None:
    dirty = plant_noise(honest, share=share)
    assert (len(dirty) - len(honest)) / len(dirty) == pytest.approx(share, abs=0.03)
    assert dirty.shoppers[: len(honest.shoppers)] == honest.shoppers
    assert np.all(np.diff(dirty.at) >= 0)
    left = events_of(dirty)
    for event in events_of(honest):
        left.remove(event)
    assert len(left) == len(dirty) - len(honest)


def test_a_seed_plants_the_same_and_another_seed_something_else(honest) -> None:
    assert same(plant_noise(honest, seed=1), plant_noise(honest, seed=1))
    assert not same(plant_noise(honest, seed=1), plant_noise(honest, seed=2))
    attack = Shilling("random")
    assert same(plant_shilling(honest, 5, attack, seed=1), plant_shilling(honest, 5, attack, seed=1))
    assert not same(plant_shilling(honest, 5, attack, seed=1), plant_shilling(honest, 5, attack, seed=2))


def test_noise_has_bots_broken_clocks_impossible_weights_and_obsessions(honest) -> None:
    dirty = plant_noise(honest, share=0.4)
    names = {str(name).split()[1] for name in dirty.shoppers[len(honest.shoppers) :]}
    assert names == {"crawler", "clockwork"}
    assert dirty.at[0] < 2 * DAY and dirty.at[-1] > honest.until + 365 * DAY
    assert dirty.weight.max() > honest.weight.max()
    pairs = np.unique(np.stack([dirty.shopper, dirty.row]), axis=1, return_counts=True)[1]
    assert pairs.max() > 100


@pytest.mark.parametrize("style", STYLES)
def test_every_account_of_an_attack_chooses_the_product_as_strongly_as_anybody_can(honest, style) -> None:
    row = obscure_product(honest)
    dirty = plant_shilling(honest, row, Shilling(style, accounts=20, fillers=12, stretch=HOUR))
    planted = dirty.shopper >= len(honest.shoppers)
    assert len(dirty) - len(honest) == planted.sum() and len(np.unique(dirty.shopper[planted])) == 20
    chose = planted & (dirty.row == row)
    assert chose.sum() == 20 and np.all(dirty.weight[chose] == honest.weight.max())
    assert np.all((dirty.at[planted] >= honest.until - HOUR) & (dirty.at[planted] <= honest.until))
    each = np.bincount(dirty.shopper[planted])[len(honest.shoppers) :]
    expected = {"push": 1, "segment": 6, "random": 13, "average": 13, "bandwagon": 13}
    assert np.all(each == expected[style]) if style in expected else len(np.unique(each)) > 1


def test_fillers_are_what_the_style_says(honest) -> None:
    row = obscure_product(honest)
    popularity = np.bincount(honest.row, minlength=honest.n_products)

    def fillers(style) -> EventLog:
        dirty = plant_shilling(honest, row, Shilling(style, accounts=20, fillers=12))
        return dirty.where((dirty.shopper >= len(honest.shoppers)) & (dirty.row != row))

    assert popularity[fillers("bandwagon").row].mean() > 1.5 * popularity[fillers("random").row].mean()
    assert len(np.unique(fillers("segment").row)) == 5
    copied = fillers("mimic")
    histories = {frozenset(honest.row[honest.shopper == shopper].tolist()) for shopper in np.unique(honest.shopper)}
    for account in np.unique(copied.shopper):
        rows = frozenset(copied.row[copied.shopper == account].tolist())
        assert rows in histories or rows | {row} in histories


def test_patient_accounts_act_all_along_and_the_others_in_one_visit(honest) -> None:
    for patient in (False, True):
        dirty = plant_shilling(honest, 5, Shilling("random", stretch=60 * DAY, patient=patient))
        lives = [
            np.ptp(dirty.at[dirty.shopper == account]) for account in range(len(honest.shoppers), len(dirty.shoppers))
        ]
        assert min(lives) > 20 * DAY if patient else max(lives) <= VISIT


def test_an_obscure_product_was_chosen_by_somebody_but_by_few(honest) -> None:
    rows = {obscure_product(honest, seed) for seed in range(20)}
    chosen = np.bincount(honest.row, minlength=honest.n_products)
    assert len(rows) > 3 and all(0 < chosen[row] <= 5 for row in rows)
