"""Buttons: what they say is what is read."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shopguide.conversation.answers import PAYLOAD_LIMIT, Answer, payload_of
from shopguide.conversation.need import Bounds


@pytest.mark.parametrize(
    ("text", "answer"),
    [
        ("colour=blue", Answer("colour", "want", "blue")),
        ("brand!=sony", Answer("brand", "exclude", "sony")),
        ("price<=50", Answer("price", "bounds", bounds=Bounds(high=50))),
        ("screen_size>=24", Answer("screen_size", "bounds", bounds=Bounds(low=24))),
        ("price=50..100", Answer("price", "bounds", bounds=Bounds(50, 100))),
        ("colour=*", Answer("colour", "any")),
        ("size=2..x", Answer("size", "want", "2..x")),
    ],
)
def test_reads_and_writes_each_shape(text: str, answer: Answer) -> None:
    assert Answer.parse(text) == answer
    assert Answer.parse(str(answer)) == answer


@pytest.mark.parametrize("text", ["", "colour", "=blue", "price<=cheap", "price>=nan", "colour="])
def test_refuses_what_is_no_answer(text: str) -> None:
    assert Answer.parse(text) is None


def test_several_answers_in_one_button() -> None:
    payload = payload_of(Answer("brand", "any"), Answer("colour", "any"))
    assert payload == '/inform_preference{"answer":"brand=*;colour=*"}'
    assert Answer.parse_all("brand=*;colour=*") == [Answer("brand", "any"), Answer("colour", "any")]
    assert Answer.parse_all("brand=*;nonsense") == []


@given(st.text(min_size=1, max_size=60))
def test_no_payload_is_longer_than_channels_allow(value: str) -> None:
    payload = Answer("colour", "want", value).payload
    assert payload is None or len(payload.encode()) <= PAYLOAD_LIMIT
