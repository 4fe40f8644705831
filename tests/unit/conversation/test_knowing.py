"""What is known of a shopper, in words."""

from dataclasses import replace
from datetime import timedelta

import pytest

from shopguide.catalogue.index import CatalogueIndex
from shopguide.conversation.knowing import (
    forgotten_words,
    kept_in_mind_note,
    known_words,
    named_values,
    recipient_words,
)
from shopguide.conversation.outcomes_privacy import Forgotten, Known, KnownValue, Origin
from shopguide.conversation.phrases import phrases
from shopguide.conversation.wording import Wording
from shopguide.profiles.consent import Consents
from shopguide.profiles.preferences import Overruled
from tests.unit.conversation.shop import NOW, SHOPPER, mention, said

EARLIER = NOW - timedelta(days=40)
KESTREL = KnownValue(
    "brand", "kestrel", 0.7, EARLIER, NOW, (Origin("slot", 2, NOW, "socketio"), Origin("like", 1, EARLIER))
)
LEATHER = KnownValue("material", "leather", -1.0, NOW, NOW, (Origin("fact", 1, NOW),))
SIZE = KnownValue("size", "43", 1.0, NOW, NOW, (Origin("fact", 1, NOW),), category="shoes")
RED = KnownValue("colour", "red", -0.4, NOW, NOW, (Origin("dislike", 3, NOW),))
FAINT = KnownValue("colour", "blue", 0.01, NOW, NOW, (Origin("click", 1, NOW),))
KNOWN = Known(
    SHOPPER, tastes=(RED, KESTREL, FAINT), facts=(LEATHER, SIZE), events={"purchase": 1, "click": 4}, slates=2
)


@pytest.fixture
def wording(index: CatalogueIndex) -> Wording:
    return Wording(index, phrases("en"), "EUR")


def lines(known: Known, wording: Wording) -> list[str]:
    return known_words(known, wording, NOW)["tastes"].splitlines()


def test_each_thing_is_told_with_where_it_comes_from_the_strongest_first(wording: Wording) -> None:
    assert lines(KNOWN, wording) == [
        "- brand: Kestrel (you said so 2 times, last today, on the web page; of a product you liked on 20 Jan 2026)",
        "- colour: not red (of 3 products you turned down, last today)",
        "- for good: material: not leather (you told me today)",
        "- for good: size: size 43 for shoes (you told me today)",
        "- kept besides: a purchase, 4 products opened and 2 lists of products that I showed you",
    ]


def test_how_to_correct_is_told_where_there_is_something_to_correct(wording: Wording) -> None:
    agreed = Consents(personalisation=True)
    nothing = known_words(Known(SHOPPER, consents=agreed), wording, NOW)
    something = known_words(Known(SHOPPER, consents=agreed, tastes=(KESTREL,)), wording, NOW)
    assert "forget that I like" not in nothing["consent"]
    assert something["consent"] == nothing["consent"] + wording.say("known.correct")


def test_what_is_a_fact_is_not_told_again_as_a_taste(wording: Wording) -> None:
    said_so = replace(LEATHER, weight=-0.6, origins=(Origin("slot", 1, NOW),))
    known = Known(SHOPPER, tastes=(said_so, replace(said_so, weight=0.2)), facts=(LEATHER,))
    assert lines(known, wording) == [
        "- material: leather (you said so today)",
        "- for good: material: not leather (you told me today)",
    ]


def test_a_change_of_mind_is_told(wording: Wording) -> None:
    minds = (Overruled("kestrel", -1, EARLIER, {"slot": 1}),)
    price = KnownValue("price", "<=60", 0.6, NOW, NOW, overruled=(Overruled("<=90", 1, EARLIER, {"slot": 1}),))
    told = lines(Known(SHOPPER, tastes=(replace(KESTREL, origins=(), overruled=minds), price)), wording)
    assert told == [
        "- brand: Kestrel (you avoided it until 20 Jan 2026)",
        "- price: up to €60 (up to €90 until 20 Jan 2026)",
    ]


def test_of_people_one_shops_for_it_is_told_what_was_said_for_them(wording: Wording) -> None:
    known = Known(SHOPPER, recipients={"dad": (KESTREL, RED), "someone": (SIZE,), "nobody": (FAINT,)})
    assert lines(known, wording) == [
        "- for your dad: Kestrel and not red",
        "- for someone else: size 43 for shoes",
    ]
    assert recipient_words("mother-in-law", wording) == "your mother-in-law"


def test_nothing_known_is_no_line_and_what_was_agreed_to_is_always_said(wording: Wording) -> None:
    assert lines(Known(SHOPPER), wording) == []
    told = set()
    for personalisation in (None, True, False):
        for analytics in (None, True, False):
            known = Known(SHOPPER, consents=Consents(personalisation, analytics))
            told.add(known_words(known, wording, NOW)["consent"])
    assert len(told) == 7  # statistics that nobody asked about, or refused: the same where nothing is remembered


def test_the_things_that_a_message_names_are_found(wording: Wording) -> None:
    assert named_values(said("forget that i like Kestrel", "forget_me"), KNOWN, wording) == (KESTREL,)
    both = named_values(said("take out size 43 and kestrel please", "forget_me"), KNOWN, wording)
    assert set(both) == {SIZE, KESTREL}
    assert forgotten_words(Forgotten(both), wording) == "size 43 for shoes and Kestrel"
    assert forgotten_words(Forgotten(recipients=("dad",)), wording) == "everything about your dad"
    assert named_values(said("forget me, kestrel and all", "forget_me"), KNOWN, wording) == ()
    assert named_values(said("forget everything", "forget_me"), KNOWN, wording) == ()
    assert named_values(said("delete adidas", "forget_me"), KNOWN, wording) == ()


def test_a_button_names_one_thing(wording: Wording) -> None:
    pressed = said('/forget_me{"memory":"size=43"}', "forget_me", mention("memory", "size=43"))
    assert named_values(pressed, KNOWN, wording) == (SIZE,)
    gone = said('/forget_me{"memory":"size=44"}', "forget_me", mention("memory", "size=44"))
    assert named_values(gone, KNOWN, wording) == ()


def test_what_the_profile_brought_into_a_search_is_said(wording: Wording) -> None:
    keys = ("size=43", "material!=leather")
    own = "I kept in mind that you take size 43 and that leather is not for you. "
    assert kept_in_mind_note(keys, "", wording) == own
    theirs = "I kept in mind that your dad takes size 43 and that leather is not for your dad. "
    assert kept_in_mind_note(keys, "dad", wording) == theirs
    assert kept_in_mind_note((), "", wording) == ""


def test_a_flag_is_told_by_its_name(wording: Wording) -> None:
    flag = replace(KESTREL, facet="waterproof", value="yes", origins=())
    assert lines(Known(SHOPPER, tastes=(flag, replace(flag, value="no", weight=-0.3))), wording) == [
        "- waterproof: waterproof",
        "- waterproof: waterproof",
    ]
