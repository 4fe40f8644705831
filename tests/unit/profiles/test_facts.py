"""Facts stand apart from moods: they do not fade, and only what is said of them changes them."""

from datetime import UTC, datetime, timedelta
from typing import Literal

from hypothesis import given
from hypothesis import strategies as st

from shopguide.ids import ShopperId
from shopguide.profiles.facts import Fact, derive_facts
from shopguide.profiles.preferences import PreferenceEvidence

NOW = datetime(2026, 3, 1, tzinfo=UTC)
ANN = ShopperId("ann")


def said(
    facet: str,
    value: str,
    polarity: Literal[-1, 0, 1] = 1,
    days: float = 0,
    category: str | None = None,
    **more: object,
) -> PreferenceEvidence:
    at = NOW - timedelta(days=days)
    fields = {"source": "fact", "at": at, "category": category, **more}
    return PreferenceEvidence(ANN, facet, value, polarity, **fields)  # type: ignore[arg-type]


def told(*pieces: PreferenceEvidence, recipient: str = "") -> list[str]:
    signs = {1: "=", -1: "!="}
    return sorted(
        f"{fact.facet}{signs[fact.polarity]}{fact.value}{'@' + fact.category if fact.category else ''}"
        for fact in derive_facts(pieces, recipient=recipient)
    )


def test_a_fact_holds_however_long_ago_it_was_said() -> None:
    ancient = said("material", "wool", -1, days=3000)
    again = said("material", "wool", -1, days=10)
    assert derive_facts([ancient, again]) == (Fact("material", "wool", -1, None, ancient.at, again.at, times=2),)


def test_another_size_takes_the_place_of_the_earlier_one_of_the_same_kind() -> None:
    sizes = [
        said("size", "42", days=9, category="shoes"),
        said("size", "m", days=9, category="shirts"),
        said("size", "43", days=1, category="shoes"),
    ]
    assert told(*sizes) == ["size=43@shoes", "size=m@shirts"]
    assert told(*reversed(sizes)) == ["size=43@shoes", "size=m@shirts"]
    # Several materials are impossible at once.
    assert told(said("material", "wool", -1, days=2), said("material", "silk", -1)) == [
        "material!=silk",
        "material!=wool",
    ]


def test_two_sizes_said_at_once_stand_together() -> None:
    assert told(said("size", "42"), said("size", "43")) == ["size=42", "size=43"]
    assert told(said("size", "42"), said("size", "43"), said("size", "44", days=-1)) == ["size=44"]


def test_the_contrary_takes_its_place() -> None:
    facts = derive_facts([said("material", "wool", -1, days=9), said("material", "wool", 1, days=1)])
    assert [(fact.polarity, fact.times) for fact in facts] == [(1, 1)]


def test_what_is_taken_back_is_gone_until_it_is_said_again() -> None:
    allergy = said("material", "wool", -1, days=9)
    assert told(allergy, said("material", "wool", 0, days=5)) == []
    assert told(allergy, said("material", "wool", 0, days=5, source="removal")) == []
    assert told(allergy, said("material", "silk", 0, days=5)) == ["material!=wool"]
    assert told(allergy, said("material", "wool", 0, days=5), said("material", "wool", -1)) == ["material!=wool"]
    size = said("size", "43", days=9, category="shoes")
    assert told(size, said("size", "43", 0, category="shirts")) == ["size=43@shoes"]
    assert told(size, said("size", "43", 0)) == []


def test_what_leaves_a_need_leaves_the_fact_alone() -> None:
    size = said("size", "43", days=9, category="shoes")
    assert told(size, said("size", "43", 0, source="correction", slot="size")) == ["size=43@shoes"]
    assert told(size, said("size", "42", source="correction", slot="size", category="shoes")) == ["size=43@shoes"]


def test_a_mood_is_no_fact() -> None:
    assert told(said("material", "wool", -1, source="slot"), said("colour", "blue", source="like")) == []


def test_facts_of_others_are_theirs() -> None:
    pieces = [said("size", "43"), said("size", "45", recipient="dad")]
    assert told(*pieces) == ["size=43"]
    assert told(*pieces, recipient="dad") == ["size=45"]


@given(
    st.lists(
        st.builds(
            said,
            st.sampled_from(["size", "material"]),
            st.sampled_from(["42", "43"]),
            st.sampled_from([-1, 0, 1]),
            st.integers(0, 3),
            st.sampled_from([None, "shoes"]),
        ),
        max_size=10,
    ),
    st.data(),
)
def test_the_order_of_arrival_does_not_matter(pieces: list[PreferenceEvidence], data: st.DataObject) -> None:
    again = data.draw(st.lists(st.sampled_from(pieces), max_size=3)) if pieces else []
    assert derive_facts(data.draw(st.permutations([*pieces, *again]))) == derive_facts(pieces)
