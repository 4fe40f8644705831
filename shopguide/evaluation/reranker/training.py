"""Trains a reranker on a data set's catalogue without what it will be asked."""

from collections.abc import Collection

from shopguide.errors import ModelNotFound
from shopguide.evaluation.reranker.workshop import Workshop
from shopguide.training.data import Progress
from shopguide.training.registry import Registry
from shopguide.training.textmodels import train_reranker, train_vectors


def train_for(workshop: Workshop, minutes: float, *, left_out: Collection[str], progress: Progress) -> None:
    """Train as `shopguide train` does, and let the reranker serve.

    Args:
        workshop: the shop.
        minutes: time budget.
        left_out: needs that must not be drawn.
        progress: see `Progress`.

    Raises:
        ModelNotFound: the reranker was refused, because it is no better than the stage before it.
    """
    data, registry = workshop.training_data, Registry(workshop.models)
    train_vectors(data, registry, force=False, progress=progress)
    report = train_reranker(data, registry, minutes=minutes, force=False, progress=progress, left_out=left_out)
    if report["status"] == "refused":
        raise ModelNotFound(f"no reranker to measure after {minutes:g} minutes: {report['why']}")
