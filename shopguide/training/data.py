"""What the training stages share: their input, progress, and whether a part is up to date."""

import hashlib
import json
import logging
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeAlias

from shopguide.errors import ModelCorrupt, ModelNotFound
from shopguide.recommender.artefacts import ModelFolder, Version
from shopguide.settings import Settings

if TYPE_CHECKING:
    from shopguide.catalogue.index import CatalogueIndex
    from shopguide.feedback.service import Feedback
    from shopguide.profiles.service import Profiles

log = logging.getLogger(__name__)

FORMAT = 1
"""Part of every part's digest: raise it when the same data and parameters make another model."""

Progress: TypeAlias = Callable[[str, float], None]
"""Told what is being done and the share of it that is done."""


@dataclass(frozen=True)
class TrainingData:
    """What a training reads.

    Args:
        index: the catalogue.
        catalogue_digest: digest of its content.
        profiles: what shoppers are known to like.
        feedback: what they did.
        settings: where models go, threads, encoder.
    """

    index: "CatalogueIndex"
    catalogue_digest: str
    profiles: "Profiles"
    feedback: "Feedback"
    settings: Settings


def current_version(folder: ModelFolder) -> Version | None:
    """Return the version that serves, `None` if there is none that can be read."""
    with suppress(ModelNotFound, ModelCorrupt):
        return folder.current()
    return None


def digest_of(**content: Any) -> str:
    """Return the digest of what a part is made from: JSON-ready values by name."""
    return hashlib.sha256(json.dumps({"format": FORMAT, **content}, sort_keys=True).encode()).hexdigest()


def is_up_to_date(folder: ModelFolder, part: str, digest: str) -> bool:
    """Return whether the current version holds a part made from exactly this, with all its files whole."""
    version = current_version(folder)
    if version is None or not version.has(part) or version.part(part)["digest"] != digest:
        return False
    try:
        version.verify((part,))
    except ModelCorrupt as error:
        log.warning("training again: %s", error)
        return False
    return True


class Steps:
    """Turns steps into shares for `Progress`."""

    def __init__(self, progress: Progress, what: str, total: int) -> None:
        self._progress, self._what, self._total, self._done = progress, what, max(total, 1), 0

    def __call__(self) -> None:
        self._done += 1
        self._progress(self._what, min(self._done / self._total, 1.0))
