"""What a message does to a need."""

from dataclasses import replace

import pytest

from shopguide.catalogue.index import CatalogueIndex
from shopguide.conversation.need import Bounds, Need
from shopguide.conversation.turn import Turn
from shopguide.conversation.understanding import understand
from tests.unit.conversation.shop import mention, said

SHOES = Need().want("category", ["shoes"]).want("audience", ["women"]).want("colour", ["white"])


def need_after(index: CatalogueIndex, need: Need, turn: Turn) -> Need:
    return understand(need, turn, index).need


def test_a_message_fills(index: CatalogueIndex) -> None:
    turn = said(
        "blue handbags for women under 60",
        "search_products",
        mention("colour", "blue"),
        mention("category", "handbags"),
        mention("audience", "women"),
        mention("price", 60, role="max"),
    )
    assert need_after(index, Need(), turn) == Need(
        wanted={"colour": ("blue",), "category": ("handbags",), "audience": ("women",)},
        bounds={"price": Bounds(high=60)},
    )


def test_a_later_value_replaces_in_its_facet_only(index: CatalogueIndex) -> None:
    after = need_after(index, SHOES, said("oh, for men", "inform_preference", mention("audience", "men")))
    assert after == SHOES.want("audience", ["men"])


def test_values_of_one_message_stand_beside_each_other(index: CatalogueIndex) -> None:
    turn = said("red or blue", "inform_preference", mention("colour", "red"), mention("colour", "blue"))
    assert need_after(index, SHOES, turn).wanted["colour"] == ("red", "blue")


def test_also_adds(index: CatalogueIndex) -> None:
    turn = said("red is fine too", "inform_preference", mention("colour", "red"))
    assert need_after(index, SHOES, turn).wanted["colour"] == ("white", "red")


def test_a_contrast_replaces_and_excludes_nothing(index: CatalogueIndex) -> None:
    turn = said(
        "black rather than white", "inform_preference", mention("colour", "black"),
        mention("colour", "white", excluded=True),
    )  # fmt: skip
    assert need_after(index, SHOES, turn) == SHOES.want("colour", ["black"])


def test_a_bare_no_to_a_wanted_value_excludes_it(index: CatalogueIndex) -> None:
    turn = said("no white", "inform_preference", mention("colour", "white", excluded=True))
    after = need_after(index, SHOES, turn)
    assert "colour" not in after.wanted
    assert after.excluded == {"colour": ("white",)}


def test_exclusions_pile_up_and_can_be_taken_back(index: CatalogueIndex) -> None:
    need = SHOES.without("colour")
    need = need_after(
        index, need, said("without Kestrel", "inform_preference", mention("brand", "kestrel", excluded=True))
    )
    need = need_after(
        index,
        need,
        said(
            "nor black, nor red",
            "inform_preference",
            mention("colour", "black", excluded=True),
            mention("colour", "red", excluded=True),
        ),
    )
    assert need.excluded == {"brand": ("kestrel",), "colour": ("black", "red")}
    need = need_after(index, need, said("black would do", "inform_preference", mention("colour", "black")))
    assert need.excluded == {"brand": ("kestrel",), "colour": ("red",)}
    # Allowed again is not demanded.
    assert "colour" not in need.wanted


def test_only_an_excluded_value_demands_it(index: CatalogueIndex) -> None:
    need = Need().exclude("colour", ["black"])
    after = need_after(index, need, said("only black", "inform_preference", mention("colour", "black")))
    assert after == Need().want("colour", ["black"])


@pytest.mark.parametrize(
    ("text", "intent"),
    [
        ("any colour will do", "inform_preference"),
        ("forget the colour", "remove_preference"),
        ("the colour doesn't matter", "no_preference"),
        ("colour is up to you", "inform_preference"),
        ("whatever colour", "search_products"),
    ],
)
def test_what_does_not_matter_goes(index: CatalogueIndex, text: str, intent: str) -> None:
    after = need_after(index, SHOES, said(text, intent, mention("facet_name", "colour")))
    assert "colour" not in after.wanted
    assert after.waived == ("colour",)
    assert after.wanted["audience"] == ("women",)


def test_naming_a_facet_alone_forgets_nothing(index: CatalogueIndex) -> None:
    turn = said("what about the colour", "inform_preference", mention("facet_name", "colour"))
    assert need_after(index, SHOES, turn).wanted == SHOES.wanted


def test_a_removed_value_goes_without_being_excluded(index: CatalogueIndex) -> None:
    turn = said("drop the white", "remove_preference", mention("colour", "white"))
    assert need_after(index, SHOES, turn) == SHOES.without("colour")


def test_another_kind_of_product_keeps_the_person(index: CatalogueIndex) -> None:
    need = (
        Need(words="laces")
        .want("category", ["running shoes"])
        .want("audience", ["women"])
        .want("occasion", ["sports"])
        .want("brand", ["kestrel"])
        .within("price", Bounds(high=50))
        .ask("size")
    )
    turn = said("actually umbrellas", "search_products", mention("category", "umbrellas"))
    understood = understand(need, turn, index)
    assert understood.switched
    assert understood.need == Need().want("audience", ["women"]).want("category", ["umbrellas"])


def test_a_sibling_keeps_what_holds_of_both(index: CatalogueIndex) -> None:
    need = SHOES.want("category", ["loafers"]).within("price", Bounds(high=50))
    worn = need.want("size", ["42"]).want("feature", ["lined"]).waive("brand")
    understood = understand(worn, said("running shoes", "search_products", mention("category", "running shoes")), index)
    assert understood.switched
    assert understood.need == need.want("category", ["running shoes"])


@pytest.mark.parametrize("category", ["shoes", "loafers", "footwear"])
def test_a_wider_or_narrower_kind_keeps_everything(index: CatalogueIndex, category: str) -> None:
    need = SHOES.want("category", ["loafers"]).want("size", ["42"]).within("price", Bounds(high=50))
    understood = understand(need, said(category, "search_products", mention("category", category)), index)
    assert not understood.switched
    assert understood.need == need.want("category", [category])


def test_of_a_family_and_its_kind_the_kind_is_meant(index: CatalogueIndex) -> None:
    turn = said(
        "shoes, loafers i mean", "search_products", mention("category", "shoes"), mention("category", "loafers")
    )
    assert need_after(index, Need(), turn).wanted["category"] == ("loafers",)


@pytest.mark.parametrize(
    ("mentions", "bounds"),
    [
        ([("max", 50)], Bounds(30, 50)),
        ([("min", 40)], Bounds(40, 60)),
        ([("min", 70)], Bounds(70, None)),
        ([("max", 20)], Bounds(None, 20)),
        ([("min", 10), ("max", 20)], Bounds(10, 20)),
        ([("around", 50)], Bounds(40, 60)),
        ([(None, 45)], Bounds(30, 45)),
    ],
)
def test_a_new_price_moves_only_the_bound_it_names(
    index: CatalogueIndex, mentions: list[tuple[str | None, int]], bounds: Bounds
) -> None:
    need = Need().within("price", Bounds(30, 60))
    turn = said("x", "inform_preference", *(mention("price", amount, role=role) for role, amount in mentions))
    assert need_after(index, need, turn).bound("price") == bounds


def test_a_measure_finds_its_facet_by_unit(index: CatalogueIndex) -> None:
    turn = said("20 l backpack", "search_products", mention("quantity", 20, unit="l"), mention("category", "backpacks"))
    assert need_after(index, Need(), turn).wanted == {"category": ("backpacks",), "capacity": ("20",)}


def test_a_number_is_read_in_the_unit_of_its_facet(index: CatalogueIndex) -> None:
    turn = said("20000 ml backpack", "search_products", mention("quantity", 20_000, unit="ml", role="min"))
    assert need_after(index, Need(), turn).bounds == {"capacity": Bounds(low=20)}


def test_a_count_is_no_measure(index: CatalogueIndex) -> None:
    turn = said("2 backpacks", "search_products", mention("quantity", 2), mention("category", "backpacks"))
    assert need_after(index, Need(), turn).wanted == {"category": ("backpacks",)}


def test_a_bare_number_answers_the_open_question(index: CatalogueIndex) -> None:
    turn = said("20", "inform_preference", mention("quantity", 20), open_question="capacity")
    assert need_after(index, Need(), turn).wanted == {"capacity": ("20",)}


def test_whatever_answers_the_open_question(index: CatalogueIndex) -> None:
    understood = understand(SHOES, said("whatever", "no_preference", open_question="occasion"), index)
    assert understood.need == SHOES.waive("occasion")
    assert understood.said == {"occasion"}


def test_the_kind_that_does_not_matter_keeps_the_family(index: CatalogueIndex) -> None:
    for turn in (
        said("whatever", "no_preference", open_question="category"),
        said("/x", "inform_preference", mention("answer", "category=*"), open_question="category"),
    ):
        assert need_after(index, SHOES, turn).wanted["category"] == ("shoes",)


def test_yes_answers_a_yes_or_no_question(index: CatalogueIndex) -> None:
    assert need_after(index, SHOES, said("yes", "affirm", open_question="waterproof")).wanted["waterproof"] == ("yes",)
    assert need_after(index, SHOES, said("yes", "affirm", open_question="occasion")) == SHOES


def test_buttons_replace_and_relax(index: CatalogueIndex) -> None:
    def press(answer: str) -> Turn:
        return said(f'/inform_preference{{"answer":"{answer}"}}', "inform_preference", mention("answer", answer))

    assert need_after(index, SHOES, press("colour=red")) == SHOES.want("colour", ["red"])
    assert need_after(index, SHOES, press("price<=50")).bound("price") == Bounds(high=50)
    assert need_after(index, SHOES, press("colour!=white")) == SHOES.without("colour").exclude("colour", ["white"])
    both = SHOES.want("brand", ["kestrel"])
    assert need_after(index, both, press("brand=*;colour=*")).wanted == {"category": ("shoes",), "audience": ("women",)}
    assert need_after(index, SHOES, press("nonsense=1")) == SHOES


@pytest.mark.parametrize(
    ("text", "intent", "words"),
    [
        ("show me toner for the Copystar C65 please", "search_products", "toner copystar c65"),
        ("i'd like something nice for him", "search_products", ""),
        ("hmm my sister has loads of those", "inform_preference", "sister loads"),
        ("thanks for the lovely service", "thank", ""),
        ('/inform_preference{"answer":"x"}', "inform_preference", ""),
    ],
)
def test_words_that_no_entity_took(index: CatalogueIndex, text: str, intent: str, words: str) -> None:
    assert need_after(index, Need(), said(text, intent)).words == words


def test_an_aside_beside_an_answer_is_no_need_but_a_model_is(index: CatalogueIndex) -> None:
    turn = said("black, goes with my jeans", "inform_preference", mention("colour", "black"))
    assert need_after(index, SHOES, turn).words == ""
    turn = said("black KX-45", "inform_preference", mention("colour", "black"))
    assert need_after(index, SHOES, turn).words == "kx-45"


def test_critiques_and_places(index: CatalogueIndex) -> None:
    turn = said("second but cheaper", "critique_slate", mention("ordinal", [2, -1]), mention("critique", "price:down"))
    understood = understand(SHOES, turn, index)
    assert understood.critiques == {"price": "down"}
    assert understood.ordinals == (2, -1)
    bounded = said(
        "cheaper, 30 at most", "critique_slate", mention("critique", "price:down"), mention("price", 30, role="max")
    )
    # The number says more than the critique.
    assert understand(SHOES, bounded, index).critiques == {}


def test_a_wish_is_soft(index: CatalogueIndex) -> None:
    turn = said("ideally red", "inform_preference", mention("colour", "red"))
    assert understand(SHOES, turn, index).soft == {"colour"}
    assert understand(SHOES, replace(turn, text="red"), index).soft == frozenset()


def test_nothing_understood_is_blank(index: CatalogueIndex) -> None:
    assert understand(SHOES, said("mm", "inform_preference"), index).is_blank


@pytest.mark.parametrize(
    ("text", "bounds"),
    [
        ("no wait make that 80", Bounds(high=80)),
        ("80", Bounds(high=80)),
        ("7", Bounds(high=50)),
        ("900", Bounds(high=50)),
    ],
)
def test_a_lone_number_corrects_the_one_bound(index: CatalogueIndex, text: str, bounds: Bounds) -> None:
    need = SHOES.within("price", Bounds(high=50))
    assert need_after(index, need, said(text, "inform_preference")).bounds == {"price": bounds}


def test_a_lone_number_among_the_prices_is_a_limit(index: CatalogueIndex) -> None:
    assert need_after(index, SHOES, said("80", "inform_preference")) == SHOES.within("price", Bounds(high=80))
    assert need_after(index, Need(), said("80", "inform_preference")) == Need()


def test_a_lone_number_of_nothing_or_in_an_aside_is_left_alone(index: CatalogueIndex) -> None:
    for number in ("7", "900"):
        assert need_after(index, SHOES, said(number, "inform_preference")) == SHOES
    need = SHOES.within("price", Bounds(high=50))
    assert need_after(index, need, said("80", "faq")) == need
    assert need_after(index, need, said("80 kayaks", "inform_preference")).bounds == need.bounds
    both = need.within("rating", Bounds(low=4))
    assert need_after(index, both, said("make it 80", "inform_preference")).bounds == both.bounds


def test_a_lone_number_is_a_size_of_the_kind_wanted(index: CatalogueIndex) -> None:
    sized = [replace(index.product(sku), facets={"size": ("42", "43")}) for sku in index.skus[:10]]
    own = CatalogueIndex(sized)
    shoes = Need().want("category", ["shoes"])
    assert need_after(own, shoes, said("42", "inform_preference")) == shoes.want("size", ["42"])
    assert need_after(own, shoes, said("and in 42?", "inform_preference")) == shoes.want("size", ["42"])
    assert need_after(own, Need(), said("42", "inform_preference")) == Need()
    dear = shoes.within("price", Bounds(high=40))
    assert need_after(own, dear, said("42", "inform_preference")) == dear.want("size", ["42"])
    assert need_after(own, dear, said("make it 42", "inform_preference")) == dear.within("price", Bounds(high=42))


def test_going_back_leaves_no_words_to_look_for(index: CatalogueIndex) -> None:
    turn = said("ok back to the shoes we looked at", "search_products", mention("category", "shoes"))
    assert understand(SHOES, turn, index).need.words == ""
    assert (
        "comfy"
        in understand(SHOES, said("comfy shoes", "search_products", mention("category", "shoes")), index).need.words
    )
