"""What is stated as a reason is true, and it is what moved the score: the score is computed again without it."""

import itertools
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import timedelta
from functools import cached_property
from typing import Any

import numpy as np
import pytest

from shopguide.catalogue.constraints import Constraint
from shopguide.catalogue.index import CatalogueIndex
from shopguide.feedback.events import FeedbackEvent
from shopguide.ids import ShopperId, Sku
from shopguide.profiles.preferences import PreferenceEvidence, TasteProfile
from shopguide.recommender.blend import DEFAULT_WEIGHTS, Blend, BlendFeatures, source_of
from shopguide.recommender.candidates.base import Context
from shopguide.recommender.candidates.families import FAMILIES
from shopguide.recommender.pipeline import Recommender, event_weight
from shopguide.recommender.snapshot import Snapshot
from shopguide.recommender.types import Reason, RecommendationRequest
from shopguide.settings import Settings
from shopguide.training.data import TrainingData
from shopguide.training.job import train
from tests.unit.recommender.synthetic import START, FakeCatalogue, FakeFeedback, FakeProfiles, make_events

EVIDENCE: Mapping[str, tuple[str, ...]] = {
    "text": ("text", "query_content"),
    "taste": ("taste", "preferences", "lean"),
    "history": (*FAMILIES, "taste_content"),
    "similar": ("anchor",),
    "popular": ("popularity",),
    "rated": ("rating", "popularity"),
}
"""What each kind of reason says that moved the score; the others state what holds of the need and of the price."""

TASTES = ("velora", "osterby")


@dataclass(frozen=True)
class Shop:
    """A trained shop with what is known of its shoppers."""

    index: CatalogueIndex
    events: list[FeedbackEvent]
    evidence: list[PreferenceEvidence]
    recommender: Recommender

    @property
    def snapshot(self) -> Snapshot:
        return self.recommender._live.snapshot()

    def features(self, request: RecommendationRequest) -> tuple[Context, BlendFeatures]:
        """Return what a request was answered from, put together from the parts."""
        context = self.recommender._context(self.snapshot, request)
        left = self.index.matching(request.constraints)
        rows = np.asarray([row for row in left if self.index.skus[row] != request.anchor], dtype=np.int32)
        values = self.snapshot.signals.compute(context, rows)
        if request.anchor is None:
            return context, values
        alike = self.snapshot.signals.resemblance(self.index.row(request.anchor), rows)
        return context, replace(values, columns={**values.columns, "anchor": alike})

    @cached_property
    def chosen(self) -> Mapping[ShopperId, set[Sku]]:
        """Which products speak for themselves by what each shopper did with them."""
        weights: dict[tuple[ShopperId, Sku], float] = Counter()
        for event in self.events:
            if event.sku is not None:
                weights[event.shopper_id, event.sku] += event_weight(event)
        chosen: dict[ShopperId, set[Sku]] = {}
        for (shopper, sku), weight in weights.items():
            if weight > 0:
                chosen.setdefault(shopper, set()).add(sku)
        return chosen

    @cached_property
    def demand(self) -> Mapping[Sku, float]:
        """What everybody did with each product, halved every 30 days."""
        latest = max(event.at for event in self.events)
        counted: dict[Sku, float] = dict.fromkeys(self.index.skus, 0.0)
        for event in self.events:
            if event.sku is not None:
                counted[event.sku] += max(event_weight(event), 0.0) * 0.5 ** ((latest - event.at) / timedelta(days=30))
        return counted


OTHER_WEIGHTS = {"lightfm": 1.4, "item_knn": 0.3, "taste": 0.5, "lean": 2.0, "price_fit": 0.7, "rating": 1.0}
"""As another shop's events might fit them: popularity says nothing, habits and ratings much."""


@pytest.fixture(scope="module")
def trained(index: CatalogueIndex, tmp_path_factory: pytest.TempPathFactory) -> Shop:
    settings = Settings(models_dir=tmp_path_factory.mktemp("models"), torch_threads=1, exploration_rate=0)
    events = make_events(index)
    evidence = [
        PreferenceEvidence(ShopperId(shopper), "brand", brand, 1, source, START)  # type: ignore[arg-type]
        for (shopper, source), brand in zip(
            itertools.product(("shopper-1", "newcomer"), ("slot", "purchase")), TASTES * 2, strict=True
        )
    ]
    profiles, feedback = FakeProfiles(evidence), FakeFeedback(events)
    train(TrainingData(index, "catalogue-1", profiles, feedback, settings), only="candidates")  # type: ignore[arg-type]
    return Shop(index, events, evidence, Recommender(FakeCatalogue(index), profiles, feedback, settings))  # type: ignore[arg-type]


@pytest.fixture(params=[False, True], ids=["own weights", "other weights"])
def shop(request: pytest.FixtureRequest, trained: Shop, monkeypatch: pytest.MonkeyPatch) -> Shop:
    if request.param:
        told = {**DEFAULT_WEIGHTS, "popularity": 0.0, **OTHER_WEIGHTS}
        monkeypatch.setattr(trained.recommender._live, "_snapshot", replace(trained.snapshot, blend=Blend(told)))
    return trained


def needs() -> Iterator[RecommendationRequest]:
    """Yield requests as shoppers make them."""
    shoppers = [*(ShopperId(f"shopper-{number}") for number in range(34)), ShopperId("newcomer"), None]
    lamps = (Constraint("category", "in", ("lamps",)),)
    green = TasteProfile(weights={"colour": {"green": 1.0}})
    for number, shopper in enumerate(shoppers):
        plain = RecommendationRequest(shopper_id=shopper)
        yield plain
        yield replace(plain, constraints=lamps)
        yield replace(plain, constraints=(Constraint("price", "<=", value=60.0),))
        yield replace(plain, query=("blue lamp", "velora shoes", "red shirt")[number % 3])
        yield replace(plain, query="a lamp for every day", constraints=lamps)
        yield replace(plain, preferences=green)
        yield replace(plain, anchor=Sku(f"P{number:03d}"))


def losses(shop: Shop, values: BlendFeatures, position: int) -> dict[str, float]:
    """Return what one row's score loses without each source."""
    blend = shop.snapshot.blend
    score = blend.score(values)[position]
    lost = {}
    for source in {source_of(name) for name in values.columns}:
        silent = {
            name: np.full(len(column), column.mean(), dtype=np.float32)
            for name, column in values.columns.items()
            if source_of(name) == source
        }
        without = replace(values, columns={**values.columns, **silent})
        lost[source] = float(score - blend.score(without)[position])
    return lost


def test_for_nine_slates_of_ten_the_first_reason_is_among_the_two_whose_removal_costs_most(shop: Shop) -> None:
    slates = silent = faithful = 0
    for request in needs():
        answer = shop.recommender.recommend(request)
        _, values = shop.features(request)
        sound = []
        for item in answer.items:
            stated = [reason for reason in item.reasons if reason.kind not in ("matches", "reduced")]
            if not stated:
                continue
            position = int(np.flatnonzero(values.rows == shop.index.row(item.sku))[0])
            lost = losses(shop, values, position)
            costliest = sorted(lost, key=lambda name: -lost[name])[:2]
            sound.append(any(lost[name] > 0 and name in costliest for name in EVIDENCE[stated[0].kind] if name in lost))
        slates += 1
        silent += not sound
        faithful += bool(sound) and all(sound)
    assert slates >= 200
    assert silent <= 0.05 * slates, "to say nothing would be faithful too"
    assert faithful >= 0.9 * (slates - silent), (faithful, slates - silent)


def test_every_stated_fact_holds_in_the_catalogue_and_in_what_shoppers_did(shop: Shop) -> None:
    counted: Counter[tuple[str, str]] = Counter()
    for request in needs():
        for item in shop.recommender.recommend(request).items:
            for reason in item.reasons:
                counted[reason.kind, str(reason.data.get("source") or reason.data.get("link") or "")] += 1
                assert holds(shop, request, item.sku, reason), (request, item.sku, reason)
    stated = {kind for kind, _ in counted}
    assert stated >= {"matches", "text", "taste", "history", "similar", "reduced"}
    assert counted["history", "together"] and counted["taste", "wish"] and counted["taste", "profile"], counted


def holds(  # noqa: PLR0911  (one for each kind)
    shop: Shop, request: RecommendationRequest, sku: Sku, reason: Reason
) -> bool:
    """Judge a fact by the products, the events and the evidence themselves."""
    product, row, data = shop.index.product(sku), shop.index.row(sku), reason.data
    match reason.kind:
        case "matches":
            return [entry["facet"] for entry in data["constraints"]] == [c.facet for c in request.constraints]
        case "text":
            text = f"{product.title} {product.description} {product.brand} {product.category}".casefold()
            return all(word in text and word in request.query.casefold() for word in data["words"])
        case "taste":
            return data["value"] in shop.index.values(data["facet"], row) and rests(shop, request, data)
        case "history":
            return data["title"] == shop.index.product(data["sku"]).title and was_chosen(shop, request, sku, data)
        case "similar":
            return data["sku"] == request.anchor
        case "popular":
            level = np.mean([demand <= shop.demand[sku] for demand in shop.demand.values()])
            return bool(level >= 0.9) and 100 * (1 - level) <= data["top_percent"]
        case "rated":
            return (data["rating"], data["count"]) == (product.rating, product.rating_count) and data["rating"] >= 4
        case "reduced":
            return product.price is not None and product.list_price is not None and product.price < product.list_price
    return False


def rests(shop: Shop, request: RecommendationRequest, data: Mapping[str, Any]) -> bool:
    """Whether a taste is a wish of the need, or rests on as much as it says."""
    if data["source"] == "wish":
        return request.preferences.weight(data["facet"], data["value"]) == data["weight"]
    if data["source"] == "profile":
        pieces = [
            piece
            for piece in shop.evidence
            if (piece.shopper_id, piece.facet, piece.value) == (request.shopper_id, data["facet"], data["value"])
        ]
        return data["times"] == sum(piece.source == data["how"] for piece in pieces) > 0
    kinds = {"purchase": ("purchase",), "like": ("like", "rating"), "click": ("click", "view")}[data["how"]]
    having = {
        event.sku
        for event in shop.events
        if event.shopper_id == request.shopper_id
        and event.kind in kinds
        and event.sku is not None
        and data["value"] in shop.index.values(data["facet"], shop.index.row(event.sku))
    }
    return 0 < data["times"] <= len(having)


def was_chosen(shop: Shop, request: RecommendationRequest, sku: Sku, data: Mapping[str, Any]) -> bool:
    """Whether the shopper did that, and whether somebody chose both products or they are alike."""
    own = [event.kind for event in shop.events if (event.shopper_id, event.sku) == (request.shopper_id, data["sku"])]
    if data["event"] not in own or data["sku"] == sku:
        return False
    if data["link"] == "together":
        return any({sku, data["sku"]} <= chosen for chosen in shop.chosen.values())
    rows = np.asarray([shop.index.row(data["sku"])], dtype=np.int32)
    return bool(shop.snapshot.signals.resemblance(shop.index.row(sku), rows)[0] >= 0.5)
