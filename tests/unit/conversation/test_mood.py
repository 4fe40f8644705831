"""Whether a shopper has had enough."""

import pytest

from shopguide.conversation.mood import Heard, is_annoyed

SEARCH = Heard("a red backpack", "search_products")
LOST = Heard("gfdhg", "nlu_fallback")
ANGRY = Heard("this is terrible, you are useless", "out_of_scope")


@pytest.mark.parametrize(
    "heard",
    [
        [LOST, LOST, LOST],
        [SEARCH, LOST, ANGRY],
        [Heard("not that one", "dislike_product"), Heard("no", "deny"), Heard("nor that", "dislike_product")],
        [SEARCH, LOST, Heard("this is no help", "complain")],
        [LOST, SEARCH, SEARCH, Heard("stupid awful bot, a red backpack", "complain")],
    ],
)
def test_enough(heard: list[Heard]) -> None:
    assert is_annoyed(heard)


@pytest.mark.parametrize(
    "heard",
    [
        [],
        [SEARCH],
        [LOST, LOST],
        [LOST, LOST, LOST, SEARCH],
        [
            Heard("no leather, no nylon, not red", "remove_preference"),
            Heard("nothing of that", "inform_preference"),
        ],
        [Heard("does it break, is it terrible in rain", "ask_product_question")] * 2,
        [LOST, LOST, SEARCH, LOST],
        [Heard("/show_more", "show_more")] * 4,
    ],
)
def test_not_yet(heard: list[Heard]) -> None:
    assert not is_annoyed(heard)


def test_going_back_is_no_complaint() -> None:
    undone = [Heard("undo that", "deny"), Heard("go back", "out_of_scope"), Heard("undo that", "deny")]
    assert not is_annoyed([*undone, Heard("undo that", "deny")])
