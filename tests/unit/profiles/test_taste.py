"""The formula of the taste: what beats what."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shopguide.ids import ShopperId
from shopguide.profiles.preferences import PreferenceEvidence
from shopguide.profiles.taste import HALF_LIFE, TRUST, derive_taste

NOW = datetime(2026, 3, 1, tzinfo=UTC)
ANN = ShopperId("ann")
SOURCES = sorted(TRUST)


def piece(
    polarity: int, source: str, days: float = 0, value: str = "blue", strength: float = 1.0
) -> PreferenceEvidence:
    at = NOW - timedelta(days=days)
    return PreferenceEvidence(ANN, "colour", value, polarity, source, at, strength)  # type: ignore[arg-type]


def weight(*pieces: PreferenceEvidence, value: str = "blue") -> float:
    return derive_taste(ANN, pieces, NOW).weight("colour", value)


def test_nothing_is_known_without_evidence() -> None:
    taste = derive_taste(ANN, [], NOW)
    assert taste.is_empty
    assert taste.shopper_id == ANN


@pytest.mark.parametrize("source", SOURCES)
def test_one_fresh_piece_weighs_its_sources_trust_and_half_after_the_half_life(source: str) -> None:
    assert weight(piece(1, source)) == pytest.approx(TRUST[source])
    assert weight(piece(-1, source)) == pytest.approx(-TRUST[source])
    assert weight(piece(1, source, days=HALF_LIFE[source])) == pytest.approx(TRUST[source] / 2)
    assert weight(piece(1, source, strength=0.5)) == pytest.approx(TRUST[source] / 2)


def test_repetition_adds_up_with_less_each_time() -> None:
    once, twice, thrice = (weight(*[piece(1, "slot")] * n) for n in (1, 2, 3))
    assert once < twice < thrice < 1
    assert thrice - twice < twice - once


def test_recent_beats_old() -> None:
    assert weight(piece(1, "slot", days=1), piece(-1, "slot")) < 0
    assert weight(piece(-1, "slot", days=1), piece(1, "slot")) > 0
    assert weight(*[piece(1, "slot", days=2)] * 9, piece(-1, "correction")) == pytest.approx(-TRUST["correction"])
    assert weight(piece(1, "like", days=400), piece(-1, "dislike")) < 0
    assert weight(piece(1, "slot", days=90)) < weight(piece(1, "slot"))


def test_said_beats_shown_while_it_is_fresh() -> None:
    shown_against = [piece(-1, "dislike"), *[piece(-1, "click")] * 5]
    assert weight(piece(1, "correction"), *shown_against) > 0
    assert weight(piece(1, "correction", days=700), *shown_against) < 0


def test_what_is_shown_supports_what_is_said() -> None:
    assert weight(piece(1, "slot"), piece(1, "like")) > weight(piece(1, "slot"))


def test_likes_and_dislikes_weigh_against_each_other() -> None:
    assert 0 < weight(piece(1, "like"), piece(-1, "dislike")) < weight(piece(1, "like"))


def test_a_removal_takes_back_everything_before_it_and_nothing_after() -> None:
    before = [piece(1, "slot", days=2), piece(1, "purchase", days=2), piece(1, "slot", days=2, value="red")]
    removal = piece(0, "removal", days=1)
    assert weight(*before, removal) == 0
    assert weight(*before, removal, value="red") > 0
    assert weight(*before, removal, piece(1, "slot")) == pytest.approx(TRUST["slot"])


def test_the_order_of_arrival_does_not_matter() -> None:
    pieces = [piece(1, "slot", days=3), piece(0, "removal", days=2), piece(-1, "slot", days=1)]
    assert weight(*pieces) == weight(*reversed(pieces)) < 0


def test_a_later_bound_overrules_an_earlier_one_of_the_same_kind() -> None:
    pieces = [
        piece(1, "slot", days=2, value="<=80"),
        piece(1, "slot", days=2, value=">=10"),
        piece(1, "slot", days=1, value="<=50"),
    ]
    taste = derive_taste(ANN, pieces, NOW)
    assert set(taste.weights["colour"]) == {">=10", "<=50"}


def test_what_has_faded_is_forgotten() -> None:
    assert derive_taste(ANN, [piece(1, "click", days=60)], NOW).is_empty


def test_a_clock_that_runs_ahead_gives_nothing_extra() -> None:
    assert weight(piece(1, "slot", days=-1)) == pytest.approx(TRUST["slot"])


@given(
    st.lists(
        st.builds(
            piece,
            st.sampled_from([-1, 0, 1]),
            st.sampled_from(SOURCES),
            st.floats(-1, 2000),
            st.sampled_from(["blue", "red", "<=5", "<=9"]),
            st.floats(0, 1),
        ),
        max_size=30,
    )
)
def test_weights_stay_between_minus_one_and_one(pieces: list[PreferenceEvidence]) -> None:
    for weights in derive_taste(ANN, pieces, NOW).weights.values():
        assert all(-1 <= weight <= 1 for weight in weights.values())
