"""The search use cases over a small shop: ask, show, page, criticise, relax, remember."""

from dataclasses import replace
from statistics import median

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shopguide.catalogue.index import CatalogueIndex
from shopguide.conversation.need import Bounds, Need
from shopguide.conversation.outcomes import (
    Ask,
    CritiqueFailed,
    NoMore,
    NoSlate,
    NothingFound,
    Ready,
    SearchOutcome,
    SlateShown,
    Unchanged,
)
from shopguide.conversation.turn import Turn
from shopguide.ids import Sku
from shopguide.recommender.types import Recommendation, RecommendationRequest
from tests.unit.conversation.shop import SHOPPER, Shop, mention, products, said


def converse(shop: Shop, need: Need, turn: Turn) -> SlateShown:
    """Take a turn that is answered at once and return what is shown."""
    considered = shop.guide.consider(turn, need)
    assert isinstance(considered, Ready)
    return shown(shop.guide.search(turn, considered.need))


def shown(outcome: SearchOutcome) -> SlateShown:
    assert isinstance(outcome, SlateShown)
    return outcome


def open_shoes(shop: Shop) -> SlateShown:
    turn = said(
        "white shoes for women",
        "search_products",
        mention("colour", "white"),
        mention("category", "shoes"),
        mention("audience", "women"),
    )
    return converse(shop, Need(), turn)


def skus(outcome: SlateShown) -> list[Sku]:
    return [item.product.sku for item in outcome.items]


def prices(outcome: SlateShown) -> list[float]:
    return [float(item.product.price or 0) for item in outcome.items]


# -- asking ------------------------------------------------------------------------------------------------------------


def test_at_most_two_questions_then_a_slate(shop: Shop) -> None:
    turn = said("shoes", "search_products", mention("category", "shoes"))
    first = shop.guide.consider(turn, Need())
    assert isinstance(first, Ask)
    waived = said("whatever", "no_preference", open_question=first.question.facet)
    second = shop.guide.consider(waived, first.need)
    assert isinstance(second, Ask)
    assert second.question.facet != first.question.facet
    last = said("whatever", "no_preference", open_question=second.question.facet)
    ready = shop.guide.consider(last, second.need)
    assert isinstance(ready, Ready)
    outcome = shown(shop.guide.search(last, ready.need))
    assert len(outcome.items) == 5
    assert ready.need.wanted == {"category": ("shoes",)}


def test_no_question_where_none_are_allowed(index: object, shop: Shop) -> None:
    quiet = Shop(shop.index, max_questions=0)
    considered = quiet.guide.consider(said("shoes", "search_products", mention("category", "shoes")), Need())
    assert isinstance(considered, Ready)


@pytest.mark.parametrize(
    "mentions",
    [
        [mention("category", "shoes"), mention("colour", "blue")],
        [mention("category", "shoes"), mention("price", 60, role="max")],
        [mention("colour", "blue"), mention("audience", "men"), mention("brand", "kestrel")],
    ],
)
def test_a_need_with_details_is_answered_at_once(shop: Shop, mentions: list[object]) -> None:
    considered = shop.guide.consider(said("x", "search_products", *mentions), Need())  # type: ignore[arg-type]
    assert isinstance(considered, Ready)


def test_once_something_was_shown_nothing_is_asked(shop: Shop) -> None:
    slate = open_shoes(shop)
    wide = said("any colour", "no_preference", mention("facet_name", "colour"), current_slate=slate.slate_id)
    assert isinstance(shop.guide.consider(wide, slate.need), Ready)


def test_a_new_kind_of_product_may_be_asked_about(shop: Shop) -> None:
    turn = said("umbrellas", "search_products", mention("category", "umbrellas"), current_slate="s")
    assert isinstance(shop.guide.consider(turn, Need().want("category", ["shoes"])), Ask)
    # The person comes along and makes it clear.
    women = Need().want("category", ["shoes"]).want("audience", ["women"])
    considered = shop.guide.consider(turn, women)
    assert isinstance(considered, Ready)
    assert considered.need == Need().want("audience", ["women"]).want("category", ["umbrellas"])


def test_what_comes_along_gives_way_if_nothing_there_has_it(shop: Shop) -> None:
    need = Need().want("category", ["loafers"]).want("audience", ["toddlers"]).within("price", Bounds(high=5))
    turn = said("running shoes", "search_products", mention("category", "running shoes"), current_slate="s")
    considered = shop.guide.consider(turn, need)
    assert considered is not None
    assert considered.need.wanted == {"category": ("running shoes",)}
    assert considered.need.bounds == {}


def test_a_facet_that_only_the_old_kind_has_is_let_go(shop: Shop) -> None:
    need = Need().want("waterproof", ["yes"]).want("colour", ["blue"])
    turn = said("loafers for men", "search_products", mention("category", "loafers"), mention("audience", "men"))
    considered = shop.guide.consider(turn, need)
    assert considered is not None
    assert considered.need.wanted == {"colour": ("blue",), "category": ("loafers",), "audience": ("men",)}


def test_words_alone_tell_what_is_meant(shop: Shop) -> None:
    turn = said("something with laces", "search_products")
    outcome = converse(shop, Need(), turn)
    assert all("laces" in item.product.description for item in outcome.items)
    assert outcome.total == sum("laces" in product.description for product in products())


def test_surprise_me_after_nothing_fitted(shop: Shop) -> None:
    need = Need().want("colour", ["mauve"]).want("audience", ["women"])
    outcome = shown(shop.guide.search(said("surprise me", "ask_recommendation"), need))
    assert outcome.need == Need().want("audience", ["women"])


def test_impatience_is_heeded(shop: Shop) -> None:
    need = Need().want("category", ["shoes"]).ask("audience")
    turn = said("just show me", "ask_recommendation", open_question="audience")
    assert isinstance(shop.guide.consider(turn, need), Ready)


@pytest.mark.parametrize("intent", ["chitchat", "greet", "out_of_scope", "show_profile", "affirm", "thank"])
def test_an_aside_is_no_answer(shop: Shop, intent: str) -> None:
    need = Need().want("category", ["shoes"]).ask("audience")
    assert shop.guide.consider(said("x", intent, open_question="audience"), need) is None
    again = shop.guide.question(need, "audience")
    assert again is not None
    assert again.facet == "audience"


def test_an_answer_counts_whatever_the_classifier_says(shop: Shop) -> None:
    need = Need().want("category", ["shoes"]).ask("audience").ask("colour")
    turn = said("men innit", "out_of_scope", mention("audience", "men"), open_question="audience")
    considered = shop.guide.consider(turn, need)
    assert isinstance(considered, Ready)
    assert considered.need.wanted["audience"] == ("men",)


def test_advice_asks_a_stranger_and_serves_a_regular(shop: Shop) -> None:
    turn = said("what would you recommend", "ask_recommendation")
    assert isinstance(shop.guide.consider(turn, Need()), Ask)
    shop.profiles.weights = {"brand": {"kestrel": 0.6}}
    assert isinstance(shop.guide.consider(turn, Need()), Ready)


# -- showing -----------------------------------------------------------------------------------------------------------


def test_a_slate_is_logged_as_it_was_shown(shop: Shop) -> None:
    outcome = open_shoes(shop)
    logged = shop.feedback.slates[outcome.slate_id]
    assert [item.sku for item in logged.items] == skus(outcome)
    assert [item.position for item in logged.items] == [1, 2, 3, 4, 5]
    assert {item.propensity for item in logged.items} == {0.5}
    assert (logged.policy, logged.model_version, logged.shopper_id) == ("fake", "v1", SHOPPER)
    assert {"facet": "colour", "op": "in", "values": ["white"]} in [dict(c) for c in logged.constraints]
    assert logged.state["reasons"][skus(outcome)[0]][0]["kind"] == "matches"


def test_more_never_repeats_and_ends(shop: Shop) -> None:
    outcome = open_shoes(shop)
    seen = set(skus(outcome))
    total = outcome.total
    while True:
        turn = said("more", "show_more", current_slate=outcome.slate_id)
        following = shop.guide.more(turn, outcome.need)
        if isinstance(following, NoMore):
            break
        outcome = shown(following)
        assert not seen & set(skus(outcome))
        seen |= set(skus(outcome))
    assert len(seen) == total == following.total
    # Only what brings more than was seen is a way on.
    assert following.relaxations
    assert all(one.count > total for one in following.relaxations)


def test_a_correction_that_changes_nothing_was_not_understood(shop: Shop) -> None:
    outcome = open_shoes(shop)
    turn = said("hm, the fancy sort", "inform_preference", current_slate=outcome.slate_id)
    unchanged = shop.guide.search(turn, outcome.need)
    assert isinstance(unchanged, Unchanged)
    # What could still be said, not what was.
    assert unchanged.open
    assert not {"colour", "audience"} & set(unchanged.open)


def test_nothing_found_says_what_would_help(shop: Shop) -> None:
    turn = said("x", "search_products", mention("category", "handbags"), mention("colour", "green"))
    considered = shop.guide.consider(turn, Need())
    assert isinstance(considered, Ready)
    outcome = shop.guide.search(turn, considered.need)
    assert isinstance(outcome, NothingFound)
    assert (outcome.relaxations[0].facets, outcome.relaxations[0].count) == (("colour",), 45)
    assert outcome.sold_out == 0


def test_what_is_sold_out_is_said_to_be(shop: Shop) -> None:
    outcome = shop.guide.search(
        said("x", "search_products"), Need().want("category", ["umbrellas"]).want("colour", ["red"])
    )
    assert isinstance(outcome, NothingFound)
    assert outcome.sold_out == 9


def test_a_wish_gives_way_and_is_still_a_wish(shop: Shop) -> None:
    turn = said(
        "handbags, ideally green", "search_products", mention("category", "handbags"), mention("colour", "green")
    )
    considered = shop.guide.consider(turn, Need().want("brand", ["kestrel"]))
    assert isinstance(considered, Ready)
    outcome = shown(shop.guide.search(turn, considered.need))
    assert outcome.gave_way == ("colour",)
    assert outcome.need.wanted == {"brand": ("kestrel",), "category": ("handbags",)}
    assert shop.recommender.requests[-1].preferences.weight("colour", "green") == 1.0


def test_a_model_number_decides(shop: Shop) -> None:
    turn = said("shoes kx-45", "search_products", mention("category", "shoes"))
    outcome = converse(shop, Need(), turn)
    assert 0 < outcome.total < 5
    assert all("KX-45" in item.product.description for item in outcome.items)


def test_words_come_first_and_the_slate_is_filled(shop: Shop) -> None:
    turn = said("shoes with laces", "search_products", mention("category", "shoes"))
    outcome = converse(shop, Need(), turn)
    with_laces = ["laces" in item.product.description for item in outcome.items]
    assert with_laces == sorted(with_laces, reverse=True)
    assert True in with_laces
    assert len(outcome.items) == 5


def test_what_the_catalogue_does_not_list_empties_no_slate(shop: Shop) -> None:
    turn = said(
        "waterproof backpack with laces, size m",
        "search_products",
        mention("feature", "waterproof"),
        mention("category", "backpacks"),
        mention("feature", "laces"),
        mention("size", "m"),
    )
    outcome = converse(shop, Need(), turn)
    # A feature that is a yes-or-no column is checked; what no product lists is kept in mind and looked for in texts.
    assert outcome.need.wanted["waterproof"] == ("yes",)
    assert outcome.need.wanted["size"] == ("m",)
    assert set(outcome.unlisted) == {"feature", "size"}
    assert {c.facet for c in shop.recommender.requests[-1].constraints} == {"category", "waterproof"}
    assert "laces" in shop.recommender.requests[-1].query
    assert "laces" in outcome.items[0].product.description
    logged = shop.feedback.slates[outcome.slate_id]
    assert {c["facet"] for c in logged.constraints} == {"category", "waterproof"}


# -- criticising -------------------------------------------------------------------------------------------------------


def test_cheaper_is_cheaper_until_nothing_is(shop: Shop) -> None:
    outcome = open_shoes(shop)
    for _ in range(20):
        turn = said("cheaper", "critique_slate", mention("critique", "price:down"), current_slate=outcome.slate_id)
        following = shop.guide.critique(turn, outcome.need)
        if isinstance(following, CritiqueFailed):
            break
        assert median(prices(shown(following))) < median(prices(outcome))
        outcome = shown(following)
    assert isinstance(following, CritiqueFailed)
    assert following.why == "extreme"
    assert following.best is not None
    assert float(following.best.price or 0) == min(prices(outcome))
    assert any(piece.source == "critique" and piece.value.startswith("<=") for piece in shop.profiles.evidence)


def test_still_too_much_means_the_same_direction_again(shop: Shop) -> None:
    outcome = open_shoes(shop)
    turn = said("cheaper", "critique_slate", mention("critique", "price:down"), current_slate=outcome.slate_id)
    cheaper = shown(shop.guide.critique(turn, outcome.need))
    again = said("still too much", "critique_slate", current_slate=cheaper.slate_id)
    assert median(prices(shown(shop.guide.critique(again, cheaper.need)))) < median(prices(cheaper))


def test_like_the_second_but_in_blue(shop: Shop) -> None:
    outcome = open_shoes(shop)
    turn = said(
        "the second one in blue",
        "critique_slate",
        mention("ordinal", 2),
        mention("colour", "blue"),
        current_slate=outcome.slate_id,
    )
    following = shown(shop.guide.critique(turn, outcome.need))
    assert shop.recommender.requests[-1].anchor == skus(outcome)[1]
    assert following.anchor is not None
    assert following.need.wanted["colour"] == ("blue",)
    # The next wish still resembles it.
    turn = said(
        "not Kestrel", "inform_preference", mention("brand", "kestrel", excluded=True), current_slate=following.slate_id
    )
    converse(shop, following.need, turn)
    assert shop.recommender.requests[-1].anchor == skus(outcome)[1]


def test_like_the_second_where_only_the_second_fits_shows_it(shop: Shop) -> None:
    outcome = open_shoes(shop)
    second = outcome.items[1].product
    named = {"brand": second.brand, "category": second.category[-1], **second.facets}
    values = [
        mention(facet, str(value[0] if isinstance(value, tuple) else value).casefold())
        for facet, value in named.items()
    ]
    turn = said("like number 2", "critique_slate", mention("ordinal", 2), *values, current_slate=outcome.slate_id)
    assert skus(shown(shop.guide.critique(turn, outcome.need))) == [second.sku]


def test_an_import_in_the_middle_of_a_turn_shows_one_state_of_the_catalogue(shop: Shop) -> None:
    answer = shop.recommender.recommend

    def imported_before(request: RecommendationRequest) -> Recommendation:
        shop.recommender.index = CatalogueIndex(dearer, revision=1)
        return answer(request)

    dearer = [replace(product, price=1000 * (product.price or 0)) for product in products()]
    shop.recommender.recommend = imported_before  # type: ignore[method-assign]
    assert min(prices(open_shoes(shop))) > 1000


def test_a_place_that_is_not_on_the_slate(shop: Shop) -> None:
    outcome = open_shoes(shop)
    turn = said("like number 9", "critique_slate", mention("ordinal", 9), current_slate=outcome.slate_id)
    assert shop.guide.critique(turn, outcome.need) == NoSlate(places=5)


def test_a_critique_of_nothing(shop: Shop) -> None:
    turn = said("cheaper", "critique_slate", mention("critique", "price:down"))
    assert shop.guide.critique(turn, Need()) == NoSlate()


def test_something_else_shows_something_else(shop: Shop) -> None:
    outcome = open_shoes(shop)
    following = shown(shop.guide.critique(said("meh", "critique_slate", current_slate=outcome.slate_id), outcome.need))
    assert not set(skus(outcome)) & set(skus(following))


def test_cheap_in_a_search_bounds_the_price(shop: Shop) -> None:
    turn = said("cheap shoes", "search_products", mention("category", "shoes"), mention("critique", "price:down"))
    considered = shop.guide.consider(turn, Need())
    assert isinstance(considered, Ready)
    high = considered.need.bound("price").high
    assert high is not None
    assert high < 80
    # Nobody said the number: the profile does not take it for a wish, and the slate tells where it comes from.
    assert {p.source for p in shop.profiles.evidence if p.facet == "price"} == {"critique"}
    first = shown(shop.guide.search(turn, considered.need))
    assert first.measured == {"price": "down"}
    again = said("cheaper", "critique_slate", mention("critique", "price:down"), current_slate=first.slate_id)
    assert shown(shop.guide.critique(again, first.need)).measured == {}


def test_cheap_is_measured_among_its_own_kind(shop: Shop) -> None:
    slate = open_shoes(shop)
    turn = said(
        "cheap umbrellas",
        "search_products",
        mention("category", "umbrellas"),
        mention("critique", "price:down"),
        current_slate=slate.slate_id,
    )
    considered = shop.guide.consider(turn, slate.need)
    assert considered is not None
    # All umbrellas cost less than the shoes on screen.
    assert considered.need.bound("price").high is not None
    later = said("cheaper", "critique_slate", mention("critique", "price:down"), current_slate=slate.slate_id)
    outcome = shown(shop.guide.critique(later, Need().want("category", ["umbrellas"])))
    assert outcome.measured == {"price": "down"}


def test_a_critique_where_nothing_fits_says_what_would(shop: Shop) -> None:
    turn = said("cheaper", "critique_slate", mention("critique", "price:down"))
    outcome = shop.guide.critique(turn, Need().want("category", ["handbags"]).want("colour", ["green"]))
    assert isinstance(outcome, NothingFound)
    assert outcome.relaxations


# -- remembering -------------------------------------------------------------------------------------------------------


def test_every_fill_and_change_reaches_the_profile(shop: Shop) -> None:
    outcome = open_shoes(shop)
    turn = said(
        "black ones, not Norwell",
        "inform_preference",
        mention("colour", "black"),
        mention("brand", "norwell", excluded=True),
        current_slate=outcome.slate_id,
    )
    converse(shop, outcome.need, turn)
    told = {(p.facet, p.value, p.polarity, p.source) for p in shop.profiles.evidence}
    assert {
        ("colour", "white", 1, "slot"),
        ("audience", "women", 1, "slot"),
        ("colour", "white", 0, "correction"),
        ("colour", "black", 1, "correction"),
        ("brand", "norwell", -1, "slot"),
    } <= told


def test_without_a_shopper_nothing_is_written(shop: Shop) -> None:
    turn = said("x", "search_products", mention("category", "shoes"), mention("colour", "blue"), shopper_id=None)
    converse(shop, Need(), turn)
    assert shop.profiles.evidence == []


def test_a_database_that_is_down_costs_the_memory_only(shop: Shop) -> None:
    shop.profiles.down = shop.feedback.down = True
    outcome = open_shoes(shop)
    turn = said("more", "show_more", current_slate=outcome.slate_id)
    following = shown(shop.guide.more(turn, outcome.need))
    assert not set(skus(outcome)) & set(skus(following))


def test_what_was_disliked_is_not_shown_again(shop: Shop) -> None:
    outcome = open_shoes(shop)
    shop.guide.dislike(said("not the first", "dislike_product", mention("ordinal", 1), current_slate=outcome.slate_id))
    assert skus(outcome)[0] not in skus(open_shoes(shop))


@pytest.mark.parametrize(
    "need",
    [
        Need().want("category", ["shoes"]).within("price", Bounds(high=70)),
        Need().want("category", ["bags"]).exclude("colour", ["blue"]).want("audience", ["men"]),
        Need().want("colour", ["blue"]).exclude("brand", ["kestrel"]).within("rating", Bounds(low=4)),
    ],
)
def test_no_slate_breaks_the_need(shop: Shop, need: Need) -> None:
    outcome = shown(shop.guide.search(said("x", "search_products"), need))
    allowed = {shop.index.skus[row] for row in shop.index.matching(need.constraints())}
    assert set(skus(outcome)) <= allowed


@given(data=st.data())
@settings(max_examples=60, deadline=None)
def test_no_slate_breaks_a_random_need(data: st.DataObject) -> None:
    shop = Shop(RANDOM)
    wanted = {
        facet: data.draw(st.lists(st.sampled_from(values), min_size=1, max_size=2, unique=True).map(tuple))
        for facet, values in data.draw(
            st.lists(st.sampled_from(sorted(VALUES.items())), max_size=3, unique_by=lambda pair: pair[0])
        )
    }
    need = Need(wanted=wanted, words=data.draw(st.sampled_from(["", "laces", "kx-45", "kx-45 laces", "zz-99"])))
    if data.draw(st.booleans()):
        need = need.within("price", Bounds(high=float(data.draw(st.integers(10, 90)))))
    if data.draw(st.booleans()):
        need = need.exclude("brand", ["kestrel"])
    turn = said("x", "search_products")
    outcome = shop.guide.search(turn, need)
    allowed = {RANDOM.skus[row] for row in RANDOM.matching(need.constraints())}
    if isinstance(outcome, NothingFound):
        assert not allowed
        return
    assert set(skus(shown(outcome))) <= allowed
    assert len(set(skus(shown(outcome)))) == len(shown(outcome).items) > 0
    following = shop.guide.more(said("more", "show_more", current_slate=shown(outcome).slate_id), shown(outcome).need)
    if isinstance(following, SlateShown):
        assert set(skus(following)) <= allowed - set(skus(shown(outcome)))


RANDOM = CatalogueIndex(products())
VALUES = {
    "category": ("shoes", "bags", "loafers", "umbrellas"),
    "colour": ("black", "blue", "red", "green"),
    "audience": ("men", "women"),
    "brand": ("aldersea", "norwell"),
    "waterproof": ("yes", "no"),
}


@pytest.mark.parametrize(("place", "option"), [(1, 0), (2, 1), (-1, -1)])
def test_the_first_of_the_answers_that_were_offered(shop: Shop, place: int, option: int) -> None:
    need = Need().want("category", ["shoes"])
    question = shop.guide.question(need, "colour")
    assert question is not None
    turn = said("the first", "inform_preference", mention("ordinal", place), open_question="colour")
    considered = shop.guide.consider(turn, need)
    assert considered is not None
    assert considered.need.wanted["colour"] == (question.options[option].answer.value,)


def test_a_place_that_no_answer_has_is_none(shop: Shop) -> None:
    need = Need().want("category", ["shoes"])
    turn = said("the ninth", "inform_preference", mention("ordinal", 9), open_question="colour")
    considered = shop.guide.consider(turn, need)
    assert considered is None or "colour" not in considered.need.wanted


def test_the_number_of_an_answer_is_that_answer(shop: Shop) -> None:
    need = Need().want("category", ["running shoes"])
    question = shop.guide.question(need, "audience")
    assert question is not None
    for place, option in enumerate(question.options, 1):
        considered = shop.guide.consider(said(str(place), "inform_preference", open_question="audience"), need)
        assert considered is not None
        assert considered.need.wanted.get("audience", ()) == (option.answer.value,)
    considered = shop.guide.consider(said("9", "inform_preference", open_question="audience"), need)
    assert considered is not None
    assert "audience" not in considered.need.wanted


def test_who_minds_nothing_sees_others(shop: Shop) -> None:
    outcome = open_shoes(shop)
    following = shop.guide.search(said("you pick", "no_preference", current_slate=outcome.slate_id), outcome.need)
    assert isinstance(following, SlateShown)
    assert following.note == "more"
    assert not {item.product.sku for item in following.items} & {item.product.sku for item in outcome.items}


def test_a_word_that_no_match_mentions_is_not_passed_over(shop: Shop) -> None:
    outcome = open_shoes(shop)

    def unheard(text: str, intent: str = "inform_preference") -> tuple[str, ...]:
        turn = said(text, intent, current_slate=outcome.slate_id)
        considered = shop.guide.consider(turn, outcome.need)
        assert considered is not None
        shown = shop.guide.search(turn, considered.need)
        assert isinstance(shown, SlateShown)
        return shown.unheard

    assert unheard("anything from zorbex?") == ("zorbex",)
    assert unheard("plain ones") == ()
    assert unheard("zorbex, the plain ones") == ()
    assert unheard("zorbex because aunt mildred insists") == ()
    assert unheard("white shoes like zorbex", "search_products") == ()


def test_something_else_leaves_room_for_other_brands(shop: Shop) -> None:
    outcome = open_shoes(shop)
    turn = said("something else entirely", "critique_slate", current_slate=outcome.slate_id)
    other = shown(shop.guide.critique(turn, outcome.need))
    request = shop.recommender.requests[-1]
    before = {item.product.sku for item in outcome.items}
    assert request.beside == before
    assert not before & {item.product.sku for item in other.items}
    more = shown(shop.guide.more(said("more", "show_more", current_slate=outcome.slate_id), outcome.need))
    assert not before & {item.product.sku for item in more.items}
    assert shop.recommender.requests[-1].beside == frozenset()
