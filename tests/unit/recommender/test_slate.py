"""Limits hold for every slate, whatever diversity and chance make of it."""

import random
from collections import Counter

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from shopguide.catalogue.variants import ALONE
from shopguide.recommender.slate import NO_BRAND, Limits, fill, shortlist
from tests.unit.recommender.chance import every_outcome


def limits_of(
    brands: list[int], turns: list[int] | None = None, variants: list[int] | None = None, **more: object
) -> Limits:
    held = np.asarray(turns if turns is not None else [0] * len(brands), dtype=np.int32)
    groups = np.asarray(variants if variants is not None else [ALONE] * len(brands), dtype=np.int32)
    return Limits(brands=np.asarray(brands, dtype=np.int32), turns=held, variants=groups, **more)  # type: ignore[arg-type]


def of_variants(variants: list[int], **more: object) -> Limits:
    return limits_of([NO_BRAND] * len(variants), None, variants, **more)


def filled(scores: list[float], k: int, limits: Limits, **more: object) -> list[int]:
    likeness = np.zeros((len(scores), len(scores)), dtype=np.float32)
    ordered = np.asarray(scores, dtype=np.float32)
    return [c.candidate for c in fill(ordered, likeness, k, limits, random.Random(1), **more)]  # type: ignore[arg-type]


FALLING = [1.0, 0.9, 0.8, 0.7, 0.6, 0.5]


def test_a_brand_takes_no_more_places_than_it_may_while_others_are_left() -> None:
    assert filled(FALLING, 4, limits_of([7, 7, 7, 7, 8, 9], per_brand=2)) == [0, 1, 4, 5]
    assert filled(FALLING, 4, limits_of([7, 7, 7, 7, 8, 9])) == [0, 1, 2, 3]


def test_a_slate_is_filled_anyway_where_nothing_else_is_left() -> None:
    assert filled(FALLING, 5, limits_of([7] * 6, per_brand=2)) == [0, 1, 2, 3, 4]
    assert filled(FALLING, 5, limits_of([7, 7, 7, 8, 8, 8], per_brand=2)) == [0, 1, 3, 4, 2]


def test_products_without_a_brand_are_not_limited() -> None:
    assert filled(FALLING, 4, limits_of([NO_BRAND] * 5 + [8], per_brand=1)) == [0, 1, 2, 3]


def test_what_stands_on_the_same_slate_already_counts() -> None:
    beside = np.asarray([7, NO_BRAND], dtype=np.int32)
    assert filled(FALLING, 3, limits_of([7, 7, 7, 8, 9, 9], per_brand=2, beside=beside)) == [0, 3, 4]


def test_variants_of_one_product_take_one_place_while_different_products_are_left() -> None:
    assert filled(FALLING, 3, of_variants([1, 1, 1, ALONE, 2, 2])) == [0, 3, 4]
    assert filled(FALLING, 5, of_variants([1, 1, 1, ALONE, 2, 2])) == [0, 3, 4, 1, 2]
    assert filled(FALLING, 4, of_variants([ALONE] * 6)) == [0, 1, 2, 3], "products without variants are no group"


def test_variants_of_what_is_known_already_wait() -> None:
    known = np.asarray([1, ALONE], dtype=np.int32)
    assert filled(FALLING, 4, of_variants([1, 1, ALONE, 2, 2, ALONE], known=known)) == [2, 3, 5, 0]


def test_a_third_product_of_a_brand_comes_before_a_variant_of_another_one() -> None:
    limits = limits_of([7, 7, 8, 8, 7, 8], None, [1, 2, 3, 3, 4, 3], per_brand=2)
    assert filled(FALLING, 5, limits) == [0, 1, 2, 4, 3]


def test_a_variant_does_not_wait_for_what_hardly_answers_a_need_in_words() -> None:
    scores = [1.0, 0.95, 0.9, 0.4, 0.0]
    groups = [1, 1, 2, ALONE, ALONE]
    assert filled(scores, 3, of_variants(groups, patience=0.5)) == [0, 2, 1]
    assert filled(scores, 3, of_variants(groups, patience=0.6)) == [0, 2, 3]
    assert filled(scores, 3, of_variants(groups)) == [0, 2, 3]


def test_what_has_to_wait_comes_when_all_else_is_used_up_the_longest_ago_first() -> None:
    turns = [3, 2, 1, 1, 0, 0]
    assert filled(FALLING, 5, limits_of([NO_BRAND] * 6, turns)) == [4, 5, 2, 3, 1]
    # Nothing comes again for the sake of a brand.
    assert filled(FALLING, 2, limits_of([1, 2, 3, 4, 7, 7], turns, per_brand=1)) == [4, 5]


def test_the_shortlist_has_enough_brands_however_badly_the_others_score() -> None:
    scores = np.asarray([*np.linspace(1.0, 0.5, 40), 0.1, 0.05, 0.0], dtype=np.float32)
    limits = limits_of([7] * 40 + [8, 8, 9], per_brand=2)
    listed = shortlist(scores, 10, 5, limits)
    assert listed[:10].tolist() == list(range(10))
    assert {40, 41, 42} <= set(listed.tolist())
    assert len(shortlist(scores, 10, 5, limits_of([7] * 43, per_brand=2))) == 10
    assert shortlist(scores, 10, 5, limits_of([7] * 40 + [8, 8, 9])).tolist() == list(range(10))


def test_the_shortlist_has_enough_different_products_however_many_variants_there_are() -> None:
    scores = np.linspace(1.0, 0.0, 46).astype(np.float32)
    groups = [1] * 20 + [2] * 20 + [3, 3, 4, ALONE, ALONE, ALONE]
    assert shortlist(scores, 10, 2, of_variants(groups))[10:].tolist() == [20, 21], "one different product was lacking"
    assert {20, 40, 42} <= set(shortlist(scores, 10, 4, of_variants(groups)).tolist())
    assert len(shortlist(scores, 10, 4, of_variants([1] * 46))) == 10
    known = of_variants(groups, known=np.asarray([1], dtype=np.int32))
    assert 20 in shortlist(scores, 10, 1, known).tolist(), "all ten best are known already"
    # Two products of a brand are two places of it only if they are different.
    brands = [7] * 40 + [8, 8, 9, 9, 9, 9]
    listed = shortlist(scores, 42, 5, limits_of(brands, None, [ALONE] * 40 + [3, 3, 4, 5, 6, 6], per_brand=2))
    assert {42, 43} <= set(listed.tolist())


def test_the_shortlist_has_a_brands_different_products_where_no_other_brand_is_left() -> None:
    limits = limits_of([7] * 5, None, [1, 1, 1, 1, 2], per_brand=1)
    assert shortlist(np.zeros(5, dtype=np.float32), 4, 2, limits).tolist() == [0, 1, 2, 3, 4]


def test_the_shortlist_takes_what_has_to_wait_last() -> None:
    scores = np.asarray([0.9, 0.8, 0.7, 0.6], dtype=np.float32)
    limits = limits_of([NO_BRAND] * 4, [2, 0, 1, 0])
    assert shortlist(scores, 2, 2, limits).tolist() == [1, 3]
    assert shortlist(scores, 4, 4, limits).tolist() == [1, 3, 2, 0]


rows = st.lists(
    st.tuples(
        st.floats(-5, 5, width=32),
        st.integers(NO_BRAND, 3),
        st.sampled_from([0, 0, 0, 1, 2]),
        st.integers(ALONE, 4),
    ),
    max_size=30,
)


@given(
    rows=rows,
    k=st.integers(1, 6),
    per_brand=st.integers(0, 3),
    strength=st.sampled_from([0.0, 0.15, 1.0]),
    rate=st.sampled_from([0.0, 0.4]),
    seed=st.integers(0, 99),
)
def test_every_slate_keeps_the_limits(
    *, rows: list[tuple[float, int, int, int]], k: int, per_brand: int, strength: float, rate: float, seed: int
) -> None:
    scores = np.asarray([row[0] for row in rows], dtype=np.float32)
    brands, turns, groups = ([row[place] for row in rows] for place in (1, 2, 3))
    groups = [
        group if group == ALONE else 10 * (brand + 1) + group for brand, group in zip(brands, groups, strict=True)
    ]
    limits = limits_of(brands, turns, groups, per_brand=per_brand)
    listed = shortlist(scores, k + 2, k, limits)
    noise = np.random.default_rng(seed).random((len(listed), len(listed)), dtype=np.float32)
    choices = fill(scores[listed], noise, k, limits.of(listed), random.Random(seed), strength=strength, rate=rate)
    shown = [int(listed[choice.candidate]) for choice in choices]
    assert len(shown) == len(set(shown)) == min(k, len(rows))
    left = set(range(len(rows))) - set(shown)
    came = [turns[place] for place in shown]
    assert came == sorted(came)
    assert all(came[-1] <= turns[place] for place in left)
    if any(came):
        return
    left = {place for place in left if not turns[place]}
    taken = Counter(groups[place] for place in shown if groups[place] != ALONE)
    if any(count > 1 for count in taken.values()):
        assert all(groups[place] in taken for place in left), "no variant while there are different products"
    else:
        counted = Counter(brands[place] for place in shown if brands[place] != NO_BRAND)
        full = {brand for brand, count in counted.items() if count >= per_brand > 0}
        if any(count > per_brand > 0 for count in counted.values()):
            assert all(brands[place] in full or groups[place] in taken for place in left), (
                "no brand has too many places"
            )


@pytest.mark.parametrize("strength", [0.0, 0.4])
def test_propensities_are_exact_under_limits_and_diversity(strength: float) -> None:
    scores = np.asarray([1.0, 0.98, 0.97, 0.96, 0.95, 0.94, 0.5], dtype=np.float32)
    likeness = np.random.default_rng(2).random((7, 7), dtype=np.float32)
    limits = limits_of([7, 7, 7, 8, 8, 9, NO_BRAND], [0, 0, 0, 0, 0, 0, 1], per_brand=1)

    def draw(source: random.Random) -> tuple[tuple[int, float], ...]:
        choices = fill(scores, likeness, 4, limits, source, strength=strength, rate=0.3)
        return tuple((choice.candidate, choice.propensity) for choice in choices)

    outcomes = list(every_outcome(draw, 0.3))
    assert len({shown for shown, _ in outcomes}) == len(outcomes) > 3
    assert sum(probability for _, probability in outcomes) == pytest.approx(1.0)
    for shown, probability in outcomes:
        assert np.prod([propensity for _, propensity in shown]) == pytest.approx(probability)
        first_three = [limits.brands[candidate] for candidate, _ in shown[:3]]
        assert sorted(first_three) == [7, 8, 9], "chance keeps the limits"


@pytest.mark.parametrize("patience", [float("inf"), 0.5])
def test_propensities_are_exact_where_variants_wait(patience: float) -> None:
    scores = np.asarray([1.0, 0.99, 0.98, 0.97, 0.96, 0.95, 0.2], dtype=np.float32)
    limits = of_variants([1, 1, 2, 2, ALONE, 1, ALONE], patience=patience)

    def draw(source: random.Random) -> tuple[tuple[int, float], ...]:
        choices = fill(scores, np.zeros((7, 7), dtype=np.float32), 5, limits, source, rate=0.3)
        return tuple((choice.candidate, choice.propensity) for choice in choices)

    outcomes = list(every_outcome(draw, 0.3))
    assert len({shown for shown, _ in outcomes}) == len(outcomes) > 3
    assert sum(probability for _, probability in outcomes) == pytest.approx(1.0)
    for shown, probability in outcomes:
        assert np.prod([propensity for _, propensity in shown]) == pytest.approx(probability)
        different = [limits.variants[candidate] for candidate, _ in shown[:3]]
        assert sorted(different) == [ALONE, 1, 2], "chance brings no variant before its time"
        assert (6 in [candidate for candidate, _ in shown[:4]]) == (patience > 1)
