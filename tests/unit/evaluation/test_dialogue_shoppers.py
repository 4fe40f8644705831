"""Simulated shoppers: what they say is true of what they look for, and follows from what they are shown."""

from collections import Counter
from pathlib import Path

import pytest

from shopguide.catalogue.constraints import Constraint
from shopguide.catalogue.index import CatalogueIndex
from shopguide.conversation.answers import Answer
from shopguide.errors import UnreadableFile
from shopguide.evaluation.dialogue.client import Button, Reply
from shopguide.evaluation.dialogue.facts import Facts
from shopguide.evaluation.dialogue.outcome import LIMIT
from shopguide.evaluation.dialogue.phrases import read_phrases
from shopguide.evaluation.dialogue.shopper import FACETS_IN_A_MESSAGE
from shopguide.evaluation.dialogue.talking import talk
from tests.unit.evaluation.simulated import COLOURS, catalogue, phrasebook, question, shopper, slate

RED_ORLO_STEEL_LAMP = 0
"""At €20, the cheapest; weighs 1 kg."""


@pytest.fixture(scope="module")
def index() -> CatalogueIndex:
    return catalogue()


def test_an_opening_names_the_kind_and_at_most_one_facet_more(index) -> None:
    opened = Counter(shopper(index, seed=seed).open().text for seed in range(200))
    assert set(opened) == {"where are the lamps", "the lamps of orlo"}
    assert 90 < opened["where are the lamps"] < 160


@pytest.mark.parametrize("seed", range(20))
def test_a_question_is_answered_truthfully_by_button_or_in_words(index, seed) -> None:
    message = shopper(index, seed=seed).reply(question("colour=blue", "colour=red", "colour=*"))
    assert message.pressed == (message.text == '/inform_preference{"answer":"colour=red"}')
    assert message.pressed or "red" in message.text
    assert not any(colour in message.text for colour in COLOURS if colour != "red")


def test_buttons_and_words_are_both_used(index) -> None:
    asked = question("colour=blue", "colour=red", "colour=*")
    pressed = sum(shopper(index, seed=seed).reply(asked).pressed for seed in range(100))
    assert 25 < pressed < 75


@pytest.mark.parametrize("seed", range(10))
def test_a_range_is_pressed_only_if_the_price_is_in_it(index, seed) -> None:
    message = shopper(index, seed=seed).reply(question("price<=30", "price=30..60", "price>=60"))
    assert message.text == '/inform_preference{"answer":"price<=30"}' or "price" not in message.text
    assert "30..60" not in message.text and ">=60" not in message.text


def test_what_is_not_known_is_not_made_up(index) -> None:
    for seed in range(10):
        message = shopper(index, seed=seed).reply(question("occasion=party", "occasion=*"))
        assert message.text in ("dont_know", '/inform_preference{"answer":"occasion=*"}')


def test_noise_makes_answers_wrong_as_often_as_it_says(index) -> None:
    asked = question("colour=blue", "colour=red", "colour=green", "colour=*")
    said = [shopper(index, noise=0.3, seed=seed).reply(asked).text for seed in range(300)]
    wrong = sum("blue" in text or "green" in text for text in said)
    assert 60 < wrong < 150
    assert not any(
        "blue" in text or "green" in text for text in (shopper(index, seed=s).reply(asked).text for s in range(50))
    )


def test_what_the_products_shown_lack_is_named(index) -> None:
    blue = [row for row in range(len(index)) if index.values("colour", row) == ("blue",)][:3]
    messages = [shopper(index, seed=seed).reply(slate(index, blue)) for seed in range(30)]
    assert all(message.act in ("critique", "inform") for message in messages)
    assert any("red" in message.text for message in messages)
    assert not any(word in message.text for message in messages for word in ("blue is right", "pemba", "glass"))


def test_cheaper_is_said_when_all_are_dearer(index) -> None:
    one = shopper(index)
    one.told |= dict.fromkeys(("category", "colour", "brand", "material", "weight"), "said")
    texts = set()
    for seed in range(20):
        other = shopper(index, seed=seed)
        other.told |= one.told
        texts.add(other.reply(slate(index, [10, 11])).text)
    assert "critique_cheaper" in texts
    assert not any("dearer" in text for text in texts)


def test_more_is_asked_for_when_there_is_nothing_left_to_say(index) -> None:
    one = shopper(index)
    one.told |= dict.fromkeys(one.facts.values, "said")
    assert one.reply(slate(index, [1])).act == "more"


def test_a_wrong_understanding_is_set_right_and_then_started_over(index) -> None:
    one, held = shopper(index), [Constraint("colour", "in", ("green",))]
    for _ in range(2):
        assert one.reply(slate(index, [20], held)).text == "green is wrong, red is right"
    assert one.reply(slate(index, [20], held)).act == "start_over"
    assert one.reply(Reply(("From the beginning, then.",))).act == "open"


def test_a_way_out_that_gives_up_what_is_needed_is_not_taken(index) -> None:
    ways = question("colour=*", "brand=*")
    assert shopper(index).reply(ways).text in ("dont_know", *(b.payload for b in ways.buttons))
    assert shopper(index).reply(question("price<=10", "brand=pemba")).act == "start_over"


def test_as_many_facets_come_in_a_message_as_people_bring(index) -> None:
    counted = Counter()
    for seed in range(600):
        one = shopper(index, seed=seed)
        counted[one._how_many()] += 1
    for count, share in FACETS_IN_A_MESSAGE.items():
        assert counted[count] / 600 == pytest.approx(share, abs=0.06)


class ByTheBook:
    """A guide that shows two products a message, in the order of the catalogue."""

    def __init__(self, index: CatalogueIndex) -> None:
        self._index, self._next = index, 0

    def say(self, sender: str, text: str) -> Reply:
        """Show the next two."""
        self._next += 2
        return slate(self._index, [self._next - 2, self._next - 1])


def test_a_conversation_ends_with_the_product(index) -> None:
    held = talk(shopper(index, 5), ByTheBook(index), "ann", index)
    assert (held.outcome.actions, held.outcome.found, held.outcome.inspected) == (3, 3, 6)
    assert held.outcome.words == sum(message.words for message, _ in held.turns)


def test_a_conversation_ends_when_patience_does(index) -> None:
    held = talk(shopper(index, 47), ByTheBook(index), "ann", index)
    assert (held.outcome.actions, held.outcome.found) == (LIMIT, None)


def test_one_like_it_counts_apart(index) -> None:
    """Products 0 and 1 differ in price and weight alone."""
    held = talk(shopper(index, 1), ByTheBook(index), "ann", index)
    assert held.outcome.found == 1
    facts = Facts(index, 0)
    assert facts.is_like(1) and not facts.is_like(2)


def test_pressing_a_button_types_no_words() -> None:
    assert Button("Red", '/inform_preference{"answer":"colour=red"}').answers == [Answer("colour", "want", "red")]
    assert Button("Why", '/explain_recommendation{"ordinal":1}').answers == []


def test_phrasings_are_read_and_kept_to_styles(tmp_path: Path) -> None:
    path = tmp_path / "phrases.yml"
    lines = [f"{act}:\n  - {{text: '{act}', style: plain, needs: []}}" for act in phrasebook()._acts]
    path.write_text("\n".join(lines), "utf-8")
    assert read_phrases(path).styles == ("plain",)


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("open_need: [", "while parsing"),
        ("open_need:\n  - {text: hello}", "open_need.0.style"),
        ("open_need:\n  - {text: 'the {category}', style: plain, needs: []}", "open_need, phrase 1"),
        ("open_need:\n  - {text: hello, style: plain, needs: []}", "no phrases for inform_value"),
    ],
)
def test_a_bad_file_of_phrasings_is_named(tmp_path: Path, text, why) -> None:
    path = tmp_path / "phrases.yml"
    path.write_text(text, "utf-8")
    with pytest.raises(UnreadableFile, match=why):
        read_phrases(path)
