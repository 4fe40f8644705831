"""Each rule on what it is there for, and on honest behaviour that looks like it and must survive."""

import json
from collections.abc import Sequence

import numpy as np
import pytest

from shopguide.evaluation.planting import DAY, HOUR, STYLES, Shilling, obscure_product, plant_noise, plant_shilling
from shopguide.training import bots, coordination
from shopguide.training.cleaning import MOST, Cleaned, clean
from shopguide.training.interactions import EventLog
from tests.unit.training.honest import (
    CLICK,
    DAYS,
    PRODUCTS,
    PURCHASE,
    RATING,
    SKUS,
    START,
    Event,
    honest_events,
    log_of,
)

NOW = START + DAYS * DAY
HONEST = honest_events()
NEW = 1000
"""The first position of a shopper that is not among the honest ones."""
OBSCURE = PRODUCTS - 1


def cleaned(events: Sequence[Event], now: float = NOW) -> Cleaned:
    return clean(log_of(events), SKUS, now=now)


def reasons(events: Sequence[Event]) -> dict[str, tuple[int, int]]:
    """Return removed and down-weighted events by reason, of some events among the honest ones."""
    found = cleaned([*HONEST, *events]).report["reasons"]
    return {reason: (counts["removed"], counts["down_weighted"]) for reason, counts in found.items()}


def bought(shopper: int, rows: Sequence[int], at: float = START + 50 * DAY, gap: float = 30.0) -> list[Event]:
    return [(NEW + shopper, row, 3.0, PURCHASE, at + i * gap) for i, row in enumerate(rows)]


def test_honest_events_are_left_as_they_are() -> None:
    log = log_of(HONEST)
    found = clean(log, SKUS, now=NOW)
    assert found.log is log
    assert found.report == {
        "events": len(log), "removed": 0, "down_weighted": 0, "shoppers_removed": 0, "reasons": {}, "pushed": []
    }  # fmt: skip


def test_no_events_are_no_trouble() -> None:
    found = cleaned([])
    assert len(found.log) == 0 and found.report["removed"] == 0


def test_a_report_adds_up_and_can_be_written_down() -> None:
    log = plant_noise(log_of(HONEST), share=0.4)
    found = clean(log, SKUS, now=NOW)
    report = json.loads(json.dumps(found.report))
    assert report["events"] == len(log) and report["removed"] == len(log) - len(found.log)
    assert report["removed"] == sum(counts["removed"] for counts in report["reasons"].values())
    assert report["down_weighted"] == sum(counts["down_weighted"] for counts in report["reasons"].values())
    assert all(counts["shoppers"] > 0 for counts in report["reasons"].values())
    assert {"absurd_time", "absurd_weight", "repeat", "bot", "insistence"} <= set(report["reasons"])


def test_shoppers_of_whom_nothing_is_left_are_gone_and_the_others_keep_their_events() -> None:
    log = log_of([*HONEST, (301, 5, 3.0, PURCHASE, 0.0), (302, 6, 3.0, PURCHASE, START + DAY)])
    found = clean(log, SKUS, now=NOW)
    assert found.report["shoppers_removed"] == 1 and len(found.log.shoppers) == 301
    before, after = (
        sorted(zip((x.shoppers[i] for i in x.shopper), x.row.tolist(), x.at.tolist(), strict=True))
        for x in (log, found.log)
    )
    assert after == [event for event in before if event[0] != "s301"]


def test_double_clicks_and_events_delivered_twice_count_once() -> None:
    click = (NEW, 3, 0.5, CLICK, START + DAY)
    assert reasons([click, click, (*click[:4], click[4] + 0.4), (*click[:4], click[4] + 20)]) == {"repeat": (3, 0)}


@pytest.mark.parametrize(
    "other",
    [
        (NEW, 3, 3.0, PURCHASE, START + DAY + 5),
        (NEW, 4, 0.5, CLICK, START + DAY),
        (NEW + 1, 3, 0.5, CLICK, START + DAY),
        (NEW, 3, 0.5, CLICK, START + DAY + 600),
    ],
    ids=["another kind", "another product", "another shopper", "later"],
)
def test_what_is_no_repeat_survives(other: Event) -> None:
    assert reasons([(NEW, 3, 0.5, CLICK, START + DAY), other]) == {}


@pytest.mark.parametrize("at", [0.0, START - 3 * 365 * DAY, NOW + 3 * DAY, 4e9, np.nan])
def test_absurd_times_are_removed(at: float) -> None:
    assert reasons([(NEW, 3, 3.0, PURCHASE, at)]) == {"absurd_time": (1, 0)}


@pytest.mark.parametrize("at", [START - 90 * DAY, NOW + HOUR], ids=["a closed season", "a clock an hour ahead"])
def test_odd_times_that_may_be_true_survive(at: float) -> None:
    assert reasons([(NEW, 3, 3.0, PURCHASE, at)]) == {}


def test_an_old_part_of_the_history_survives_though_years_lie_between() -> None:
    old = [(shopper, row, weight, kind, at - 5 * 365 * DAY) for shopper, row, weight, kind, at in HONEST[::8]]
    assert reasons(old) == {}


def test_a_clock_of_ours_that_is_wrong_costs_nothing() -> None:
    assert cleaned(HONEST, now=1000.0).report["removed"] < len(HONEST) / 2


@pytest.mark.parametrize("weight", [50.0, -50.0, np.inf, np.nan])
def test_weights_that_no_event_has_are_removed(weight: float) -> None:
    assert reasons([(NEW, 3, weight, PURCHASE, START + DAY)]) == {"absurd_weight": (1, 0)}
    assert reasons([(NEW, 3, 3.0, RATING, START + DAY)]) == {"absurd_weight": (1, 0)}


def test_whoever_insists_is_heard_like_somebody_who_came_a_few_times() -> None:
    insistence = [(NEW, 3, 3.0, PURCHASE, START + i * DAY) for i in range(100)]
    found = cleaned([*HONEST, *insistence])
    assert found.report["reasons"]["insistence"] == {"removed": 0, "down_weighted": 100, "shoppers": 1}
    log = found.log
    weight = log.positive[log.shoppers.index(f"s{NEW}"), 3]
    assert weight == pytest.approx(3.0 * MOST)
    assert reasons(insistence[:MOST]) == {}


def driven(rows: Sequence[int], gaps: Sequence[float], at: float = START + 40 * DAY) -> list[Event]:
    return [(NEW, row, 3.0, PURCHASE, float(when)) for row, when in zip(rows, at + np.cumsum(gaps), strict=True)]


def anything(n: int) -> list[int]:
    return (np.arange(n) * 7 % PRODUCTS).tolist()


def test_what_is_faster_than_any_human_is_a_bot() -> None:
    assert reasons(driven(anything(200), np.random.default_rng(0).uniform(0.5, 2.0, 200))) == {"bot": (200, 0)}


def test_what_is_as_even_as_a_clock_is_a_bot() -> None:
    assert reasons(driven(anything(100), np.random.default_rng(0).uniform(57, 63, 100))) == {"bot": (100, 0)}


def test_what_never_sleeps_is_a_bot() -> None:
    assert reasons(driven(anything(60), np.random.default_rng(0).uniform(600, 2400, 60))) == {"bot": (60, 0)}


def test_what_takes_the_whole_catalogue_is_a_bot() -> None:
    assert reasons(driven(range(PRODUCTS), np.full(PRODUCTS, 0.4 * DAY))) == {"bot": (PRODUCTS, 0)}


def test_somebody_who_rates_pages_of_films_at_once_is_none() -> None:
    pages = np.repeat(np.random.default_rng(0).exponential(40, 15), 10) * (np.arange(150) % 10 == 0)
    assert reasons(driven(anything(150), pages)) == {}


def test_a_wholesale_order_is_no_bot() -> None:
    assert reasons(driven(anything(150), np.zeros(150))) == {}


def test_a_long_evening_of_browsing_is_none() -> None:
    assert reasons(driven(anything(150), np.random.default_rng(0).exponential(25, 150))) == {}


def test_an_import_that_counts_the_seconds_makes_nobody_a_bot() -> None:
    at, counted = {}, []
    for shopper, row, weight, kind, when in HONEST:
        at[shopper] = at.get(shopper, when) + 1.0
        counted.append((shopper, row, weight, kind, at[shopper]))
    many = [(NEW, row, 3.0, PURCHASE, START + DAY + i) for i, row in enumerate(anything(70))]
    assert not bots.bots(log_of([*counted, *many])).any()


def test_copies_of_one_history_speak_with_one_voice() -> None:
    rows = [10, 40, 90, 140, 190, 239]
    copies = [event for i in range(30) for event in bought(i, rows[i % 2 :], START + (i + 1) * 5 * DAY)]
    first = [(NEW, 7, 3.0, PURCHASE, START), (NEW, 7, 3.0, PURCHASE, NOW)]
    found = cleaned([*HONEST, *copies, *first])
    assert found.report["reasons"]["same_history"]["shoppers"] == 29
    assert [shopper for shopper in found.log.shoppers if int(shopper[1:]) >= NEW] == [f"s{NEW}"]


@pytest.mark.parametrize(
    ("accounts", "rows"),
    [(2, (10, 40, 90, 140, 190, 239)), (coordination.GROUP - 1, (0, 1, 2, 3, 4)), (40, (0, 1)), (40, (1,))],
    ids=["a couple", "a few friends", "the same two bestsellers", "the same bestseller"],
)
def test_a_few_who_are_alike_or_many_with_the_same_bestsellers_survive(accounts: int, rows: Sequence[int]) -> None:
    events = [event for i in range(accounts) for event in bought(i, rows, START + (4 * i + 1) * DAY)]
    assert reasons(events) == {}


def test_fifty_accounts_without_a_past_speak_with_one_voice_for_what_nobody_else_chose() -> None:
    fresh = [event for i in range(50) for event in bought(i, [OBSCURE], START + 100 * DAY + i * 60)]
    honest = [event for event in HONEST if event[1] != OBSCURE]
    report = cleaned([*honest, *fresh]).report
    assert report["reasons"]["pushed_product"] == {"removed": 49, "down_weighted": 0, "shoppers": 49}
    (push,) = report["pushed"]
    assert (push["product"], push["accounts"], push["kept"], push["others"]) == (SKUS[OBSCURE], 50, 1, 0)


def test_whoever_chose_most_besides_is_the_voice() -> None:
    fresh = [event for i in range(50) for event in bought(i, [OBSCURE], START + 100 * DAY + i * 60)]
    lively = bought(50, [OBSCURE, 30, 60], START + 100 * DAY)
    log = cleaned([*[event for event in HONEST if event[1] != OBSCURE], *fresh, *lively]).log
    assert [log.shoppers[i] for i in log.shopper[log.row == OBSCURE]] == [f"s{NEW + 50}"]


def test_what_regulars_take_up_as_well_may_be_a_hit_among_newcomers() -> None:
    fresh = [event for i in range(50) for event in bought(i, [OBSCURE], START + 100 * DAY + i * 60)]
    regulars = [(s, OBSCURE, 3.0, PURCHASE, START + 100 * DAY + s * 100) for s in range(120)]
    assert "pushed_product" not in reasons([*fresh, *regulars])


def test_where_nobody_has_a_past_nobody_is_suspected_for_it() -> None:
    draw = np.random.default_rng(0)
    share = 1.0 / np.arange(5, PRODUCTS + 5)
    visits = [
        bought(i, draw.choice(PRODUCTS, size=draw.integers(1, 5), replace=False, p=share / share.sum()).tolist(), at)
        for i, at in enumerate(draw.uniform(START, NOW, size=1000))
    ]
    assert cleaned([event for visit in visits for event in visit]).report["reasons"] == {}


@pytest.mark.parametrize("style", STYLES)
@pytest.mark.parametrize(("stretch", "patient"), [(HOUR, False), (7 * DAY, False), (30 * DAY, True)])
def test_fifty_shills_of_every_style_are_hardly_heard(style, stretch: float, patient: bool) -> None:
    log = log_of(HONEST)
    row = obscure_product(log)
    attack = Shilling(style, fillers=12, stretch=stretch, patient=patient)
    dirty = plant_shilling(log, row, attack)
    found = clean(dirty, SKUS, now=NOW)
    assert voices(dirty, row) == voices(log, row) + 50
    assert voices(found.log, row) <= voices(log, row) + 3


def voices(log: EventLog, row: int) -> int:
    return int((log.positive[:, row] > 0).sum())
