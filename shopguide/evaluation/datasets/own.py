"""The own layout of a data set: `interactions.csv` beside `items.csv` and perhaps `users.csv`, plain or with .gz.

- interactions: `user_id`, `item_id`, `timestamp`, perhaps `event` and `weight` (the value of a rating). Without a
  column that says what happened, everything is a purchase.
- items: `item_id`, `title`, perhaps `category`, `brand`, `price`; every other column is a facet, several values of one
  parted by a bar.
- users: `user_id`; every other column is a grouping of people, to see whether all groups are served alike.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from shopguide.catalogue.feed.mapping import Mapping as CatalogueMapping
from shopguide.catalogue.feed.readers import Record
from shopguide.errors import UnreadableFile
from shopguide.feedback.mapping import EventMapping
from shopguide.ids import ShopperId
from shopguide.rows import Row, read_rows

INTERACTIONS, ITEMS, USERS = "interactions.csv", "items.csv", "users.csv"
EVENTS = EventMapping.model_validate(
    {"fields": {"event_id": "#line", "shopper_id": "user_id", "sku": "item_id", "at": "timestamp", "kind": "event",
                "value": "weight"}}
)  # fmt: skip
_NEEDED = {INTERACTIONS: ("user_id", "item_id", "timestamp"), ITEMS: ("item_id", "title"), USERS: ("user_id",)}
_NO_FACETS = ("item_id", "title", "category", "brand", "price", "currency")


@dataclass(frozen=True)
class OwnFiles:
    """The files of one folder.

    Args:
        interactions: what people did.
        catalogue: the products.
        users: what is known of people, if there is such a file.
        columns: those of the catalogue.
    """

    interactions: Path
    catalogue: Path
    users: Path | None
    columns: Sequence[str]

    @property
    def files(self) -> list[Path]:
        """All files that are read."""
        return [self.interactions, self.catalogue, *([self.users] if self.users else [])]

    def rows(self) -> Iterator[Row]:
        """Yield the interactions with the columns that `EVENTS` reads."""
        for row in read_rows(self.interactions):
            said = row.why is not None or row.values.get("event")
            yield row if said else Row(row.line, {**row.values, "event": "purchase"})

    def items(self) -> Iterator[Record]:
        """Yield the readable rows of the catalogue."""
        for row in read_rows(self.catalogue):
            if row.why is None:
                yield dict(row.values)

    def groups(self) -> dict[str, dict[ShopperId, str]]:
        """Return grouping → shopper → group; whoever's cell is empty is in no group."""
        found: dict[str, dict[ShopperId, str]] = {}
        for row in read_rows(self.users) if self.users else ():
            for column, value in row.values.items():
                if column != "user_id" and value.strip():
                    found.setdefault(column, {})[ShopperId(row.values["user_id"].strip())] = value.strip()
        return found


def find(folder: Path) -> OwnFiles | None:
    """Return the files of a folder, `None` if the two that are needed are not both there.

    Raises:
        UnreadableFile: one of them lacks a column that is needed, or cannot be read.
    """
    interactions, items, users = (_plain_or_packed(folder / name) for name in (INTERACTIONS, ITEMS, USERS))
    if interactions is None or items is None:
        return None
    columns = {path: _columns(path, name) for path, name in ((interactions, INTERACTIONS), (items, ITEMS))}
    if users is not None:
        _columns(users, USERS)
    return OwnFiles(interactions, items, users, columns[items])


def catalogue(columns: Sequence[str]) -> CatalogueMapping:
    """Return the mapping of an items file with these columns."""
    known: Mapping[str, str] = {name: name for name in ("brand", "price") if name in columns}
    return CatalogueMapping.model_validate(
        {
            "sku": "item_id",
            "title": "title",
            **known,
            **({"category": {"from": "category", "split": r"\|"}} if "category" in columns else {}),
            "facets": {name: {"from": name, "split": r"\|"} for name in columns if name not in _NO_FACETS},
        }
    )


def _plain_or_packed(path: Path) -> Path | None:
    return next((found for found in (path, path.with_name(f"{path.name}.gz")) if found.is_file()), None)


def _columns(path: Path, name: str) -> tuple[str, ...]:
    first = next((row for row in read_rows(path) if row.why is None), None)
    if first is None:
        raise UnreadableFile(f"{path}: no row can be read")
    missing = [column for column in _NEEDED[name] if column not in first.values]
    if missing:
        raise UnreadableFile(f"{path}: line 1: no column {missing[0]} among {', '.join(first.values)}")
    return tuple(first.values)
