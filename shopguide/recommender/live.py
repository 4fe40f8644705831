"""The model that follows training and catalogue: swaps snapshots behind running requests."""

import logging
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, TypeAlias

from shopguide.errors import ModelCorrupt, ModelNotFound
from shopguide.recommender.artefacts import ModelFolder, Version
from shopguide.recommender.candidates.content import QueryContent, TasteContent
from shopguide.recommender.encoder import Encoder, encoder_folder
from shopguide.recommender.features import Floats
from shopguide.recommender.reranker import Reranker
from shopguide.recommender.snapshot import Snapshot, load
from shopguide.recommender.texts import product_text
from shopguide.recommender.vectors import ItemVectors
from shopguide.settings import Settings

if TYPE_CHECKING:
    from shopguide.catalogue.index import CatalogueIndex

log = logging.getLogger(__name__)

PATIENCE_SECONDS = 0.5
"""How long a request waits for a newer snapshot before it takes the old one."""
Files: TypeAlias = Mapping[str, str]
"""The digests of files by name."""
MAX_NEW_VECTORS = 512
"""Products whose vectors a server makes by itself after an import; more of them wait for `shopguide train`."""


@dataclass(frozen=True)
class Wanted:
    """What the next snapshot must be made of."""

    revision: int
    stamp: tuple[int, int] | None


class LiveModel:
    """Hands out the snapshot for the current catalogue and the current version.

    Snapshots, the encoder and the reranker are built in threads; a request waits for a first snapshot only.

    Args:
        index: returns the current catalogue index.
        settings: where models are, and how many threads torch may use.
    """

    def __init__(self, index: Callable[[], "CatalogueIndex"], settings: Settings) -> None:
        self._index = index
        self._settings = settings
        self.folder = ModelFolder(settings.models_dir / "recommender")
        self._snapshot: Snapshot | None = None
        self._made_of: Wanted | None = None
        self._lock = threading.Lock()
        self._verified: set[str] = set()
        self._failed: set[str] = set()
        self._building: threading.Thread | None = None
        self._encoder: Encoder | None = None
        self._reranker: tuple[Files, Reranker] | None = None
        self._loading: threading.Thread | None = None

    def snapshot(self) -> Snapshot:
        """Return the newest snapshot that is ready."""
        index = self._index()
        wanted = Wanted(index.revision, self.folder.stamp())
        snapshot = self._snapshot
        if snapshot is not None and self._made_of == wanted:
            return snapshot
        with self._lock:
            if self._building is None or not self._building.is_alive():
                self._building = threading.Thread(
                    target=self._build, args=(index, wanted), name="recommender", daemon=True
                )
                self._building.start()
            building = self._building
        building.join(None if snapshot is None else PATIENCE_SECONDS)
        ready = self._snapshot
        if ready is None:
            # The thread could not build one even without a model: let the request say why.
            return load(index, None, self.encode)
        return ready

    def reranker(self, version: Version | None) -> Reranker | None:
        """Return the loaded reranker of a version, `None` while it is loading or if there is none."""
        if version is None or not version.has("reranker"):
            return None
        loaded = self._reranker
        if loaded is not None and loaded[0] == _reranker_files(version):
            return loaded[1]
        self._load_transformers(version)
        return None

    def encode(self, text: str) -> Floats | None:
        """Return a need's vector, `None` while the encoder is loading."""
        return self._encoder.query(text) if self._encoder is not None else None

    def vectors_of(self, texts: Sequence[str]) -> Floats | None:
        """Return the texts' vectors, [n_texts, d], `None` while the encoder is loading; no trained model is needed."""
        if self._encoder is None:
            self._load_transformers(None)
            return None
        return self._encoder.encode(texts)

    def warm_up(self) -> Snapshot:
        """Load everything there is and wait for it: a server does this before it says that it is ready."""
        snapshot = self.snapshot()
        if snapshot.version is not None:
            self._load_transformers(snapshot.version)
        loading = self._loading
        if loading is not None:
            loading.join()
        return self._snapshot or snapshot

    def _build(self, index: "CatalogueIndex", wanted: Wanted) -> None:
        started = time.perf_counter()
        try:
            version = self.folder.current()
            if version.name not in self._verified:
                version.verify(("candidates", "vectors"))
                self._verified.add(version.name)
            snapshot = load(index, version, self.encode)
        except ModelNotFound:
            snapshot = load(index, None, self.encode)
        except (ModelCorrupt, OSError, ValueError, KeyError) as error:
            log.error("the recommender's current model cannot be used: %s", error)
            old = self._snapshot
            if old is not None and old.index.revision == index.revision:
                # The model that served before is still good.
                self._made_of = wanted
                return
            snapshot = load(index, None, self.encode)
        except Exception:
            # Trying again at every request would help nobody: the next state of catalogue or model may be sound.
            log.exception("the recommender cannot take up %s", wanted)
            self._made_of = wanted
            return
        self._snapshot, self._made_of = snapshot, wanted
        log.info(
            "recommender serves %s on catalogue revision %d (%.1f s)",
            snapshot.model_version,
            index.revision,
            time.perf_counter() - started,
        )
        if snapshot.version is not None:
            self._load_transformers(snapshot.version)

    def _load_transformers(self, version: Version | None) -> None:
        """Load what a version has in the background; the encoder alone if there is no version."""
        with self._lock:
            if _name(version) in self._failed or (self._loading is not None and self._loading.is_alive()):
                return
            self._loading = threading.Thread(
                target=self._load_in_turn, args=(version,), name="transformers", daemon=True
            )
            self._loading.start()

    def _load_in_turn(self, version: Version | None) -> None:
        try:
            if version is None or version.has("vectors"):
                if self._encoder is None:
                    encoder = Encoder(encoder_folder(self._settings.encoder), self._settings.torch_threads)
                    encoder.load()
                    self._encoder = encoder
                self._complete_vectors(self._encoder)
            if version is not None and version.has("reranker"):
                files = _reranker_files(version)
                if self._reranker is None or self._reranker[0] != files:
                    version.verify(("reranker",))
                    reranker = Reranker(version.folder / "reranker", self._settings.torch_threads)
                    reranker.load()
                    self._reranker = (files, reranker)
                    log.info("reranker of %s loaded (%s)", version.name, reranker.precision)
        except Exception:
            # Whatever is wrong with a transformer, slates go on without it and say so; it is not tried again.
            self._failed.add(_name(version))
            log.exception("the transformers of %s cannot be loaded", _name(version))

    def _complete_vectors(self, encoder: Encoder) -> None:
        """Make the vectors of products that came after the training."""
        snapshot = self._snapshot
        if snapshot is None or snapshot.vectors is None:
            return
        missing = snapshot.vectors.missing[:MAX_NEW_VECTORS]
        if not len(missing):
            return
        texts = [product_text(snapshot.index.product(snapshot.index.skus[row])) for row in missing]
        vectors = snapshot.vectors.extended(missing, encoder.encode(texts))
        with self._lock:
            if self._snapshot is snapshot:
                self._snapshot = with_vectors(snapshot, vectors, self.encode)


def _name(version: Version | None) -> str:
    return version.name if version is not None else "no version"


def _reranker_files(version: Version) -> Files:
    """Return what tells one reranker from another: versions that share all of its files share the loaded model."""
    return {name: digest for name, digest in version.manifest["files"].items() if name.startswith("reranker/")}


def with_vectors(snapshot: Snapshot, vectors: ItemVectors, encode: Callable[[str], Floats | None]) -> Snapshot:
    """Return a copy of a snapshot with other vectors."""
    generators = [g for g in snapshot.signals.generators if not isinstance(g, QueryContent | TasteContent)]
    signals = replace(
        snapshot.signals,
        generators=[*generators, QueryContent(vectors, encode), TasteContent(vectors)],
        vectors=vectors,
    )
    return replace(snapshot, signals=signals)
