"""Outcomes in words: true, complete enough to shop by, and free of what the reader knows already."""

from typing import Any

import pytest

from shopguide.catalogue.index import CatalogueIndex
from shopguide.catalogue.product import Product
from shopguide.conversation.answers import Answer
from shopguide.conversation.need import Bounds, Need
from shopguide.conversation.outcomes import Explained, ProfileShown, Relaxation, Shown, SlateShown
from shopguide.conversation.phrases import phrases
from shopguide.conversation.question import question_about
from shopguide.conversation.reasons import reason_text
from shopguide.conversation.telling import (
    explanation_words,
    option_title,
    profile_words,
    question_buttons,
    question_words,
    relaxation_buttons,
    relaxation_words,
    slate_words,
)
from shopguide.conversation.wording import Wording, money, plural
from shopguide.ids import SlateId
from shopguide.profiles.preferences import TasteProfile
from shopguide.recommender.types import Reason


@pytest.fixture
def wording(index: CatalogueIndex) -> Wording:
    return Wording(index, phrases("en"), "EUR")


def matches(colour: str, price: float = 60.0) -> Reason:
    return Reason(
        "matches",
        {
            "constraints": [
                {"facet": "colour", "op": "in", "values": ["blue"], "actual": [colour]},
                {"facet": "price", "op": "<=", "value": 80.0, "actual": price},
            ]
        },
    )


def slate(
    index: CatalogueIndex, products: list[Product], reasons: list[Reason] | None = None, **more: Any
) -> SlateShown:
    told = reasons or [matches("blue") for _ in products]
    items = tuple(Shown(p, n, (r,)) for n, (p, r) in enumerate(zip(products, told, strict=True), 1))
    fields: dict[str, Any] = {"total": 37, "remaining": 32, "policy": "p", "model_version": "v"} | more
    need = fields.pop("need", Need().want("category", ["shoes"]).want("colour", ["blue"]))
    return SlateShown(SlateId("s"), "search_products", need, items, **fields)


@pytest.mark.parametrize(
    ("need", "words"),
    [
        (Need(), "products"),
        (
            Need().want("category", ["loafers"]).want("colour", ["navy blue"]).want("audience", ["men"]),
            "navy blue loafers for men",
        ),
        (
            Need().want("category", ["handbags"]).want("brand", ["kestrel", "norwell"]).exclude("colour", ["red"]),
            "Kestrel or Norwell handbags but not red",
        ),
        (Need().want("category", ["running shoes"]).want("occasion", ["running"]), "running shoes"),
        (Need().want("category", ["bags"]).within("price", Bounds(20, 60)), "bags between €20 and €60"),
        (Need().want("category", ["bags"]).within("price", Bounds(high=49.9)), "bags up to €49.90"),
        (Need().want("category", ["bags"]).within("capacity", Bounds(low=20)), "bags with capacity from 20 l"),
        (Need().want("category", ["bags"]).want("waterproof", ["yes"]), "bags (waterproof)"),
        (Need().within("rating", Bounds(low=4)), "products rated 4 or better"),
        (Need(words="kx-45 laces").want("category", ["loafers"]), "loafers matching “kx-45 laces”"),
        (Need(words="comfy").want("category", ["loafers"]), "loafers"),
    ],
)
def test_a_need_in_words(wording: Wording, need: Need, words: str) -> None:
    assert wording.noun(need) == words


def test_money_and_plurals() -> None:
    assert [money(50, "EUR"), money(49.9, "USD"), money(1234.5, "CHF")] == ["€50", "$49.90", "1,234.50 CHF"]
    assert [plural(n) for n in ("notebook", "watch", "battery", "shoes", "tray", "")] == [
        "notebooks", "watches", "batteries", "shoes", "trays", "",
    ]  # fmt: skip


def test_a_slate_says_what_sets_its_products_apart(index: CatalogueIndex, wording: Wording) -> None:
    rows = [0, 7, 9]
    shown = [index.product(index.skus[row]) for row in rows]
    words = slate_words(slate(index, shown, [matches("blue"), matches("navy blue"), matches("blue")]), wording)
    assert words["summary"] == "3 of 37 blue shoes"
    cheapest = min(range(3), key=lambda n: shown[n].price or 0)
    assert f"umber {cheapest + 1} is the cheapest at €" in words["distinct"]
    lines = words["lines"].splitlines()
    assert [line.split(".")[0] for line in lines] == ["1", "2", "3"]
    for product, line in zip(shown, lines, strict=True):
        assert product.title in line
        assert money(float(product.price or 0), "EUR") in line
    # Only the second is navy; that all cost no more than €80 tells none apart.
    assert "navy blue" in lines[1]
    assert "no more than" not in words["lines"]
    # The first is reduced, which stands with the price.
    assert "instead of" in lines[0]


def test_a_lone_product_is_told_with_its_reasons(index: CatalogueIndex, wording: Wording) -> None:
    words = slate_words(slate(index, [index.product(index.skus[3])], total=1, remaining=0), wording)
    assert words["summary"] == "the only blue shoes I have"
    assert "no more than €80" in words["lines"]
    assert words["distinct"] == ""


def test_notes(index: CatalogueIndex, wording: Wording) -> None:
    anchor = index.product(index.skus[1])
    outcome = slate(index, [anchor], gave_way=("colour",), missing_words=("zz9",), anchor=anchor)
    note = slate_words(outcome, wording)["note"]
    assert "colour" in note
    assert "“zz9”" in note
    assert anchor.title in note


def test_catalogue_text_is_data(index: CatalogueIndex, wording: Wording) -> None:
    title = "{lines} <b>Bold</b>\n2. {0}"
    product = Product(index.skus[0], title)
    words = slate_words(slate(index, [product]), wording)
    # One line stays one line, and braces are not filled in.
    assert words["lines"].splitlines()[0].startswith("1. {lines} <b>Bold</b> 2. {0}")
    assert len(words["lines"].splitlines()) == 1


def test_a_question_names_its_answers(index: CatalogueIndex, wording: Wording) -> None:
    need = Need().want("category", ["shoes"])
    question = question_about("audience", need, index, index.matching(need.constraints()))
    assert question is not None
    words = question_words(question, need, wording)
    assert words["lead"] == "I have 90 shoes. "
    assert words["options"] == "men, unisex or women"
    buttons = question_buttons(question, wording)
    assert [button["title"] for button in buttons] == ["Men", "Unisex", "Women", "Doesn't matter"]
    assert buttons[-1]["payload"] == '/inform_preference{"answer":"audience=*"}'
    assert question_words(question, Need(), wording)["lead"] == ""


def test_ranges_on_buttons(wording: Wording) -> None:
    bounds = [Bounds(high=50), Bounds(50, 100), Bounds(low=100)]
    titles = [option_title(Answer("price", "bounds", bounds=held), wording) for held in bounds]
    assert titles == ["Up to €50", "€50 to €100", "€100 and up"]
    assert option_title(Answer("waterproof", "want", "yes"), wording) == "Yes"


def test_relaxations_say_what_they_bring(wording: Wording) -> None:
    found = (
        Relaxation(("price",), 3, Bounds(high=60)),
        Relaxation(("colour", "brand"), 12),
        Relaxation(("rating",), 2, Bounds(low=3.5)),
    )
    assert relaxation_words(found, wording) == "up to €60: 3; any colour and brand: 12; rated 3.5 or better: 2"
    buttons = relaxation_buttons(found, wording)
    assert [button["title"] for button in buttons] == [
        "Up to €60 (3)",
        "Any colour and brand (12)",
        "3.5 stars and up (2)",
    ]
    assert buttons[1]["payload"] == '/inform_preference{"answer":"colour=*;brand=*"}'


@pytest.mark.parametrize(
    ("reason", "text"),
    [
        (Reason("text", {"words": ["c65", "toner"]}), "mentions “c65” and “toner”"),
        (Reason("taste", {"facet": "brand", "value": "kestrel", "source": "profile"}), "you tend to like Kestrel"),
        (Reason("taste", {"facet": "colour", "value": "navy blue", "source": "wish"}), "navy blue, as you wished"),
        (Reason("history", {"title": "T", "event": "purchase"}), "goes with the T you bought"),
        (Reason("history", {"title": "T", "event": "view"}), "similar to the T you looked at"),
        (Reason("similar", {"title": "T"}), "similar to the T"),
        (Reason("rated", {"rating": 4.6, "count": 210}), "4.6 stars from 210 reviews"),
        (Reason("reduced", {"percent": 20}), "reduced by 20 %"),
        (Reason("popular", {"top_percent": 2}), "popular with other shoppers"),
        (matches("navy blue"), "navy blue, no more than €80"),
        (Reason("matches", {"constraints": []}), ""),
    ],
)
def test_reasons_in_words(wording: Wording, reason: Reason, text: str) -> None:
    assert reason_text(reason, wording) == text


def test_an_explanation_begins_with_what_was_asked_for(index: CatalogueIndex, wording: Wording) -> None:
    reasons = (Reason("popular"), matches("blue"))
    told = explanation_words(Explained(index.product(index.skus[0]), 1, reasons, Need()), wording)
    assert told == "blue, no more than €80 and popular with other shoppers"


def test_tastes_in_words(wording: Wording) -> None:
    taste = TasteProfile(weights={"brand": {"kestrel": 0.7, "norwell": -0.9}, "colour": {"red": 0.01}})
    assert profile_words(ProfileShown(taste, Need()), wording) == "- brand: Kestrel, not Norwell"
    assert profile_words(ProfileShown(TasteProfile(), Need()), wording) == ""
