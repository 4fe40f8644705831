"""What has to give way, and what that brings."""

from shopguide.catalogue.index import CatalogueIndex
from shopguide.conversation.need import Bounds, Need
from shopguide.conversation.outcomes import Relaxation
from shopguide.conversation.relaxation import relaxations, relaxed


def test_each_single_relaxation_brings_what_it_says(index: CatalogueIndex) -> None:
    need = Need().want("category", ["handbags"]).want("colour", ["green"]).want("brand", ["kestrel"])
    found = relaxations(need, index)
    assert [one.facets for one in found] == [("colour",)]
    assert found[0].count == 15
    for one in found:
        assert len(index.matching(relaxed(need, one).constraints())) == one.count > 0


def test_the_value_that_most_have_instead_is_named(index: CatalogueIndex) -> None:
    need = Need().want("category", ["handbags"]).want("colour", ["green"]).want("brand", ["kestrel"])
    (colour,) = relaxations(need, index)
    assert colour.mostly is not None
    value, count = colour.mostly
    instead = need.without("colour").want("colour", [value])
    assert len(index.matching(instead.constraints())) == count <= colour.count
    disliked = relaxations(need.exclude("colour", [value]), index)[0].mostly
    assert disliked is None or disliked[0] != value


def test_a_price_moves_to_the_nearest_product(index: CatalogueIndex) -> None:
    need = Need().want("category", ["loafers"]).within("price", Bounds(high=40))
    (first, *rest) = relaxations(need, index)
    assert first == Relaxation(("price",), first.count, Bounds(high=60))
    assert first.count == len(index.matching(need.within("price", Bounds(high=60)).constraints())) > 0
    assert [one.facets for one in rest] == [("category",)]


def test_a_lower_bound_moves_down(index: CatalogueIndex) -> None:
    need = Need().want("category", ["umbrellas"]).within("price", Bounds(low=200))
    (first, *_) = relaxations(need, index)
    assert first.bounds is not None
    assert first.bounds.low is not None
    assert first.bounds.low <= 57
    assert first.count == len(index.matching(relaxed(need, first).constraints())) > 0


def test_pairs_are_tried_before_another_kind_of_product(index: CatalogueIndex) -> None:
    need = Need().want("category", ["umbrellas"]).want("colour", ["green"]).want("brand", ["nobody"])
    found = relaxations(need, index)
    assert found[0].facets == ("colour", "brand")
    assert found[0].count == 36
    assert "category" not in found[0].facets


def test_exclusions_can_give_way(index: CatalogueIndex) -> None:
    need = Need().want("colour", ["blue"]).exclude("colour", ["blue"])
    assert [one.facets for one in relaxations(need, index)] == [("colour",)]


def test_nothing_helps_where_nothing_is(index: CatalogueIndex) -> None:
    assert relaxations(Need().want("category", ["submarines"]), index)[0].facets == ("category",)
    assert relaxations(Need(), CatalogueIndexOfNothing) == ()


CatalogueIndexOfNothing = CatalogueIndex([])
