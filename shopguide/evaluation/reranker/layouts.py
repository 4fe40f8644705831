"""Finds the catalogue, the judgments and the events in the folder of a data set."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from shopguide.catalogue.feed.importer import BATCH, import_catalogue
from shopguide.catalogue.feed.mapping import Mapping as FeedMapping
from shopguide.catalogue.feed.mapping import load_mapping
from shopguide.catalogue.feed.readers import FeedFile
from shopguide.catalogue.store import ProductStore
from shopguide.errors import UnreadableFile
from shopguide.evaluation.datasets import gifts
from shopguide.evaluation.reranker.judgments import FILE as JUDGMENTS
from shopguide.evaluation.reranker.logs import read_events
from shopguide.feedback.events import FeedbackEvent
from shopguide.feedback.mapping import EventMapping
from shopguide.rows import read_rows
from shopguide.training.data import Progress

CATALOGUES = tuple(
    f"{name}{packed}"
    for name in ("products.jsonl", "products.csv", "catalogue.jsonl", "catalogue.csv", "styles.csv")
    for packed in ("", ".gz")
)
EVENTS = ("events.jsonl", "events.jsonl.gz")
OWN_MAPPING = "mapping.yml"
MAPPINGS = Path("mappings")
KNOWN: Mapping[str, frozenset[str]] = {
    "icecat.yml": frozenset({"supplier", "short_description", "img_high"}),
    "fashion_styles.yml": frozenset({"productDisplayName", "articleType", "baseColour"}),
}
"""Mappings of the repository, and the columns by which their catalogues are known."""


@dataclass(frozen=True)
class Layout:
    """The files of a data set.

    Args:
        folder: where it is.
        catalogue: what the shop sells.
        mapping: how to read the catalogue; `None`: the order lines of UCI's gift shop, which are its events, too.
        judgments: people's ratings, if there are any.
        events: what shoppers did, if that is there.
    """

    folder: Path
    catalogue: Path
    mapping: FeedMapping | None
    judgments: Path | None
    events: Path | None

    @property
    def sha256(self) -> str:
        """Digest of the files and of how the catalogue is read."""
        digest = hashlib.sha256(self.catalogue_sha256.encode())
        for path in filter(None, (self.judgments, self.events)):
            digest.update(path.read_bytes())
        return digest.hexdigest()

    @property
    def catalogue_sha256(self) -> str:
        """Digest of the catalogue alone and of how it is read."""
        how = self.mapping.model_dump_json() if self.mapping is not None else gifts.FILE
        return hashlib.sha256(how.encode() + self.catalogue.read_bytes()).hexdigest()

    @property
    def has_searches(self) -> bool:
        """Whether shoppers said in words what they looked for."""
        return self.mapping is not None

    def read_events(self) -> list[FeedbackEvent]:
        """Return the events, oldest first; none where there is no such file.

        Raises:
            UnreadableFile: the file cannot be read.
        """
        return read_events(self.events, EventMapping() if self.has_searches else gifts.EVENTS) if self.events else []

    def import_products(self, store: ProductStore, progress: Progress) -> None:
        """Import the catalogue.

        Raises:
            UnreadableFile: no product can be read.
            FeedError: the file cannot be read.
        """
        if self.mapping is None:
            products = list(gifts.products(read_rows(self.catalogue)))
            with store.importing() as staging:
                for start in range(0, len(products), BATCH):
                    staging.add(products[start : start + BATCH])
                staging.merge()
            return
        report = import_catalogue(
            store,
            self.catalogue,
            self.mapping,
            progress=lambda done, total: progress("catalogue", done / max(total, 1)),
        )
        if not report.imported + report.updated:
            raise UnreadableFile(f"{self.catalogue}: no product in it could be read")


def find_layout(folder: Path, mapping: Path | None = None) -> Layout:
    """Find a data set's files: the catalogue lies in the folder or beside it.

    Args:
        folder: of the data set.
        mapping: how to read the catalogue; without it, `mapping.yml` beside the catalogue or one for a known catalogue.

    Raises:
        UnreadableFile: there is no catalogue, or nothing says how to read it.
        MappingError: the mapping is wrong.
    """
    if (folder / gifts.FILE).is_file():
        return Layout(folder, folder / gifts.FILE, None, None, folder / gifts.FILE)
    places = (folder, folder.parent)
    catalogue = next((place / name for place in places for name in CATALOGUES if (place / name).is_file()), None)
    if catalogue is None:
        raise UnreadableFile(f"{folder}: no catalogue in it or beside it: none of {', '.join(CATALOGUES)}")
    return Layout(
        folder,
        catalogue,
        load_mapping(mapping or _mapping_for(catalogue)),
        _first(folder, (JUDGMENTS,)),
        _first(folder, EVENTS),
    )


def _first(folder: Path, names: tuple[str, ...]) -> Path | None:
    return next((folder / name for name in names if (folder / name).is_file()), None)


def _mapping_for(catalogue: Path) -> Path:
    own = catalogue.with_name(OWN_MAPPING)
    if own.is_file():
        return own
    columns = _columns(catalogue)
    for name, known in KNOWN.items():
        if known <= columns and (MAPPINGS / name).is_file():
            return MAPPINGS / name
    raise UnreadableFile(
        f"{catalogue}: no {OWN_MAPPING} beside it, and no mapping in {MAPPINGS}/ is for such columns: name "
        "one with --mapping"
    )


def _columns(catalogue: Path) -> frozenset[str]:
    row = next((row for row in FeedFile(catalogue).rows() if row.record is not None), None)
    return frozenset(row.record if row is not None and row.record is not None else ())
