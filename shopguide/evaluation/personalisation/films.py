"""MovieLens 100K as a shop for films.

F. M. Harper and J. A. Konstan, "The MovieLens Datasets: History and Context" (2015). A film's decade is its category
and its genres are occasions: what one is in the mood for. Of a like, the guide learns about the facets `TELLING` alone
(`shopguide.guide.learning`), so a shop that wants tastes in genres to be learnt has to give them one of these names.
"""

from collections.abc import Iterator
from pathlib import Path

from shopguide.catalogue.feed.mapping import Mapping
from shopguide.catalogue.feed.products import ProductReader
from shopguide.catalogue.product import Product
from shopguide.errors import UnreadableFile
from shopguide.feedback.mapping import EventMapping
from shopguide.rows import Row

RATINGS, FILMS, GENRES = "u.data", "u.item", "u.genre"
OTHERS = (FILMS, GENRES)
EVENTS = EventMapping.model_validate(
    {"fields": {"event_id": "#line", "shopper_id": "user", "sku": "film"}, "constants": {"kind": "rating"}}
)
_CATALOGUE = Mapping.model_validate(
    {
        "sku": "film",
        "title": "title",
        "category": ["decade"],
        "facets": {"occasion": {"from": "genres", "split": r"\|"}},
    }
)
_NO_GENRE = "unknown"
_FIRST_GENRE = 5


def products(folder: Path) -> Iterator[Product]:
    """Yield the films.

    Raises:
        UnreadableFile: `u.item` or `u.genre` is missing or is not what it should be.
    """
    reader = ProductReader(_CATALOGUE)
    genres = [line.rpartition("|")[0] for line in _lines(folder / GENRES)]
    for number, line in enumerate(_lines(folder / FILMS), start=1):
        film, *rest = line.split("|")
        if len(rest) < _FIRST_GENRE - 1 + len(genres):
            raise UnreadableFile(f"{folder / FILMS}: line {number} has too few columns")
        title, released = rest[0], rest[1]
        marks = rest[_FIRST_GENRE - 1 :]
        named = [genre for genre, mark in zip(genres, marks, strict=False) if mark == "1" and genre != _NO_GENRE]
        decade = f"{released[-4:-1]}0s" if released else ""
        yield reader.product({"film": film, "title": title, "decade": decade, "genres": "|".join(named)})


def rows(folder: Path) -> Iterator[Row]:
    """Yield the ratings with the columns that `EVENTS` reads."""
    for number, line in enumerate(_lines(folder / RATINGS), start=1):
        columns = line.split()
        values = dict(zip(("user", "film", "value", "at"), columns, strict=False))
        yield Row(number, values, None if len(columns) == len(values) == 4 else "not four columns")


def _lines(path: Path) -> list[str]:
    try:
        return [line for line in path.read_text("latin-1").split("\n") if line.strip()]
    except OSError as error:
        raise UnreadableFile(f"{path}: {error.strerror}") from error
