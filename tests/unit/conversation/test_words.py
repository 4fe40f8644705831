"""What identifies somebody carries no need: it does not become a word to search with, which the shop would keep."""

from shopguide.conversation.turn import Mention
from shopguide.conversation.words import content_words


def test_personal_data_is_no_word_of_a_need() -> None:
    said = "waterproof dress, mail me at ann@example.com or call 0171 2345678, card 4111 1111 1111 1111"
    assert content_words(said, []) == ("waterproof", "dress", "mail", "call", "card")


def test_model_numbers_stay_and_positions_of_mentions_hold() -> None:
    said = "bob@example.org wants a quiet red 6930p"
    mention = Mention("colour", "red", start=said.index("red"), end=said.index("red") + 3)
    assert content_words(said, [mention]) == ("quiet", "6930p")
