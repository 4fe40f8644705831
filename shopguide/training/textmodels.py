"""The second training stage: MiniLM vectors of the products and the cross-encoder."""

import time
from contextlib import suppress
from typing import Any

from shopguide.errors import UnknownSlate
from shopguide.feedback.events import Slate
from shopguide.ids import SlateId
from shopguide.recommender.encoder import Encoder, encoder_digest, encoder_folder
from shopguide.training.data import Progress, TrainingData, current_version, digest_of, is_up_to_date
from shopguide.training.needs import slate_groups
from shopguide.training.registry import Registry
from shopguide.training.rerankfit import RerankParameters, fit_reranker
from shopguide.training.vectors import make_vectors


def train_vectors(data: TrainingData, registry: Registry, *, force: bool, progress: Progress) -> dict[str, Any]:
    """Make and publish the vectors of all product texts if they are out of date, and report it."""
    encoder = encoder_digest(data.settings.encoder)
    digest = digest_of(catalogue=data.catalogue_digest, encoder=encoder)
    if not force and is_up_to_date(registry.folder, "vectors", digest):
        return {"status": "up to date"}
    started = time.perf_counter()
    known = current_version(registry.folder)
    if known is not None and (force or not known.has("vectors") or known.part("vectors")["encoder"] != encoder):
        known = None
    keys, vectors, made = make_vectors(
        data.index,
        Encoder(encoder_folder(data.settings.encoder), data.settings.torch_threads),
        known,
        lambda share: progress("vectors", share),
    )
    section = {
        "digest": digest,
        "data": {"catalogue": data.catalogue_digest, "products": len(data.index)},
        "encoder": encoder,
        "texts": len(keys),
        "made": made,
        "seconds": {"all": round(time.perf_counter() - started, 2)},
    }
    with registry.draft() as draft:
        draft.part("vectors", section)
        draft.save("vectors", "vectors.npy", vectors)
        draft.save("vectors", "texts.json", keys)
        version = registry.publish(draft)
    return {
        "status": "trained",
        "version": version.name,
        "texts": len(keys),
        "made": made,
        "seconds": section["seconds"],
    }


def train_reranker(
    data: TrainingData, registry: Registry, *, minutes: float | None, force: bool, progress: Progress
) -> dict[str, Any]:
    """Fine-tune and publish the cross-encoder if it is out of date and better than BM25, and report it."""
    parameters = RerankParameters() if minutes is None else RerankParameters(minutes=minutes)
    behaviour = slate_groups(data.feedback.interactions(), lambda slate_id: _slate(data, slate_id), data.index)
    # One more click is no reason for minutes of training: the model is out of date when the evidence has doubled. The
    # budget is not part of the digest, or a model of an hour would give way to the next default run.
    settled = {key: value for key, value in parameters.as_json().items() if key != "minutes"}
    digest = digest_of(
        catalogue=data.catalogue_digest,
        encoder=encoder_digest(data.settings.encoder),
        parameters=settled,
        behaviour=len(behaviour).bit_length() if len(behaviour) >= 64 else 0,
    )
    if not force and is_up_to_date(registry.folder, "reranker", digest):
        return {"status": "up to date"}
    started = time.perf_counter()
    with registry.draft() as draft:
        folder = draft.part("reranker", {})
        result = fit_reranker(
            data.index,
            behaviour,
            folder,
            parameters,
            encoder=data.settings.encoder,
            threads=data.settings.torch_threads,
            progress=lambda share: progress("reranker", share),
        )
        section = {
            "digest": digest,
            "data": {
                "catalogue": data.catalogue_digest,
                "products": len(data.index),
                "groups_from_slates": len(behaviour),
            },
            "parameters": parameters.as_json(),
            "steps": result.steps,
            "groups": result.groups,
            "loss": result.loss,
            "metrics": {"split": "held-out needs", "models": result.models, "paired": result.pairs},
            "seconds": {"all": round(time.perf_counter() - started, 2)},
        }
        report = {key: value for key, value in section.items() if key != "digest"}
        if not result.better:
            # A reranker that loses to BM25 on held-out needs would make slates worse.
            return {"status": "refused", "why": "not better than BM25 on held-out needs", **report}
        draft.part("reranker", section)
        version = registry.publish(draft)
    return {"status": "trained", "version": version.name, **report}


def _slate(data: TrainingData, slate_id: SlateId) -> Slate | None:
    with suppress(UnknownSlate):
        return data.feedback.slate(slate_id)
    return None
