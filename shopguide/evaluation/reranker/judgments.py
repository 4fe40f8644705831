"""Reads `judgments.csv`: what people think of products as answers to queries."""

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from shopguide.catalogue.index import CatalogueIndex
from shopguide.errors import UnreadableFile
from shopguide.ids import Sku
from shopguide.rows import read_rows

FILE = "judgments.csv"
QUERY, DOCUMENT, RATING = "query", "docid", "final_rating"


@dataclass(frozen=True)
class Judgments:
    """Ratings of products by query.

    Args:
        ratings: query → row of the catalogue → rating, 0 being irrelevant; only queries with a relevant product.
        without_relevant: queries that were skipped because no product on sale answers them.
        unjudged: rows of the file without a rating.
        not_on_sale: rated products that the catalogue does not have.
    """

    ratings: Mapping[str, Mapping[int, float]]
    without_relevant: int
    unjudged: int
    not_on_sale: int


def read_judgments(path: Path, index: CatalogueIndex) -> Judgments:
    """Read the file; a product without a rating is unjudged, which is not irrelevant, and left out.

    Raises:
        UnreadableFile: a column is missing, a rating is no number, or nothing is left.
    """
    found: defaultdict[str, dict[int, float]] = defaultdict(dict)
    unjudged = 0
    missing: set[str] = set()
    for row in read_rows(path):
        if row.why is not None:
            raise UnreadableFile(f"{path}: line {row.line}: {row.why}")
        lacking = [name for name in (QUERY, DOCUMENT, RATING) if name not in row.values]
        if lacking:
            raise UnreadableFile(f"{path}: line {row.line}: no column {lacking[0]} among {', '.join(row.values)}")
        rating = _rating(path, row.line, str(row.values[RATING] or ""))
        sku = Sku(str(row.values[DOCUMENT]).strip())
        if rating is None:
            unjudged += 1
        elif sku not in index:
            missing.add(sku)
        else:
            found[str(row.values[QUERY]).strip()][index.row(sku)] = rating
    relevant = {query: dict(rows) for query, rows in found.items() if max(rows.values()) > 0}
    if not relevant:
        raise UnreadableFile(f"{path}: no query has a relevant product that is on sale")
    return Judgments(relevant, len(found) - len(relevant), unjudged, len(missing))


def _rating(path: Path, line: int, text: str) -> float | None:
    if not text.strip():
        return None
    try:
        rating = float(text)
    except ValueError:
        rating = -1.0
    if not 0.0 <= rating <= 10.0:
        raise UnreadableFile(f"{path}: line {line}: {RATING}: {text!r} is no rating from 0 to 10")
    return rating
