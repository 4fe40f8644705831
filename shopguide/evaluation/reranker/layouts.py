"""Finds the catalogue, the judgments and the events in the folder of a data set."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from shopguide.catalogue.feed.mapping import Mapping as FeedMapping
from shopguide.catalogue.feed.mapping import load_mapping
from shopguide.errors import UnreadableFile
from shopguide.evaluation.reranker.judgments import FILE as JUDGMENTS

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
        mapping: how to read the catalogue.
        judgments: people's ratings, if there are any.
        events: what shoppers searched for and chose, if that is there.
    """

    folder: Path
    catalogue: Path
    mapping: FeedMapping
    judgments: Path | None
    events: Path | None

    @property
    def sha256(self) -> str:
        """Digest of the files and of how the catalogue is read."""
        digest = hashlib.sha256(self.mapping.model_dump_json().encode())
        for path in filter(None, (self.catalogue, self.judgments, self.events)):
            digest.update(path.read_bytes())
        return digest.hexdigest()

    @property
    def catalogue_sha256(self) -> str:
        """Digest of the catalogue alone and of how it is read."""
        return hashlib.sha256(self.mapping.model_dump_json().encode() + self.catalogue.read_bytes()).hexdigest()


def find_layout(folder: Path, mapping: Path | None = None) -> Layout:
    """Find a data set's files: the catalogue lies in the folder or beside it.

    Args:
        folder: of the data set.
        mapping: how to read the catalogue; without it, `mapping.yml` beside the catalogue or one for a known catalogue.

    Raises:
        UnreadableFile: there is no catalogue, or nothing says how to read it.
        MappingError: the mapping is wrong.
    """
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
    from shopguide.catalogue.feed.readers import FeedFile

    row = next((row for row in FeedFile(catalogue).rows() if row.record is not None), None)
    return frozenset(row.record if row is not None and row.record is not None else ())
