"""Amazon's office products as MiniOneRec prepared them: what people bought, one after the other, without any times.

`<name>.item.json.gz` holds the products by number. Each row of `<name>.valid.csv.gz` and `<name>.test.csv.gz` is one
purchase with the (at most ten) purchases of the same person before it. Rows follow each other in time, the test file
after the other, and nobody's first purchase has a row. So the history of a person's first row lies before all rows,
but for a history of one purchase, which may be of any time before its row.

Times are invented to keep that order: rows are `BETWEEN_ROWS` apart, up to the month that the original files end in;
what lies before all rows is one day apart for each person. No more than the order is to be read out of them.
"""

import ast
import gzip
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from shopguide.catalogue.feed.mapping import Mapping
from shopguide.catalogue.feed.readers import Record
from shopguide.errors import UnreadableFile
from shopguide.feedback.mapping import EventMapping
from shopguide.rows import Row, read_rows

ITEMS, PARTS = ".item.json.gz", (".valid.csv.gz", ".test.csv.gz")
CATALOGUE = Mapping.model_validate({"sku": "item_id", "title": "title", "brand": "brand", "description": "description"})
EVENTS = EventMapping.model_validate(
    {
        "fields": {"event_id": ["user_id", "item_id", "at"], "shopper_id": "user_id", "sku": "item_id"},
        "constants": {"kind": "purchase"},
    }
)
BETWEEN_ROWS = timedelta(minutes=15)
_END = datetime(2018, 11, 1, tzinfo=UTC)


@dataclass(frozen=True)
class OfficeFiles:
    """The files of one folder: the products, and the purchases in the order of time."""

    catalogue: Path
    parts: Sequence[Path]

    @property
    def files(self) -> list[Path]:
        """All files that are read."""
        return [self.catalogue, *self.parts]

    def items(self) -> Iterator[Record]:
        """Yield the products.

        Raises:
            UnreadableFile: the file is no JSON object of products by number.
        """
        try:
            with gzip.open(self.catalogue, "rt", encoding="utf-8") as file:
                products = json.load(file)
        except (OSError, EOFError, ValueError) as error:
            raise UnreadableFile(f"{self.catalogue}: {error}") from error
        if not isinstance(products, dict) or not all(isinstance(product, dict) for product in products.values()):
            raise UnreadableFile(f"{self.catalogue}: is no JSON object of products by number")
        for number, product in products.items():
            yield {**product, "item_id": number, "description": _prose(product.get("description"))}

    def rows(self) -> Iterator[Row]:
        """Yield the purchases, oldest first, with the columns that `EVENTS` reads."""
        purchases = [(part, row) for part in self.parts for row in read_rows(part)]
        start = _END - len(purchases) * BETWEEN_ROWS
        known: set[str] = set()
        for number, (_, row) in enumerate(purchases):
            history = None if row.why else _numbers(row.values.get("history_item_id", ""))
            if history is None or not row.values.get("user_id") or not row.values.get("item_id"):
                yield Row(row.line, why=row.why or "no list of numbers, user or item")
                continue
            person, at = row.values["user_id"], start + number * BETWEEN_ROWS
            if person not in known:
                known.add(person)
                for place, item in enumerate(history):
                    before = timedelta(days=len(history) - place)
                    yield _purchase(row.line, person, item, at if len(history) == 1 else start - before)
            yield _purchase(row.line, person, row.values["item_id"], at)


def find(folder: Path) -> OfficeFiles | None:
    """Return the files of a folder, `None` if it has no other layout of this kind."""
    items = sorted(folder.glob(f"*{ITEMS}"))
    if len(items) != 1:
        return None
    name = items[0].name.removesuffix(ITEMS)
    parts = [folder / f"{name}{part}" for part in PARTS]
    return OfficeFiles(items[0], parts) if all(part.is_file() for part in parts) else None


def _purchase(line: int, person: str, item: str, at: datetime) -> Row:
    return Row(line, {"user_id": person, "item_id": item, "at": at.isoformat()})


def _numbers(text: str) -> list[str] | None:
    try:
        found = json.loads(text)
    except ValueError:
        return None
    whole = isinstance(found, list) and all(isinstance(number, int) for number in found)
    return [str(number) for number in found] if whole else None


def _prose(written: Any) -> str:
    """Descriptions are Python lists of paragraphs, written out."""
    try:
        paragraphs = ast.literal_eval(str(written or "[]"))
    except (ValueError, SyntaxError):
        return str(written)
    return " ".join(map(str, paragraphs)) if isinstance(paragraphs, list) else str(written)
