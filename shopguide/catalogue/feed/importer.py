"""Imports a catalogue file: survey, read, stage, merge."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from shopguide.catalogue.feed.mapping import Mapping
from shopguide.catalogue.feed.products import BadRow, ProductReader
from shopguide.catalogue.feed.readers import FeedFile, Row
from shopguide.catalogue.product import Product
from shopguide.catalogue.store import Merge, ProductStore, Staging
from shopguide.errors import FeedError
from shopguide.ids import Sku

BATCH = 1000
"""Products staged at once: what bounds the memory."""

HOPELESS = 1000
"""An import whose first so many rows are all bad is given up: that is the wrong mapping."""


@dataclass(frozen=True, slots=True)
class RowError:
    """What is wrong with a row, and where."""

    line: int
    field: str
    why: str


@dataclass(slots=True)
class ImportReport:
    """What an import did.

    `read` = `imported` (new) + `updated` (there before; `unchanged` of them had no difference) + `skipped` (bad).
    """

    read: int = 0
    imported: int = 0
    updated: int = 0
    unchanged: int = 0
    skipped: int = 0
    retired: int = 0
    errors: list[RowError] = field(default_factory=list)

    def as_json(self) -> dict[str, Any]:
        """Return the report with the keys that DESIGN fixes and `unchanged` and `retired` beside them."""
        return {
            "read": self.read,
            "imported": self.imported,
            "updated": self.updated,
            "unchanged": self.unchanged,
            "skipped": self.skipped,
            "retired": self.retired,
            "errors": [{"line": e.line, "field": e.field, "why": e.why} for e in self.errors],
        }


def import_catalogue(
    store: ProductStore,
    path: Path,
    mapping: Mapping,
    *,
    replace: bool = False,
    strict: bool = False,
    language: str = "en",
    progress: Callable[[int, int], None] | None = None,
) -> ImportReport:
    """Import a catalogue file. Products that are there already are updated; it can be repeated.

    The catalogue changes in one step at the end: an error or an interrupt before it leaves everything as it was.

    Args:
        store: where the products go.
        path: the file.
        mapping: how to read it.
        replace: retire the products that the file does not name. A product whose row is bad is not retired.
        strict: a bad row ends the import.
        language: whose words are looked for in texts.
        progress: told (bytes done, bytes in all); the file counts twice if it must be read twice.

    Raises:
        FeedError: the file cannot be read, is empty under `replace`, a row is bad under `strict`, or every one of the
            first 1,000 rows is bad.
        DatabaseError: the database refuses.
    """
    run = _Import(store, mapping.file(path), mapping, strict=strict, language=language, progress=progress)
    return run.run(replace)


class _Import:
    def __init__(
        self,
        store: ProductStore,
        file: FeedFile,
        mapping: Mapping,
        *,
        strict: bool,
        language: str,
        progress: Callable[[int, int], None] | None,
    ) -> None:
        self._store = store
        self._file = file
        self._needs_survey = mapping.needs_survey
        self._reader = ProductReader(mapping, language)
        self._strict = strict
        self._progress = progress
        self._report = ImportReport()

    def run(self, replace: bool) -> ImportReport:
        if self._needs_survey:
            for row in self._rows(done=0):
                if row.record is not None:
                    self._reader.survey(row.record)
        report = self._report
        with self._store.importing() as staging:
            self._stage(staging)
            if replace and report.read == report.skipped:
                raise FeedError(f"{self._file.path}: no product in it; nothing was retired")
            merge: Merge = staging.merge(retire_others=replace)
        report.imported, report.updated = merge.imported, merge.updated
        report.unchanged, report.retired = merge.unchanged, merge.retired
        return report

    def _rows(self, done: int) -> Iterator[Row]:
        if self._progress is None:
            return self._file.rows()
        total = self._size() * (2 if self._needs_survey else 1)
        tell = self._progress
        return self._file.rows(lambda position: tell(done + position, total))

    def _size(self) -> int:
        try:
            return self._file.size
        except OSError as error:
            raise FeedError(f"{self._file.path}: {error}") from error

    def _stage(self, staging: Staging) -> None:
        batch: list[tuple[int, Product]] = []
        bad: set[Sku] = set()
        for row in self._rows(done=self._size() if self._needs_survey else 0):
            self._report.read += 1
            product = self._product(row, bad)
            if product is not None:
                batch.append((row.line, product))
            if len(batch) >= BATCH or len(bad) >= BATCH:
                self._stage_batch(staging, batch, bad)
                batch, bad = [], set()
            if self._report.read == self._report.skipped == HOPELESS:
                raise FeedError(
                    f"{self._file.path}: none of the first {HOPELESS} rows can be read; is this the right mapping? "
                    f"The first says: {_words(self._report.errors[0])}"
                )
        self._stage_batch(staging, batch, bad)

    def _product(self, row: Row, bad: set[Sku]) -> Product | None:
        if row.record is None:
            self._skip(row.line, [("row", row.problem)])
            return None
        try:
            return self._reader.product(row.record)
        except BadRow as error:
            self._skip(row.line, error.problems)
            if error.sku is not None:
                bad.add(error.sku)
            return None

    def _stage_batch(self, staging: Staging, batch: list[tuple[int, Product]], bad: set[Sku]) -> None:
        if not batch and not bad:
            return
        seen = staging.known([*(product.sku for _, product in batch), *bad])
        products: dict[Sku, Product] = {}
        for line, product in batch:
            if product.sku in seen:
                self._skip(line, [("sku", f"{product.sku!r} stands in an earlier row as well, which counts")])
            else:
                seen.add(product.sku)
                products[product.sku] = product
        staging.add(list(products.values()), keep=bad - seen)

    def _skip(self, line: int, problems: list[tuple[str, str]]) -> None:
        errors = [RowError(line, name, why) for name, why in problems]
        if self._strict:
            raise FeedError(f"{self._file.path}: {_words(errors[0])}")
        self._report.skipped += 1
        self._report.errors += errors


def _words(error: RowError) -> str:
    return f"line {error.line}: {error.field}: {error.why}"
