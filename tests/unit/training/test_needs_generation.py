import random
from itertools import islice

import pytest

from lexicon.text import normalise
from shopguide.catalogue.index import CatalogueIndex
from shopguide.catalogue.product import Product
from shopguide.feedback.events import FeedbackEvent, Slate, SlateItem
from shopguide.ids import ShopperId, Sku, SlateId
from shopguide.recommender.texts import product_text
from shopguide.training.needs import NEGATIVES, NeedGenerator, misspell, slate_groups
from tests.unit.recommender.synthetic import START


def test_the_same_seed_draws_the_same_needs(index: CatalogueIndex) -> None:
    first, second = (list(islice(NeedGenerator(index, 5).groups(), 30)) for _ in range(2))
    assert first == second
    assert first != list(islice(NeedGenerator(index, 6).groups(), 30))


def test_a_need_is_answered_by_its_product_and_not_by_the_others(index: CatalogueIndex) -> None:
    frames = {"i", "need", "a", "looking", "for", "do", "you", "have", "in", "by", "with", "size"}
    groups = list(islice(NeedGenerator(index, 1).groups(), 200))
    assert len({group.need for group in groups}) > 100
    unspoilt = 0
    for group in groups:
        assert len(group.products) == 1 + NEGATIVES and len(set(group.products)) == 1 + NEGATIVES
        words = set(normalise(group.need).replace(",", " ").split()) - frames
        fitting, *others = (
            {*normalise(text).replace("|", " ").replace(".", " ").replace(",", " ").split()} for text in group.products
        )
        unspoilt += words <= fitting
        assert not any(words <= other for other in others)
    # The rest are misspelt on purpose.
    assert unspoilt > 0.7 * len(groups)


def test_a_product_of_which_nothing_is_known_asks_for_nothing() -> None:
    generator = NeedGenerator(CatalogueIndex([Product(Sku("x"), "Thing")]))
    assert all(generator.need(0) is None for _ in range(20))


@pytest.mark.parametrize("word", ["leather", "shoes", "nöel", "qqqq"])
def test_a_misspelt_word_is_one_slip_away(word: str) -> None:
    for seed in range(50):
        slipped = misspell(word, random.Random(seed))
        assert abs(len(slipped) - len(word)) <= 1
        assert len(set(slipped) ^ set(word)) <= 2


def a_slate(slate_id: str, need: str, skus: tuple[str, ...]) -> Slate:
    items = tuple(SlateItem(Sku(sku), position) for position, sku in enumerate(skus, 1))
    return Slate(
        SlateId(slate_id), ShopperId("s"), None, START, "search_products", "blend", "v", None, 3, items,
        state={"need": {"need_text": need, "colour": ["red"]}},
        constraints=({"facet": "colour", "op": "in", "values": ["red"]}, {"facet": "price", "op": "<=", "value": 9.0}),
    )  # fmt: skip


def test_what_was_passed_over_on_a_slate_is_what_stood_above_the_choice(index: CatalogueIndex) -> None:
    slates = {
        SlateId("1"): a_slate("1", "something blue", ("P001", "P002", "P003", "P004")),
        SlateId("2"): a_slate("2", "", ("P001", "P002")),
        SlateId("3"): a_slate("3", "top choice", ("P001", "P002")),
    }

    def event(slate: str, sku: str, kind: str = "click") -> FeedbackEvent:
        return FeedbackEvent(f"{slate}{sku}{kind}", kind, ShopperId("s"), START, Sku(sku), SlateId(slate))  # type: ignore[arg-type]

    events = [
        event("1", "P003"),
        event("1", "P002", "dislike"),
        event("2", "P002"),
        event("3", "P001"),
        event("lost", "P002"),
    ]
    (group,) = slate_groups(events, slates.get, index)
    assert group.need == "something blue red"
    assert group.products == tuple(product_text(index.product(Sku(sku))) for sku in ("P003", "P001", "P002"))
