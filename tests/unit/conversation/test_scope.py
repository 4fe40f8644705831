"""What a message about remembering is about."""

import pytest

from shopguide.conversation.scope import concerns_session, purposes_named
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
