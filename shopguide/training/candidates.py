"""The first training stage: LightFM, popularity and the blend, from events."""

import hashlib
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from shopguide.ids import ShopperId
from shopguide.profiles.preferences import PreferenceEvidence, TasteProfile
from shopguide.profiles.taste import DEFAULT_RULES, TasteRules, derive_taste
from shopguide.recommender.blend import DEFAULT_WEIGHTS
from shopguide.recommender.candidates.item_knn import Neighbours
from shopguide.recommender.candidates.lightfm import Factors, shopper_key
from shopguide.recommender.candidates.popularity import decayed_counts
from shopguide.recommender.features import Floats, ItemFeatures, item_features
from shopguide.recommender.snapshot import assemble
from shopguide.training.blendfit import MAX_SHOPPERS, Validation, validate
from shopguide.training.data import Progress, Steps, TrainingData, digest_of, is_up_to_date
from shopguide.training.factors import FactorParameters, fit_factors
from shopguide.training.interactions import MIN_EVENTS, EventLog, TemporalSplit, temporal_split
from shopguide.training.neighbours import fit_neighbours
from shopguide.training.registry import Draft, Registry

if TYPE_CHECKING:
    from shopguide.catalogue.index import CatalogueIndex

Evidence = Mapping[int, tuple[PreferenceEvidence, ...]]


@dataclass(frozen=True)
class Fit:
    """What a fit is made from beside the events.

    Args:
        index: the catalogue.
        features: its item features.
        evidence: shopper position → what their profile holds; nothing for shoppers without any.
        parameters: LightFM's.
        progress: see `Progress`.
        rules: how much evidence says.
    """

    index: "CatalogueIndex"
    features: ItemFeatures
    evidence: Evidence
    parameters: FactorParameters
    progress: Progress
    rules: TasteRules = DEFAULT_RULES


def train_candidates(data: TrainingData, registry: Registry, *, force: bool, progress: Progress) -> dict[str, Any]:
    """Fit, validate and publish the candidates if they are out of date, and report it."""
    parameters = FactorParameters()
    events_digest = data.feedback.digest()
    known, evidence_digest = _read_evidence(data)
    rules = data.profiles.rules
    digest = digest_of(
        catalogue=data.catalogue_digest,
        events=events_digest,
        evidence=evidence_digest,
        parameters=parameters.as_json(),
        popularity="logarithm",  # the scale that the weights are fitted to
        taste={"trust": dict(rules.trust), "half_life": dict(rules.half_life)},
    )
    if not force and is_up_to_date(registry.folder, "candidates", digest):
        return {"status": "up to date"}
    started = time.perf_counter()
    progress("reading events", 0.0)
    events = EventLog.read(data.feedback.interactions(), data.index)
    features = item_features(data.index)
    evidence = _of_log(known, events)
    seconds = {"read": round(time.perf_counter() - started, 2)}
    fitted = fit_candidates(Fit(data.index, features, evidence, parameters, progress, rules), events)
    section = {
        "digest": digest,
        "data": {
            "catalogue": data.catalogue_digest,
            "products": len(data.index),
            "events": events_digest,
            "evidence": evidence_digest,
            "events_used": len(events),
            "shoppers": len(events.shoppers),
            "shoppers_with_tastes": len(evidence),
        },
        "parameters": parameters.as_json(),
        "lightfm": fitted.factors is not None,
        "notes": fitted.notes,
        "blend": {"fitted": fitted.fitted, "weights": dict(fitted.weights)},
        "metrics": fitted.metrics,
        "seconds": seconds | fitted.seconds | {"all": round(time.perf_counter() - started, 2)},
    }
    with registry.draft() as draft:
        draft.part("candidates", section)
        _save_candidates(draft, data.index, events, fitted)
        # An erasure takes shoppers out of the versions that there are: this one must lose whom it took meanwhile.
        version = registry.publish(draft, last=lambda draft: _save_shoppers(draft, fitted, events, data))
    return {"status": "trained", "version": version.name, **{k: v for k, v in section.items() if k != "digest"}}


@dataclass
class Fitted:
    """The trained candidates, with what there is to say of them."""

    factors: Factors | None = None
    neighbours: Neighbours | None = None
    weights: Mapping[str, float] = field(default_factory=lambda: dict(DEFAULT_WEIGHTS))
    fitted: bool = False
    metrics: dict[str, Any] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)
    seconds: dict[str, float] = field(default_factory=dict)


def fit_candidates(fit: Fit, events: EventLog) -> Fitted:
    """Fit LightFM and item-kNN on all the events, and the blend's weights on the latest of them, as training does."""
    fitted = Fitted()
    if len(events) < MIN_EVENTS or not events.positive.nnz:
        fitted.notes.append(
            f"{len(events)} events are fewer than {MIN_EVENTS}: no LightFM; popularity falls back to ratings"
        )
        return fitted
    split = temporal_split(events)
    if split is None:
        fitted.notes.append("too few shoppers chose anything new lately: no validation, default blend weights")
    else:
        started = time.perf_counter()
        validation = _validate(fit, split)
        fitted.weights, fitted.fitted = validation.weights, validation.fitted
        fitted.metrics = {
            "split": "temporal",
            "shoppers": validation.shoppers,
            "models": validation.models,
            "paired": validation.pairs,
        }
        fitted.seconds["validation"] = round(time.perf_counter() - started, 2)
    started = time.perf_counter()
    tastes = _weights(_tastes(events, fit, events.until), fit.features)
    step = Steps(fit.progress, "LightFM", fit.parameters.epochs)
    fitted.factors = fit_factors(events, fit.index, fit.features, tastes, fit.parameters, step=step)
    fitted.neighbours = fit_neighbours(events, fit.index)
    fitted.seconds["fit"] = round(time.perf_counter() - started, 2)
    return fitted


def _validate(fit: Fit, split: TemporalSplit) -> Validation:
    past = split.past
    tastes = _tastes(past, fit, past.until)
    step = Steps(fit.progress, "LightFM on the past", fit.parameters.epochs)
    weights = _weights(tastes, fit.features)
    factors = fit_factors(past, fit.index, fit.features, weights, fit.parameters, step=step)
    # Whoever first appears in the window must be as unknown to the model as they will be when it serves.
    factors = _only(factors, past, np.unique(past.shopper))
    snapshot = assemble(
        fit.index,
        features=fit.features,
        factors=factors,
        neighbours=fit_neighbours(past, fit.index),
        counts=popularity_counts(past),
    )
    step = Steps(fit.progress, "validation", min(len(split.truth), MAX_SHOPPERS))
    return validate(split, snapshot, tastes, step=step, seed=fit.parameters.seed)


def _only(factors: Factors, events: EventLog, known: NDArray[np.int32]) -> Factors:
    keys = np.asarray([shopper_key(events.shoppers[i]) for i in known.tolist()], dtype=np.uint64)
    keep = np.isin(factors.shopper_keys, keys)
    return replace(factors, shopper_keys=factors.shopper_keys[keep], shoppers=factors.shoppers[keep])


def popularity_counts(events: EventLog) -> NDArray[np.float64]:
    """Return what speaks for each product, halved with age as of the last event, [n_products]."""
    weights = np.maximum(events.weight, 0.0).astype(np.float64)
    ages = (events.until - events.at) / 86_400.0
    return decayed_counts(events.row.astype(np.int64), weights, ages, events.n_products)


def _read_evidence(data: TrainingData) -> tuple[dict[ShopperId, list[PreferenceEvidence]], str]:
    """Read what the profiles let training use, by shopper, and the digest of it: the order of arrival does not matter.

    With an erasure or a withdrawal the digest changes, and the model that knew more is out of date.
    """
    found: dict[ShopperId, list[PreferenceEvidence]] = {}
    total = 0
    for piece in data.profiles.lasting_evidence():
        found.setdefault(piece.shopper_id, []).append(piece)
        told = (piece.shopper_id, piece.facet, piece.value, piece.polarity, piece.strength, piece.source, piece.at)
        total += int.from_bytes(hashlib.sha256(repr(told).encode()).digest(), "big")
    return found, hashlib.sha256(str(total).encode()).hexdigest()


def _of_log(evidence: Mapping[ShopperId, Sequence[PreferenceEvidence]], events: EventLog) -> Evidence:
    """Return the evidence of the shoppers of the log, by their position there."""
    return {
        position: tuple(evidence[shopper]) for position, shopper in enumerate(events.shoppers) if shopper in evidence
    }


def _tastes(events: EventLog, fit: Fit, until: float) -> dict[int, TasteProfile]:
    """Derive the tastes as they were at a moment; what an import stated is taken as known all along."""
    now = datetime.fromtimestamp(until, UTC)
    return {
        position: derive_taste(
            events.shoppers[position],
            [piece for piece in pieces if piece.at <= now or piece.source == "import"],
            now,
            rules=fit.rules,
        )
        for position, pieces in fit.evidence.items()
    }


def _weights(tastes: Mapping[int, TasteProfile], features: ItemFeatures) -> dict[int, Floats]:
    return {position: features.weights_of(taste) for position, taste in tastes.items()}


def _save_candidates(draft: Draft, index: "CatalogueIndex", events: EventLog, fitted: Fitted) -> None:
    counts = popularity_counts(events) if len(events) else np.zeros(len(index))
    factors = fitted.factors
    touched = events.touched
    draft.save("candidates", "popularity.npy", counts[touched].astype(np.float32))
    draft.save("candidates", "blend.json", {"weights": dict(fitted.weights)})
    ids = {
        "skus": [index.skus[row] for row in touched.tolist()],
        "features": list(factors.features) if factors else [],
        "trained_until": events.until,
    }
    draft.save("candidates", "ids.json", ids)
    if factors:
        for name in ("item_identity", "item_identity_bias", "item_feature", "item_feature_bias", "user_feature"):
            draft.save("candidates", f"{name}.npy", getattr(factors, name))
    if fitted.neighbours:
        for name in ("indptr", "indices", "values"):
            draft.save("candidates", f"neighbour_{name}.npy", getattr(fitted.neighbours, name))


def _save_shoppers(draft: Draft, fitted: Fitted, events: EventLog, data: TrainingData) -> None:
    if fitted.factors is None:
        return
    still = data.feedback.shoppers()
    known = np.asarray([i for i, shopper in enumerate(events.shoppers) if shopper in still], dtype=np.int32)
    factors = _only(fitted.factors, events, known)
    for name in ("shopper_keys", "shoppers"):
        draft.save("candidates", f"{name}.npy", getattr(factors, name))
