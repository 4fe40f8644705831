"""The second training stage: MiniLM vectors of the products, and the reranker."""

import shutil
import time
from collections.abc import Collection
from contextlib import suppress
from typing import Any

from shopguide.catalogue.lexicon import lexicon_of
from shopguide.errors import UnknownSlate
from shopguide.feedback.events import Slate
from shopguide.ids import SlateId
from shopguide.recommender.encoder import Encoder, encoder_digest, encoder_folder
from shopguide.recommender.snapshot import load_vectors
from shopguide.recommender.texts import TEMPLATE
from shopguide.training.data import Progress, TrainingData, current_version, digest_of, is_up_to_date
from shopguide.training.registry import Registry
from shopguide.training.rerankfit import NeedSource, RerankParameters, fit_reranker
from shopguide.training.shopneeds import searches, slate_groups
from shopguide.training.unfinished import Unfinished
from shopguide.training.vectors import make_vectors
from shopguide.training.wording import Wording

UNFINISHED = ".reranker-unfinished"
"""Folder beside the versions: how far an interrupted training came."""


def train_vectors(data: TrainingData, registry: Registry, *, force: bool, progress: Progress) -> dict[str, Any]:
    """Make and publish the vectors of all product texts if they are out of date, and report it."""
    encoder = encoder_digest(data.settings.encoder)
    digest = digest_of(catalogue=data.catalogue_digest, encoder=encoder, template=TEMPLATE)
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
    data: TrainingData,
    registry: Registry,
    *,
    minutes: float | None,
    force: bool,
    progress: Progress,
    left_out: Collection[str] = (),
) -> dict[str, Any]:
    """Fine-tune and publish the reranker if it is out of date and better than the first stage, and report it.

    A training that is interrupted goes on from where it was when the next one learns from the same.

    Args:
        data: what to learn from.
        registry: where it goes.
        minutes: time budget of the gradient steps.
        force: train even what is up to date, and from the beginning.
        progress: see `Progress`.
        left_out: needs that are not to be learnt from: those that it will be judged by.
    """
    parameters = RerankParameters() if minutes is None else RerankParameters(minutes=minutes)
    source = _needs(data, registry, left_out)
    evidence = len(source.behaviour) + len(source.searched)
    # One more click is no reason for minutes of training: the model is out of date when the evidence has doubled. The
    # budget is not part of the digest, or a model of an hour would give way to the next default run.
    settled = {key: value for key, value in parameters.as_json().items() if key != "minutes"}
    digest = digest_of(
        catalogue=data.catalogue_digest,
        encoder=encoder_digest(data.settings.encoder),
        template=TEMPLATE,
        parameters=settled,
        behaviour=evidence.bit_length() if evidence >= 64 else 0,
        left_out=sorted(left_out),
    )
    if not force and is_up_to_date(registry.folder, "reranker", digest):
        return {"status": "up to date"}
    if next(source.generator(parameters.seed, hostile=False).groups(), None) is None:
        return {"status": "refused", "why": "the catalogue's texts and facets tell no products apart"}
    started = time.perf_counter()
    workplace = registry.folder.root / UNFINISHED
    if force:
        shutil.rmtree(workplace, ignore_errors=True)
    with registry.draft() as draft:
        folder = draft.part("reranker", {})
        result = fit_reranker(
            source,
            folder,
            parameters,
            encoder=data.settings.encoder,
            threads=data.settings.torch_threads,
            unfinished=lambda stage: Unfinished(workplace / stage, digest),
            progress=progress,
        )
        section = {
            "digest": digest,
            "data": {
                "catalogue": data.catalogue_digest,
                "products": len(data.index),
                "groups_from_slates": len(source.behaviour),
                "groups_from_searches": len(source.searched),
            },
            "template": TEMPLATE,
            "encoder": encoder_digest(data.settings.encoder),
            "parameters": parameters.as_json(),
            **result.as_json(),
            "seconds": {"all": round(time.perf_counter() - started, 2)},
        }
        report = {key: value for key, value in section.items() if key != "digest"}
        if not result.better:
            # A reranker that loses to the first stage on held-out needs would make slates worse.
            shutil.rmtree(workplace, ignore_errors=True)
            return {"status": "refused", "why": "not better than the first stage on held-out needs", **report}
        draft.part("reranker", section)
        version = registry.publish(draft)
    shutil.rmtree(workplace, ignore_errors=True)
    return {"status": "trained", "version": version.name, **report}


def _needs(data: TrainingData, registry: Registry, left_out: Collection[str]) -> NeedSource:
    """Bring together what a reranker can learn from: the catalogue in its own and other words, and the shoppers."""
    version = current_version(registry.folder)
    has_vectors = version is not None and version.has("vectors")
    encoder = Encoder(encoder_folder(data.settings.encoder), data.settings.torch_threads)
    return NeedSource(
        data.index,
        Wording(lexicon_of(data.index, currency=data.settings.currency).values),
        vectors=load_vectors(version, data.index) if version is not None and has_vectors else None,
        encoder=encoder if has_vectors else None,
        behaviour=slate_groups(data.feedback.interactions(), lambda slate_id: _slate(data, slate_id), data.index),
        searched=searches(data.feedback.interactions(), data.index),
        left_out=left_out,
    )


def _slate(data: TrainingData, slate_id: SlateId) -> Slate | None:
    with suppress(UnknownSlate):
        return data.feedback.slate(slate_id)
    return None
