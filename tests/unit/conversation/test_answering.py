"""Questions about products: facets first, then the sentence that answers, else an honest no."""

from collections.abc import Sequence
from dataclasses import replace
from decimal import Decimal

import numpy as np
import pytest

from lexicon.entries import FacetEntry, Lexicon, ValueEntry
from shopguide.catalogue.index import CatalogueIndex
from shopguide.catalogue.product import Product, Review
from shopguide.conversation.answering import passages
from shopguide.conversation.answering.answerer import Answerer
from shopguide.conversation.answering.outcomes import Answers, FacetAnswer, NotInData, PassageAnswer, ProductAnswer
from shopguide.conversation.answering.passages import Vectors, passages_of, sentences
from shopguide.conversation.answering.telling import answer_payload, answer_words, is_silent
from shopguide.conversation.phrases import phrases
from shopguide.conversation.wording import Wording
from shopguide.ids import Sku

BOOT = Product(
    sku=Sku("B1"),
    title="Norwell hiking boots",
    description="Made for wet leaves. A cobbler can replace the sole. Two years of warranty.",
    brand="Norwell",
    category=("Footwear", "Boots"),
    price=Decimal("89.50"),
    currency="EUR",
    stock=0,
    rating=4.4,
    rating_count=12,
    facets={
        "size": ("41", "42", "43"),
        "material": ("leather",),
        "feature": ("lined", "non-slip sole"),
        "waterproof": False,
        "vegan": True,
        "weight": 0.9,
        "led_indicators": ("N",),
    },
    units={"weight": "kg"},
    reviews=(Review(5, "Warm as toast. They squeak on tiles.", "Mina"), Review(2, "Too narrow.", None)),
)
OTHERS = [
    replace(BOOT, sku=Sku(f"B{n}"), title=f"Shoe {n}", facets={"material": ("cotton",), "feature": ("pockets",)})
    for n in range(2, 6)
]
WORDS = Lexicon(
    "EUR",
    "en",
    facets=(FacetEntry("weight", "number", ("weight", "heaviness"), "kg"),),
    values=(
        ValueEntry("material", "cotton", ("cotton",), 4),
        ValueEntry("material", "leather", ("leather", "cowhide"), 1),
        ValueEntry("feature", "pockets", ("pockets", "pocket"), 4),
    ),
)


def no_encoder(texts: Sequence[str]) -> Vectors | None:
    return None


@pytest.fixture(scope="module")
def index() -> CatalogueIndex:
    return CatalogueIndex([BOOT, *OTHERS])


def ask(index: CatalogueIndex, text: str) -> ProductAnswer:
    (found,) = Answerer(index, WORDS, no_encoder).answer(text, BOOT)
    return found


@pytest.mark.parametrize(
    ("text", "facet", "verdict"),
    [
        ("are they waterproof?", "waterproof", "no"),
        ("Are they VEGAN??", "vegan", "yes"),
        ("how heavy are they", "weight", "value"),
        ("what's the weight", "weight", "value"),
        ("do they come in 43?", "size", "yes"),
        ("do you have them in a 45", "size", "unlisted"),
        ("which sizes are there", "size", "value"),
        ("what are they made of?", "material", "value"),
        ("is it cowhide?", "material", "yes"),
        ("are they cotton?", "material", "unlisted"),
        ("do the boots have pockets?", "feature", "unlisted"),
        ("are they lined?", "feature", "yes"),
        ("how much do they cost", "price", "value"),
        ("who makes them?", "brand", "value"),
        ("what is the rating?", "rating", "value"),
        ("i like the colour, but are they waterproof?", "waterproof", "no"),
    ],
)
def test_facets_answer(index: CatalogueIndex, text: str, facet: str, verdict: str) -> None:
    found = ask(index, text)
    assert isinstance(found, FacetAnswer)
    assert (found.facet, found.verdict) == (facet, verdict)


def test_a_flag_that_the_data_does_not_have_is_not_denied(index: CatalogueIndex) -> None:
    bare = replace(BOOT, facets={"size": ("41",)})
    (found,) = Answerer(index, WORDS, no_encoder).answer("are they waterproof?", bare)
    assert isinstance(found, NotInData)


def test_a_part_of_the_product_is_not_the_product(index: CatalogueIndex) -> None:
    assert isinstance(ask(index, "what are the laces made of?"), NotInData)
    assert isinstance(ask(index, "how heavy is the box?"), NotInData)


@pytest.mark.parametrize(
    ("text", "source", "words"),
    [
        ("can a cobbler replace the sole?", "description", "cobbler"),
        ("do they squeak on tiles?", "review", "squeak"),
        ("is there a warranty?", "description", "warranty"),
    ],
)
def test_sentences_answer_what_no_facet_does(index: CatalogueIndex, text: str, source: str, words: str) -> None:
    found = ask(index, text)
    assert isinstance(found, PassageAnswer)
    assert found.source == source
    assert words in found.text


def test_a_sentence_that_means_the_same_answers_with_an_encoder(index: CatalogueIndex) -> None:
    def encode(texts: Sequence[str]) -> Vectors:
        warm = np.array([[1.0, 0.0] if {"cold", "toast"} & set(t.strip(".").split()) else [0.0, 1.0] for t in texts])
        return warm.astype(np.float32)

    (found,) = Answerer(index, WORDS, encode).answer("do i get cold in them", BOOT)
    assert found == PassageAnswer(BOOT, "Warm as toast.", "review", "Mina")
    assert isinstance(ask(index, "do i get cold in them"), NotInData)


@pytest.mark.parametrize("text", ["", "???", "are they", "do they come with a whistle", "x" * 5000, "/ask{}", "𝔘 ™"])
def test_nothing_is_made_up(index: CatalogueIndex, text: str) -> None:
    assert isinstance(ask(index, text), NotInData)


def test_sentences_stay_short_enough_to_quote() -> None:
    long = "word " * 500
    assert all(len(one) <= passages.LONGEST + 2 for one in sentences(long + ". Short one."))
    assert sentences("One. Two! Three?\nFour") == ["One.", "Two!", "Three?", "Four"]
    assert sentences("") == []
    many = replace(BOOT, description="A b c. " * 1000)
    assert len(passages_of(many)) <= passages.MOST_SENTENCES


def test_words_quote_and_add_nothing(index: CatalogueIndex) -> None:
    wording = Wording(index, phrases("en"), "EUR")
    answerer = Answerer(index, WORDS, no_encoder)

    def told(text: str) -> str:
        return answer_words(Answers(text, (answerer.answer(text, BOOT),)), wording)["facts"]

    assert told("are they waterproof") == "No. The data of the Norwell hiking boots says “waterproof: no”."
    assert told("how heavy are they") == "Weight of the Norwell hiking boots: 0.9 kg."
    assert "41, 42 and 43; 45 is not among it" in told("do you have a size 45")
    assert "€89.50" in told("what do they cost")
    assert "sold out" in told("are they in stock")
    assert told("do they squeak").endswith("by Mina says: “They squeak on tiles.”")
    assert "says: “Too narrow.”" in told("are they narrow")
    assert "don't find" in told("is there a whistle")


def test_several_products_are_answered_one_by_one(index: CatalogueIndex) -> None:
    wording = Wording(index, phrases("en"), "EUR")
    answerer = Answerer(index, WORDS, no_encoder)
    asked = "are they waterproof"
    outcome = Answers(asked, tuple(answerer.answer(asked, product) for product in (BOOT, OTHERS[0])))
    lines = answer_words(outcome, wording)["facts"].splitlines()
    assert len(lines) == 2
    assert "no" in lines[0]
    assert "don't find" in lines[1]
    assert not is_silent(outcome)
    assert [item["kind"] for item in answer_payload(outcome, wording)["items"]] == ["facet", "none"]
