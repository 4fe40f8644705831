"""Trains a reranker on a data set's catalogue without what it will be asked."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from shopguide.evaluation.reranker.workshop import Workshop
from shopguide.training.data import Progress
from shopguide.training.rerankfit import RerankParameters, fit_reranker


def train_for(workshop: Workshop, minutes: float, *, left_out: Sequence[str], progress: Progress) -> None:
    """Train for so many minutes and let the reranker serve, whether or not it is better than BM25.

    Args:
        workshop: the shop.
        minutes: time budget.
        left_out: needs that must not be drawn.
        progress: see `Progress`.
    """
    parameters = RerankParameters(minutes=minutes)
    fit: Callable[..., Any] = fit_reranker

    def fill(folder: Path) -> None:
        fit(
            workshop.index,
            (),
            folder,
            parameters,
            encoder=workshop.shop.settings.encoder,
            threads=workshop.shop.settings.torch_threads,
            left_out=left_out,
            progress=lambda share: progress("reranker", share),
        )

    workshop.publish({"digest": "", "parameters": parameters.as_json()}, fill, progress)
