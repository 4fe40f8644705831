"""What a shop does not sell: which thing is asked for, whether products are called that, what is offered instead."""

import numpy as np
import pytest

from shopguide.catalogue.index import CatalogueIndex
from shopguide.catalogue.product import Product
from shopguide.conversation.asked import Thing, thing_asked
from shopguide.conversation.need import Need
from shopguide.conversation.outcomes import Ready, SlateShown, Unsold
from shopguide.conversation.turn import Mention
from shopguide.conversation.unsold import Sold, departments, nearest_kinds, sold
from shopguide.ids import Sku
from tests.unit.conversation.shop import Shop, mention, said

RED = mention("colour", "red")


@pytest.mark.parametrize(
    ("text", "mentions", "thing"),
    [
        ("do you have kayaks?", (), "kayaks"),
        ("hi, i'm looking for a kayak please", (), "kayak"),
        ("looking for a red kayak under 500", (RED, mention("price", 500)), "red kayak"),
        ("kayaks in red", (RED,), "kayaks"),
        ("kayak red", (RED,), "kayak"),
        ("can you help me find an inflatable kayak for two", (), "inflatable kayak"),
        ("my son wants a kayak", (), "kayak"),
        ("kayaks", (), "kayaks"),
        ("and what about kayaks then", (), "kayaks"),
        ("i need a cover for my backpack", (mention("category", "backpack"),), "cover"),
        ("a magnifying glass", (mention("material", "glass"),), "magnifying glass"),
        ("need a kayak asap", (), "kayak"),
        ("ok next: kayaks, the cheap ones", (), "kayaks"),
        ("hm. kayaks", (), "kayaks"),
        ("kayaks on the cheap", (), "kayaks"),
        ("actually no, kayaks", (), "kayaks"),
    ],
)
def test_the_thing_is_found(text: str, mentions: tuple[Mention, ...], thing: str) -> None:
    found = thing_asked(said(text, "search_products", *mentions))
    assert found is not None
    assert found.said == thing


@pytest.mark.parametrize(
    ("text", "mentions"),
    [
        ("do you have anything waterproof", ()),
        ("something elegant for a party", ()),
        ("a present for my boss", ()),
        ("any ideas?", ()),
        ("show me red", (RED,)),
        ("waterproof kayak bag", (mention("category", "bag"),)),
        ("backpacks for the kayak", (mention("category", "backpacks"),)),
        ("press on backpacks", (mention("category", "backpacks"),)),
        ("kayaks or backpacks", (mention("category", "backpacks"),)),
        ("my kayak sank last week", ()),
        ("she's into kayaking", ()),
        ("im lookign for a backpack", (mention("category", "backpack"),)),
        ("lookign for a backpack", (mention("category", "backpack"),)),
        ("i've started running, what do i need", ()),
        ("we're expecting a baby", ()),
        ("need to light up my hallway", ()),
        ("squirrels keep raiding the birds", ()),
        ("i want it waterproof and unbreakable", ()),
        ("/search_products", ()),
        ("", ()),
        ("looking for a backpack", (mention("category", "backpacks"),)),  # a value without a place in the text
    ],
)
def test_where_nothing_is_asked_for_by_an_unknown_name(text: str, mentions: tuple[Mention, ...]) -> None:
    assert thing_asked(said(text, "search_products", *mentions)) is None


def product(number: int, title: str, kind: str, description: str = "") -> Product:
    return Product(Sku(f"P{number}"), title, description=description, category=("Home", kind), stock=1)


@pytest.fixture(scope="module")
def home() -> CatalogueIndex:
    """Return a catalogue in which words stand in titles as nouns, before nouns, and in descriptions only."""
    return CatalogueIndex(
        [
            *(product(n, f"Fenn table lamp {n}", "Table lamps", "For your coffee corner") for n in range(4)),
            *(product(n, f"Holm wall bracket, {n} cm", "Hooks") for n in range(10, 14)),
            *(product(n, f"Holm tray {n}", "Trays", "Carries a teapot") for n in range(20, 24)),
        ]
    )


@pytest.mark.parametrize(
    ("words", "how"),
    [
        (("kayaks",), Sold.NO),
        (("lawn", "mower"), Sold.NO),
        (("brackets",), Sold.YES),
        (("wall", "bracket"), Sold.YES),
        (("bracekt",), Sold.YES),
        (("shower", "bracket"), Sold.MENTIONED),
        (("teapots",), Sold.MENTIONED),
        (("tray", "teapot"), Sold.MENTIONED),
        (("coffee", "teapot"), Sold.NO),
        (("tables",), Sold.NO),
        (("coffee", "table"), Sold.NO),
    ],
)
def test_a_thing_is_sold_if_titles_call_products_that(home: CatalogueIndex, words: tuple[str, ...], how: Sold) -> None:
    assert sold(Thing(words, " ".join(words), one=False), home) is how


def test_the_nearest_kinds_are_those_whose_products_are_like_it(home: CatalogueIndex) -> None:
    kayak = Thing(("kayak",), "kayak", one=True)
    like = np.full(len(home), 0.1, dtype=np.float32)
    assert nearest_kinds(kayak, home, like) == ()
    like[8:] = 0.42
    like[:4] = 0.39
    assert nearest_kinds(kayak, home, like) == ("trays", "table lamps")
    like[:4] = 0.31
    assert nearest_kinds(kayak, home, like) == ("trays",)


def test_without_an_encoder_shared_words_count(home: CatalogueIndex) -> None:
    assert nearest_kinds(Thing(("coffee", "table"), "coffee table", one=True), home, None) == ("table lamps",)
    assert nearest_kinds(Thing(("kayak",), "kayak", one=True), home, None) == ()
    assert departments(home) == ("home",)


def test_the_guide_says_that_there_is_none(shop: Shop) -> None:
    like = np.zeros(len(shop.index), dtype=np.float32)
    like[[i for i, sku in enumerate(shop.index.skus) if "Backpacks" in shop.index.product(sku).title]] = 0.5
    shop.recommender.like["kayak"] = like
    for_men = mention("audience", "men")
    turn = said("looking for a red kayak under 100 for men", "search_products", RED, mention("price", 100), for_men)
    outcome = shop.guide.consider(turn, Need())
    assert isinstance(outcome, Unsold)
    assert (outcome.thing, outcome.one, outcome.kinds, outcome.near) == ("red kayak", True, ("backpacks",), True)
    # Whom it is for stays; what a kayak may cost says nothing of what a backpack may cost.
    assert outcome.need == Need().want("audience", ["men"])
    assert not shop.recommender.requests


def test_nothing_near_offers_what_there_is(shop: Shop) -> None:
    outcome = shop.guide.consider(said("do you sell kayaks", "search_products"), Need())
    assert isinstance(outcome, Unsold)
    assert (outcome.kinds, outcome.near) == (("accessories", "footwear"), False)


def test_what_was_looked_for_before_stays(shop: Shop) -> None:
    need = Need().want("category", ["loafers"]).want("colour", ["blue"])
    outcome = shop.guide.consider(said("do you have kayaks", "search_products"), need)
    assert isinstance(outcome, Unsold)
    assert outcome.need == need


@pytest.mark.parametrize(
    ("intent", "question", "unsold"),
    [
        ("inform_preference", "category", True),
        ("out_of_scope", "category", True),
        ("inform_preference", "colour", False),
        ("out_of_scope", "colour", False),
        ("out_of_scope", None, False),
    ],
)
def test_a_word_is_a_thing_where_a_thing_was_asked_about(
    shop: Shop, intent: str, question: str | None, unsold: bool
) -> None:
    turn = said("kayaks", intent, open_question=question)
    assert isinstance(shop.guide.consider(turn, Need()), Unsold) is unsold


def test_a_thing_of_the_texts_is_looked_for_and_leaves_the_old_kind(shop: Shop) -> None:
    need = Need().want("category", ["backpacks"]).want("audience", ["men"]).want("colour", ["blue"])
    turn = said("do you have laces", "search_products")
    considered = shop.guide.consider(turn, need)
    assert isinstance(considered, Ready)
    assert considered.need.wanted == {"audience": ("men",)}
    assert considered.need.words == "laces"
    shown = shop.guide.search(turn, considered.need)
    assert isinstance(shown, SlateShown)
    assert shown.in_passing == "laces"
    assert all("laces" in item.product.description for item in shown.items[:1])


def test_what_a_thing_is_for_is_not_what_is_wanted(shop: Shop) -> None:
    turn = said("laces for my loafers", "search_products", mention("category", "loafers"))
    considered = shop.guide.consider(turn, Need())
    assert considered is not None
    assert "category" not in considered.need.wanted
    assert considered.need.words == "laces loafers"


def test_what_one_does_is_no_thing() -> None:
    assert thing_asked(said("i need one that shoots in the dark", "search_products")) is None
    steady = thing_asked(said("i need the front end to stay steady", "search_products"))
    assert steady is not None and steady.behaves
    kayaks = thing_asked(said("show me the kayaks", "search_products"))
    assert kayaks is not None and not kayaks.behaves


def test_how_a_part_should_be_leaves_no_search_behind(shop: Shop) -> None:
    turn = said("i need the soles to stay flexible", "search_products")
    need = Need().want("category", ["shoes"])
    considered = shop.guide.consider(turn, need)
    assert not isinstance(considered, Unsold)
    assert considered is not None
    assert considered.need.wanted["category"] == ("shoes",)
    assert isinstance(shop.guide.consider(turn, Need()), Unsold)
