"""Layouts of folders of behaviour: what is read, what is left out, and what is refused by name."""

import csv
import gzip
import json
from collections.abc import Sequence
from pathlib import Path

import pytest

from shopguide.errors import UnreadableFile
from shopguide.evaluation.datasets.loader import read_behaviour
from shopguide.evaluation.datasets.office import BETWEEN_ROWS
from shopguide.evaluation.datasets.reading import Reading
from shopguide.ids import ShopperId, Sku


def table(path: Path, *rows: Sequence[object]) -> None:
    with gzip.open(path, "wt", newline="") if path.suffix == ".gz" else path.open("w", newline="") as file:
        csv.writer(file).writerows(rows)


def own_layout(folder: Path) -> None:
    table(
        folder / "interactions.csv",
        ("user_id", "item_id", "timestamp", "event", "weight"),
        ("ann", "1", "2026-01-02T10:00:00", "rating", "5"),
        ("ann", "2", "2026-01-01T10:00:00", "click", ""),
        ("ann", "nowhere", "2026-01-01T10:00:00", "click", ""),
        ("bob", "1", "some day", "click", ""),
        ("bob", "1"),
    )
    table(
        folder / "items.csv.gz",
        ("item_id", "title", "category", "colour"),
        ("1", "red mug", "kitchen|mugs", "red"),
        ("2", "lamp", "light", "white|black"),
        ("", "nothing", "", ""),
    )


def test_the_own_layout_is_read_in_the_order_of_time_and_bad_rows_are_counted(tmp_path: Path) -> None:
    own_layout(tmp_path)
    table(tmp_path / "users.csv", ("user_id", "club"), ("ann", "gold"), ("bob", ""))
    found = read_behaviour(tmp_path)
    assert [(event.kind, event.sku, event.value) for event in found.events] == [
        ("click", "2", None),
        ("rating", "1", 5),
    ]
    assert found.left_out == 3
    assert found.index.skus == (Sku("1"), Sku("2"))
    assert found.index.product(Sku("2")).facets == {"colour": ("white", "black")}
    assert found.groups == {"club": {"ann": "gold"}}


def test_the_digest_is_of_all_files(tmp_path: Path) -> None:
    own_layout(tmp_path)
    before = read_behaviour(tmp_path).sha256
    table(tmp_path / "users.csv", ("user_id", "club"), ("ann", "gold"))
    assert read_behaviour(tmp_path).sha256 != before


@pytest.mark.parametrize(
    ("file", "header", "missing"),
    [
        ("interactions.csv", ("user", "item_id", "timestamp"), "user_id"),
        ("interactions.csv", ("user_id", "item_id", "time"), "timestamp"),
        ("items.csv", ("item_id", "name"), "title"),
        ("users.csv", ("person", "club"), "user_id"),
    ],
)
def test_a_missing_column_is_named_with_its_file(
    tmp_path: Path, file: str, header: Sequence[str], missing: str
) -> None:
    own_layout(tmp_path)
    (tmp_path / "items.csv.gz").rename(tmp_path / "items.csv.gz.old")
    table(tmp_path / "items.csv", ("item_id", "title"), ("1", "red mug"))
    table(tmp_path / file, header, ("a", "b", "c")[: len(header)])
    with pytest.raises(UnreadableFile, match=rf"{file}: line 1: no column {missing} among"):
        read_behaviour(tmp_path)


def test_a_file_without_any_row_is_said_so(tmp_path: Path) -> None:
    own_layout(tmp_path)
    table(tmp_path / "interactions.csv", ("user_id", "item_id", "timestamp"))
    with pytest.raises(UnreadableFile, match=r"interactions.csv: no row can be read"):
        read_behaviour(tmp_path)


def films(folder: Path, people: Sequence[str]) -> None:
    (folder / "u.data").write_text("1\t1\t5\t881250949\n2\t1\t2\t881250950\n")
    (folder / "u.item").write_text("1|Toys|01-Jan-1995||http://x|1|0\n", "latin-1")
    (folder / "u.genre").write_text("Comedy|0\nDrama|1\n")
    if people:
        (folder / "u.user").write_text("\n".join(people) + "\n")


def test_people_who_rate_films_are_grouped_by_gender_and_age(tmp_path: Path) -> None:
    films(tmp_path, ["1|24|M|technician|85711", "2|53|F|other|94043"])
    found = read_behaviour(tmp_path)
    assert found.groups == {"gender": {"1": "M", "2": "F"}, "age": {"1": "under 25", "2": "50 and more"}}


def test_nobody_has_to_know_the_people_but_what_is_said_has_to_be_right(tmp_path: Path) -> None:
    films(tmp_path, [])
    assert read_behaviour(tmp_path).groups == {}
    films(tmp_path, ["1|24|M|technician|85711", "2|old|F"])
    with pytest.raises(UnreadableFile, match=r"u.user: line 2 has no age and gender"):
        read_behaviour(tmp_path)


def test_liking_begins_at_a_rating_of_four(tmp_path: Path) -> None:
    films(tmp_path, [])
    lines = [f"{person}\t1\t{rating}\t881250949" for person, rating in enumerate((1, 2, 3, 4, 5), start=1)]
    (tmp_path / "u.data").write_text("\n".join(lines))
    log = Reading(read_behaviour(tmp_path)).log
    assert log.positive.toarray().ravel().tolist() == [0, 0, 0, 0.5, 1]


OFFICE_ITEMS = {
    str(n): {
        "title": f"pen {n}",
        "brand": "Bic" if n else "",
        "description": "['one.', '<b>two</b>']",
        "categories": "",
    }
    for n in range(8)
}
HEADER = ("user_id", "history_item_title", "item_title", "history_item_id", "item_id")


def office(folder: Path) -> None:
    with gzip.open(folder / "Pens.item.json.gz", "wt") as file:
        json.dump(OFFICE_ITEMS, file)
    table(
        folder / "Pens.valid.csv.gz",
        HEADER,
        ("A1", "", "", "[1, 2]", "3"),
        ("A2", "", "", "[4]", "5"),
        ("A1", "", "", "[1, 2, 3]", "6"),
        ("A3", "", "", "1, 2", "3"),
    )
    table(folder / "Pens.test.csv.gz", HEADER, ("A2", "", "", "[4, 5]", "99"), ("A2", "", "", "[4, 5, 99]", "7"))


def test_histories_become_events_in_the_order_of_time(tmp_path: Path) -> None:
    office(tmp_path)
    found = read_behaviour(tmp_path)
    said = [(event.shopper_id, event.sku) for event in found.events]
    # What lies before all rows comes first; a history of one is of any time before its row, so just before it.
    assert said == [("A1", "1"), ("A1", "2"), ("A1", "3"), ("A2", "4"), ("A2", "5"), ("A1", "6"), ("A2", "7")]
    assert found.left_out == 2  # a history that is none, a product that there is not
    moments = {(event.shopper_id, event.sku): event.at for event in found.events}
    assert moments["A2", "7"] - moments["A1", "3"] == 5 * BETWEEN_ROWS
    assert moments["A2", "4"] == moments["A2", "5"]
    pen = found.index.product(Sku("1"))
    assert (pen.brand, pen.title) == ("Bic", "pen 1")
    assert "two" in pen.description and "<b>" not in pen.description and "[" not in pen.description


def test_a_catalogue_of_something_else_is_named(tmp_path: Path) -> None:
    office(tmp_path)
    with gzip.open(tmp_path / "Pens.item.json.gz", "wt") as file:
        file.write("[1]")
    with pytest.raises(UnreadableFile, match=r"Pens.item.json.gz: is no JSON object"):
        read_behaviour(tmp_path)


def test_evidence_is_of_known_events_alone(tmp_path: Path) -> None:
    own_layout(tmp_path)
    reading = Reading(read_behaviour(tmp_path))
    everything = reading.evidence(reading.log.at > 0)
    assert {piece.event_id for piece in everything[0]} == {"2", "3"}
    assert {piece.event_id for piece in reading.evidence(reading.log.at == reading.log.until)[0]} == {"2"}
    assert reading.evidence(reading.log.at < 0) == {}
    assert reading.log.shoppers == (ShopperId("ann"),)
