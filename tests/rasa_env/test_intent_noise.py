"""Worsened training sentences keep what they ask for and where their mentions stand."""

import random

from rasa_addons.intent_noise import noisy

TEXT = "I'm looking for a red shirt, but not from Nike please"
ENTITIES = [
    {"entity": "colour", "value": "red", "start": 18, "end": 21},
    {"entity": "category", "value": "shirts", "start": 22, "end": 27},
    {"entity": "brand", "value": "nike", "group": "excluded", "start": 42, "end": 46},
]


def variants(count: int = 300) -> list[tuple[str, list[dict[str, object]]]]:
    chance = random.Random(1)
    return [noisy(TEXT, ENTITIES, chance) for _ in range(count)]


def test_every_kind_of_noise_happens_and_none_always() -> None:
    texts = {text for text, _ in variants()}
    assert TEXT in texts
    assert any("," not in text for text in texts)
    assert any(len(text.split()) > len(TEXT.split()) for text in texts)
    assert any("looking" not in text for text in texts)
    assert any(len(found) > len(ENTITIES) for _, found in variants())


def test_mentions_stand_where_they_say() -> None:
    for text, found in variants():
        assert [entity["entity"] for entity in found if "group" in entity] == ["brand"]
        for entity in found:
            start, end = entity["start"], entity["end"]
            assert isinstance(start, int)
            assert isinstance(end, int)
            assert text[start:end].strip() == text[start:end] != ""
            if entity["value"] == "nike":
                assert set(text[start:end].lower()) <= set("nike")


def test_what_turns_a_sentence_round_is_never_left_out() -> None:
    slips = {"not", "nott", "noot", "nto", "no", "nt", "but", "butt", "buut", "btu", "bt", "bu"}
    for text, _ in variants():
        words = [word.strip(",") for word in text.split()]
        assert "not" in words
        assert len(slips & set(words)) > 1


def test_the_same_chance_gives_the_same_noise() -> None:
    assert variants() == variants()


def test_nothing_to_worsen_is_left_alone() -> None:
    chance = random.Random(0)
    for text in ("", " ", "👟", "ok", "42"):
        for _ in range(50):
            worsened, found = noisy(text, [], chance)
            assert found == []
            assert text.strip() in worsened
