"""A yes that takes a product."""

import pytest

from shopguide.conversation.picking import picks


@pytest.mark.parametrize(
    ("text", "picked"),
    [
        ("Yes, I want this one.", True),
        ("ok, i'll go with that", True),
        ("yes, this one", True),
        ("yes please", False),
        ("yes, show me", False),
        ("that sounds right", False),
    ],
)
def test_a_yes_that_points_at_a_product(text: str, picked: bool) -> None:
    assert picks(text) is picked
