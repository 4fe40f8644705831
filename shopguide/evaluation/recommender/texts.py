"""MiniLM vectors of a data set's product texts."""

import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from shopguide.catalogue.index import CatalogueIndex
from shopguide.errors import UnreadableFile
from shopguide.recommender.encoder import Encoder
from shopguide.recommender.features import Floats
from shopguide.recommender.snapshot import text_key
from shopguide.recommender.texts import product_text
from shopguide.recommender.vectors import ItemVectors
from shopguide.training.data import Progress
from shopguide.training.vectors import make_vectors


@dataclass(frozen=True)
class Texts:
    """The products' texts as unit vectors, and what makes a vector of any other text."""

    vectors: ItemVectors
    encode: Callable[[str], Floats | None]


def read_texts(
    index: CatalogueIndex,
    encoder: Encoder,
    *,
    keep: Path | None = None,
    digest: str = "",
    progress: Progress = lambda _what, _share: None,
) -> Texts:
    """Encode the texts of a catalogue: a minute or two for ten thousand products on one core.

    Args:
        index: the catalogue.
        encoder: makes the vectors.
        keep: a file (.npz) to take them from if they are there, and to put them in otherwise.
        digest: of the encoder; vectors of another one are not taken.
        progress: see `Progress`.

    Raises:
        UnreadableFile: `keep` is something else, or cannot be written.
    """
    wanted = [text_key(product_text(index.product(sku))) for sku in index.skus]
    keys, vectors = _kept(keep, digest) if keep else ([], np.zeros((0, 0), dtype=np.float32))
    if not set(wanted) <= set(keys):
        keys, vectors, _ = make_vectors(index, encoder, progress=lambda share: progress("product texts", share))
        if keep:
            _keep(keep, digest, keys, vectors)
    place = {key: row for row, key in enumerate(keys)}
    rows = np.asarray([place[key] for key in wanted], dtype=np.int32)
    return Texts(ItemVectors(vectors, rows), encoder.query)


def _kept(path: Path, digest: str) -> tuple[list[str], Floats]:
    if path.is_file():
        try:
            with np.load(path, allow_pickle=False) as file:
                if str(file["encoder"]) == digest:
                    return file["keys"].tolist(), np.asarray(file["vectors"], dtype=np.float32)
        except (OSError, ValueError, KeyError, zipfile.BadZipFile) as error:
            raise UnreadableFile(f"{path}: holds no vectors of product texts: {error}") from error
    return [], np.zeros((0, 0), dtype=np.float32)


def _keep(path: Path, digest: str, keys: list[str], vectors: Floats) -> None:
    try:
        with path.open("wb") as file:
            np.savez(file, encoder=np.asarray(digest), keys=np.asarray(keys), vectors=vectors)
    except OSError as error:
        raise UnreadableFile(f"{path}: {error.strerror}") from error
