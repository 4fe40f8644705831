"""What a message about remembering is about."""

import re
from pathlib import Path

import pytest

from shopguide.conversation.scope import agrees, concerns_session, purposes_named
from tests.unit.conversation.shop import mention, said


@pytest.mark.parametrize(
    ("text", "session"),
    [
        ("don't use my history this time", True),
        ("leave my tastes out of it", True),
        ("show me what everyone else sees", True),
        ("pretend you don't know me", True),
        ("use my history again", True),
        ("stop keeping my history", False),
        ("from today on you may not use my history", False),
        ("keep nothing of this chat", False),
        ("i take my consent back", False),
        ("no statistics about me this time", False),
    ],
)
def test_this_session_and_remembering_in_general_are_told_apart(text: str, session: bool) -> None:
    assert concerns_session(said(text, "withdraw_consent")) is session


@pytest.mark.parametrize(
    ("text", "purposes"),
    [
        ("remember my sizes", ("personalisation",)),
        ("you may count my clicks in your statistics", ("analytics",)),
        ("remember what i like and use it for training too", ("personalisation", "analytics")),
        ("yes to both", ("personalisation", "analytics")),
        ("i agree", ()),
        ("i take it back", ()),
    ],
)
def test_purposes_are_read_from_the_words(text: str, purposes: tuple[str, ...]) -> None:
    assert purposes_named(said(text, "give_consent")) == purposes


def test_a_button_says_what_it_means_whatever_its_text() -> None:
    pressed = said('/withdraw_consent{"purpose":"all"}', "withdraw_consent", mention("purpose", "all"))
    assert purposes_named(pressed) == ("personalisation", "analytics")
    one = said("today only", "give_consent", mention("purpose", "personalisation"))
    assert purposes_named(one) == ("personalisation",)
    assert not concerns_session(one)


def test_what_can_be_an_agreement() -> None:
    assert agrees(said("you may remember that", "give_consent"))
    assert agrees(said("i agree", "give_consent"))
    assert not agrees(said("yes, and what do you store of my history?", "give_consent"))
    assert not agrees(said("what about storage and memory?", "give_consent"))
    assert not agrees(said("that is the best choice by the preferences that i stated", "give_consent"))
    assert not agrees(said("i want this camera, it can record and store a lot", "give_consent"))


def test_agreements_of_the_training_data_are_some() -> None:
    text = (Path(__file__).parents[3] / "data/nlu/profile.yml").read_text("utf-8")
    block = text.split("- intent: give_consent")[1].split("\n- intent:")[0]
    sentences = re.findall(r"^    - (.*)$", block, re.MULTILINE)
    assert len(sentences) > 100
    assert [one for one in sentences if not agrees(said(one, "give_consent"))] == []
