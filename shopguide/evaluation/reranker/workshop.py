"""A shop for measuring: a data set's catalogue imported into a database of its own, with a model of its own."""

import json
import shutil
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from shopguide.bootstrap import Shop
from shopguide.catalogue.index import CatalogueIndex
from shopguide.errors import ModelNotFound, UnreadableFile
from shopguide.evaluation.reranker.layouts import Layout
from shopguide.feedback.events import FeedbackEvent
from shopguide.feedback.service import BATCH
from shopguide.recommender.artefacts import ModelFolder, Version
from shopguide.recommender.encoder import Encoder, encoder_digest, encoder_folder
from shopguide.recommender.snapshot import load_vectors
from shopguide.recommender.vectors import ItemVectors
from shopguide.settings import Settings, get_settings
from shopguide.training.data import Progress, TrainingData, current_version
from shopguide.training.job import train
from shopguide.training.registry import Registry
from shopguide.training.vectors import make_vectors

READY = "ready.json"
MINUTES_OF_CANDIDATES = 3.0
"""Time budget of what knows shoppers."""
PATIENT_MS = 600_000
"""The reranker's deadline: what it would say is measured here, and how fast it is elsewhere."""


def settings_of(folder: Path) -> Settings:
    """Return the settings of a shop that lies in one folder.

    Nothing is left to chance, and nothing that makes a slate rather than an order counts: no exploration, no diversity,
    no limit by brand.
    """
    return Settings(
        _env_file=None,
        database_url=f"sqlite:///{folder / 'shop.db'}",
        models_dir=folder / "models",
        text_index_dir=folder / "text_index",
        outbox_path=folder / "outbox.db",
        lexicon_path=folder / "lexicon.jsonl",
        encoder=get_settings().encoder,
        torch_threads=get_settings().torch_threads,
        rerank_deadline_ms=PATIENT_MS,
        exploration_rate=0.0,
        diversity=0.0,
        max_per_brand=0,
        consent="assumed",
    )


@dataclass(frozen=True)
class Workshop:
    """The shop of a folder."""

    folder: Path

    @classmethod
    def of(cls, folder: Path, layout: Layout, progress: Progress) -> "Workshop":
        """Import a catalogue into a folder; one that is there already is taken as it is.

        Raises:
            UnreadableFile: the folder holds another shop, or nothing could be imported.
            FeedError: the catalogue cannot be read.
        """
        found, ready = cls(folder), folder / READY
        wanted = {"catalogue": layout.catalogue_sha256}
        folder.mkdir(parents=True, exist_ok=True)
        if not ready.is_file():
            layout.import_products(found.shop.products, progress)
            ready.write_text(json.dumps(wanted), encoding="utf-8")
        elif json.loads(ready.read_text(encoding="utf-8")) != wanted:
            raise UnreadableFile(f"{folder} holds another shop: name an empty folder")
        return found

    @cached_property
    def shop(self) -> Shop:
        """The shop; its recommender is the one that serves."""
        return Shop(settings_of(self.folder))

    @property
    def index(self) -> CatalogueIndex:
        """The catalogue."""
        return self.shop.catalogue.index()

    @cached_property
    def encoder(self) -> Encoder:
        """The sentence encoder that the shop is configured to use."""
        return Encoder(encoder_folder(self.shop.settings.encoder), self.shop.settings.torch_threads)

    @property
    def models(self) -> ModelFolder:
        """Where the shop's versions are."""
        return ModelFolder(self.shop.settings.models_dir / "recommender")

    def live_until(self, events: Sequence[FeedbackEvent], progress: Progress) -> None:
        """Let all that shoppers did so far have happened, and train what knows them from it."""
        for start in range(0, len(events), BATCH):
            # An event that the shop has already is not kept twice.
            self.shop.recorder.take(events[start : start + BATCH], teach=False, may_wait=False)
            progress("events", min((start + BATCH) / len(events), 1.0))
        train(self.training_data, only="candidates", minutes=MINUTES_OF_CANDIDATES, progress=progress)

    @property
    def training_data(self) -> TrainingData:
        """What a training of the shop reads."""
        shop = self.shop
        return TrainingData(self.index, shop.products.digest(), shop.profiles, shop.feedback, shop.settings)

    def take_model(self, folder: Path, progress: Progress) -> None:
        """Serve the reranker of a trained version, with vectors of this catalogue.

        Raises:
            UnreadableFile: the folder is no version with a reranker.
            ModelCorrupt: a file of it is not what its manifest says.
        """
        version = _with_reranker(folder)

        def fill(own: Path) -> None:
            shutil.copytree(folder / "reranker", own, dirs_exist_ok=True)

        self.publish(version.part("reranker"), fill, progress, known=version)

    def publish(
        self,
        section: Mapping[str, Any],
        fill: Callable[[Path], object],
        progress: Progress,
        *,
        known: Version | None = None,
    ) -> Version:
        """Make a version of the catalogue's vectors and of a reranker that is written into a folder.

        Args:
            section: of the manifest, on the reranker.
            fill: writes the reranker.
            progress: see `Progress`.
            known: a version whose vectors may be taken over where this shop has none yet.
        """
        digest = encoder_digest(self.shop.settings.encoder)
        own = current_version(self.models)
        known = next((version for version in (own, known) if version is not None and _is_of(version, digest)), None)
        registry = Registry(self.models)
        keys, vectors, _ = make_vectors(self.index, self.encoder, known, lambda share: progress("vectors", share))
        with registry.draft() as draft:
            draft.part("vectors", {"digest": "", "encoder": digest})
            draft.save("vectors", "vectors.npy", vectors)
            draft.save("vectors", "texts.json", keys)
            fill(draft.part("reranker", section))
            return registry.publish(draft)

    @property
    def version(self) -> Version:
        """The version that serves."""
        return self.models.current()

    def vectors(self) -> ItemVectors:
        """The vectors of all products as the serving version has them."""
        return load_vectors(self.version, self.index)


def _with_reranker(folder: Path) -> Version:
    try:
        version = ModelFolder(folder.resolve().parent).version(folder.resolve().name)
    except ModelNotFound:
        version = None
    if version is None or not version.has("reranker"):
        raise UnreadableFile(f"{folder}: no trained version with a reranker (models/recommender/<version>)")
    version.verify(("reranker",))
    return version


def _is_of(version: Version, encoder: str) -> bool:
    return version.has("vectors") and version.part("vectors")["encoder"] == encoder
