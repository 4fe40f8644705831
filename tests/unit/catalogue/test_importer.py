"""Whole imports: summaries, bad rows, upsert, replace, strict."""

import json
from pathlib import Path
from typing import Any

import pytest

from shopguide.catalogue.feed.importer import ImportReport, import_catalogue
from shopguide.catalogue.feed.mapping import Mapping, load_mapping, parse_mapping
from shopguide.catalogue.store import ProductStore
from shopguide.errors import FeedError, MappingError
from shopguide.ids import Sku

MAPPING = parse_mapping(
    {"sku": "id", "title": "name", "price": "price", "currency": "EUR", "facets": {"colour": "colour"}}
)


def write_feed(path: Path, rows: list[dict[str, Any] | str]) -> Path:
    path.write_text("".join((row if isinstance(row, str) else json.dumps(row)) + "\n" for row in rows))
    return path


def thing(number: int, **fields: Any) -> dict[str, Any]:
    return {"id": f"p{number}", "name": f"Thing {number}", "price": 5, "colour": "red", **fields}


def summary(report: ImportReport) -> tuple[int, int, int, int]:
    return report.read, report.imported, report.updated, report.skipped


@pytest.fixture
def feed(tmp_path: Path) -> Path:
    return write_feed(tmp_path / "feed.jsonl", [thing(n) for n in range(5)])


def test_an_import_can_be_repeated(store: ProductStore, feed: Path) -> None:
    assert summary(import_catalogue(store, feed, MAPPING)) == (5, 5, 0, 0)
    again = import_catalogue(store, feed, MAPPING)
    assert summary(again) == (5, 0, 5, 0)
    assert again.unchanged == 5
    assert store.revision() == 1


def test_bad_rows_are_reported_and_skipped(store: ProductStore, tmp_path: Path) -> None:
    feed = write_feed(
        tmp_path / "f.jsonl", [thing(1), "{broken", thing(2, name="", price="?"), thing(1, name="Again"), thing(3)]
    )
    report = import_catalogue(store, feed, MAPPING)
    assert summary(report) == (5, 2, 0, 3)
    assert report.read == report.imported + report.updated + report.skipped
    assert [(error.line, error.field) for error in report.errors] == [
        (2, "row"),
        (3, "title"),
        (3, "price"),
        (4, "sku"),
    ]
    assert report.as_json()["errors"][1] == {"line": 3, "field": "title", "why": "missing"}
    assert store.get(Sku("p1")).title == "Thing 1"


def test_a_row_after_a_bad_one_of_the_same_sku_counts(store: ProductStore, tmp_path: Path) -> None:
    feed = write_feed(tmp_path / "f.jsonl", [thing(1, price="?"), thing(1, name="Good")])
    assert summary(import_catalogue(store, feed, MAPPING)) == (2, 1, 0, 1)


def test_replace_retires_what_vanished_but_not_what_is_bad(store: ProductStore, feed: Path, tmp_path: Path) -> None:
    import_catalogue(store, feed, MAPPING)
    smaller = write_feed(tmp_path / "g.jsonl", [thing(0), thing(1, price="?"), thing(9)])
    report = import_catalogue(store, smaller, MAPPING, replace=True)
    assert (report.imported, report.updated, report.skipped, report.retired) == (1, 1, 1, 3)
    assert {product.sku for product in store.products()} == {"p0", "p1", "p9"}


def test_replace_with_nothing_retires_nothing(store: ProductStore, feed: Path, tmp_path: Path) -> None:
    import_catalogue(store, feed, MAPPING)
    for rows in ([], ["{"]):
        with pytest.raises(FeedError, match="nothing was retired"):
            import_catalogue(store, write_feed(tmp_path / "e.jsonl", list(rows)), MAPPING, replace=True)
    assert store.count() == 5


def test_strict_makes_a_bad_row_fatal_and_changes_nothing(store: ProductStore, tmp_path: Path) -> None:
    feed = write_feed(tmp_path / "f.jsonl", [*(thing(n) for n in range(2500)), thing(1, price="?"), thing(9000)])
    with pytest.raises(FeedError, match=r"line 2501: price: '\?' is no number"):
        import_catalogue(store, feed, MAPPING, strict=True)
    assert (store.count(), store.revision()) == (0, 0)


def test_the_wrong_mapping_is_noticed_early(store: ProductStore, tmp_path: Path) -> None:
    feed = write_feed(tmp_path / "f.jsonl", [{"other": n} for n in range(1500)])
    with pytest.raises(FeedError, match="right mapping"):
        import_catalogue(store, feed, MAPPING)


def test_many_batches_and_repeats_across_them(store: ProductStore, tmp_path: Path) -> None:
    feed = write_feed(tmp_path / "f.jsonl", [*(thing(n) for n in range(2300)), thing(3), thing(2299)])
    report = import_catalogue(store, feed, MAPPING)
    assert summary(report) == (2302, 2300, 0, 2)
    assert [error.line for error in report.errors] == [2301, 2302]


def test_titles_are_surveyed_before_products_are_read(store: ProductStore, tmp_path: Path) -> None:
    mapping = parse_mapping(
        {
            "sku": "id",
            "title": "name",
            "brand_from_title": {"title": "name", "stop": ["men"]},
            "category": {"title_noun": {"title": "name", "after": "model", "texts": ["name"], "min_count": 2}},
        }
    )
    names = [f"Peter Marsh Men X{n} coat Red" for n in range(6)] + ["Peter Marsh red Coats"]
    rows: list[dict[str, Any] | str] = [{"id": n, "name": name, "model": f"X{n}"} for n, name in enumerate(names)]
    told: list[tuple[int, int]] = []
    feed = write_feed(tmp_path / "f.jsonl", rows)
    import_catalogue(store, feed, mapping, progress=lambda done, total: told.append((done, total)))
    assert {(product.brand, product.category) for product in store.products()} == {("Peter Marsh", ("coat",))}
    assert told[-1] == (2 * feed.stat().st_size, 2 * feed.stat().st_size)


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ("sku: id", "title"),
        ("sku: id\ntitle: t\nbrnad: b", "brnad"),
        ("sku: id\ntitle: t\nfacets: {price: p}", "facets"),
        ("sku: id\ntitle: t\nfacets: {Colour: p}", "facets"),
        ("sku: id\ntitle: t\nfacets: {colour: {from: p, split: '('}}", r"facets\.colour\.split"),
        ("sku: id\ntitle: t\ncurrency: euro", "currency"),
        ("sku: id\ntitle: t\nbrand: b\nbrand_from_title: {title: t}", "exclude each other"),
        ("- a", "keys and values"),
        ("a: [", "mapping.yml"),
    ],
)
def test_a_wrong_mapping_names_the_key(tmp_path: Path, content: str, words: str) -> None:
    path = tmp_path / "mapping.yml"
    path.write_text(content)
    with pytest.raises(MappingError, match=words):
        load_mapping(path)


def test_a_missing_mapping_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(MappingError, match="absent"):
        load_mapping(tmp_path / "absent.yml")


@pytest.mark.parametrize("path", sorted(Path("mappings").glob("[fi]*.yml")), ids=lambda path: path.stem)
def test_the_shipped_mappings_are_right(path: Path) -> None:
    assert isinstance(load_mapping(path), Mapping)
