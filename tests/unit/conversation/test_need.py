"""A need survives the way through slots, and becomes the constraints it says."""

from hypothesis import given
from hypothesis import strategies as st

from shopguide.catalogue.constraints import Constraint
from shopguide.conversation.need import NEED_SLOTS, Bounds, Need

words = st.text(alphabet="abcdefgh ", min_size=1, max_size=8).map(str.strip).filter(bool)
values = st.lists(words, min_size=1, max_size=3, unique=True).map(tuple)
facets = st.sampled_from(["category", "brand", "colour", "feature", "screen_size", "season"])
numbers = st.floats(0, 1e6, allow_nan=False)
needs = st.builds(
    Need,
    wanted=st.dictionaries(facets, values, max_size=4),
    excluded=st.dictionaries(facets, values, max_size=3),
    bounds=st.dictionaries(
        st.sampled_from(["price", "weight"]),
        st.builds(Bounds, low=st.none() | numbers, high=st.none() | numbers).filter(lambda b: not b.is_open),
        max_size=2,
    ),
    words=st.just("") | words,
    asked=st.lists(facets, max_size=2, unique=True).map(tuple),
    waived=st.lists(facets, max_size=2, unique=True).map(tuple),
)


@given(needs)
def test_slots_hold_the_whole_need(need: Need) -> None:
    slots = need.slots()
    assert set(slots) == set(NEED_SLOTS)
    assert Need.from_slots(slots) == need


def test_unset_slots_are_an_empty_need() -> None:
    assert Need.from_slots({"category": None, "current_slate": "x"}) == Need()
    assert Need().is_empty
    assert all(value is None for value in Need().slots().values())


def test_constraints_say_what_the_need_says() -> None:
    need = (
        Need()
        .want("colour", ["blue", "black"])
        .want("feature", ["hooded", "waterproof"])
        .exclude("brand", ["kestrel"])
        .within("price", Bounds(10, 50))
        .within("rating", Bounds(low=4))
    )
    assert set(need.constraints()) == {
        Constraint("colour", "in", ("blue", "black")),
        # A product must have every feature, but only one of the colours.
        Constraint("feature", "in", ("hooded",)),
        Constraint("feature", "in", ("waterproof",)),
        Constraint("brand", "not in", ("kestrel",)),
        Constraint("price", ">=", value=10),
        Constraint("price", "<=", value=50),
        Constraint("rating", ">=", value=4),
    }


def test_forgetting_a_facet_keeps_its_exclusions() -> None:
    need = Need().want("colour", ["blue"]).exclude("colour", ["red"])
    assert need.without("colour") == Need().exclude("colour", ["red"])
