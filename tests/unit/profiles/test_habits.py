"""Habits: prices, brands and rhythm, from choices and from what was said of prices."""

from datetime import UTC, datetime, timedelta
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shopguide.ids import ShopperId
from shopguide.profiles.habits import Choice, ChoiceKind, Habits, PriceRange, Rhythm, habits_of
from shopguide.profiles.preferences import PreferenceEvidence, TasteProfile
from shopguide.profiles.taste import derive_taste

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
ANN = ShopperId("ann")


def chose(
    category: str = "shoes",
    price: float | None = None,
    *,
    days: float = 0,
    kind: ChoiceKind = "purchase",
    brand: str | None = None,
    level: float | None = None,
) -> Choice:
    return Choice(NOW - timedelta(days=days), kind, category, brand, price, level)


def price(value: str, source: str = "slot", **more: object) -> PreferenceEvidence:
    fields = {"at": NOW, "category": "shoes", **more}
    return PreferenceEvidence(ANN, "price", value, 1, source, **fields)  # type: ignore[arg-type]


def habits(*choices: Choice, said: tuple[PreferenceEvidence, ...] = (), **shares: float) -> Habits:
    return habits_of(choices, derive_taste(ANN, said, NOW), said, shares)


def test_nothing_is_known_without_choices() -> None:
    assert habits().is_empty
    assert habits_of([], TasteProfile(), [], {}) == Habits()


def test_a_price_range_leaves_out_the_odd_one() -> None:
    paid = [chose(price=amount) for amount in (40, 45, 50, 55, 60, 42, 48, 52, 58, 50)]
    (plain,) = habits(*paid).prices
    (with_gift,) = habits(*paid, chose(price=900)).prices
    assert (plain.category, plain.low, plain.high, plain.n) == ("shoes", 40, 58, 10)
    assert with_gift.high == 60
    assert with_gift.usual == 50
    # What was only put into the basket counts half.
    assert habits(chose(price=10), chose(price=90, kind="add_to_cart")).prices[0].usual == 10


def test_each_category_has_its_own_range() -> None:
    found = habits(chose("shoes", 50), chose("shoes", 70), chose("laptops", 900), chose("hats"))
    assert [(one.category, one.low, one.high) for one in found.prices] == [("shoes", 50, 70), ("laptops", 900, 900)]


def test_bounds_that_stand_join_their_side() -> None:
    assert habits(said=(price("<=80"),)).prices == (PriceRange("shoes", None, 80, None, 1),)
    first = price("<=120", at=NOW - timedelta(days=1))
    assert habits(chose(price=50), said=(first, price("<=80"), price(">=20"))).prices == (
        PriceRange("shoes", 20, 80, 50, 3),
    )
    assert habits(said=(price("<=80", recipient="dad"), price("<=80", category=None))).prices == ()


def test_sensitivity_is_drawn_to_the_middle_until_there_is_enough() -> None:
    once = habits(chose(price=5, level=0.0)).sensitivity
    often = habits(*[chose(price=5, level=0.0, days=day) for day in range(40)]).sensitivity
    assert once is not None and often is not None
    assert once.level == pytest.approx(0.4)
    assert often.level < 0.05
    assert (once.n, often.n) == (1, 40)
    asked = habits(said=(price("<=80", "critique"), price("<=60", "critique"), price("<=60", "critique"), price("<=9")))
    assert asked.sensitivity is not None
    assert (asked.sensitivity.cheaper, asked.sensitivity.dearer, asked.sensitivity.level) == (2, 0, 0.5)


def test_a_brand_chosen_more_than_the_catalogue_explains() -> None:
    choices = [*[chose(brand="kestrel")] * 6, *[chose(brand="common")] * 4, chose(brand="once")]
    found = habits(*choices, kestrel=0.05, common=0.6, once=0.01).brands
    assert [one.brand for one in found] == ["kestrel"]
    assert found[0].share == pytest.approx(6 / 11)
    assert found[0].lift == pytest.approx((6 + 4 * 0.05) / 15 / 0.05)


def test_a_rhythm_takes_three_days_with_a_purchase() -> None:
    monthly = [chose("coffee", days=day) for day in (95, 62, 31, 31, 0)]
    assert habits(*monthly).rhythms == (Rhythm("coffee", 31.0, NOW, NOW + timedelta(days=31), 4),)
    assert habits(*[chose("coffee", days=day) for day in (31, 31, 0)]).rhythms == ()
    assert habits(*[chose("coffee", days=day, kind="like") for day in (90, 60, 30, 0)]).rhythms == ()


@given(
    st.lists(
        st.builds(
            chose,
            st.sampled_from(["shoes", "hats"]),
            st.one_of(st.none(), st.floats(1, 500)),
            days=st.integers(0, 300),
            kind=st.sampled_from(["purchase", "add_to_cart", "like"]),
            brand=st.sampled_from([None, "kestrel", "norwell"]),
            level=st.one_of(st.none(), st.sampled_from([0.0, 0.25, 0.5, 1.0])),
        ),
        max_size=15,
    ),
    st.integers(),
)
def test_the_order_of_choices_does_not_matter_and_ranges_are_ranges(choices: list[Choice], seed: int) -> None:
    shuffled = Random(seed).sample(choices, len(choices))
    found = habits(*choices, kestrel=0.5, norwell=0.01)
    assert habits(*shuffled, kestrel=0.5, norwell=0.01) == found
    for one in found.prices:
        assert one.low is not None and one.high is not None and one.usual is not None
        assert one.low <= one.usual <= one.high
    assert found.sensitivity is None or 0 <= found.sensitivity.level <= 1
