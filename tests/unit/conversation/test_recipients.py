"""Whom a message shops for."""

import pytest

from shopguide.conversation.recipients import people


@pytest.mark.parametrize(
    ("text", "recipient"),
    [
        ("a gift for my dad", "dad"),
        ("something nice for Mum please", "mum"),
        ("running shoes for my ten year old son", "son"),
        ("socks for my sister's birthday", "sister"),
        ("my wife needs a bag", "wife"),
        ("my mother-in-law likes red", "mother-in-law"),
        ("a mug for a friend", "friend"),
        ("for the kids", "children"),
        ("i want to surprise my girlfriend", "girlfriend"),
        ("it's a present", "someone"),
        ("for her birthday", "someone"),
        ("no, it's for me", ""),
        ("this one is for myself", ""),
        ("shoes for men", None),
        ("a gift card", None),
        ("do you do gift wrapping", None),
        ("my sister told me about kestrel", None),
        ("my old boots fell apart", None),
        ("get me a backpack", None),
        ("blue shoes", None),
    ],
)
def test_a_message_says_whom_it_is_for_or_nothing(text: str, recipient: str | None) -> None:
    assert people().recipient(text) == recipient


def test_a_pronoun_means_whoever_it_was_for_before() -> None:
    assert people().recipient("in blue, for him", known="dad") == "dad"
    assert people().recipient("something for him") == "someone"


def test_a_language_without_a_list_of_its_own_uses_the_english_one() -> None:
    assert people("xx").recipient("a gift for my dad") == "dad"


def test_people_that_are_talked_about() -> None:
    assert people().talked_about("forget what you know about my dad") == {"dad"}
    assert people().talked_about("delete what i said for mum and about my sister") == {"mum", "sister"}
    assert people().talked_about("my husband must not find out what i looked at") == frozenset()
    assert people().talked_about("forget everything about me") == frozenset()
