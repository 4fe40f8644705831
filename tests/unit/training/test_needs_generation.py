import random
from itertools import islice

import pytest

from shopguide.catalogue.index import CatalogueIndex
from shopguide.catalogue.product import Product
from shopguide.catalogue.textsearch import tokens
from shopguide.ids import Sku
from shopguide.training.needs import NEGATIVES, Group, NeedGenerator
from shopguide.training.rerankfit import NeedSource, RerankParameters
from shopguide.training.stuffing import STUFFINGS
from shopguide.training.wording import LONG, Wording, misspell, tidied
from tests.unit.recommender.synthetic import make_products


def test_the_same_seed_draws_the_same_needs(index: CatalogueIndex) -> None:
    first, second = (list(islice(NeedGenerator(index, 5).groups(), 30)) for _ in range(2))
    assert first == second
    assert first != list(islice(NeedGenerator(index, 6).groups(), 30))


def test_a_need_is_answered_by_its_product_and_not_by_the_others(index: CatalogueIndex) -> None:
    generator = NeedGenerator(index, 1, hostile=False)
    rows = {generator.text(row): row for row in range(len(index))}
    needs = set()
    for row, need in islice(generator.needs(), 200):
        assert generator.answers(row, need), (need, generator.text(row))
        group = generator.group(row, need)
        if group is None:
            # Nothing is left that does not answer.
            assert sum(generator.answers(other, need) for other in range(len(index))) > len(index) / 2
            continue
        assert group.need == need.text
        assert len(group.products) == 1 + NEGATIVES == len(set(group.products))
        assert rows[group.products[0]] == row
        assert not any(generator.answers(rows[text], need) for text in group.products[1:])
        needs.add(need.text)
    assert len(needs) > 100


def test_hostile_groups_have_slips_and_stuffed_texts_and_others_have_none(index: CatalogueIndex) -> None:
    def strange(*, hostile: bool) -> tuple[int, int, int]:
        generator = NeedGenerator(index, 3, hostile=hostile)
        known = {generator.text(row) for row in range(len(index))}
        groups = list(islice(generator.groups(), 300))
        fitting = sum(group.products[0] not in known for group in groups)
        others = sum(any(text not in known for text in group.products[1:]) for group in groups)
        letters = {token for row in known for token in tokens(row)}
        unknown = sum(any(token not in letters for token in tokens(group.need)) for group in groups)
        return fitting, others, unknown

    fitting, others, slips = strange(hostile=True)
    assert 0 < fitting < others < 150
    assert strange(hostile=False)[:2] == (0, 0)
    assert slips > strange(hostile=False)[2]


def test_a_need_that_is_left_out_is_not_drawn_in_any_form(index: CatalogueIndex) -> None:
    drawn = [need.text for _, need in islice(NeedGenerator(index, 2).needs(), 300)]
    short = next(text for text in drawn if len(text.split()) == 2)
    turned = " ".join(reversed(short.upper().split()))
    left = [need.text for _, need in islice(NeedGenerator(index, 2, left_out=[turned]).needs(), 300)]
    assert all(set(tokens(text)) != set(tokens(short)) for text in left)


def test_the_same_thing_in_other_words_asks_for_the_same(index: CatalogueIndex) -> None:
    from lexicon.entries import ValueEntry

    wording = Wording(
        [ValueEntry("colour", "blue", ("blue", "azure")), ValueEntry("colour", "red", ("red", "crimson"))]
    )
    generator = NeedGenerator(index, 4, wording, hostile=False)
    reworded = [(row, need) for row, need in islice(generator.needs(), 400) if "azure" in need.text.split()]
    assert reworded
    for row, need in reworded:
        assert ("colour", "blue") in need.values
        assert "blue" in index.values("colour", row)


def test_what_shoppers_searched_for_is_not_set_against_the_same_category(index: CatalogueIndex) -> None:
    generator = NeedGenerator(index, 6, hostile=False)
    rows = {generator.text(row): row for row in range(len(index))}
    group = generator.searched("something quite else", 3)
    assert group is not None and group.need == "something quite else" and rows[group.products[0]] == 3
    leaf = index.values("category", 3)[-1]
    assert all(leaf not in index.values("category", rows[text]) for text in group.products[1:])
    assert NeedGenerator(index, 6, left_out=["quite something ELSE"]).searched("something quite else", 3) is None


@pytest.mark.parametrize("frame", LONG)
def test_a_frame_with_empty_places_is_still_a_sentence(frame: str) -> None:
    said = tidied(frame.format(before="", noun="lamp", after="", price=""))
    assert "lamp" in said and "  " not in said
    assert not any(mark in said for mark in (" ,", ",,", ", ,", ",.", ",?", " .", " ?", ":,"))


@pytest.mark.parametrize("stuffing", STUFFINGS)
def test_a_stuffed_product_names_the_need_and_keeps_its_own_words(stuffing) -> None:
    product = make_products()[0]
    found = stuffing(product, "purple elephant", ["acme"], random.Random(1))
    assert "purple elephant" in found.title + found.description
    assert product.title in found.title and product.description in found.description
    assert (found.sku, found.facets, found.category) == (product.sku, product.facets, product.category)


def test_a_product_of_which_nothing_is_known_asks_for_nothing() -> None:
    generator = NeedGenerator(CatalogueIndex([Product(Sku("x"), "Thing")]))
    assert all(generator.need(0) is None for _ in range(20))
    assert not list(generator.groups())


def test_where_everything_answers_there_is_nothing_to_tell_apart() -> None:
    twins = [Product(Sku(name), "Plain white mug") for name in "abcdef"]
    assert not list(NeedGenerator(CatalogueIndex(twins), hostile=False).groups())


@pytest.mark.parametrize("word", ["leather", "shoes", "nöel", "qqqq"])
def test_a_misspelt_word_is_one_slip_away(word: str) -> None:
    for seed in range(50):
        slipped = misspell(word, random.Random(seed))
        assert abs(len(slipped) - len(word)) <= 1
        assert len(set(slipped) ^ set(word)) <= 2


def test_a_quarter_of_each_step_is_of_real_shoppers_where_there_are_any(index: CatalogueIndex) -> None:
    parameters = RerankParameters(hostile=False)
    slate = Group("what a slate answered", ("a", "b"))
    source = NeedSource(index, behaviour=[slate], searched=[("what was searched for", 3)])
    real = {slate.need, "what was searched for"}
    for batch in islice(source.batches(1, parameters), 20):
        assert len(batch) == parameters.groups
        assert {group.need for group in batch} & real == real
    (batch,) = islice(NeedSource(index).batches(1, parameters), 1)
    assert len(batch) == parameters.groups and not {group.need for group in batch} & real
