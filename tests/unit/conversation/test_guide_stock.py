"""Whether something can be had, and what costs less than usual."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from shopguide.catalogue.index import CatalogueIndex
from shopguide.catalogue.product import Product
from shopguide.conversation.need import Need
from shopguide.conversation.outcomes import NoSlate, SlateShown
from shopguide.conversation.outcomes_product import Available, NotReduced, OnSale
from shopguide.conversation.telling_product import reduction_words, stock_words, until_words
from shopguide.ids import Sku
from tests.unit.conversation.shop import NOW, Shop, mention, products, said


@pytest.fixture
def slate(shop: Shop) -> SlateShown:
    outcome = shop.guide.search(said("bags", "search_products"), Need().want("category", ["bags"]))
    assert isinstance(outcome, SlateShown)
    return outcome


def available(outcome: object) -> Available:
    assert isinstance(outcome, Available)
    return outcome


def test_in_stock_with_what_is_left(shop: Shop, slate: SlateShown) -> None:
    turn = said("is the second in stock", "check_availability", mention("ordinal", 2), current_slate=slate.slate_id)
    outcome = available(shop.guide.availability(turn, Need()))
    assert (outcome.product.sku, outcome.position, outcome.instead) == (slate.items[1].product.sku, 2, None)
    assert stock_words(outcome, shop.guide.wording())["left"] == "only 3 left"


def test_sold_out_with_what_is_like_it(shop: Shop) -> None:
    gone = next(one for one in products() if not one.in_stock)
    outcome = available(shop.guide.availability(said("is it there", "check_availability"), Need(), gone.sku))
    assert not outcome.product.in_stock
    assert outcome.instead is not None and 0 < len(outcome.instead.items) <= 3
    for shown in outcome.instead.items:
        assert shown.product.in_stock and shown.product.category == gone.category
    assert outcome.instead.slate_id in shop.feedback.slates


def test_another_colour_is_a_variant_or_none() -> None:
    made = [
        Product(
            Sku(colour),
            f"Kestrel Fjell backpack, {colour}",
            brand="Kestrel",
            category=("Bags", "Backpacks"),
            stock=stock,
            group_id="fjell",
            facets={"colour": (colour,), "size": ("M", "L")},
        )
        for colour, stock in (("Red", 2), ("Blue", 9), ("Green", 0))
    ]
    other = Product(
        Sku("x"), "Orba tripod", brand="Orba", category=("Cameras", "Tripods"), facets={"colour": ("Black",)}
    )
    shop = Shop(CatalogueIndex([*made, other]))

    def ask(text: str, facet: str, value: str) -> Available:
        return available(
            shop.guide.availability(said(text, "check_availability", mention(facet, value)), Need(), Sku("Red"))
        )

    in_blue = ask("do you have it in blue", "colour", "blue")
    assert in_blue.variant is not None and in_blue.variant.sku == "Blue"
    assert stock_words(in_blue, shop.guide.wording())["wanted"] == "in blue"
    in_green = ask("do you have it in green", "colour", "green")
    assert in_green.variant is not None and not in_green.variant.in_stock
    in_pink = ask("do you have it in pink", "colour", "pink")
    assert in_pink.variant is None and in_pink.lacking == {"colour": ("pink",)}
    assert set(in_pink.choices["colour"]) == {"red", "blue"}, "green is sold out"
    in_l = ask("do you have it in L", "size", "l")
    assert in_l.variant is None and not in_l.lacking and in_l.asked == {"size": ("l",)}
    assert stock_words(in_l, shop.guide.wording())["wanted"] == "in size L"


def test_a_question_about_no_product_is_a_search(shop: Shop) -> None:
    turn = said("do you have red bags", "check_availability", mention("category", "bags"), mention("colour", "red"))
    outcome = shop.guide.availability(turn, Need())
    assert isinstance(outcome, SlateShown)
    assert all(shown.product.facets["colour"] == ("Red",) for shown in outcome.items)
    assert shop.guide.availability(said("is it in stock", "check_availability"), Need()) == NoSlate()


def test_what_is_reduced_of_what_is_looked_for(shop: Shop, slate: SlateShown) -> None:
    need = Need().want("category", ["bags"])
    outcome = shop.guide.promotions(said("any deals?", "ask_promotions", current_slate=slate.slate_id), need)
    assert isinstance(outcome, SlateShown) and outcome.note == "reduced"
    assert outcome.items
    for shown in outcome.items:
        product = shown.product
        assert product.list_price is not None and product.price is not None and product.list_price > product.price
        assert "Bags" in product.category
    reduced = [p for p in products() if p.list_price is not None and "Bags" in p.category and p.in_stock]
    assert outcome.total == len(reduced)


def test_nothing_reduced_of_a_kind(shop: Shop) -> None:
    need = Need().want("category", ["bags"]).want("colour", ["red"]).want("brand", ["norwell"])
    outcome = shop.guide.promotions(said("deals?", "ask_promotions"), need.want("audience", ["men"]))
    assert isinstance(outcome, NotReduced)
    assert outcome.elsewhere == sum(p.list_price is not None and p.in_stock for p in products())


def test_whether_one_product_is_reduced(shop: Shop, slate: SlateShown) -> None:
    turn = said("is the first on sale", "ask_promotions", mention("ordinal", 1), current_slate=slate.slate_id)
    outcome = shop.guide.promotions(turn, Need())
    assert outcome == OnSale((slate.items[0].product,))


def test_reductions_in_words(shop: Shop) -> None:
    product = next(p for p in products() if p.list_price is not None)
    wording = shop.guide.wording()
    assert reduction_words(product, wording, NOW)["percent"] == "50"
    until = replace(product, sale_ends=datetime(2026, 3, 31, 23, 59, tzinfo=UTC))
    assert until_words(until, wording, NOW) == " until 31 March 2026"
    assert until_words(until, wording, NOW + timedelta(days=60)) == "", "a day that has passed is not told"
    assert until_words(product, wording, NOW) == ""
