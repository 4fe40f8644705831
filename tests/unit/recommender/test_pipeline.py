from collections import Counter
from dataclasses import replace
from datetime import UTC, datetime

import numpy as np
import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from shopguide.catalogue.constraints import Constraint
from shopguide.catalogue.index import CatalogueIndex
from shopguide.catalogue.product import Product
from shopguide.feedback.events import FeedbackEvent
from shopguide.ids import ShopperId, Sku
from shopguide.profiles.preferences import PreferenceEvidence, TasteProfile
from shopguide.recommender.pipeline import Recommender, event_weight, interactions_of
from shopguide.recommender.types import Reason, Recommendation, RecommendationRequest
from tests.unit.recommender.synthetic import (
    COLOURS,
    LEAVES,
    START,
    FakeCatalogue,
    FakeFeedback,
    FakeProfiles,
    make_events,
    make_products,
)

SHOPPER = ShopperId("shopper-3")


def recommender_of(index: CatalogueIndex, settings, profiles=None, feedback=None) -> Recommender:
    return Recommender(
        FakeCatalogue(index),
        profiles or FakeProfiles(),
        feedback or FakeFeedback(),
        settings,  # type: ignore[arg-type]
    )


@pytest.fixture
def recommender(index: CatalogueIndex, settings) -> Recommender:
    return recommender_of(index, settings, feedback=FakeFeedback(make_events(index)))


def skus(answer: Recommendation) -> list[Sku]:
    return [item.sku for item in answer.items]


# --- what must always hold

constraints = st.lists(
    st.one_of(
        st.builds(
            lambda facet_values, op: Constraint(facet_values[0], op, tuple(facet_values[1])),
            st.sampled_from(
                [
                    ("brand", ("velora",)),
                    ("brand", ("quillon", "osterby")),
                    ("category", ("fashion",)),
                    ("category", ("lamps",)),
                    ("colour", ("red", "green")),
                    ("colour", ("mauve",)),
                    ("waterproof", ("yes",)),
                    ("weight", ("3",)),
                    ("unknown facet", ("x",)),
                ]
            ),
            st.sampled_from(["in", "not in"]),
        ),
        st.builds(
            lambda facet, op, value: Constraint(facet, op, value=value),
            st.sampled_from(["price", "rating", "weight"]),
            st.sampled_from(["<=", ">="]),
            st.floats(0, 200),
        ),
    ),
    max_size=4,
)
requests = st.builds(
    RecommendationRequest,
    constraints=constraints.map(tuple),
    preferences=st.sampled_from([TasteProfile(), TasteProfile(weights={"colour": {"red": 1.0, "blue": -1.0}})]),
    query=st.sampled_from(["", "velora shoes", "blue lamp", "nothing like it", "'; DROP TABLE", "红色"]),
    shopper_id=st.sampled_from([None, SHOPPER, ShopperId("stranger")]),
    k=st.integers(1, 12),
    exclude=st.frozensets(st.sampled_from([Sku(f"P{i:03d}") for i in range(96)] + [Sku("gone")]), max_size=40),
    anchor=st.sampled_from([None, Sku("P005"), Sku("gone")]),
)


def holds(index: CatalogueIndex, constraint: Constraint, sku: Sku) -> bool:
    """Judge a constraint by the product itself, not by the index's own filter."""
    product = index.product(sku)
    own: object = {
        "brand": (product.brand,) if product.brand else (),
        "category": product.category,
        "price": float(product.price) if product.price is not None else None,
        "rating": product.rating,
    }.get(constraint.facet, product.facets.get(constraint.facet, ()))
    if constraint.op in ("<=", ">="):
        if not isinstance(own, float):
            return False
        return own <= constraint.value if constraint.op == "<=" else own >= constraint.value
    if isinstance(own, bool):
        found = {"yes" if own else "no"}
    elif isinstance(own, float):
        found = {f"{own:g}"}
    else:
        found = {value.casefold() for value in own}
    return bool(found & set(constraint.values)) == (constraint.op == "in")


@hypothesis_settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(request=requests)
def test_no_slate_breaks_a_constraint_repeats_a_product_or_shows_an_excluded_one(
    index: CatalogueIndex, recommender: Recommender, request: RecommendationRequest
) -> None:
    answer = recommender.recommend(request)
    shown = skus(answer)
    assert len(shown) == len(set(shown)) <= request.k
    assert not {*request.exclude, request.anchor} & set(shown)
    for sku in shown:
        assert index.product(sku).in_stock
        assert all(holds(index, constraint, sku) for constraint in request.constraints)
    fitting = [
        sku
        for sku in index.skus
        if index.product(sku).in_stock and all(holds(index, constraint, sku) for constraint in request.constraints)
    ]
    assert answer.total_matches == len(fitting)
    assert len(shown) == min(request.k, len(set(fitting) - {*request.exclude, request.anchor}))


@hypothesis_settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(request=requests, beside=st.frozensets(st.sampled_from([Sku(f"P{i:03d}") for i in range(96)]), max_size=3))
def test_no_brand_takes_more_than_two_places_while_others_fit(
    index: CatalogueIndex, recommender: Recommender, request: RecommendationRequest, beside: frozenset[Sku]
) -> None:
    request = replace(request, beside=beside)
    shown = skus(recommender.recommend(request))
    assert not beside & set(shown)
    brands = Counter(index.product(sku).brand for sku in (*shown, *beside))
    full = {brand for brand, count in brands.items() if brand is not None and count >= 2}
    asked = {brand for brand in brands if brand is not None and brand.casefold() in request.query}
    if any(brands[brand] > 2 for brand in full - asked if brand in {index.product(sku).brand for sku in shown}):
        taken = {*shown, *beside, *request.exclude, request.anchor}
        left = [index.skus[row] for row in index.matching(request.constraints) if index.skus[row] not in taken]
        assert {index.product(sku).brand for sku in left} <= full - asked


def test_a_brand_asked_for_fills_the_slate(recommender: Recommender, index: CatalogueIndex) -> None:
    wanted = RecommendationRequest(constraints=(Constraint("brand", "in", ("velora",)),))
    for request in (
        wanted,
        RecommendationRequest(query="velora lamp"),
        RecommendationRequest(query="something by VELORA"),
    ):
        assert {index.product(sku).brand for sku in skus(recommender.recommend(request))} == {"Velora"}, request
    liked = RecommendationRequest(preferences=TasteProfile(weights={"brand": {"velora": 1.0}}))
    brands = [index.product(sku).brand for sku in skus(recommender.recommend(liked))]
    assert brands.count("Velora") == 2


def test_the_limit_of_a_brand_is_a_setting(index: CatalogueIndex, settings) -> None:
    liked = RecommendationRequest(preferences=TasteProfile(weights={"brand": {"velora": 1.0}}), k=6)
    for limit, places in ((0, 6), (1, 1), (4, 4)):
        recommender = recommender_of(index, settings.model_copy(update={"max_per_brand": limit}))
        assert [index.product(sku).brand for sku in skus(recommender.recommend(liked))].count("Velora") == places


MARLOWS = frozenset(Sku(f"M-{colour}") for colour in COLOURS)


@pytest.fixture
def with_variants(settings) -> Recommender:
    """A shop with one shoe in four colours, which everybody likes best."""
    marlows = [
        Product(
            sku=Sku(f"M-{colour}"),
            title=f"Velora Marlow shoes, {colour.lower()}",
            brand="Velora",
            category=LEAVES[0],
            rating=5.0,
            rating_count=900,
            facets={"colour": (colour,)},
        )
        for colour in COLOURS
    ]
    unlimited = settings.model_copy(update={"max_per_brand": 0})
    return recommender_of(CatalogueIndex([*make_products(), *marlows], revision=1), unlimited)


def test_a_product_in_several_colours_takes_one_place(with_variants: Recommender) -> None:
    shoes = RecommendationRequest(constraints=(Constraint("category", "in", ("shoes",)),))
    for request in (shoes, RecommendationRequest(), RecommendationRequest(query="shoes"), replace(shoes, k=8)):
        shown = skus(with_variants.recommend(request))
        assert len(shown) == request.k
        assert len(MARLOWS & set(shown)) == 1, request
        page = replace(request, exclude=frozenset(shown))
        assert not MARLOWS & set(skus(with_variants.recommend(page))), "nor does another colour lead the next page"
        rest = replace(request, beside=frozenset({Sku("M-Blue")}), k=4)
        assert not MARLOWS & set(skus(with_variants.recommend(rest)))


def test_variants_are_shown_where_they_are_what_is_asked_for(with_variants: Recommender) -> None:
    alike = RecommendationRequest(anchor=Sku("M-Blue"), k=4)
    assert MARLOWS - {"M-Blue"} <= set(skus(with_variants.recommend(alike)))
    assert set(skus(with_variants.recommend(RecommendationRequest(query="velora marlow shoes", k=4)))) == MARLOWS
    assert set(skus(with_variants.recommend(RecommendationRequest(among=MARLOWS)))) == MARLOWS
    brand = Constraint("brand", "in", ("velora",))
    red = (brand, Constraint("colour", "in", ("red",)))
    assert MARLOWS & set(skus(with_variants.recommend(RecommendationRequest(constraints=red)))) == {"M-Red"}


def test_diversity_is_a_setting(index: CatalogueIndex, settings) -> None:
    unlimited = settings.model_copy(update={"max_per_brand": 0, "diversity": 0.0})
    request = RecommendationRequest(query="blue lamp", k=6)
    by_score = recommender_of(index, unlimited).recommend(request).items
    assert [item.score for item in by_score] == sorted((item.score for item in by_score), reverse=True)

    def likeness(diversity: float) -> float:
        recommender = recommender_of(index, unlimited.model_copy(update={"diversity": diversity}))
        rows = np.asarray([index.row(sku) for sku in skus(recommender.recommend(request))], dtype=np.int32)
        return float(recommender._live.snapshot().signals.likeness(rows).mean())

    assert likeness(0.0) > likeness(0.3) > likeness(0.9)


def true_of(index: CatalogueIndex, request: RecommendationRequest, sku: Sku, reason: Reason) -> bool:
    product, data = index.product(sku), reason.data
    row = index.row(sku)
    checks = {
        "matches": lambda: all(
            set(entry["actual"]) & set(entry["values"]) if entry["op"] == "in" else entry["actual"] is not None
            for entry in data["constraints"]
        ),
        "text": lambda: all(
            word in f"{product.title} {product.description} {product.brand} {product.category}".casefold()
            and word in request.query.casefold()
            for word in data["words"]
        ),
        "taste": lambda: data["value"] in index.values(data["facet"], row) and data["weight"] > 0,
        "history": lambda: data["title"] == index.product(data["sku"]).title and data["sku"] != sku,
        "similar": lambda: data["sku"] == request.anchor,
        "popular": lambda: 1 <= data["top_percent"] <= 10,
        "rated": lambda: (data["rating"], data["count"]) == (product.rating, product.rating_count),
        "reduced": lambda: data["price"] < data["list_price"] == float(product.list_price or 0),
    }
    return bool(checks[reason.kind]())


@hypothesis_settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(request=requests)
def test_every_reason_is_true(index: CatalogueIndex, recommender: Recommender, request: RecommendationRequest) -> None:
    for item in recommender.recommend(request).items:
        for reason in item.reasons:
            assert true_of(index, request, item.sku, reason), (item.sku, reason)


# --- what moves the ranking


def test_words_of_the_need_lead(recommender: Recommender, index: CatalogueIndex) -> None:
    answer = recommender.recommend(RecommendationRequest(query="quillon lamp", k=3))
    assert {index.product(sku).brand for sku in skus(answer)} <= {"Quillon", None}
    assert all("lamp" in index.product(sku).title for sku in skus(answer))
    assert answer.items[0].reasons[0].kind == "text"


def test_words_that_say_nothing_are_no_reason(recommender: Recommender) -> None:
    answer = recommender.recommend(RecommendationRequest(query="a lamp for every day", k=1))
    (text,) = [reason for reason in answer.items[0].reasons if reason.kind == "text"]
    assert text.data["words"] == ["lamp", "every", "day"]


def test_preferences_lift_and_dislikes_sink_without_excluding(recommender: Recommender, index: CatalogueIndex) -> None:
    wish = TasteProfile(weights={"colour": {"green": 1.0}})
    for item in recommender.recommend(RecommendationRequest(preferences=wish, k=4)).items:
        assert "green" in index.values("colour", index.row(item.sku))
        assert Reason("taste", {"facet": "colour", "value": "green", "weight": 1.0, "source": "wish"}) in item.reasons
    never = TasteProfile(weights={"colour": {"green": -1.0}})
    shown = skus(recommender.recommend(RecommendationRequest(preferences=never, k=4)))
    assert not any("green" in index.values("colour", index.row(sku)) for sku in shown)
    only_green = (Constraint("colour", "in", ("green",)),)
    assert recommender.recommend(RecommendationRequest(constraints=only_green, preferences=never)).items


def test_a_remembered_taste_lifts_its_products(index: CatalogueIndex, settings) -> None:
    evidence = PreferenceEvidence(ShopperId("nora"), "brand", "osterby", 1, "slot", datetime.now(UTC))
    any_number = settings.model_copy(update={"max_per_brand": 0})
    recommender = recommender_of(index, any_number, profiles=FakeProfiles([evidence]))
    shown = skus(recommender.recommend(RecommendationRequest(shopper_id=ShopperId("nora"), k=4)))
    assert sum(index.product(sku).brand == "Osterby" for sku in shown) >= 3


def test_the_anchor_is_resembled_and_not_shown(recommender: Recommender, index: CatalogueIndex) -> None:
    anchor = Sku("P005")
    answer = recommender.recommend(RecommendationRequest(anchor=anchor, k=3))
    assert anchor not in skus(answer)
    likeness = recommender._live.snapshot().signals.resemblance(
        index.row(anchor), np.arange(len(index), dtype=np.int32)
    )
    assert likeness[index.row(answer.items[0].sku)] >= np.quantile(likeness, 0.95)
    assert "similar" in {reason.kind for reason in answer.items[0].reasons}


def test_a_rejected_product_comes_last_but_comes_if_nothing_else_fits(index: CatalogueIndex, settings) -> None:
    rejected = FeedbackEvent("e", "dislike", SHOPPER, START, Sku("P001"))
    recommender = recommender_of(index, settings, feedback=FakeFeedback([rejected]))
    need = (
        Constraint("brand", "in", ("harrowgate",)),
        Constraint("colour", "in", ("blue",)),
        Constraint("category", "in", ("shoes",)),
    )
    everything = skus(recommender.recommend(RecommendationRequest(constraints=need, shopper_id=SHOPPER, k=20)))
    assert len(everything) > 1 and everything[-1] == "P001"
    others = frozenset(everything) - {Sku("P001")}
    assert skus(recommender.recommend(RecommendationRequest(constraints=need, shopper_id=SHOPPER, exclude=others))) == [
        "P001"
    ]


def test_the_same_request_gets_the_same_answer(recommender: Recommender) -> None:
    request = RecommendationRequest(query="red shirt", shopper_id=SHOPPER, k=6)
    assert recommender.recommend(request) == recommender.recommend(request)


# --- when things are missing


def test_without_a_model_popularity_within_the_constraints_ranks_and_says_so(recommender: Recommender) -> None:
    answer = recommender.recommend(RecommendationRequest(constraints=(Constraint("category", "in", ("lamps",)),)))
    assert (answer.policy, answer.model_version, answer.degraded) == ("popularity", "none", "model_missing")
    assert len(answer.items) == 5


def test_without_the_shopper_database_the_answer_lacks_memory_only(index: CatalogueIndex, settings, caplog) -> None:
    profiles, feedback = FakeProfiles(), FakeFeedback(make_events(index))
    profiles.down = feedback.down = True
    recommender = recommender_of(index, settings, profiles, feedback)
    request = RecommendationRequest(shopper_id=SHOPPER, query="lamp")
    assert skus(recommender.recommend(request)) == skus(recommender.recommend(replace(request, shopper_id=None)))
    assert "without memory" in caplog.text


def test_nothing_that_fits_is_an_empty_answer(recommender: Recommender) -> None:
    answer = recommender.recommend(RecommendationRequest(constraints=(Constraint("price", "<=", value=0.01),)))
    assert answer.items == () and answer.total_matches == 0


def test_an_empty_catalogue_is_an_empty_answer(settings) -> None:
    assert recommender_of(CatalogueIndex([]), settings).recommend(RecommendationRequest(query="shoes")).items == ()


def test_a_new_product_is_recommended_as_soon_as_the_index_has_it(index: CatalogueIndex, settings) -> None:
    catalogue = FakeCatalogue(index)
    recommender = Recommender(catalogue, FakeProfiles(), FakeFeedback(), settings)  # type: ignore[arg-type]
    request = RecommendationRequest(query="zeppelin", k=1)
    recommender.recommend(request)
    new = replace(make_products(1)[0], sku=Sku("NEW"), title="A zeppelin")
    catalogue.current = CatalogueIndex([*make_products(), new], revision=2)
    assert skus(recommender.recommend(request)) == ["NEW"]


# --- histories


def test_events_sum_up_by_product_strongest_first_and_remember_the_strongest_kind(index: CatalogueIndex) -> None:
    events = [
        FeedbackEvent("1", "click", SHOPPER, START, Sku("P001")),
        FeedbackEvent("2", "purchase", SHOPPER, START, Sku("P001")),
        FeedbackEvent("3", "dislike", SHOPPER, START, Sku("P002")),
        FeedbackEvent("4", "search", SHOPPER, START),
        FeedbackEvent("5", "like", SHOPPER, START, Sku("no longer sold")),
    ]
    first, second = interactions_of(index, events)
    assert (index.skus[first.row], first.kind, first.weight) == ("P001", "purchase", 3.5)
    assert (index.skus[second.row], second.weight) == ("P002", -1.0)


@pytest.mark.parametrize(("value", "weight"), [(5.0, 1.0), (1.0, -1.0), (3.0, 0.0), (4.0, 0.5)])
def test_a_rating_counts_by_its_distance_from_the_middle(value: float, weight: float) -> None:
    assert event_weight(FeedbackEvent("r", "rating", SHOPPER, START, Sku("P001"), value=value)) == weight


def test_what_shoppers_choose_most_is_a_fifth_of_the_matches(
    index: CatalogueIndex, settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    recommender = recommender_of(index, settings)
    rows = recommender.index.matching()
    # Without events nobody knows what is chosen.
    assert not len(recommender.sought(rows, recommender.index))
    popularity = recommender._live.snapshot().popularity
    monkeypatch.setattr(popularity, "from_events", True)
    monkeypatch.setattr(popularity, "level", np.arange(len(index), dtype=np.float32))
    assert recommender.sought(rows, recommender.index).tolist() == rows[-round(len(rows) / 5) :].tolist()
    # Rows of another state of the catalogue mean other products.
    assert not len(recommender.sought(rows, CatalogueIndex([])))
