"""The training job: from events and catalogue to a published version."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, TypeAlias

from shopguide.errors import ModelNotFound
from shopguide.recommender.artefacts import ModelFolder
from shopguide.training.candidates import train_candidates
from shopguide.training.data import Progress, TrainingData, current_version
from shopguide.training.registry import Registry
from shopguide.training.textmodels import train_reranker, train_vectors

Stage: TypeAlias = Literal["candidates", "reranker"]


@dataclass(frozen=True)
class TrainReport:
    """What a training did: `parts` says of each part whether it was trained, up to date or refused, and why."""

    version: str | None
    parts: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)

    def as_json(self) -> dict[str, Any]:
        """Return the report for `--json`."""
        return {"version": self.version, "parts": {name: dict(part) for name, part in self.parts.items()}}


def train(
    data: TrainingData,
    *,
    only: Stage | None = None,
    minutes: float | None = None,
    force: bool = False,
    progress: Progress = lambda _what, _share: None,
) -> TrainReport:
    """Train what is out of date and publish it; candidates first, so that they serve while the reranker trains.

    Either stage makes the MiniLM vectors that are missing.

    Args:
        data: what to learn from.
        only: one of the two stages.
        minutes: time budget of each stage; of the cross-encoder, of its gradient steps.
        force: train even what is up to date.
        progress: see `Progress`.

    Raises:
        ModelNotFound: the catalogue is empty.
    """
    if not len(data.index):
        raise ModelNotFound("the catalogue is empty: import one first (shopguide import catalogue FILE)")
    folder = ModelFolder(data.settings.models_dir / "recommender")
    registry = Registry(folder)
    # The blend of the candidates reads what the vectors say, and both stages publish what they lack.
    parts: dict[str, Mapping[str, Any]] = {
        "vectors": train_vectors(data, registry, force=force and only is None, progress=progress)
    }
    if only in (None, "candidates"):
        parts["candidates"] = train_candidates(data, registry, minutes=minutes, force=force, progress=progress)
    if only in (None, "reranker"):
        parts["reranker"] = train_reranker(data, registry, minutes=minutes, force=force, progress=progress)
    current = current_version(folder)
    return TrainReport(current.name if current else None, parts)
