"""The first training stage: models of behaviour and the blend, from events, published as a version."""

import hashlib
import time
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from shopguide.ids import ShopperId
from shopguide.profiles.preferences import PreferenceEvidence
from shopguide.recommender.candidates.lightfm import SHOPPER_ARRAYS
from shopguide.recommender.features import item_features
from shopguide.recommender.snapshot import load_vectors
from shopguide.training.cleaning import RULES, clean
from shopguide.training.data import Progress, TrainingData, current_version, digest_of, is_up_to_date
from shopguide.training.factors import FactorParameters
from shopguide.training.families import Evidence, Fit
from shopguide.training.fitting import Fitted, demand_of, fit_candidates, known_only
from shopguide.training.interactions import EventLog
from shopguide.training.registry import Draft, Registry
from shopguide.training.report import write_report


def train_candidates(
    data: TrainingData, registry: Registry, *, minutes: float | None, force: bool, progress: Progress
) -> dict[str, Any]:
    """Fit, validate and publish the candidates if they are out of date, and report it.

    They are not made current if they rank the validation window worse than the version that serves.
    """
    parameters = FactorParameters()
    events_digest = data.feedback.digest()
    known, evidence_digest = _read_evidence(data)
    rules = data.profiles.rules
    current = current_version(registry.folder)
    vectors = current if current is not None and current.has("vectors") else None
    digest = digest_of(
        catalogue=data.catalogue_digest,
        events=events_digest,
        evidence=evidence_digest,
        parameters=parameters.as_json(),
        vectors=vectors.part("vectors")["digest"] if vectors is not None else "",
        fairness=data.settings.fairness,
        cleaning=RULES,
        taste={"trust": dict(rules.trust), "half_life": dict(rules.half_life)},
    )
    if not force and is_up_to_date(registry.folder, "candidates", digest):
        return {"status": "up to date"}
    started = time.perf_counter()
    progress("reading events", 0.0)
    cleaned = clean(EventLog.read(data.feedback.interactions(), data.index), data.index.skus)
    events = cleaned.log
    evidence = _of_log(known, events)
    fit = Fit(
        data.index,
        item_features(data.index),
        evidence,
        parameters,
        progress,
        rules,
        vectors=load_vectors(vectors, data.index) if vectors is not None else None,
        budget=60 * minutes if minutes is not None else None,
        fairness=data.settings.fairness,
    )
    read = round(time.perf_counter() - started, 2)
    fitted = fit_candidates(fit, events, champion=current)
    section = {
        "digest": digest,
        "data": {
            "catalogue": data.catalogue_digest,
            "products": len(data.index),
            "events": events_digest,
            "evidence": evidence_digest,
            "events_used": len(events),
            "cleaned": cleaned.report,
            "shoppers": len(events.shoppers),
            "shoppers_with_tastes": len(evidence),
        },
        "parameters": fit.parameters_json() | fitted.deep_parameters,
        **fitted.as_json(),
        "seconds": {"read": read, **fitted.seconds, "all": round(time.perf_counter() - started, 2)},
    }
    with registry.draft() as draft:
        draft.part("candidates", section)
        _save_candidates(draft, data, events, fitted)
        write_report(draft.folder / "candidates", section)
        # An erasure takes shoppers out of the versions that there are: this one must lose whom it took meanwhile.
        version = registry.publish(
            draft, promote=not fitted.lost, last=lambda draft: _save_shoppers(draft, fitted, events, data)
        )
    status = {"status": "trained"} if not fitted.lost else {"status": "not promoted", "why": fitted.in_words()}
    return {**status, "version": version.name, **{k: v for k, v in section.items() if k != "digest"}}


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


def _save_candidates(draft: Draft, data: TrainingData, events: EventLog, fitted: Fitted) -> None:
    """Write everything but what is known of single shoppers."""
    touched, factors = events.touched, fitted.factors
    ids = {
        "skus": [data.index.skus[row] for row in touched.tolist()],
        "features": list(factors.features) if factors else [],
        "trained_until": events.until,
    }
    draft.save("candidates", "ids.json", ids)
    demand = demand_of(events)
    for name in ("recent", "ever", "last"):
        draft.save("candidates", f"demand_{name}.npy", getattr(demand, name)[touched])
    for model in fitted.learnt:
        model.save(draft.subfolder("candidates", model.family))
    blend = fitted.blend
    draft.save(
        "candidates",
        "blend.json",
        {
            **blend.weights_json(),
            "tree_columns": list(blend.trees.columns) if blend.trees else [],
        },
    )
    if blend.trees:
        draft.write("candidates", "trees.txt", blend.trees.text)


def _save_shoppers(draft: Draft, fitted: Fitted, events: EventLog, data: TrainingData) -> None:
    if fitted.factors is None:
        return
    still = data.feedback.shoppers()
    known = np.asarray([i for i, shopper in enumerate(events.shoppers) if shopper in still], dtype=np.int32)
    factors = known_only(fitted.factors, events, known)
    for name in SHOPPER_ARRAYS:
        draft.save("candidates", f"{name}.npy", getattr(factors, name))
