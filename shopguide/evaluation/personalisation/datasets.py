"""Folders of real behaviour as a catalogue and feedback events, without a database."""

import hashlib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from shopguide.catalogue.feed.mapping import Mapping as CatalogueMapping
from shopguide.catalogue.feed.products import BadRow, ProductReader
from shopguide.catalogue.feed.readers import Record
from shopguide.catalogue.index import CatalogueIndex
from shopguide.catalogue.product import Product
from shopguide.errors import UnreadableFile
from shopguide.evaluation.personalisation import films, gifts
from shopguide.feedback.events import FeedbackEvent
from shopguide.feedback.mapping import BadField, EventMapping
from shopguide.rows import Row, read_rows

OWN_LAYOUT = ("interactions.csv", "items.csv")
_FIELDS = ("item_id", "title", "category", "brand", "price", "currency")
_EVENTS = EventMapping.model_validate(
    {"fields": {"event_id": "#line", "shopper_id": "user_id", "sku": "item_id", "at": "timestamp", "kind": "event",
                "value": "weight"}}
)  # fmt: skip


@dataclass(frozen=True)
class Behaviour:
    """What people did with the products of one catalogue.

    Args:
        name: the folder's.
        sha256: digest of the files that were read.
        index: the catalogue.
        events: oldest first, each on a product of the catalogue.
        left_out: rows that are no events, or none that can be read.
    """

    name: str
    sha256: str
    index: CatalogueIndex
    events: Sequence[FeedbackEvent]
    left_out: int


def read_behaviour(folder: Path) -> Behaviour:
    """Read a data set: the UCI "Online Retail" lines, MovieLens 100K, or `interactions.csv` beside `items.csv`.

    Raises:
        UnreadableFile: the folder has none of these layouts, or one of its files cannot be read.
    """
    gift_shop, ratings = folder / gifts.FILE, folder / films.RATINGS
    if gift_shop.is_file():
        # Twice: a tuple of all rows would take more memory than everything else.
        products = gifts.products(read_rows(gift_shop))
        return _behaviour(folder, [gift_shop], products, gifts.EVENTS, read_rows(gift_shop))
    if ratings.is_file():
        files = [ratings, *(folder / name for name in films.OTHERS)]
        return _behaviour(folder, files, films.products(folder), films.EVENTS, films.rows(folder))
    found = [_found(folder, name) for name in OWN_LAYOUT]
    return _behaviour(folder, found, _items(found[1]), _EVENTS, (_with_kind(row) for row in read_rows(found[0])))


def _found(folder: Path, name: str) -> Path:
    path = next((path for path in (folder / name, folder / f"{name}.gz") if path.is_file()), None)
    if path is None:
        raise UnreadableFile(f"{folder}: neither {gifts.FILE} nor {films.RATINGS} nor {name}, plain or with .gz")
    return path


def _behaviour(
    folder: Path, files: Sequence[Path], products: Iterable[Product], mapping: EventMapping, rows: Iterable[Row]
) -> Behaviour:
    digest = hashlib.sha256()
    for file in files:
        digest.update(file.read_bytes())
    index = CatalogueIndex(tuple(products))
    events: list[FeedbackEvent] = []
    left_out = 0
    for row in rows:
        event = None if row.why is not None or mapping.leaves_out(row.values) else _event(mapping, row)
        if event is None or event.sku not in index:
            left_out += 1
        else:
            events.append(event)
    events.sort(key=lambda event: event.at)
    return Behaviour(folder.name, digest.hexdigest(), index, tuple(events), left_out)


def _event(mapping: EventMapping, row: Row) -> FeedbackEvent | None:
    try:
        return mapping.event(row.line, row.values)
    except BadField:
        return None


def _with_kind(row: Row) -> Row:
    """Without a column that says what happened, everything is a purchase."""
    return row if row.why is not None or row.values.get("event") else Row(row.line, {**row.values, "event": "purchase"})


def _items(file: Path) -> Iterator[Product]:
    """Read items.csv: columns beyond the usual ones are facets, several values of one parted by a bar."""
    reader: ProductReader | None = None
    for row in read_rows(file):
        if row.why is not None:
            continue
        if reader is None:
            reader = ProductReader(_mapping_of(tuple(row.values)))
        record: Record = dict(row.values)
        try:
            yield reader.product(record)
        except BadRow:
            continue


def _mapping_of(columns: Sequence[str]) -> CatalogueMapping:
    known = {name: name for name in ("brand", "price") if name in columns}
    return CatalogueMapping.model_validate(
        {
            "sku": "item_id",
            "title": "title",
            **known,
            **({"category": {"from": "category", "split": r"\|"}} if "category" in columns else {}),
            "facets": {name: {"from": name, "split": r"\|"} for name in columns if name not in _FIELDS},
        }
    )
