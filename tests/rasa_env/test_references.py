"""References to what is on screen: which words point, at what kind of thing, and which products are named."""

import pytest
from rasa.shared.core.events import UserUttered
from rasa.shared.nlu.training_data.message import Message
from test_entity_component import component, lexicon_path, tracker_with  # noqa: F401  (a fixture)

from rasa_addons.entity_context import EntityContext

TITLES = (
    "Kestrel Trail 25 Backpack Green",
    "Brackenford Ridge 25 Backpack Blue",
    "Kestrel City 18 Backpack Blue",
    "Norwell Trail 30 Backpack Orange",
)
ON_SCREEN = EntityContext(None, True, TITLES)


def pointed(rules, text):
    return [
        (one["kind"], text[one["start"] : one["end"]], one.get("facets", [""])[0], one.get("direction"))
        for one in rules.read(text).references
    ]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("tell me more about the cheaper one", ("most", "the cheaper one", "price", "down")),
        ("the cheapest", ("most", "the cheapest", "price", "down")),
        ("why the priciest?", ("most", "the priciest", "price", "up")),
        ("open the most expensive of them", ("most", "the most expensive of them", "price", "up")),
        ("the best rated one", ("most", "the best rated one", "rating", "up")),
        ("the blue one", ("described", "the blue one", "", None)),
        ("i love the leather one", ("described", "the leather one", "", None)),
        ("the one with wheels", ("described", "the one with wheels", "", None)),
        ("that kestrel is nice", ("described", "that kestrel", "", None)),
        ("the other one", ("other", "the other one", "", None)),
        ("the other blue one", ("other", "the other blue one", "", None)),
        ("the other kestrel", ("other", "the other kestrel", "", None)),
        ("what about the others?", ("other", "the others", "", None)),
        ("both", ("both", "both", "", None)),
        ("i like both of them", ("both", "both of them", "", None)),
        ("details of all three", ("all", "all three", "", None)),
    ],
)
def test_what_points(fashion, text, expected):
    assert pointed(fashion, text) == [expected]


@pytest.mark.parametrize(
    ("text", "facet", "direction"),
    [
        ("the one with more memory", "memory", "up"),
        ("the one with the biggest screen", "screen_size", "up"),
        ("details of the lighter one", "weight", "down"),
        ("the monitor that has the fewest ports", None, None),
        ("the one that has the fewest ports", "ports", "down"),
        ("the smaller one", "screen_size", "down"),
    ],
)
def test_directions_are_those_of_the_catalogues_facets(electronics, text, facet, direction):
    found = pointed(electronics, text)
    assert [(one[2], one[3]) for one in found] == ([(facet, direction)] if facet else [])


@pytest.mark.parametrize(
    "text",
    ["something cheaper", "cheaper please", "a blue one", "blue shoes", "the second one", "the last two",
     "forget the other stuff", "both colours are fine", "the shoes", "in the blue", "another one", "any colour"],
)  # fmt: skip
def test_what_does_not_point(fashion, text):
    assert pointed(fashion, text) == []


def test_what_something_should_resemble(fashion):
    [one] = fashion.read("more like the blue one but cheaper").references
    assert one["like"] is True
    assert (one["start"], one["end"]) == (10, 22)
    assert "like" not in fashion.read("tell me about the blue one").references[0]


def test_the_one_talked_about_is_pointed_at_only_for_its_like(fashion):
    assert [one["kind"] for one in fashion.read("more like that one").references] == ["this"]
    assert fashion.read("tell me more about that one").references == []


def test_a_pronoun_is_no_number(fashion):
    assert [found["entity"] for found in fashion.extract("the best rated one")] == ["critique"]


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("what about kestrel trail 25", "kestrel trail 25"),
        ("the trail 25", "trail 25"),
        ("brackenfrod ridge", "brackenfrod ridge"),
        ("more about the ciry 18 backpack", "ciry 18 backpack"),
        ("is the norwell trail 30 waterproof?", "norwell trail 30"),
        ("details of the ridge", "ridge"),
        ("the brackenford one", "brackenford"),
        ("kestrel city 18 backpack blue", "kestrel city 18 backpack blue"),
    ],
)
def test_titles_on_screen_are_found_by_their_names(fashion, text, named):
    assert [e["value"] for e in fashion.extract(text, ON_SCREEN) if e["entity"] == "product"] == [named]
    assert not [e for e in fashion.extract(text, EntityContext(None, True)) if e["entity"] == "product"]


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("is Kestrel Trail 2 lighter than Nike Pegasus 41?", ["kestrel trail 2", "nike pegasus 41"]),
        ("Kestrel Ridge P40x full description pls", ["kestrel ridge p 40 x"]),
        ("Kestrel City 18 Backpack Blue", ["kestrel city 18 backpack blue"]),
        ("Nike Shoes 42", []),
        ("Kestrel Rain Jackets under 50", []),
        ("anything by Kestrel", []),
        ("Kestrel Ridge 25 l", []),  # may as well be a search by volume
    ],
)
def test_a_name_with_a_number_needs_no_article(fashion, text, named):
    assert [e["value"] for e in fashion.extract(text) if e["entity"] == "product"] == named


@pytest.mark.parametrize(
    "text",
    ["blue backpacks", "kestrel backpack", "under 25", "a backpack for the city", "green", "the blue one", "norwell",
     "from 25 to 30"],
)  # fmt: skip
def test_values_on_screen_stay_values(fashion, text):
    assert not [e for e in fashion.extract(text, ON_SCREEN) if e["entity"] == "product"]


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("the Kestrel Trail 2 backpack", [("product", "kestrel trail 2 backpack")]),
        ("the Kestrel Storm Jacket in orange", [("product", "kestrel storm jacket"), ("colour", "orange")]),
        ("open the Kestrel Men Green Watch", [("product", "kestrel men green watch")]),
        ("tell me about the kestrel trail 2 backpack", [("product", "kestrel trail 2 backpack")]),
        ("more about kestrel cairn please", [("product", "kestrel cairn")]),
        ("tell me about the kestrel", [("brand", "kestrel")]),
        ("tell me about the kestrel jackets", [("brand", "kestrel"), ("category", "jackets")]),
        ("the Kestrel in Green", [("brand", "kestrel"), ("colour", "green")]),
        ("the kestrel trail 2 backpack", [("brand", "kestrel"), ("category", "backpacks")]),
    ],
)
def test_a_definite_capitalised_title_is_one_product(fashion, text, found):
    seen = [(e["entity"], e["value"]) for e in fashion.extract(text) if e["entity"] not in ("quantity", "occasion")]
    assert seen == found


def test_references_travel_to_the_actions(lexicon_path):  # noqa: F811
    [message] = component(lexicon_path).process([Message({"text": "the blue one"})])
    parsed = message.as_dict(only_output_properties=True)
    tracker = tracker_with(UserUttered("the blue one", parse_data=parsed))
    [one] = tracker.current_state()["latest_message"]["references"]
    assert one == {"kind": "described", "start": 0, "end": 12}
