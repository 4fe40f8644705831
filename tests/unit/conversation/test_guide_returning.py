"""Back to what was shown before."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shopguide.catalogue.index import CatalogueIndex
from shopguide.conversation.need import Need
from shopguide.conversation.outcomes import SlateShown
from shopguide.conversation.returning import Back, going_back
from shopguide.guide.returning import NothingBefore
from tests.unit.conversation.shop import Shop, mention, products, said

INDEX = CatalogueIndex(products())


@pytest.mark.parametrize(
    "text",
    [
        "go back",
        "Back please",
        "undo",
        "undo that!",
        "can you undo the last change",
        "show me the previous ones",
        "ok, go back one step",
        "no wait, back to the previous list",
        "as it was before",
    ],
)
def test_one_step_back(text: str) -> None:
    assert going_back(said(text, "start_over")) == Back()


@pytest.mark.parametrize(
    "text",
    [
        "go back to the beginning",
        "undo everything",
        "undo the colour filter",
        "go back to the one with the handle",
        "back in black",
        "a backpack",
        "do you have it in the back",
        "what was before christmas",
    ],
)
def test_other_messages_are_left_alone(text: str) -> None:
    assert going_back(said(text, "start_over")) is None


def test_back_to_a_kind() -> None:
    assert going_back(said("back to the bags", "search_products", mention("category", "bags"))) == Back(("bags",))
    assert going_back(said("ok go back to my bags", "x", mention("category", "bags"))) == Back(("bags",))
    assert going_back(said("bags for back to school", "x", mention("category", "bags"))) is None
    second = mention("ordinal", 2)
    assert going_back(said("back to the second bags", "x", second, mention("category", "bags"))) is None


def show(shop: Shop, need: Need, on_screen: str | None = None, text: str = "x") -> SlateShown:
    outcome = shop.guide.search(said(text, "search_products", current_slate=on_screen), need)
    assert isinstance(outcome, SlateShown)
    return outcome


def back(shop: Shop, on_screen: str, text: str = "go back", *mentions: object) -> object:
    need = Need.from_slots(dict(shop.feedback.slates[on_screen].state["need"]))
    return shop.guide.back(said(text, "start_over", *mentions, current_slate=on_screen), need)  # type: ignore[arg-type]


def test_what_found_nothing_is_taken_back_to_what_is_on_screen(shop: Shop) -> None:
    first = show(shop, BAGS)
    need = BAGS.want("colour", ["green"])
    turn = said("undo that", "deny", current_slate=first.slate_id)
    returned = shop.guide.back(turn, need)
    assert isinstance(returned, SlateShown)
    assert returned.need == BAGS
    assert shop.guide.back(said("undo that", "deny", current_slate=returned.slate_id), BAGS) == NothingBefore()
    again = said("back to the bags", "search_products", mention("category", "bags"), current_slate=first.slate_id)
    kept = shop.guide.back(again, need)
    assert isinstance(kept, SlateShown) and kept.need == BAGS


BAGS, SHOES = Need().want("category", ["bags"]), Need().want("category", ["shoes"]).want("colour", ["red"])


def test_each_go_back_goes_one_step_further(shop: Shop) -> None:
    first = show(shop, BAGS)
    second = show(shop, BAGS.want("colour", ["blue"]), first.slate_id)
    third = show(shop, BAGS.want("colour", ["red"]), second.slate_id)
    once = back(shop, third.slate_id)
    assert isinstance(once, SlateShown) and once.need == second.need
    assert [one.product.sku for one in once.items] == [one.product.sku for one in second.items]
    assert [one.reasons for one in once.items] == [one.reasons for one in second.items]
    assert once.slate_id in shop.feedback.slates
    twice = back(shop, once.slate_id, "undo that")
    assert isinstance(twice, SlateShown) and twice.need == first.need
    assert back(shop, twice.slate_id) == NothingBefore()
    assert back(shop, third.slate_id, "cheaper") is None


def test_products_that_were_named_are_not_what_the_need_was_for(shop: Shop) -> None:
    bags = show(shop, BAGS)
    named = show(shop, SHOES, bags.slate_id)
    # Products found by their names are logged with the need as it stood.
    slate = shop.feedback.slates[named.slate_id]
    shop.feedback.slates[named.slate_id] = replace(slate, state={**slate.state, "need": BAGS.slots()})
    later = Shop(shop.index)
    later.feedback.slates.update(shop.feedback.slates)
    after = show(later, BAGS.want("colour", ["blue"]), named.slate_id)
    returned = later.guide.back(said("go back", "start_over", current_slate=after.slate_id), after.need)
    assert isinstance(returned, SlateShown)
    assert {one.product.category[1] for one in returned.items} == {"Bags"}


def test_back_to_the_need_as_it_stood(shop: Shop) -> None:
    shoes = show(shop, SHOES)
    bags = show(shop, BAGS, shoes.slate_id)
    returned = back(shop, bags.slate_id, "back to the shoes", mention("category", "shoes"))
    assert isinstance(returned, SlateShown)
    assert returned.need == SHOES
    # What is on screen already, or was never looked for, is searched.
    assert back(shop, returned.slate_id, "back to the shoes", mention("category", "shoes")) is None
    assert back(shop, bags.slate_id, "back to the umbrellas", mention("category", "umbrellas")) is None


def test_nothing_was_shown(shop: Shop) -> None:
    assert shop.guide.back(said("go back", "start_over"), Need()) == NothingBefore()


needs = st.builds(
    lambda kind, colour: Need().want("category", [kind]).want("colour", colour),
    st.sampled_from(["bags", "shoes", "loafers"]),
    st.lists(st.sampled_from(["red", "blue", "white"]), max_size=1),
)


@given(steps=st.lists(needs, min_size=2, max_size=6), times=st.integers(1, 5))
def test_after_undo_the_need_is_the_earlier_one(steps: list[Need], times: int) -> None:
    shop = Shop(INDEX)
    on_screen: str | None = None
    shown = []
    for need in steps:
        slate = show(shop, need, on_screen)
        on_screen = slate.slate_id
        shown.append(slate)
    for step in range(1, min(times, len(shown) - 1) + 1):
        assert on_screen is not None
        outcome = back(shop, on_screen)
        assert isinstance(outcome, SlateShown)
        assert outcome.need == shown[-1 - step].need
        rows = set(INDEX.matching(outcome.need.constraints()).tolist())
        assert all(INDEX.row(one.product.sku) in rows for one in outcome.items)
        on_screen = outcome.slate_id
