"""Values of the lexicon in messages: inflected, joined, misspelt, of several meanings, or asking for nothing."""

import pytest

from rasa_addons.entity_context import EntityContext
from rasa_addons.extraction import EntityRules


def values(rules: EntityRules, text: str, open_facet: str | None = None) -> list[tuple[str, object]]:
    found = rules.extract(text, EntityContext(open_facet))
    return [(e["entity"], e["value"]) for e in found if e["entity"] not in ("critique", "facet_name")]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Green RUCKSACKS by Kestrel", [("colour", "green"), ("category", "backpacks"), ("brand", "kestrel")]),
        ("a rucksack", [("category", "backpacks")]),
        ("a ladies' rain jacket", [("audience", "women"), ("category", "rain jackets")]),
        ("jackets", [("category", "jackets")]),
        ("kestrel's jacket", [("brand", "kestrel"), ("category", "jackets")]),
        ("CAFÉ brown", [("colour", "cafe brown")]),
        ("rain-jacket", [("category", "rain jackets")]),
    ],
)
def test_values_are_found_however_they_are_inflected(fashion, text, expected):
    assert values(fashion, text) == expected


def test_the_longest_value_wins_over_its_parts(fashion):
    assert values(fashion, "navy blue") == [("colour", "navy blue")]


def test_a_form_that_only_adds_a_description_is_read_in_parts(electronics):
    assert values(electronics, "a wireless mouse") == [("feature", "wireless"), ("category", "mouse")]


@pytest.mark.parametrize("text", ["back packs", "backpacks", "back-pack"])
def test_compounds_meet_their_parts(fashion, text):
    assert values(fashion, text) == [("category", "backpacks")]


def test_parts_meet_their_compound(fashion):
    assert values(fashion, "rainjackets") == [("category", "rain jackets")]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("kestrl shoes", [("brand", "kestrel"), ("category", "shoes")]),
        ("grene shoes", [("colour", "green"), ("category", "shoes")]),
        ("bakcpack", [("category", "backpacks")]),
        ("nice shoes", [("category", "shoes")]),  # a word of the language, one letter from the brand Nike
        ("shows", []),
        ("a hikes", []),
    ],
)
def test_close_misspellings_are_mended_and_words_are_left_alone(fashion, text, expected):
    assert values(fashion, text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("an orange shirt", [("colour", "orange"), ("category", "shirts")]),
        ("anything from Orange", [("brand", "orange")]),
        ("the orange brand", [("brand", "orange")]),
        ("kestrel or orange", [("brand", "kestrel"), ("brand", "orange")]),
        ("green or orange", [("colour", "green"), ("colour", "orange")]),
    ],
)
def test_surroundings_decide_between_the_meanings_of_a_form(fashion, text, expected):
    assert values(fashion, text) == expected


def test_the_open_question_decides_between_the_meanings_of_a_form(fashion):
    assert values(fashion, "orange", "brand") == [("brand", "orange")]
    assert values(fashion, "orange", "colour") == [("colour", "orange")]


def test_an_everyday_word_is_a_brand_only_where_something_speaks_for_it(electronics):
    assert values(electronics, "what comes next") == []
    assert values(electronics, "a next laptop") == [("brand", "next"), ("category", "notebook")]
    assert values(electronics, "next", "brand") == [("brand", "next")]


@pytest.mark.parametrize(
    ("text", "brands"),
    [
        ("hm", []),
        ("Hm, a shirt", []),
        ("hm shirts", []),
        ("H&M", ["hm"]),
        ("h & m shirts", ["hm"]),
        ("shirts by hm", ["hm"]),
        ("the brand hm", ["hm"]),
    ],
)
def test_a_sound_is_no_brand(fashion, text, brands):
    assert [value for entity, value in values(fashion, text) if entity == "brand"] == brands


def test_somebodys_brother_is_no_brand(electronics):
    assert values(electronics, "a laptop for my brother") == [("category", "notebook")]
    assert values(electronics, "a brother printer") == [("brand", "brother"), ("category", "printer")]


def test_long_tail_values_need_their_facets_name_unless_they_are_rare_words(electronics):
    assert values(electronics, "i would like a status update") == []
    assert values(electronics, "led indicators status")[-1] == ("facet_value", "status")
    [entity] = electronics.extract("with ddr4")
    assert (entity["entity"], entity["facet"], entity["value"]) == ("facet_value", "memory_type", "ddr4")


@pytest.mark.parametrize(
    "text",
    [
        "it goes into my bag",
        "add it to the bag",
        "all i own is shirts",
        "can you watch this",
        "watch the price",
        "you guys rock",
    ],
)
def test_words_that_ask_for_nothing_are_not_marked(fashion, text):
    assert values(fashion, text) == []


def test_a_plain_facet_is_heard_without_its_name(fashion):
    [entity] = fashion.extract("for winter")
    assert (entity["entity"], entity["facet"], entity["value"]) == ("facet_value", "season", "winter")


def test_generic_words_say_which_facet_of_the_catalogue_has_them(electronics):
    [entity] = electronics.extract("bluetooth please")
    assert (entity["entity"], entity["value"], entity["facet"]) == ("feature", "bluetooth", "connectivity")


def test_a_title_on_the_slate_is_one_product(fashion):
    context = EntityContext(None, True, ("Kestrel Green Trail Shirt",))
    [entity] = fashion.extract("tell me about the kestrel green trail shirt", context)
    assert (entity["entity"], entity["value"]) == ("product", "kestrel green trail shirt")


def test_a_capitalised_title_is_one_product(fashion):
    [entity] = fashion.extract("open the Kestrel Women Green Shirt")
    assert (entity["entity"], entity["value"]) == ("product", "kestrel women green shirt")


def test_offsets_point_into_the_message_as_it_was_typed(fashion):
    text = "  🙂 ich suche <b>Ｇｒｅｅｎ</b>  SHOES!! "
    found = fashion.extract(text)
    assert [text[e["start"] : e["end"]] for e in found] == ["Ｇｒｅｅｎ", "SHOES"]


def test_scripts_without_spaces_are_matched_wherever_they_stand(chinese):
    text = "我想要红色的运动鞋kestrel"
    found = chinese.extract(text)
    assert [(e["entity"], e["value"], text[e["start"] : e["end"]]) for e in found] == [
        ("colour", "红色", "红色"),
        ("category", "运动鞋", "运动鞋"),
        ("brand", "kestrel", "kestrel"),
    ]


def test_typed_payloads_have_no_entities(fashion):
    assert fashion.extract('/inform_preference{"answer":"colour=green"}') == []


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("something against wrinkles, a night cream maybe", []),
        ("does this rack hold twelve bottles of wine", []),
        ("do you have it in cream", [("colour", "off white")]),
        ("wine jackets for autumn", [("colour", "burgundy"), ("category", "jackets")]),
        ("the cream one looks best", [("colour", "off white")]),
        ("cream or green, i cannot decide", [("colour", "off white"), ("colour", "green")]),
        ("anything but cream would do", [("colour", "off white")]),
        ("cream please", [("colour", "off white")]),
    ],
)
def test_things_that_lend_their_name_to_a_colour_are_colours_where_something_speaks_for_it(
    lexicon_rules, text, expected
):
    colours = {
        "off white": (["off white", "cream"], 90),
        "burgundy": (["burgundy", "wine"], 40),
        "green": (["green"], 200),
    }
    rules = lexicon_rules({"colour": colours, "category": {"jackets": (["jackets", "jacket"], 300)}})
    assert values(rules, text) == expected


@pytest.mark.parametrize(
    ("text", "categories"),
    [
        ("how is the mouse life on this", []),
        ("what monitor height do they have", []),
        ("is there a mouse for this height", ["mouse"]),
        ("empty the whole trolley", []),
        ("keep an eye on the mouse", ["mouse"]),
    ],
)
def test_a_part_or_a_container_is_no_category(electronics: EntityRules, text: str, categories: list[str]) -> None:
    assert [e["value"] for e in electronics.extract(text) if e["entity"] == "category"] == categories


@pytest.mark.parametrize(("text", "values"), [("a bike with lights", ["lights"]), ("it should be light", [])])
def test_an_adjective_is_not_the_singular_of_a_thing(lexicon_rules, text, values):
    rules = lexicon_rules({"feature": {"lights": (["lights"], 70)}})
    assert [e["value"] for e in rules.extract(text)] == values
