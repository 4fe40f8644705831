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
from shopguide.ids import ShopperId
from shopguide.rows import Row

RATINGS, FILMS, GENRES, PEOPLE = "u.data", "u.item", "u.genre", "u.user"
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
_AGES = ((25, "under 25"), (35, "25 to 34"), (50, "35 to 49"))
_OLDEST = "50 and more"


def files(folder: Path) -> list[Path]:
    """Return the files that are read; nobody has to know the people."""
    people = folder / PEOPLE
    return [*(folder / name for name in (RATINGS, FILMS, GENRES)), *([people] if people.is_file() else [])]


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


def groups(folder: Path) -> dict[str, dict[ShopperId, str]]:
    """Return the people by `gender` and by `age` in four bands; nothing without `u.user`.

    Raises:
        UnreadableFile: a line of `u.user` has no age and gender.
    """
    found: dict[str, dict[ShopperId, str]] = {"gender": {}, "age": {}}
    people = folder / PEOPLE
    for number, line in enumerate(_lines(people) if people.is_file() else (), start=1):
        person, age, gender = (*line.split("|"), "", "")[:3]
        if not age.isdigit() or not gender:
            raise UnreadableFile(f"{people}: line {number} has no age and gender")
        found["gender"][ShopperId(person)] = gender
        found["age"][ShopperId(person)] = next((band for limit, band in _AGES if int(age) < limit), _OLDEST)
    return {name: of for name, of in found.items() if of}


def _lines(path: Path) -> list[str]:
    try:
        return [line for line in path.read_text("latin-1").split("\n") if line.strip()]
    except OSError as error:
        raise UnreadableFile(f"{path}: {error.strerror}") from error
