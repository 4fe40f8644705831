"""Folding: the quick way for ASCII is the long one's."""

import string

from hypothesis import given
from hypothesis import strategies as st

from lexicon.text import normalise


@given(st.text(alphabet=[chr(code) for code in range(128)]))
def test_ascii_is_folded_as_everything_else(text: str) -> None:
    # An accent makes the text go the long way; folded, it is the same letter.
    assert normalise("e" + text) == normalise("é" + text)


@given(st.text(alphabet=string.printable + "éÉ’‘–\u00a0ßÅ"))
def test_folding_twice_changes_nothing(text: str) -> None:
    assert normalise(normalise(text)) == normalise(text)
