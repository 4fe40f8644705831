"""What others wrote, summed up."""

from dataclasses import replace

import pytest

from shopguide.catalogue.product import Product, Review
from shopguide.conversation.need import Need
from shopguide.conversation.outcomes import SlateShown
from shopguide.conversation.outcomes_product import Reviews
from shopguide.conversation.reviewing import aspects_of, leaning, summed_up
from shopguide.conversation.telling_product import quoted, review_words
from shopguide.ids import Sku
from tests.unit.conversation.shop import Shop, mention, said

LAMP = Product(
    Sku("l"),
    "Desk lamp",
    reviews=(
        Review(5, "Great light, and so easy to set up. Came in a box.", "Ann"),
        Review(4, "Love the look. But: the cable is too short.", "Ben"),
        Review(1, "Broke within weeks! Never again.", None),
        Review(None, "Easy to clean.", "Cem"),
    ),
)


@pytest.mark.parametrize("text", ["Great value for money.", "I love it", "Nothing hurts after hours.", "True to size."])
def test_praise(text: str) -> None:
    assert leaning(text) > 0.2


@pytest.mark.parametrize("text", ["The sole is too smooth.", "But: it is heavy", "Broke, terrible.", "Awful"])
def test_complaint(text: str) -> None:
    assert leaning(text) < -0.2


def test_what_takes_no_side() -> None:
    assert leaning("It came in a box.") == 0


def test_the_whole_in_short() -> None:
    found = summed_up(LAMP, 2)
    assert found.stars == {5: 1, 4: 1, 1: 1}
    assert found.mean == pytest.approx(10 / 3)
    assert [quote.text for quote in found.praised] == ["Great light, and so easy to set up.", "Easy to clean."]
    assert {quote.review.author for quote in found.criticised} == {"Ben", None}
    assert found.aspects["handling"] == (2, 0)
    texts = [review.text for review in LAMP.reviews]
    assert all(any(quote.text in text for text in texts) for quote in (*found.praised, *found.criticised))


def test_a_question_gets_the_sentences_that_are_about_it() -> None:
    assert [quote.text for quote in summed_up(LAMP, None, ["cables"]).criticised] == ["But: the cable is too short."]
    assert not summed_up(LAMP, None, ["cables"]).praised
    assert [quote.text for quote in summed_up(LAMP, None, ["durable"]).criticised] == ["Broke within weeks!"]
    nothing = summed_up(LAMP, None, ["zebra"])
    assert not nothing.praised and not nothing.criticised


def test_aspects_by_their_words() -> None:
    assert aspects_of("Washes well, a bit pricey") == {"cleaning", "value"}


def test_quotes_name_who_wrote_them(shop: Shop) -> None:
    found = summed_up(LAMP, None)
    told = [quoted(quote, shop.guide.wording()) for quote in found.criticised]
    assert "“the cable is too short” (Ben)" in told
    words = review_words(summed_up(replace(LAMP, reviews=LAMP.reviews[:1]), None), shop.guide.wording())
    assert words["few"] and words["stars"] == "1 × 5 ★"


def test_the_products_meant_and_what_is_asked_about_them(shop: Shop) -> None:
    slate = shop.guide.search(said("bags", "search_products"), Need().want("category", ["bags"]))
    assert isinstance(slate, SlateShown)
    shop.reviews[slate.items[1].product.sku] = LAMP.reviews
    text = "what do people say about the second, any reviews?"
    second = mention("ordinal", 2, start=text.find("second"), end=text.find("second") + len("second"))
    turn = said(text, "ask_reviews", second, current_slate=slate.slate_id)
    outcome = shop.guide.reviews(turn)
    assert isinstance(outcome, Reviews)
    (told,) = outcome.products
    assert (told.position, told.asked, len(told.product.reviews)) == (2, "", 4)
    turn = said("do people complain about its cable", "ask_reviews", current_slate=slate.slate_id)
    outcome = shop.guide.reviews(turn, slate.items[1].product.sku)
    assert isinstance(outcome, Reviews) and outcome.products[0].criticised
    assert "cable" in outcome.products[0].asked
