"""Splits: what is known, what is to be found, and that nothing of the one is in the other."""

from collections import defaultdict
from dataclasses import replace
from datetime import timedelta

import numpy as np
import pytest

from shopguide.catalogue.index import CatalogueIndex
from shopguide.catalogue.product import Product
from shopguide.errors import UnreadableFile
from shopguide.evaluation.datasets.reading import Reading
from shopguide.evaluation.recommender.cold import FIRST, HELD_OUT_SHOPPERS, HIDDEN, HIDDEN_ITEMS
from shopguide.evaluation.recommender.contexts import Contexts, Given
from shopguide.evaluation.recommender.paper import RATED
from shopguide.evaluation.recommender.rehearsal import rehearsal_of
from shopguide.evaluation.recommender.splits import ALL, Split, SplitName, split_of
from shopguide.feedback.events import FeedbackEvent
from shopguide.ids import ShopperId, Sku
from shopguide.training.newcomers import characteristic
from tests.unit.evaluation.bought import COLOURS, EACH, PRODUCTS, SHOPPERS, events, reading
from tests.unit.recommender.synthetic import START

RATINGS = (SplitName.PAPER_WARM, SplitName.PAPER_COLD)


@pytest.fixture(scope="module")
def bought() -> Reading:
    return reading()


@pytest.fixture(scope="module")
def rated() -> Reading:
    return reading(ratings=True)


def own(of: Reading, shopper: int) -> list[int]:
    """Return the rows of a shopper's events, in their order."""
    rows: list[int] = of.log.row[of.log.shopper == shopper].tolist()
    return rows


@pytest.mark.parametrize("validation", [False, True])
@pytest.mark.parametrize("name", SplitName)
def test_nothing_to_be_found_is_known(bought: Reading, rated: Reading, name: SplitName, validation: bool) -> None:
    data = rated if name in RATINGS else bought
    split = split_of(data, name, validation=validation)
    known = defaultdict(set)
    for shopper, row in zip(split.past.shopper.tolist(), split.past.row.tolist(), strict=True):
        known[shopper].add(row)
    assert split.shoppers
    for shopper, rows in split.truth.items():
        assert len(rows)
        assert not known[shopper] & set(rows.tolist())
        assert not set(split.seen[shopper].tolist()) & set(rows.tolist())
        assert known[shopper] <= set(split.seen[shopper].tolist())
        assert set(rows.tolist()) <= {
            row for row, weight in zip(own(data, shopper), data.log.weight[data.log.shopper == shopper], strict=True)
            if weight > 0
        }  # fmt: skip
        for scope in split.scopes:
            candidates = split.candidates(scope, shopper)
            assert candidates is None or set(rows.tolist()) <= set(candidates.tolist())
    for shopper, evidence in data.evidence(split.known).items():
        assert {piece.event_id for piece in evidence} <= {
            event.event_id for event, is_known in zip(data.events, split.known, strict=True) if is_known
        }, shopper


@pytest.mark.parametrize("name", SplitName)
def test_validation_never_reads_the_test_part(bought: Reading, rated: Reading, name: SplitName) -> None:
    data = rated if name in RATINGS else bought
    test, tried = split_of(data, name), split_of(data, name, validation=True)
    tested = {(shopper, row) for shopper, rows in test.truth.items() for row in rows.tolist()}
    assert not tested & {(shopper, row) for shopper, rows in tried.truth.items() for row in rows.tolist()}
    assert not tested & set(zip(tried.past.shopper.tolist(), tried.past.row.tolist(), strict=True))
    assert not np.any(tried.known & ~test.known)  # what the test must not know, trying things out does not either


def as_made(split: Split) -> object:
    return (
        split.known.tolist(),
        {shopper: rows.tolist() for shopper, rows in split.truth.items()},
        {shopper: rows.tolist() for shopper, rows in split.seen.items()},
        {name: rows if rows is None else repr(rows) for name, rows in split.scopes.items()},
    )


@pytest.mark.parametrize("name", [SplitName.TIME, SplitName.SHOPPER, SplitName.LAST])
def test_what_happens_in_the_test_part_changes_nothing_before_it(bought: Reading, name: SplitName) -> None:
    tried = split_of(bought, name, validation=True)
    tested = ~split_of(bought, name).known
    # In place of what they bought in the test part, everybody buys what nobody ever bought.
    other = [
        replace(event, sku=Sku(f"p{PRODUCTS - 1:03d}")) if is_tested else event
        for event, is_tested in zip(bought.events, tested, strict=True)
    ]
    assert as_made(split_of(reading(other), name, validation=True)) == as_made(tried)


@pytest.mark.parametrize("name", SplitName)
def test_the_seed_alone_decides(bought: Reading, rated: Reading, name: SplitName) -> None:
    data = rated if name in RATINGS else bought
    once, again, other = (split_of(data, name, seed=seed) for seed in (0, 0, 1))
    assert as_made(once) == as_made(again)
    by_chance = {SplitName.COLD_ITEMS, SplitName.COLD_SHOPPERS, *RATINGS}
    assert (as_made(once) != as_made(other)) == (name in by_chance)


def test_by_time_the_latest_tenth_is_predicted(bought: Reading) -> None:
    n = SHOPPERS * EACH
    assert np.flatnonzero(split_of(bought, SplitName.TIME).known).tolist() == list(range(n * 9 // 10))
    tried = split_of(bought, SplitName.TIME, validation=True)
    assert np.flatnonzero(tried.known).tolist() == list(range(n * 8 // 10))
    assert set(tried.moments.values()) == {tried.past.until}


def test_by_shopper_everybodys_last_fifth_is_predicted(bought: Reading) -> None:
    test, tried = (split_of(bought, SplitName.SHOPPER, validation=validation) for validation in (False, True))
    for shopper in (0, 17, SHOPPERS - 1):
        rows = own(bought, shopper)
        assert sorted(rows[8:]) == test.truth[shopper].tolist()
        assert sorted(set(rows[:8])) == test.seen[shopper].tolist()
        assert rows[7:8] == tried.truth[shopper].tolist()
        assert sorted(set(rows[:7])) == tried.seen[shopper].tolist()
        assert test.moments[shopper] == bought.log.at[bought.log.shopper == shopper][7]


def test_leaving_the_last_one_out_goes_by_the_order_of_the_file_and_by_what_is_new() -> None:
    def bought_at(shopper: str, *what: tuple[str, int]) -> list[FeedbackEvent]:
        return [
            FeedbackEvent(f"{shopper}{n}", "purchase", ShopperId(shopper), START + timedelta(hours=hour), Sku(sku))
            for n, (sku, hour) in enumerate(what)
        ]

    mine = bought_at("x", ("p001", 0), ("p002", 1), ("p004", 2), ("p003", 2), ("p001", 3))
    once = bought_at("once", ("p001", 0))
    data = reading(sorted([*mine, *once, *events()], key=lambda event: event.at))
    shopper, single = (data.log.shoppers.index(ShopperId(name)) for name in ("x", "once"))
    row = data.index.row
    test, tried = (split_of(data, SplitName.LAST, validation=validation) for validation in (False, True))
    assert test.truth[shopper].tolist() == [row(Sku("p003"))]
    assert test.seen[shopper].tolist() == sorted(row(Sku(sku)) for sku in ("p001", "p002", "p004"))
    assert tried.truth[shopper].tolist() == [row(Sku("p004"))]
    assert tried.seen[shopper].tolist() == sorted(row(Sku(sku)) for sku in ("p001", "p002"))
    assert single not in test.truth


def test_what_was_rated_badly_was_not_chosen() -> None:
    def rated(*what: tuple[str, float]) -> list[FeedbackEvent]:
        return [
            FeedbackEvent(f"x{n}", "rating", ShopperId("x"), START + timedelta(hours=n), Sku(sku), value=value)
            for n, (sku, value) in enumerate(what)
        ]

    judged = (("p000", 5.0), ("p001", 1.0), ("p002", 4.0), ("p003", 5.0), ("p004", 3.0), ("p001", 5.0), ("p005", 2.0))
    data = reading([*rated(*judged), *events()])
    shopper, row = data.log.shoppers.index(ShopperId("x")), data.index.row
    last = split_of(data, SplitName.LAST)
    assert last.truth[shopper].tolist() == [row(Sku("p003"))]  # nor is p001 new, which was disliked before it was liked
    tries = (split_of(data, SplitName.COLD_SHOPPERS, seed=seed) for seed in range(50))
    cold = next(split for split in tries if shopper not in split.past.shopper)
    assert shopper not in cold.truth  # three products speak for themselves, and p001 comes to nothing


def test_first_is_what_was_chosen_first_not_what_was_tried_first(bought: Reading) -> None:
    dislike = replace(bought.events[0], event_id="d", kind="dislike", at=START - timedelta(hours=1), sku=Sku("p003"))
    like = [replace(dislike, event_id=f"l{n}", kind="like", at=bought.events[-1].at) for n in range(2)]
    data = reading([dislike, *bought.events, *like])
    shopper = data.log.shoppers.index(dislike.shopper_id)
    tries = (split_of(data, SplitName.COLD_SHOPPERS, seed=seed) for seed in range(50))
    split = next(split for split in tries if shopper in split.first)
    assert data.index.row(Sku("p003")) not in split.first[shopper]
    assert data.index.row(Sku("p003")) in split.truth[shopper]
    clicks = {one.given: one.context for one in Contexts(split, {}).of(shopper)}[Given("clicks", 3)]
    assert sorted(item.row for item in clicks.history) == sorted(split.first[shopper].tolist())


def test_hidden_products_are_hidden_from_all(bought: Reading) -> None:
    touched = len(np.unique(bought.log.row))
    test, tried = (split_of(bought, SplitName.COLD_ITEMS, validation=validation) for validation in (False, True))
    for split in (test, tried):
        hidden = split.candidates(HIDDEN, 0)
        assert hidden is not None and len(hidden) == round(HIDDEN_ITEMS * touched)
        assert not set(hidden.tolist()) & set(split.past.row.tolist())
    hidden_in_test, hidden_in_trial = (set(split.candidates(HIDDEN, 0).tolist()) for split in (test, tried))  # type: ignore[union-attr]
    assert not hidden_in_test & hidden_in_trial
    assert test.candidates(ALL, 0) is None
    # Trying things out, the hidden products of the test are neither known nor candidates: as if they were not sold.
    assert set(tried.candidates(ALL, 0).tolist()) == set(range(PRODUCTS)) - hidden_in_test  # type: ignore[union-attr]
    assert not hidden_in_test & set(tried.past.row.tolist())
    shopper = test.shoppers[0]
    assert set(own(bought, shopper)) == set(test.truth[shopper].tolist()) | set(test.seen[shopper].tolist())


def test_shoppers_held_out_are_known_by_what_is_given_alone(bought: Reading) -> None:
    split = split_of(bought, SplitName.COLD_SHOPPERS)
    assert len(split.shoppers) == round(HELD_OUT_SHOPPERS * SHOPPERS)
    assert not set(split.past.shopper.tolist()) & set(split.shoppers)
    contexts = Contexts(split, bought.evidence(split.known))
    shopper = split.shoppers[3]
    rows = list(dict.fromkeys(own(bought, shopper)))
    assert split.first[shopper].tolist() == rows[:FIRST]
    assert split.truth[shopper].tolist() == sorted(rows[FIRST:])
    asked = {one.given: one.context for one in contexts.of(shopper)}
    assert set(asked) == {Given(kind, count) for kind in ("clicks", "preferences") for count in (0, 1, 3)}
    for count in (0, 1, 3):
        clicked, wished = asked[Given("clicks", count)], asked[Given("preferences", count)]
        assert clicked.request.shopper_id is None and wished.request.shopper_id is None
        assert sorted(item.row for item in clicked.history) == sorted(rows[:count])
        assert {item.kind for item in clicked.history} <= {"click"}
        assert clicked.taste.is_empty == (count == 0)
        assert sum(map(len, wished.taste.weights.values())) == min(count, 2)
        assert wished.history == () and wished.request.preferences.is_empty
    colour = bought.index.values("colour", rows[0])[0]
    assert asked[Given("preferences", 1)].taste.weights == {"colour": {colour: 1.0}}


def test_what_stands_out_is_what_products_share_and_the_catalogue_does_not(bought: Reading) -> None:
    rows = np.asarray([0, 4, 8], dtype=np.int32)  # lamps, all red
    assert characteristic(bought.features, rows, 1) == {"colour": {"red": 1.0}}
    assert characteristic(bought.features, rows, 3) == {"colour": {"red": 1.0}, "category": {"lamp": 1.0}}
    assert characteristic(bought.features, rows, 0) == {}


def test_where_there_are_no_facets_preferences_are_words_of_names() -> None:
    def named(i: int) -> Product:
        return Product(sku=Sku(f"p{i:03d}"), title=f"{COLOURS[i % 4].title()} thing no{i} of 12 {'mug' * (i % 2)}")

    data = reading()
    plain = replace(data.behaviour, index=CatalogueIndex(tuple(named(i) for i in range(PRODUCTS))))
    split = split_of(Reading(plain), SplitName.COLD_SHOPPERS)
    shopper = split.shoppers[0]
    asked = {one.given: one.context for one in Contexts(split, {}).of(shopper)}
    colour = COLOURS[int(split.first[shopper][0]) % 4]
    assert [asked[Given("preferences", n)].request.query.split()[:1] for n in (0, 1, 3)] == [[], [colour], [colour]]
    assert set(asked[Given("preferences", 3)].request.query.split()) <= {colour, "mug"}
    assert not any(one.request.query for given, one in asked.items() if given and given.kind == "clicks")


def test_the_papers_test_ratings_are_good_and_bad_ones(rated: Reading) -> None:
    for name in RATINGS:
        split = split_of(rated, name)
        n = np.count_nonzero(~split.known)
        assert n == pytest.approx(0.2 * len(rated.log), rel=0.15)
        for shopper in split.shoppers:
            judged = split.candidates(RATED, shopper)
            assert judged is not None
            tested = rated.log.row[~split.known & (rated.log.shopper == shopper)]
            assert set(judged.tolist()) == set(tested.tolist())
    cold = split_of(rated, SplitName.PAPER_COLD)
    assert not set(cold.past.row.tolist()) & {row for rows in cold.truth.values() for row in rows.tolist()}


@pytest.mark.parametrize("name", RATINGS)
def test_the_papers_splits_need_ratings(bought: Reading, name: SplitName) -> None:
    with pytest.raises(UnreadableFile, match=rf"bought: --split {name} needs ratings"):
        split_of(bought, name)


@pytest.mark.parametrize("name", [name for name in SplitName if name not in RATINGS])
def test_too_little_behaviour_is_said_so(name: SplitName) -> None:
    for few in (events()[:150], [], [replace(event, shopper_id=ShopperId("one")) for event in events()]):
        with pytest.raises(UnreadableFile, match=rf"bought: .* too few for --split {name}"):
            split_of(reading(few), name)


def test_a_newcomer_is_nobody_to_the_models(bought: Reading) -> None:
    late = [FeedbackEvent(f"n{n}", "purchase", ShopperId("new"), bought.events[-1].at, Sku("p000")) for n in range(2)]
    data = reading([*bought.events, *late])
    split = split_of(data, SplitName.TIME)
    shopper = data.log.shoppers.index(ShopperId("new"))
    assert split.truth[shopper].tolist() == [data.index.row(Sku("p000"))]
    (asked,) = Contexts(split, data.evidence(split.known)).of(shopper)
    assert asked.context.request.shopper_id is None
    (known,) = Contexts(split, data.evidence(split.known)).of(split.shoppers[0])
    assert known.context.request.shopper_id == data.log.shoppers[split.shoppers[0]]


@pytest.mark.parametrize("name", list(SplitName))
def test_every_rehearsal_holds_newcomers_out_of_the_past_that_it_is_cut_from(bought: Reading, name: SplitName) -> None:
    log = bought.log
    cut = rehearsal_of(name)(log)
    assert cut is not None and cut.newcomers is not None
    newcomers, past = set(cut.newcomers.shopper.tolist()), set(cut.past.shopper.tolist())
    assert newcomers and not newcomers & past
    for shopper in newcomers:
        assert sorted(cut.newcomers.row[cut.newcomers.shopper == shopper]) == sorted(log.row[log.shopper == shopper])
    wanted = 0.2 if name is SplitName.COLD_SHOPPERS else 0.1
    assert len(newcomers) == pytest.approx(wanted * len(past | newcomers), abs=2)
    assert len(cut.past) < len(log) and set(cut.truth) - newcomers <= past
