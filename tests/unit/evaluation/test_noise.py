"""Noise: the same for the same seed, other words for the same meaning, mentions where they are."""

import random
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shopguide.cli.evaluate import Noise
from shopguide.evaluation.noise import KINDS, Edit, edited, noisy, slip
from shopguide.evaluation.utterances import Mention, Utterance
from shopguide.evaluation.wording import HOMOPHONES, KEYBOARD, LIGHT_WORDS

TURNING = {
    "not",
    "no",
    "without",
    "except",
    "but",
    "under",
    "over",
    "below",
    "above",
    "between",
    "or",
    "any",
    "more",
    "less",
}
TEXT = "Hello there! I'd like some red shoes, not leather, under 80 € for my wife please"


def utterance(text: str, *words: str, ident: str = "1") -> Utterance:
    mentions = [
        Mention(entity="colour", value=word, start=text.index(word), end=text.index(word) + len(word)) for word in words
    ]
    return Utterance(id=ident, text=text, intent="search_products", entities=tuple(mentions), catalogue="F")


LINE = utterance(TEXT, "red", "shoes", "leather", "under 80 €", "wife")


def marked(line: Utterance) -> list[str]:
    return [line.text[mention.start : mention.end] for mention in line.entities]


@pytest.mark.parametrize("kind", KINDS)
def test_the_same_for_the_same_seed_and_another_for_another(kind: str) -> None:
    assert noisy(LINE, kind) == noisy(LINE, kind, 0)
    assert len({noisy(LINE, kind, seed).text for seed in range(20)}) > (1 if kind != "unpunctuated" else 0)
    others = [noisy(LINE.model_copy(update={"id": str(ident)}), kind) for ident in range(20)]
    assert kind == "unpunctuated" or len({other.text for other in others}) > 1


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("seed", range(30))
def test_mentions_keep_their_words_and_their_meaning(kind: str, seed: int) -> None:
    found = noisy(LINE, kind, seed)
    assert [mention.key() for mention in found.entities] == [mention.key() for mention in LINE.entities]
    assert found.intent == LINE.intent
    if kind != "misspelt":
        assert [words.casefold() for words in marked(found)] == [words.casefold() for words in marked(LINE)]


def test_a_misspelt_value_is_one_slip_away_and_short_words_and_numbers_stay() -> None:
    found = marked(noisy(LINE, "misspelt"))
    assert (found[0], found[4]) == ("red", "wife")
    assert found[1] != "shoes"
    assert found[3].endswith(" 80 €")
    assert all(abs(len(a) - len(b)) <= 1 for a, b in zip(found, marked(LINE), strict=True))
    assert noisy(LINE, "misspelt").text.startswith("Hello there! I'd like some red ")


def test_speech_has_no_capitals_and_no_punctuation_but_keeps_amounts() -> None:
    line = utterance("What about T-shirts/tops?! I'm a size 8 :-) 👍 $5, 15.6 inch", "15.6 inch")
    assert noisy(line, "unpunctuated").text == "what about t shirts tops i'm a size 8   $5 15.6 inch"
    heard = noisy(LINE, "asr")
    assert heard.text == heard.text.lower()
    assert not set(heard.text) & set("!,?")


def test_nothing_is_left_out_that_turns_the_meaning_round() -> None:
    assert not LIGHT_WORDS & TURNING
    assert not set(HOMOPHONES) & {"no", "not", "know"}
    found = noisy(utterance("can you please show me the ones that are not from the first shop", "shop"), "dropout", 1)
    assert "not" in found.text.split()
    assert len(found.text) < len("can you please show me the ones that are not from the first shop")


def test_a_message_of_nothing_but_light_words_stays() -> None:
    assert all(noisy(utterance("it is"), "dropout", seed).text.strip() for seed in range(20))


def test_keys_are_neighbours_both_ways_and_words_sound_alike_both_ways() -> None:
    assert set(KEYBOARD["g"]) == set("tyfhvb")
    assert all(letter in KEYBOARD[other] for letter, others in KEYBOARD.items() for other in others)
    assert all(word in HOMOPHONES[other] for word, others in HOMOPHONES.items() for other in others)


@given(word=st.text("abcdefghijklmnopqrstuvwxyz", min_size=4, max_size=12), seed=st.integers(0, 1000))
def test_a_slip_keeps_the_first_letter_and_changes_one_place(word: str, seed: int) -> None:
    found = slip(word, random.Random(seed))
    assert found[0] == word[0]
    assert abs(len(found) - len(word)) <= 1
    differing = sum(a != b for a, b in zip(found, word, strict=False))
    assert len(found) < len(word) or differing <= 2


@given(data=st.data())
def test_offsets_move_with_any_edits(data: st.DataObject) -> None:
    words = data.draw(st.lists(st.sampled_from(["red", "a", "shoes", "!", "9", "étui", "鞋"]), min_size=1, max_size=8))
    text = " ".join(words)
    spans = [match.span() for match in re.finditer(r"\S+", text)]
    chosen = data.draw(st.lists(st.booleans(), min_size=len(spans), max_size=len(spans)))
    mentions = [
        Mention(entity="x", value="v", start=s, end=e) for (s, e), take in zip(spans, chosen, strict=True) if take
    ]
    free = [span for span, take in zip(spans, chosen, strict=True) if not take]
    edits = [Edit(*span, data.draw(st.text("ab ", max_size=4))) for span in free if data.draw(st.booleans())]
    edits += [Edit(start, start, "um ") for start, _ in spans if data.draw(st.booleans())]
    line = Utterance(id="1", text=text, intent="greet", entities=tuple(mentions), catalogue="G")
    assert marked(edited(line, edits)) == marked(line)


def test_the_command_offers_every_kind() -> None:
    assert [kind.value for kind in Noise] == list(KINDS)
