"""What is remembered counts for whom it may, and the reasons say what it rests on."""

from collections.abc import Iterable
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest

from shopguide.catalogue.constraints import Constraint
from shopguide.catalogue.index import CatalogueIndex
from shopguide.catalogue.product import Product
from shopguide.feedback.events import FeedbackEvent
from shopguide.ids import ConversationId, ShopperId, Sku
from shopguide.profiles.preferences import PreferenceEvidence, TasteProfile
from shopguide.recommender.candidates.base import Context, Interaction
from shopguide.recommender.features import item_features
from shopguide.recommender.pipeline import Recommender
from shopguide.recommender.snapshot import assemble
from shopguide.recommender.texts import need_text
from shopguide.recommender.types import RankedProduct, RecommendationRequest
from shopguide.settings import Settings
from tests.unit.recommender.synthetic import START, FakeCatalogue, FakeFeedback, FakeProfiles

NORA = ShopperId("nora")
HERE = ConversationId("web-1")
NOW = datetime.now(UTC)
REQUEST = RecommendationRequest(shopper_id=NORA, k=4)


def likes(brand: str, **more: object) -> PreferenceEvidence:
    return PreferenceEvidence(NORA, "brand", brand, 1, "correction", NOW, **more)  # type: ignore[arg-type]


def bought(sku: str, number: int = 1, **more: object) -> FeedbackEvent:
    return FeedbackEvent(f"{sku}-{number}", "purchase", NORA, START, Sku(sku), **more)  # type: ignore[arg-type]


class Shop:
    """A recommender over hand-written profiles and feedback."""

    def __init__(
        self,
        index: CatalogueIndex,
        settings: Settings,
        evidence: Iterable[PreferenceEvidence] = (),
        events: Iterable[FeedbackEvent] = (),
    ) -> None:
        self.index = index
        self.profiles = FakeProfiles(evidence)
        self.feedback = FakeFeedback(events)
        # Brands tell here whose taste it is, so that one of them may have all places.
        any_number = settings.model_copy(update={"max_per_brand": 0})
        self.recommender = Recommender(FakeCatalogue(index), self.profiles, self.feedback, any_number)  # type: ignore[arg-type]

    def items(self, **request: object) -> tuple[RankedProduct, ...]:
        return self.recommender.recommend(replace(REQUEST, **request)).items  # type: ignore[arg-type]

    def brands(self, **request: object) -> set[str | None]:
        return {self.index.product(item.sku).brand for item in self.items(**request)}

    def features(self, **request: object) -> set[str]:
        return {name for item in self.items(**request) for name in item.features}


@pytest.fixture
def shop(index: CatalogueIndex, settings: Settings) -> Shop:
    evidence = [
        likes("osterby"),
        likes("velora", recipient="dad"),
        likes("quillon", conversation_id=HERE, session_only=True),
    ]
    return Shop(index, settings, evidence, [bought("P001"), bought("P005")])


def test_what_somebody_once_ruled_out_comes_last_however_much_else_speaks_for_it(
    index: CatalogueIndex, settings: Settings
) -> None:
    brand = index.product(Sku("P001")).brand
    assert brand is not None
    said = PreferenceEvidence(NORA, "brand", brand.casefold(), -1, "slot", NOW)
    others = [likes(value) for value in ("osterby", "velora", "quillon") if value != brand.casefold()]
    drawn_to_it = [bought("P001")]
    assert brand in Shop(index, settings, others, drawn_to_it).brands(k=len(index))
    shop = Shop(index, settings, [*others, said], drawn_to_it)
    ranked = [index.product(item.sku).brand for item in shop.items(k=12)]
    assert brand not in ranked
    # A preference, not a constraint: asked for by name it is there.
    wanted = (Constraint("brand", "in", (brand.casefold(),)),)
    assert {index.product(item.sku).brand for item in shop.items(constraints=wanted)} == {brand}


PERSONAL = {"taste", "lean", "owned", "price_fit"}


def test_whoever_does_not_want_it_is_not_remembered(shop: Shop) -> None:
    assert shop.features() >= {"taste", "lean"}
    assert not shop.features(personal=False) & PERSONAL
    nobody = [item.sku for item in shop.items(shopper_id=None)]
    assert [item.sku for item in shop.items(personal=False)] == nobody
    assert all(reason.kind not in ("taste", "history") for i in shop.items(personal=False) for reason in i.reasons)


def test_for_somebody_else_their_taste_counts_and_nothing_of_ones_own(shop: Shop) -> None:
    assert shop.brands() == {"Osterby"}
    assert shop.brands(recipient="dad") == {"Velora"}
    assert not shop.features(recipient="dad") & {"lean", "owned", "price_fit"}
    assert not shop.features(recipient="mum") & PERSONAL


def test_without_consent_only_the_conversation_counts(shop: Shop) -> None:
    assert shop.brands(conversation_id=HERE) <= {"Osterby", "Quillon"}
    shop.profiles.withdrawn.add(NORA)
    assert shop.brands(conversation_id=HERE) == {"Quillon"}
    assert not shop.features(conversation_id=HERE) & {"lean", "owned"}
    assert not shop.features() & PERSONAL
    shop.feedback.events.append(bought("P009", conversation_id=HERE, session_only=True))
    assert shop.features(conversation_id=HERE) >= {"lean"}


@pytest.mark.parametrize("request_", [{"personal": False}, {"recipient": "dad"}])
def test_no_model_knows_the_shopper_by_the_id_then(shop: Shop, request_: dict[str, object]) -> None:
    snapshot = shop.recommender._live.snapshot()
    assert shop.recommender._context(snapshot, REQUEST).request.shopper_id == NORA
    assert shop.recommender._context(snapshot, replace(REQUEST, **request_)).request.shopper_id is None  # type: ignore[arg-type]
    shop.profiles.withdrawn.add(NORA)
    assert shop.recommender._context(snapshot, REQUEST).request.shopper_id is None
    shop.profiles.withdrawn.clear()
    shop.profiles.down = True
    assert shop.recommender._context(snapshot, REQUEST).request.shopper_id is None


# --- reasons


def taste_reason(shop: Shop, **request: object) -> dict[str, object]:
    reasons = [reason for item in shop.items(**request) for reason in item.reasons if reason.kind == "taste"]
    return dict(reasons[0].data)


def test_a_taste_says_what_it_rests_on(index: CatalogueIndex, settings: Settings) -> None:
    said = Shop(index, settings, [likes("osterby")])
    assert taste_reason(said) == {
        "facet": "brand",
        "value": "osterby",
        "weight": 0.9,
        "source": "profile",
        "how": "correction",
        "times": 1,
        "since": NOW.isoformat(),
        "latest": NOW.isoformat(),
    }
    twice = [
        PreferenceEvidence(NORA, "brand", "osterby", 1, "purchase", NOW - timedelta(days=day), event_id=str(day))
        for day in (3, 1)
    ]
    click = PreferenceEvidence(NORA, "brand", "osterby", 1, "click", NOW)
    reason = taste_reason(Shop(index, settings, [*twice, click]))
    assert (reason["how"], reason["times"]) == ("purchase", 2)
    assert reason["since"] == (NOW - timedelta(days=3)).isoformat()
    assert "recipient" not in reason


def test_a_taste_of_somebody_else_says_whose_it_is(shop: Shop) -> None:
    assert taste_reason(shop, recipient="dad")["recipient"] == "dad"


# --- what the reranker reads

TASTE = TasteProfile(
    weights={
        "brand": {"kestrel": 0.9, "norwell": -0.9},
        "colour": {"navy blue": 0.6, "red": 0.5},
        "material": {"wool": 0.4},
        "occasion": {"party": 1.0},
    }
)


def test_what_is_liked_strongly_follows_the_need() -> None:
    assert need_text("warm coat", (), TASTE) == "warm coat kestrel navy blue"
    category = (Constraint("category", "in", ("coats",)),)
    assert need_text("", category, TASTE) == "coats kestrel navy blue"
    assert need_text("warm coat", (), None) == need_text("warm coat", (), TasteProfile()) == "warm coat"


def test_taste_is_no_need_and_never_contradicts_one() -> None:
    assert need_text("", (), TASTE) == ""
    assert need_text("coat", (Constraint("brand", "in", ("aldersea",)),), TASTE) == "coat aldersea navy blue"
    assert need_text("coat", (Constraint("brand", "not in", ("kestrel",)),), TASTE) == "coat navy blue"
    # The need already speaks of that facet.
    assert need_text("a red coat", (), TASTE) == "a red coat kestrel"
    long = TasteProfile(weights={"brand": {"the very long house of kestrel": 0.9}, "colour": {"navy blue": 0.9}})
    assert len(need_text("coat", (), long).split()) <= 1 + 6


class Reader:
    """A reranker that remembers the needs that it read."""

    precision = "fp32"

    def __init__(self) -> None:
        self.read: list[str] = []

    def score(self, need: str, texts: list[str], *, needed: int, deadline_ms: int) -> "Scored":
        self.read.append(need)
        return Scored(np.linspace(1, 0, len(texts), dtype=np.float32))

    def probabilities(self, logits: "np.ndarray[tuple[int], np.dtype[np.float32]]") -> object:
        return logits


class Scored:
    late = False

    def __init__(self, logits: "np.ndarray[tuple[int], np.dtype[np.float32]]") -> None:
        self.logits = logits


@pytest.mark.parametrize(
    ("setting", "personal", "read"),
    [(True, True, "lamp osterby"), (True, False, "lamp"), (False, True, "lamp")],
)
def test_the_reranker_reads_it_if_the_shop_and_the_shopper_want_that(
    index: CatalogueIndex,
    settings: Settings,
    monkeypatch: pytest.MonkeyPatch,
    *,
    setting: bool,
    personal: bool,
    read: str,
) -> None:
    shop = Shop(index, settings.model_copy(update={"rerank_taste": setting}), [likes("osterby")])
    reader = Reader()
    monkeypatch.setattr(shop.recommender._live, "reranker", lambda version: reader)
    shop.items(query="lamp", personal=personal)
    assert reader.read == [read]


# --- prices


def test_the_price_level_is_that_of_the_category() -> None:
    """Somebody who buys dear coats and cheap socks is shown dear coats and cheap socks."""
    products = [
        Product(Sku(f"{kind}{n}"), kind, category=(kind,), price=n + 1, currency="EUR", stock=1)  # type: ignore[arg-type]
        for kind in ("coats", "socks", "hats")
        for n in range(20)
    ]
    index = CatalogueIndex(products)
    features = item_features(index)
    snapshot = assemble(index, features=features)
    rows = np.arange(len(index), dtype=np.int32)

    def fits(*chosen: str) -> dict[str, float]:
        history = tuple(Interaction(index.row(Sku(sku)), 3.0, "purchase", START) for sku in chosen)
        values = snapshot.signals.compute(Context(REQUEST, features, history=history), rows)
        return dict(zip(index.skus, values.columns["price_fit"].tolist(), strict=True))

    fit = fits("coats18", "coats19", "coats17", "socks0", "socks1", "socks2")
    assert fit["coats18"] > fit["coats3"]
    assert fit["socks1"] > fit["socks17"]
    assert max(("hats3", "hats10", "hats17"), key=lambda sku: fit[sku]) == "hats10"
