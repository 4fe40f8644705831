"""The checker of the guarantee finds what is planted, and nothing where nothing is."""

from dataclasses import replace

import pytest

from shopguide.catalogue.constraints import Constraint
from shopguide.catalogue.index import CatalogueIndex
from shopguide.evaluation.dialogue.client import Reply
from shopguide.evaluation.dialogue.guarantee import CONSTRAINT, FACT, SILENCE, Checker
from shopguide.evaluation.dialogue.shopper import Message
from tests.unit.evaluation.simulated import catalogue, lexicon, question, slate

RED, BLUE = 0, 8


@pytest.fixture(scope="module")
def index() -> CatalogueIndex:
    return catalogue()


@pytest.fixture
def checker(index) -> Checker:
    return Checker(index, lexicon(index))


def kinds(checker: Checker, reply: Reply, said: str = "hello") -> list[str]:
    return [one.kind for one in checker.look(said, reply)]


def test_a_true_slate_passes(index, checker) -> None:
    held = [Constraint("colour", "in", ("red",)), Constraint("price", "<=", value=60.0)]
    assert checker.look("red ones", slate(index, [0, 1, 2], held, colour=["red"], price_max=60)) == []
    assert checker.counts["facts"] > 30


def test_silence_is_found(checker) -> None:
    assert kinds(checker, Reply()) == [SILENCE]
    assert kinds(checker, Reply((" \n",))) == [SILENCE]


def test_a_product_against_the_stated_constraints_is_found(index, checker) -> None:
    found = checker.look("red ones", slate(index, [RED, BLUE], [Constraint("colour", "in", ("red",))]))
    assert [(one.kind, one.what) for one in found] == [(CONSTRAINT, "p08 does not satisfy colour in ['red']")]


def test_a_product_against_what_was_understood_is_found(index, checker) -> None:
    assert kinds(checker, slate(index, [RED, BLUE], colour=["red"])) == [CONSTRAINT]
    assert kinds(checker, slate(index, [RED, BLUE], excluded={"colour": ["blue"]})) == [CONSTRAINT]
    assert kinds(checker, slate(index, [RED, 40], price_max=100.0)) == [CONSTRAINT]


def test_what_the_reply_says_it_left_open_is_none(index, checker) -> None:
    lines = slate(index, [BLUE]).text
    told = slate(index, [BLUE], text=f"There is nothing with that colour, so I left it open. {lines}", colour=["red"])
    assert kinds(checker, told) == []
    unchecked = f"Not every size and colour is listed here, so please check that on the product's page. {lines}"
    assert kinds(checker, slate(index, [BLUE], text=unchecked, colour=["red"])) == []
    other = f"Not every size is listed here, so please check that on the product's page. {lines}"
    assert kinds(checker, slate(index, [BLUE], text=other, colour=["red"])) == [CONSTRAINT]


def test_a_profile_is_about_the_shopper(checker) -> None:
    profile = Reply(("This is what I remember: up to €85, 13 products opened.",), ({"type": "profile", "tastes": []},))
    assert kinds(checker, profile) == []


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("title", "Gold lamp"),
        ("price", 19.0),
        ("list_price", 99.0),
        ("rating", 5.0),
        ("brand", "Pemba"),
        ("in_stock", False),
    ],
)
def test_a_field_that_the_database_does_not_hold_is_found(index, checker, field, value) -> None:
    reply = slate(index, [RED])
    reply.payloads[0]["items"][0][field] = value
    assert FACT in kinds(checker, reply)


def test_a_facet_that_the_database_does_not_hold_is_found(index, checker) -> None:
    for facet, value in (("colour", "blue"), ("weight", 7.0), ("material", ["steel", "gold"])):
        reply = slate(index, [RED])
        reply.payloads[0]["items"][0]["facets"][facet] = value
        assert kinds(checker, reply) == [FACT]


def test_a_product_that_is_not_sold_is_found(index, checker) -> None:
    reply = slate(index, [RED])
    reply.payloads[0]["items"][0]["sku"] = "nowhere"
    assert FACT in kinds(checker, reply)


def test_a_price_that_nothing_has_is_found(index, checker) -> None:
    assert kinds(checker, slate(index, [RED], text="The cheapest is €19.50.")) == [FACT]
    assert kinds(checker, slate(index, [RED], text="The cheapest is 20 EUR.")) == []


def test_a_price_of_the_shoppers_own_may_be_said_back(index, checker) -> None:
    reply = Reply(("Nothing under €12, sorry.",))
    assert kinds(checker, reply, "lamps under 12") == []
    assert kinds(checker, reply, "lamps") == [FACT]


def test_a_number_out_of_nowhere_is_found(index, checker) -> None:
    assert kinds(checker, slate(index, [RED], text="It has 99 reviews.")) == [FACT]
    assert kinds(checker, slate(index, [RED], text="It has 12 reviews.")) == []


def test_a_count_is_counted_again(index, checker) -> None:
    red = replace(question("brand=orlo", "brand=pemba"), slots={"colour": ["red"]})
    assert kinds(checker, replace(red, texts=("I have 16: Orlo (8) or Pemba (8)?",))) == []
    assert kinds(checker, replace(red, texts=("I have 17 of them.",))) == [FACT]


def test_a_value_in_a_line_that_the_product_lacks_is_found(index, checker) -> None:
    title = index.product(index.skus[RED]).title
    assert kinds(checker, slate(index, [RED], text=f"1. {title}, €20 (glass)")) == [FACT]
    assert kinds(checker, slate(index, [RED], text=f"1. {title}, €20 (steel)")) == []


def test_the_title_of_another_product_claims_nothing(index, checker) -> None:
    title, other = (index.product(index.skus[row]).title for row in (RED, BLUE))
    assert kinds(checker, slate(index, [RED], text=f"1. {title}, €20 (goes with the {other})")) == []


def test_conversations_are_reported(index, checker) -> None:
    check = checker.conversation()
    check(Message("red ones", "open"), slate(index, [RED]))
    check(Message("and?", "more"), Reply())
    found = checker.report()
    assert (found["conversations"], found["turns"]) == (1, 2)
    assert found["violations"] == {CONSTRAINT: 0, FACT: 0, SILENCE: 1}
    assert found["found"][0]["said"] == "and?"


def test_each_of_two_slates_has_lines_of_its_own(index, checker) -> None:
    red, blue = slate(index, [RED]), slate(index, [BLUE])
    lines = ("1. A lamp, €20 (red)", "1. A lamp, €20 (blue)")
    prices = {item["price"] for one in (red, blue) for item in one.payloads[0]["items"]}
    lines = tuple(line.replace("€20", f"€{price:g}") for line, price in zip(lines, sorted(prices) * 2, strict=False))
    payloads = (*red.payloads, *blue.payloads)
    assert kinds(checker, Reply(lines, payloads)) == []
    assert kinds(checker, Reply(lines[::-1], payloads)) == [FACT, FACT]
