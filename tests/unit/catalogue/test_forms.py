"""Forms of names, and the generic synonyms' files."""

from pathlib import Path

import pytest
import yaml

from lexicon.text import normalise
from shopguide.catalogue import forms
from shopguide.catalogue.feed.words import WordFinder
from shopguide.catalogue.synonyms import Synonyms, load

SPELLINGS = {"grey": "gray", "jewellery": "jewelry"}


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("watches", {"watches", "watch"}),
        ("toner cartridge", {"toner cartridge", "toner cartridges", "toner-cartridge", "tonercartridge"}),
        ("mouse", {"mouse", "mice"}),
        ("dresses", {"dress", "dresses"}),
        ("shorts", {"shorts"}),
        ("t-shirt", {"t-shirt", "t-shirts", "t shirt", "tshirt", "tshirts"}),
        ("perfume and body mist", {"perfume", "perfumes", "body mist", "perfume and body mist"}),
        ("power supply (ups)", {"ups", "power supply", "power supplies", "power supply (ups)"}),
        ("jewellery", {"jewellery", "jewelry"}),
        ("sarees", {"saree", "sarees"}),
        ("scarves", {"scarf", "scarves"}),
    ],
)
def test_things(value: str, expected: set[str]) -> None:
    found = forms.of_noun(value, SPELLINGS, split=True)
    assert found[0] == value
    assert expected <= set(found)


def test_no_form_is_a_made_up_word() -> None:
    assert "dres" not in forms.of_noun("dress", {})
    assert "len" not in forms.of_noun("lens", {})
    assert set(forms.of_synonym("shades", {})) == {"shades"}
    assert "feets" not in " ".join(forms.of_synonym("something for my feet", {}))
    assert forms.of_word("grey", SPELLINGS) == ["grey", "gray"]
    assert forms.of_word("gray marl", SPELLINGS)[:2] == ["gray marl", "gray-marl"]
    assert "grey marl" in forms.of_word("gray marl", SPELLINGS)


@pytest.mark.parametrize(
    ("brand", "expected"),
    [
        ("finch & sons", {"finch & sons", "finch and sons", "finch sons"}),
        ("u.s. polo", {"u.s. polo", "us polo"}),
        ("levis", {"levis", "levi's"}),
        ("kestrel technology", {"kestrel technology", "kestrel"}),
        ("tp-link", {"tp-link", "tp link", "tplink"}),
        ("hm", {"hm", "h & m"}),
    ],
)
def test_brands(brand: str, expected: set[str]) -> None:
    assert expected <= set(forms.of_brand(brand))


@pytest.fixture(scope="module")
def english() -> Synonyms:
    return load("en")


class _NoRepeats(yaml.BaseLoader):
    """Refuses a key that stands twice: YAML would silently keep the last."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[object, object]:
        keys = [self.construct_object(key, deep=True) for key, _ in node.value]
        assert len(keys) == len(set(keys)), [key for key in keys if keys.count(key) > 1]
        return super().construct_mapping(node, deep)


@pytest.mark.parametrize("path", sorted(Path("shopguide/catalogue/synonyms").glob("*.yml")), ids=lambda path: path.name)
def test_no_concept_stands_twice(path: Path) -> None:
    yaml.load(path.read_text(encoding="utf-8"), Loader=_NoRepeats)


def test_wider_concepts_lead_to_an_end(english: Synonyms) -> None:
    for facet, concepts in english.concepts.items():
        for name in concepts:
            above = list(english.wider(facet, name))
            assert len(above) == len(set(above)) < 10


def test_words_are_folded_and_mean_something(english: Synonyms) -> None:
    assert english.concepts["audience"]["men"].words
    for facet, concepts in english.concepts.items():
        for concept in concepts.values():
            assert all(word == normalise(word) for word in concept.words)
            assert not [word for word in concept.words if english.misleads(facet, word)], concept.name
    assert english.misleads("category", "can")
    assert english.misleads("colour", "no")
    assert load("xx").concepts == {}


def test_words_in_texts_overlap_in_favour_of_the_longer(english: Synonyms) -> None:
    finder = WordFinder("material", english, {})
    assert finder.find("Faux leather and real leather, PU-leather") == ["faux leather", "leather"]
    assert finder.find("Stainless steel flask") == ["stainless steel"]
    assert finder.find("Nothing of note") == []
