"""Style in words: what it takes from a message, and what it does to a slate."""

import pytest

from shopguide.catalogue.index import CatalogueIndex
from shopguide.conversation.need import Need
from shopguide.conversation.outcomes import SlateShown
from shopguide.conversation.style import Style, style_of
from tests.unit.conversation.shop import Shop, said


def shown(outcome: object) -> SlateShown:
    assert isinstance(outcome, SlateShown)
    return outcome


@pytest.mark.parametrize(
    ("text", "style"),
    [
        ("something more plain", Style(more=("plain",))),
        ("plainer please", Style(more=("plain",))),
        ("less plain", Style(less=("plain",))),
        ("these are too plain", Style(less=("plain",))),
        ("more baroque", Style(unheard=("baroque",))),
        ("something else entirely", Style()),
        ("any others in plain", Style()),
    ],
)
def test_style_is_told_by_what_stands_before_a_word(index: CatalogueIndex, text: str, style: Style) -> None:
    assert style_of(said(text, "critique_slate"), index, index.matching()) == style


def criticised(shop: Shop, text: str) -> tuple[SlateShown, SlateShown]:
    """Return the slate of shoes, and the one after it was criticised."""
    need = Need().want("category", ["shoes"])
    before = shown(shop.guide.search(said("shoes", "ask_recommendation"), need))
    return before, shown(shop.guide.critique(said(text, "critique_slate", current_slate=before.slate_id), need))


def test_a_style_puts_first_what_mentions_it(shop: Shop) -> None:
    _, outcome = criticised(shop, "more laces")
    assert outcome.stressed == ("laces",)
    assert "laces" in outcome.items[0].product.description


def test_what_mentions_an_unwanted_style_is_left_out(shop: Shop) -> None:
    _, outcome = criticised(shop, "less plain")
    assert outcome.avoided == ("plain",)
    assert outcome.items
    assert not [item for item in outcome.items if "Plain" in item.product.description]


def test_a_style_that_nothing_mentions_is_owned_up_to(shop: Shop) -> None:
    before, outcome = criticised(shop, "more baroque")
    assert outcome.unheard == ("baroque",)
    assert not {item.product.sku for item in outcome.items} & {item.product.sku for item in before.items}
