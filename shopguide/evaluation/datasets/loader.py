"""Reads a folder of real behaviour, whichever of the known layouts it has."""

import hashlib
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from shopguide.catalogue.feed.products import BadRow, ProductReader
from shopguide.catalogue.feed.readers import Record
from shopguide.catalogue.index import CatalogueIndex
from shopguide.catalogue.product import Product
from shopguide.errors import UnreadableFile
from shopguide.evaluation.datasets import films, gifts, office, own
from shopguide.feedback.events import FeedbackEvent
from shopguide.feedback.mapping import BadField, EventMapping
from shopguide.ids import ShopperId
from shopguide.rows import Row, read_rows

Groups = Mapping[str, Mapping[ShopperId, str]]


@dataclass(frozen=True)
class Behaviour:
    """What people did with the products of one catalogue.

    Args:
        name: the folder's.
        sha256: digest of the files that were read.
        index: the catalogue.
        events: oldest first, each on a product of the catalogue; events of one moment stand as in the file.
        left_out: rows that are no events, or none that can be read.
        groups: what is known of people beside what they did: grouping ("gender") → shopper → group.
    """

    name: str
    sha256: str
    index: CatalogueIndex
    events: Sequence[FeedbackEvent]
    left_out: int
    groups: Groups = field(default_factory=dict)


@dataclass(frozen=True)
class _Source:
    """A layout found in a folder: its files, and how to read them."""

    files: Sequence[Path]
    products: Callable[[], Iterable[Product]]
    events: EventMapping
    rows: Callable[[], Iterable[Row]]
    groups: Callable[[], Groups] = dict


def read_behaviour(folder: Path) -> Behaviour:
    """Read a data set: UCI's "Online Retail" lines, MovieLens 100K, Amazon Office, or files of the own layout.

    Raises:
        UnreadableFile: the folder has none of these layouts, or one of its files cannot be read.
    """
    source = _source(folder)
    digest = hashlib.sha256()
    for file in source.files:
        try:
            digest.update(file.read_bytes())
        except OSError as error:
            raise UnreadableFile(f"{file}: {error.strerror}") from error
    index = CatalogueIndex(tuple(source.products()))
    events: list[FeedbackEvent] = []
    left_out = 0
    for row in source.rows():
        event = None if row.why is not None or source.events.leaves_out(row.values) else _event(source.events, row)
        if event is None or event.sku not in index:
            left_out += 1
        else:
            events.append(event)
    events.sort(key=lambda event: event.at)
    return Behaviour(folder.name, digest.hexdigest(), index, tuple(events), left_out, source.groups())


def _source(folder: Path) -> _Source:
    gift_shop = folder / gifts.FILE
    if gift_shop.is_file():
        # Twice: a tuple of all rows would take more memory than everything else.
        return _Source(
            [gift_shop], lambda: gifts.products(read_rows(gift_shop)), gifts.EVENTS, lambda: read_rows(gift_shop)
        )
    if (folder / films.RATINGS).is_file():
        return _Source(
            films.files(folder),
            lambda: films.products(folder),
            films.EVENTS,
            lambda: films.rows(folder),
            lambda: films.groups(folder),
        )
    stationery = office.find(folder)
    if stationery is not None:
        return _Source(
            stationery.files,
            lambda: _products(ProductReader(office.CATALOGUE), stationery.items()),
            office.EVENTS,
            stationery.rows,
        )
    found = own.find(folder)
    if found is None:
        raise UnreadableFile(
            f"{folder}: neither {gifts.FILE} nor {films.RATINGS} nor *{office.ITEMS} nor {own.INTERACTIONS} beside "
            f"{own.ITEMS}, plain or with .gz"
        )
    return _Source(
        found.files,
        lambda: _products(ProductReader(own.catalogue(found.columns)), found.items()),
        own.EVENTS,
        found.rows,
        found.groups,
    )


def _products(reader: ProductReader, records: Iterable[Record]) -> Iterator[Product]:
    for record in records:
        try:
            yield reader.product(record)
        except BadRow:
            continue


def _event(mapping: EventMapping, row: Row) -> FeedbackEvent | None:
    try:
        return mapping.event(row.line, row.values)
    except BadField:
        return None
