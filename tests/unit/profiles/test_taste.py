"""The formula of the taste: what beats what."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from shopguide.bootstrap import Shop
from shopguide.errors import SettingsError
from shopguide.ids import ShopperId
from shopguide.profiles.preferences import SAID, SOURCES, Overruled, PreferenceEvidence, is_size
from shopguide.profiles.taste import HALF_LIFE, TRUST, TasteRules, derive_taste
from shopguide.settings import Settings

NOW = datetime(2026, 3, 1, tzinfo=UTC)
ANN = ShopperId("ann")
WEIGHED = sorted(TRUST)


def piece(
    polarity: int, source: str, days: float = 0, value: str = "blue", strength: float = 1.0, **more: object
) -> PreferenceEvidence:
    at = NOW - timedelta(days=days)
    return PreferenceEvidence(ANN, "colour", value, polarity, source, at, strength, **more)  # type: ignore[arg-type]


def weight(*pieces: PreferenceEvidence, value: str = "blue", now: datetime = NOW) -> float:
    return derive_taste(ANN, pieces, now).weight("colour", value)


def test_every_source_has_a_trust_and_a_half_life() -> None:
    assert set(TRUST) == set(HALF_LIFE) == set(SOURCES) - {"removal", "fact"}


def test_nothing_is_known_without_evidence() -> None:
    taste = derive_taste(ANN, [], NOW)
    assert taste.is_empty
    assert taste.shopper_id == ANN


@pytest.mark.parametrize("source", WEIGHED)
def test_one_fresh_piece_weighs_its_sources_trust_and_half_after_the_half_life(source: str) -> None:
    assert weight(piece(1, source)) == pytest.approx(TRUST[source])
    assert weight(piece(-1, source)) == pytest.approx(-TRUST[source])
    assert weight(piece(1, source, days=HALF_LIFE[source])) == pytest.approx(TRUST[source] / 2)
    assert weight(piece(1, source, strength=0.5)) == pytest.approx(TRUST[source] / 2)


def test_repetition_adds_up_with_less_each_time() -> None:
    once, twice, thrice = (weight(*[piece(1, "slot", days=day / 1000) for day in range(n)]) for n in (1, 2, 3))
    assert once < twice < thrice < 1
    assert thrice - twice < twice - once


def test_a_piece_that_came_twice_counts_once() -> None:
    assert weight(piece(1, "slot"), piece(1, "slot")) == weight(piece(1, "slot"))
    likes = [piece(1, "like", event_id=event) for event in ("e1", "e2")]
    assert weight(*likes, *likes) == weight(*likes) > weight(likes[0])


def test_recent_beats_old() -> None:
    assert weight(piece(1, "slot", days=1), piece(-1, "slot")) < 0
    assert weight(piece(-1, "slot", days=1), piece(1, "slot")) > 0
    nine = [piece(1, "slot", days=2 + day) for day in range(9)]
    assert weight(*nine, piece(-1, "correction")) == pytest.approx(-TRUST["correction"])
    assert weight(piece(1, "like", days=400), piece(-1, "dislike")) < 0
    assert weight(piece(1, "slot", days=90)) < weight(piece(1, "slot"))


def test_said_beats_shown_while_it_is_fresh() -> None:
    shown_against = [piece(-1, "dislike"), *[piece(-1, "click", days=day / 1000) for day in range(5)]]
    for source in SAID:
        assert weight(piece(1, source), *shown_against) == pytest.approx(TRUST[source])
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


def test_of_one_moment_a_removal_goes_first_and_a_rejection_stands() -> None:
    for order in (1, -1):
        assert weight(*[piece(1, "slot"), piece(0, "removal")][::order]) == pytest.approx(TRUST["slot"])
        assert weight(*[piece(1, "slot"), piece(-1, "slot")][::order]) == pytest.approx(-TRUST["slot"])


def test_a_later_bound_overrules_an_earlier_one_of_the_same_kind() -> None:
    pieces = [
        piece(1, "slot", days=2, value="<=80"),
        piece(1, "slot", days=2, value=">=10"),
        piece(1, "slot", days=1, value="<=50"),
    ]
    taste = derive_taste(ANN, pieces, NOW)
    assert set(taste.weights["colour"]) == {">=10", "<=50"}
    held = taste.opinion("colour", "<=50")
    assert held is not None
    assert held.overruled == (Overruled("<=80", 1, NOW - timedelta(days=2), {"slot": 1}),)


def test_a_bound_and_a_size_count_for_their_kind_of_product() -> None:
    shoes, laptops = (
        replace(piece(1, "slot", days=2, value=value), facet="price", category=kind)
        for value, kind in (("<=80", "shoes"), ("<=900", "laptops"))
    )
    taste = derive_taste(ANN, [shoes, laptops], NOW)
    assert {(held.value, held.category) for held in taste.opinions} == {("<=80", "shoes"), ("<=900", "laptops")}
    gone = replace(shoes, polarity=0, source="removal", at=NOW)
    assert derive_taste(ANN, [shoes, laptops, replace(gone, category="laptops")], NOW).weights == taste.weights
    assert set(derive_taste(ANN, [shoes, laptops, gone], NOW).weights["price"]) == {"<=900"}
    # A colour is liked of whatever kind.
    blue = [replace(piece(1, "slot"), category=kind) for kind in ("shoes", "bags")]
    assert weight(*blue) > weight(blue[0])
    assert is_size("shoe_size") and not is_size("screen_size")


def test_an_opinion_says_what_it_rests_on_and_what_it_overruled() -> None:
    pieces = [
        piece(-1, "slot", days=30),
        piece(1, "correction", days=10),
        piece(1, "purchase", days=5, event_id="p1"),
        piece(1, "purchase", days=3, event_id="p2"),
        piece(-1, "dislike", days=20, event_id="d"),
    ]
    held = derive_taste(ANN, pieces, NOW).opinion("colour", "blue")
    assert held is not None
    assert (held.since, held.latest) == (NOW - timedelta(days=10), NOW - timedelta(days=3))
    assert held.sources == {"correction": 1, "purchase": 2}
    assert held.ground == ("correction", 1)
    assert held.overruled == (Overruled("blue", -1, NOW - timedelta(days=20), {"dislike": 1, "slot": 1}),)


def test_the_ground_of_an_opinion_is_what_tells_a_shopper_most() -> None:
    def ground(*sources: str) -> tuple[str, int]:
        pieces = [piece(1, source, days=day / 100) for day, source in enumerate(sources)]
        held = derive_taste(ANN, pieces, NOW).opinion("colour", "blue")
        assert held is not None
        return held.ground

    assert ground("click", "purchase", "purchase") == ("purchase", 2)
    assert ground("critique", "slot", "correction", "purchase") == ("slot", 3)
    for source in WEIGHED:
        assert ground(source) == (source, 1)


def test_the_strongest_opinion_comes_first() -> None:
    taste = derive_taste(ANN, [piece(1, "click"), piece(-1, "correction", value="red")], NOW)
    assert [held.value for held in taste.opinions] == ["red", "blue"]


def test_what_was_ruled_out_in_words_is_told_from_what_was_turned_down() -> None:
    pieces = [piece(-1, "slot"), piece(-1, "dislike", value="red"), piece(1, "slot", value="green")]
    ruled_out = derive_taste(ANN, pieces, NOW).ruled_out
    assert ruled_out.weights == {"colour": {"blue": -weight(pieces[0])}}


def test_what_was_said_for_somebody_else_is_their_taste() -> None:
    own, dads = piece(1, "slot"), piece(-1, "slot", recipient="dad")
    assert weight(own, dads) > 0
    assert derive_taste(ANN, [own, dads], NOW, recipient="dad").weight("colour", "blue") < 0
    assert derive_taste(ANN, [own, dads], NOW, recipient="mum").is_empty


def test_a_fact_is_no_taste() -> None:
    assert derive_taste(ANN, [piece(-1, "fact"), piece(0, "fact")], NOW).is_empty


def test_what_has_faded_is_forgotten() -> None:
    assert derive_taste(ANN, [piece(1, "click", days=60)], NOW).is_empty


def test_a_clock_that_runs_ahead_gives_nothing_extra() -> None:
    assert weight(piece(1, "slot", days=-1)) == pytest.approx(TRUST["slot"])


def test_a_shop_says_otherwise() -> None:
    rules = TasteRules.from_settings({"click": 0.3}, {"click": 1})
    taste = derive_taste(ANN, [piece(1, "click", days=1), piece(1, "slot", value="red")], NOW, rules=rules)
    assert taste.weights["colour"] == pytest.approx({"blue": 0.15, "red": TRUST["slot"]})


@pytest.mark.parametrize(
    ("trust", "half_life", "why"),
    [
        ({"whim": 0.5}, {}, "TRUST: no source 'whim'"),
        ({"slot": 1.5}, {}, "TRUST: 1.5"),
        ({"slot": float("nan")}, {}, "TRUST: nan"),
        ({}, {"fact": 3}, "HALF_LIFE_DAYS: no source 'fact'"),
        ({}, {"slot": 0}, "HALF_LIFE_DAYS: 0"),
    ],
)
def test_settings_that_make_no_sense_are_refused(
    trust: dict[str, float], half_life: dict[str, float], why: str
) -> None:
    with pytest.raises(SettingsError, match=why):
        TasteRules.from_settings(trust, half_life)


def test_the_environment_reaches_the_profiles(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def shop() -> Shop:
        return Shop(Settings(_env_file=None, database_url=f"sqlite:///{tmp_path / 'shop.db'}"))

    monkeypatch.setenv("SHOPGUIDE_TASTE_HALF_LIFE_DAYS", '{"click": 1}')
    rules = shop().profiles.rules
    assert (rules.half_life["click"], rules.half_life["slot"]) == (1, HALF_LIFE["slot"])
    monkeypatch.setenv("SHOPGUIDE_TASTE_TRUST", '{"whim": 1}')
    with pytest.raises(SettingsError, match="whim"):
        shop().profiles  # noqa: B018


# --- properties

pieces_of_any_kind = st.builds(
    piece,
    st.sampled_from([-1, 0, 1]),
    st.sampled_from(WEIGHED),
    st.one_of(st.sampled_from([0, 1, 30]), st.floats(0, 2000)),
    st.sampled_from(["blue", "red", "<=5", "<=9"]),
    st.one_of(st.just(1.0), st.floats(0, 1)),
    recipient=st.sampled_from(["", "", "dad"]),
    category=st.sampled_from([None, "shoes", "bags"]),
    event_id=st.sampled_from([None, "e1", "e2"]),
)
evidence = st.lists(pieces_of_any_kind, max_size=20)


@given(evidence)
def test_weights_stay_between_minus_one_and_one(pieces: list[PreferenceEvidence]) -> None:
    for weights in derive_taste(ANN, pieces, NOW).weights.values():
        assert all(-1 <= weight <= 1 for weight in weights.values())


@given(evidence, st.data())
def test_neither_the_order_of_arrival_nor_arriving_twice_matters(
    pieces: list[PreferenceEvidence], data: st.DataObject
) -> None:
    again = data.draw(st.lists(st.sampled_from(pieces), max_size=5)) if pieces else []
    shuffled = data.draw(st.permutations([*pieces, *again]))
    assert derive_taste(ANN, shuffled, NOW) == derive_taste(ANN, pieces, NOW)


@given(evidence, st.sampled_from(["blue", "red", "<=5", "<=9"]), st.sampled_from(["", "dad"]))
def test_a_removal_after_everything_undoes(pieces: list[PreferenceEvidence], value: str, recipient: str) -> None:
    removal = piece(0, "removal", days=-1, value=value, recipient=recipient)
    after = derive_taste(ANN, [*pieces, removal], NOW + timedelta(days=2), recipient=recipient)
    assert after.weight("colour", value) == 0
    assert after.opinion("colour", value) is None
    before = derive_taste(ANN, pieces, NOW + timedelta(days=2), recipient=recipient)
    others = [held for held in before.opinions if held.value != value]
    assert list(after.opinions) == others


@given(
    st.lists(
        st.builds(piece, st.sampled_from([-1, 1]), st.sampled_from(WEIGHED), st.floats(0, 400), st.just("blue")),
        min_size=1,
        max_size=6,
    ),
    st.lists(st.floats(0, 1000), min_size=2, max_size=8),
)
@example([piece(1, "purchase", days=1), piece(-1, "critique")], [0, 30, 60, 90, 120])
@example([piece(-1, "slot", days=60), piece(1, "purchase")], [0, 60, 120, 240])
def test_with_nothing_new_a_taste_only_fades(pieces: list[PreferenceEvidence], days: list[float]) -> None:
    weights = [weight(*pieces, now=NOW + timedelta(days=day)) for day in sorted(days)]
    assert all(abs(later) <= abs(sooner) + 1e-9 for sooner, later in pairwise(weights))
    # Nor does it turn into its contrary.
    assert not (min(weights) < 0 < max(weights))


@given(evidence, st.lists(st.floats(0, 3000), min_size=2, max_size=6))
def test_of_many_kinds_and_people_too(pieces: list[PreferenceEvidence], days: list[float]) -> None:
    tastes = [derive_taste(ANN, pieces, NOW + timedelta(days=day)) for day in sorted(days)]
    for sooner, later in pairwise(tastes):
        for facet, weights in later.weights.items():
            for value, held in weights.items():
                assert abs(held) <= abs(sooner.weight(facet, value)) + 1e-9


@given(
    st.lists(
        st.builds(piece, st.just(-1), st.sampled_from(sorted(set(WEIGHED) - SAID)), st.floats(0, 300)), max_size=20
    ),
    st.sampled_from(sorted(SAID)),
)
def test_what_was_just_said_beats_whatever_was_shown(pieces: list[PreferenceEvidence], source: str) -> None:
    said = piece(1, source)
    assert weight(*pieces, said) == pytest.approx(TRUST[source])
    assert weight(*pieces, said, now=NOW + timedelta(days=HALF_LIFE[source] / 10)) > 0


@given(evidence, st.lists(pieces_of_any_kind, max_size=10))
def test_others_never_leak_into_ones_own_taste(
    pieces: list[PreferenceEvidence], theirs: list[PreferenceEvidence]
) -> None:
    others = [replace(piece, recipient="mum") for piece in theirs]
    for recipient in ("", "dad"):
        alone = derive_taste(ANN, pieces, NOW, recipient=recipient)
        assert derive_taste(ANN, [*pieces, *others], NOW, recipient=recipient) == alone
