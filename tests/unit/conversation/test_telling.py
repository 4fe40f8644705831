"""Outcomes in words: true, complete enough to shop by, and free of what the reader knows already."""

from dataclasses import replace
from decimal import Decimal
from typing import Any, get_args

import pytest

from shopguide.catalogue.index import CatalogueIndex
from shopguide.catalogue.product import Product
from shopguide.conversation.answers import Answer
from shopguide.conversation.need import Bounds, Need
from shopguide.conversation.outcomes import Explained, Relaxation, Shown, SlateShown
from shopguide.conversation.phrases import phrases
from shopguide.conversation.question import question_about
from shopguide.conversation.reasons import card_reasons, reason_text, why
from shopguide.conversation.telling import (
    explanation_words,
    open_words,
    option_title,
    question_buttons,
    question_words,
    relaxation_buttons,
    relaxation_words,
    slate_words,
)
from shopguide.conversation.wording import Wording, money, plural
from shopguide.ids import Sku, SlateId
from shopguide.recommender.types import Reason, ReasonKind


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
        (Need().want("category", ["bags"]).want("capacity", ["20"]), "bags with 20 l capacity"),
        (Need().want("category", ["footwear"]), "footwear products"),
        (Need().want("category", ["bags"]).exclude("waterproof", ["yes"]), "bags (without waterproof)"),
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


def test_few_products_are_counted_as_people_do(index: CatalogueIndex, wording: Wording) -> None:
    shown = [index.product(index.skus[row]) for row in range(3)]
    summaries = [slate_words(slate(index, shown[:n], total=n), wording)["summary"] for n in (1, 2, 3)]
    assert summaries == ["the only match for blue shoes", "the only two blue shoes", "all 3 blue shoes"]
    alone = slate_words(slate(index, shown[:1], total=1), wording)
    assert alone["noun"] == "blue shoes"
    assert alone["distinct"] == ""


def priced(index: CatalogueIndex, row: int, price: int, rating: float) -> Product:
    return replace(index.product(index.skus[row]), price=Decimal(price), list_price=None, rating=rating, rating_count=9)


def test_the_cheapest_that_is_also_the_best_is_named_once(index: CatalogueIndex, wording: Wording) -> None:
    both = [priced(index, 0, 50, 4.0), priced(index, 1, 30, 5.0)]
    words = slate_words(slate(index, both), wording)
    assert words["distinct"].startswith(" Number 2 is the cheapest at €30 and has the best reviews (5 stars)")
    apart = [priced(index, 0, 50, 5.0), priced(index, 1, 30, 4.0)]
    words = slate_words(slate(index, apart), wording)
    assert words["distinct"] == " Number 2 is the cheapest at €30; number 1 has the best reviews (5 stars)."


def test_a_line_tells_neither_the_need_nor_the_title_again(index: CatalogueIndex, wording: Wording) -> None:
    product = Product(index.skus[0], "Women's knit " + "very " * 40 + "long")
    asked = [
        {"facet": "category", "op": "in", "values": ["shoes"], "actual": ["shoes", "loafers"]},
        {"facet": "audience", "op": "in", "values": ["men"], "actual": ["unisex"]},
        {"facet": "brand", "op": "in", "values": ["kestrel"], "actual": ["kestrel"]},
        {"facet": "price", "op": "<=", "value": 80.0, "actual": 60.0},
    ]
    shown = slate(index, [product], [Reason("matches", {"constraints": asked})], total=1)
    (line,) = slate_words(shown, wording)["lines"].splitlines()
    assert line.endswith("… (unisex)")
    assert len(line) < 120


def test_cards_tell_what_the_title_does_not(wording: Wording) -> None:
    asked = [
        {"facet": "category", "op": "in", "values": ["shoes"], "actual": ["shoes", "loafers"]},
        {"facet": "colour", "op": "in", "values": ["blue"], "actual": ["blue"]},
        {"facet": "audience", "op": "in", "values": ["men"], "actual": ["men"]},
        {"facet": "price", "op": "<=", "value": 60.0, "actual": 52.0},
    ]
    reasons = [Reason("matches", {"constraints": asked})]
    assert [text for _, text in card_reasons(reasons, "Blue women's shoes", wording)] == ["for men, under €60"]
    assert [text for _, text in card_reasons(reasons, "Men's shoes, blue", wording)] == ["under €60"]
    told = [text for _, text in card_reasons([Reason("matches", {"constraints": asked[:2]})], "Blue loafers", wording)]
    # Better what they know than nothing at all.
    assert told == ["loafers, blue"]


@pytest.mark.parametrize(
    ("paths", "category", "words"),
    [
        ([("notebook",), ("monitor",)], "notebook", "notebooks"),
        ([("footwear",), ("monitor",)], "footwear", "footwear"),
        ([("personal care",), ("monitor",)], "personal care", "personal care"),
        # A department is a label, and so is what a shop left in the singular among its plurals.
        ([("outdoor", "tent"), ("beauty", "perfume")], "outdoor", "outdoor"),
        ([("outdoor", "tent"), ("beauty", "perfume")], "tent", "tents"),
        # A root that its kinds are called after is a thing.
        ([("monitor", "computer monitor"), ("lamp", "desk lamp")], "monitor", "monitors"),
        ([("care", "lipsticks"), ("care", "mascaras"), ("care", "nail varnish")], "nail varnish", "nail varnish"),
    ],
)
def test_kinds_are_called_as_the_shop_calls_them(paths: list[tuple[str, ...]], category: str, words: str) -> None:
    made = [Product(Sku(str(n)), "thing", category=path) for n, path in enumerate(paths)]
    assert Wording(CatalogueIndex(made), phrases("en"), "EUR").kind(category) == words


def test_many_values_are_told_truly(wording: Wording) -> None:
    assert wording.values("size", [str(size) for size in range(39, 48)]) == "39 to 47"
    assert wording.values("size", ["s", "m"]) == "s and m"
    assert wording.values("feature", list("abcdef")) == "a, b, c and 3 more"


def test_a_bound_nobody_named_is_explained(index: CatalogueIndex, wording: Wording) -> None:
    outcome = slate(index, [index.product(index.skus[0])], measured={"price": "down", "capacity": "up"})
    note = slate_words(outcome, wording)["note"]
    assert note == "You named no limit, so I kept to the cheaper 40 %. I kept to the 40 % with the highest capacity. "


def test_what_is_still_open_in_words(wording: Wording) -> None:
    assert open_words(("price", "audience", "season"), wording) == "a price, who it is for or the season"
    assert open_words((), wording) == "what you do not want"


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
    assert words["options"] == "men or women"
    buttons = question_buttons(question, wording)
    assert [button["title"] for button in buttons] == ["Men (30)", "Women (30)", "Doesn't matter"]
    assert buttons[-1]["payload"] == '/inform_preference{"answer":"audience=*"}'
    assert question_words(question, Need(), wording)["lead"] == ""


def test_ranges_on_buttons(wording: Wording) -> None:
    bounds = [Bounds(high=50), Bounds(50, 100), Bounds(low=100)]
    titles = [option_title(Answer("price", "bounds", bounds=held), wording) for held in bounds]
    assert titles == ["Up to €50", "€50 to €100", "€100 and up"]
    assert option_title(Answer("waterproof", "want", "yes"), wording) == "Yes"


def test_relaxations_say_what_they_bring(wording: Wording) -> None:
    need = Need().want("feature", ["wireless"]).want("waterproof", ["yes"]).within("price", Bounds(high=50))
    found = (
        Relaxation(("price",), 3, Bounds(high=60)),
        Relaxation(("colour", "brand"), 12),
        Relaxation(("rating",), 1, Bounds(low=3.5)),
        Relaxation(("feature",), 1050),
        Relaxation(("waterproof",), 4),
        Relaxation(("season",), 4),
        Relaxation(("colour", "brand", "feature", "price"), 5),
    )
    told = [relaxation_words((one,), need, wording) for one in found]
    assert told == [
        "3 at up to €60 instead of €50",
        "12 in any colour and of any brand",
        "one rated 3.5 or better",
        "1,050 without “wireless”",
        "4 if waterproof does not matter",
        "4 with any season",
        "5 if only the kind of product counts",
    ]
    assert relaxation_words(found[:2], need, wording) == f"{told[0]} and {told[1]}"
    buttons = relaxation_buttons(found[:6], need, wording)
    assert [button["title"] for button in buttons] == [
        "Up to €60 (3)",
        "Any colour and any brand (12)",
        "3.5 stars and up (1)",
        "Without wireless (1,050)",
        "Waterproof or not (4)",
        "Any season (4)",
    ]
    assert buttons[1]["payload"] == '/inform_preference{"answer":"colour=*;brand=*"}'


def test_what_most_have_instead_is_told_and_offered_behind_the_ways(wording: Wording) -> None:
    need = Need().want("colour", ["green"]).want("brand", ["kestrel"])
    some = Relaxation(("colour",), 12, mostly=("brown", 5))
    every, one = Relaxation(("brand",), 2, mostly=("norwell", 2)), Relaxation(("size",), 1, mostly=("38", 1))
    told = [relaxation_words((way,), need, wording) for way in (some, every, one)]
    assert told == ["12 in any colour (5 brown)", "2 of any brand (all Norwell)", "one in any size (38)"]
    titles = [button["title"] for button in relaxation_buttons((some, every, one), need, wording)]
    assert titles == ["Any colour (12)", "Any brand (2)", "Any size (1)", "Brown (5)"]


def test_a_floor_that_moves_is_told_as_one(wording: Wording) -> None:
    need = Need().within("capacity", Bounds(20, 30))
    way = Relaxation(("capacity",), 2, Bounds(15, 30))
    assert relaxation_words((way,), need, wording) == "2 with capacity from 15 l instead of 20 l"


@pytest.mark.parametrize(
    ("reason", "text"),
    [
        (Reason("text", {"words": ["c65", "toner"]}), "mentions “c65” and “toner”"),
        (Reason("taste", {"facet": "brand", "value": "kestrel", "source": "profile"}), "you tend to like Kestrel"),
        (Reason("taste", {"facet": "colour", "value": "navy blue", "source": "wish"}), "navy blue, as you wished"),
        (Reason("history", {"title": "T", "event": "purchase", "link": "similar"}), "similar to the T you bought"),
        (
            Reason("history", {"title": "T", "event": "like", "link": "together"}),
            "chosen together with the T you liked",
        ),
        (Reason("history", {"title": "T", "event": "view"}), "similar to the T you looked at"),
        (Reason("similar", {"title": "T"}), "similar to the T"),
        (Reason("rated", {"rating": 4.6, "count": 210}), "4.6 stars from 210 reviews"),
        (Reason("reduced", {"percent": 20}), "reduced by 20 %"),
        (Reason("popular", {"top_percent": 2}), "popular with other shoppers"),
        (matches("navy blue"), "navy blue, under €80"),
        (matches("blue", 80.0), "blue, within €80"),
        (Reason("matches", {"constraints": []}), ""),
    ],
)
def test_reasons_in_words(wording: Wording, reason: Reason, text: str) -> None:
    assert reason_text(reason, wording) == text


def test_an_explanation_begins_with_what_was_asked_for(index: CatalogueIndex, wording: Wording) -> None:
    bought = Reason("history", {"title": "T", "event": "purchase"})
    reasons = (Reason("popular"), bought, matches("blue"))
    told = explanation_words(Explained(index.product(index.skus[0]), 1, reasons, Need()), wording)
    wishes = "it fits what you asked for (blue, under €80)"
    assert told == f"{wishes}, it is similar to the T you bought and it is popular with other shoppers"


def test_a_rating_is_told_once(index: CatalogueIndex, wording: Wording) -> None:
    asked = [
        {"facet": "capacity", "op": ">=", "value": 10.0, "actual": 20.0},
        {"facet": "rating", "op": ">=", "value": 4.0, "actual": 4.6},
    ]
    reasons = (Reason("matches", {"constraints": asked}), Reason("rated", {"rating": 4.6, "count": 14}))
    product = index.product(index.skus[0])
    assert explanation_words(Explained(product, 1, reasons, Need()), wording) == (
        "it fits what you asked for (20 l capacity) and it has 4.6 stars from 14 reviews"
    )
    assert [text for _, text in card_reasons(reasons, "Bag", wording)] == [
        "20 l capacity",
        "4.6 stars from 14 reviews",
    ]
    alone = card_reasons(reasons[:1], "Bag", wording)
    assert [text for _, text in alone] == ["20 l capacity, rated 4.6"]


def test_the_product_in_mind_is_named_once(index: CatalogueIndex, wording: Wording) -> None:
    shown = [index.product(index.skus[row]) for row in (1, 2)]
    like = Reason("similar", {"title": "T"})
    outcome = slate(index, shown, [like, Reason("popular")], anchor=index.product(index.skus[0]))
    words = slate_words(outcome, wording)
    assert "similar" not in words["lines"]
    assert words["note"] == f"I kept the {index.product(index.skus[0]).title} in mind. "


@pytest.mark.parametrize(
    ("taste", "how", "times", "words"),
    [
        (("brand", "kestrel"), "like", 1, "you liked Kestrel before"),
        (("brand", "kestrel"), "purchase", 2, "you bought Kestrel twice"),
        (("colour", "blue"), "like", 1, "you liked something in blue before"),
        (("occasion", "sports"), "purchase", 4, "you bought something for sports 4 times"),
        (("colour", "blue"), "slot", 3, "you asked for blue 3 times"),
        (("colour", "blue"), "import", 1, "you tend to like blue"),
    ],
)
def test_a_taste_is_told_by_what_it_rests_on(
    wording: Wording, taste: tuple[str, str], how: str, times: int, words: str
) -> None:
    data = {"facet": taste[0], "value": taste[1], "source": "profile", "how": how, "times": times}
    assert reason_text(Reason("taste", data), wording) == words


def test_a_taste_of_somebody_else_is_told_as_theirs(wording: Wording) -> None:
    data = {"facet": "colour", "value": "blue", "source": "profile", "how": "slot", "times": 1, "recipient": "dad"}
    assert reason_text(Reason("taste", data), wording) == "blue, as you asked for your dad before"


@pytest.mark.parametrize("kind", get_args(ReasonKind))
def test_every_kind_of_reason_can_follow_because(wording: Wording, kind: ReasonKind) -> None:
    data = {"title": "T", "words": ["w"], "facet": "brand", "value": "kestrel", "rating": 4.5, "count": 3, "percent": 5}
    reason = matches("blue") if kind == "matches" else Reason(kind, data)
    assert why(reason, wording).startswith(("it ", "you "))


def test_a_word_that_nothing_mentions_is_said_back(index: CatalogueIndex, wording: Wording) -> None:
    shown = [index.product(index.skus[0])]
    assert "“zorbex”" in slate_words(slate(index, shown, unheard=("zorbex",)), wording)["note"]
    assert slate_words(slate(index, shown), wording)["note"] == ""


def test_a_count_that_gives_way_is_named(index: CatalogueIndex) -> None:
    made = [replace(index.product(sku), facets={"persons": 2.0}, units={}) for sku in index.skus[:3]]
    counted = Wording(CatalogueIndex(made), phrases("en"), "EUR")
    need = Need().want("persons", ["4"])
    assert relaxation_words((Relaxation(("persons",), 3),), need, counted) == "3 with any number of persons"
    assert [button["title"] for button in relaxation_buttons((Relaxation(("persons",), 3),), need, counted)] == [
        "Any number of persons (3)"
    ]
