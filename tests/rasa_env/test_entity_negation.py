"""What a message excludes, steers and waves away."""

import pytest

from rasa_addons.extraction import EntityRules


def marked(rules: EntityRules, text: str) -> tuple[list[object], list[object]]:
    """Return the values wanted and the values excluded."""
    found = [e for e in rules.extract(text) if e["entity"] not in ("critique", "facet_name")]
    wanted = [e["value"] for e in found if e.get("group") != "excluded"]
    return wanted, [e["value"] for e in found if e.get("group") == "excluded"]


@pytest.mark.parametrize(
    ("text", "wanted", "excluded"),
    [
        ("anything except kestrel", [], ["kestrel"]),
        ("no green or blue", [], ["green", "blue"]),
        ("not Kestrel or Nike, though Orange brand is fine", ["orange"], ["kestrel", "nike"]),
        ("no, green", ["green"], []),
        ("no green, blue or orange ones", [], ["green", "blue", "orange"]),
        ("not green, blue", ["blue"], ["green"]),
        ("not only kestrel", ["kestrel"], []),
        ("i'm not sure about kestrel", ["kestrel"], []),
        ("don't you have green shirts?", ["green", "shirts"], []),
        ("it does not have to be leather", ["leather"], []),
        ("my sister hates green", ["women"], ["green"]),
        ("shirts that aren't green", ["shirts"], ["green"]),
        ("blue rather than green", ["blue"], ["green"]),
        ("leather-free shoes", ["shoes"], ["leather"]),
        ("no green shirts", ["shirts"], ["green"]),
        ("no shirts", [], ["shirts"]),
        ("this is way too formal", [], ["formal"]),
        ("neither nike nor kestrel", [], ["nike", "kestrel"]),
        ("i don't want the second one, show me kestrel", [2, "kestrel"], []),
        ("without a hood or pockets", [], ["hooded", "pockets"]),
        ("kestrel but nothing in blue", ["kestrel"], ["blue"]),
    ],
)
def test_negation_reaches_what_it_means(fashion, text, wanted, excluded):
    assert marked(fashion, text) == (wanted, excluded)


@pytest.mark.parametrize(
    ("text", "critiques"),
    [
        ("that is too dear", ["price:down"]),
        ("less pricey ones", ["price:down"]),
        ("not quite so expensive please", ["price:down"]),
        ("a larger display", ["screen_size:up"]),
        ("something lighter", ["weight:down"]),
        ("too heavy", ["weight:down"]),
        ("more storage", ["storage:up"]),
        ("more memory", ["memory:up"]),
        ("more cache memory", ["cache_memory:up"]),
        ("of better quality", ["price:up"]),
        ("better reviews", ["rating:up"]),
        ("a black printer", []),
        ("still too much, cheaper again", ["price:down"]),
        ("too much. cheaper", ["price:down"]),
        ("not cheap", []),
        ("not that cheap", []),
    ],
)
def test_critiques_name_the_facet_and_the_direction(electronics, text, critiques):
    assert [e["value"] for e in electronics.extract(text) if e["entity"] == "critique"] == critiques


def test_bigger_is_said_of_what_follows_by_its_first_word(lexicon_rules):
    rules = lexicon_rules({}, {"screen_size": ("in", ("screen size",)), "battery_range": ("mi", ("battery range",))})
    found = {
        text: [e["value"] for e in rules.extract(text) if e["entity"] == "critique"]
        for text in ("a bigger battery", "bigger", "a bigger screen")
    }
    assert found == {
        "a bigger battery": ["battery_range:up"],
        "bigger": ["screen_size:up"],
        "a bigger screen": ["screen_size:up"],
    }


@pytest.mark.parametrize(
    ("text", "facets"),
    [
        ("any colour", ["colour"]),
        ("any brand or size will do", ["brand", "size"]),
        ("the colour makes no difference", ["colour"]),
        ("scrap the price limit", ["price"]),
        ("brand", ["brand"]),
        ("i changed my mind, make it blue", []),
        ("which colours are there", []),
        ("a blue colour", []),
    ],
)
def test_facets_that_are_waved_away(fashion, text, facets):
    assert [e["value"] for e in fashion.extract(text) if e["entity"] == "facet_name"] == facets
