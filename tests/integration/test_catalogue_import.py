"""Imports through the command line, killed half-way, and of the two real catalogues."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from lexicon.entries import read
from shopguide.catalogue.constraints import Constraint
from shopguide.catalogue.feed.importer import import_catalogue
from shopguide.catalogue.feed.mapping import load_mapping
from shopguide.catalogue.index import CatalogueIndex
from shopguide.catalogue.lexicon import lexicon_of
from shopguide.catalogue.store import ProductStore
from shopguide.db.engine import Database

DATASETS = Path("../shared/datasets")
MAPPING = {"sku": "id", "title": "name", "price": "price", "currency": "EUR", "facets": {"colour": "colour"}}


class Shell:
    """The command line in a shop of its own."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.url = f"sqlite:///{folder}/shop.db"
        self.lexicon = folder / "lexicon.jsonl"
        self.environment = os.environ | {
            "SHOPGUIDE_DATABASE_URL": self.url,
            "SHOPGUIDE_LEXICON_PATH": str(self.lexicon),
            "SHOPGUIDE_TEXT_INDEX_DIR": str(folder / "text"),
        }
        self.mapping = folder / "mapping.yml"
        self.mapping.write_text(yaml.safe_dump(MAPPING))

    def start(self, *arguments: str) -> subprocess.Popen[str]:
        # A job in the background ignores SIGINT, and its children with it.
        heed = "import signal; signal.signal(signal.SIGINT, signal.default_int_handler)"
        command = [sys.executable, "-c", f"{heed}; from shopguide.cli import main; main()", *arguments]
        return subprocess.Popen(
            command, env=self.environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        )

    def run(self, *arguments: str) -> tuple[int, str, str]:
        process = self.start(*arguments)
        out, error = process.communicate(timeout=240)
        return process.returncode, out, error

    def store(self) -> ProductStore:
        database = Database(self.url)
        database.migrate()
        return ProductStore(database)


@pytest.fixture
def shell(tmp_path: Path) -> Shell:
    return Shell(tmp_path)


def rows(count: int, **fields: Any) -> Iterator[dict[str, Any]]:
    for number in range(count):
        yield {"id": f"p{number}", "name": f"Lamp {number}", "price": 5, "colour": "navy blue", **fields}


def write_rows(path: Path, records: Iterator[dict[str, Any]]) -> Path:
    path.write_text("".join(json.dumps(record) + "\n" for record in records))
    return path


def test_import_report_and_lexicon(shell: Shell) -> None:
    feed = write_rows(shell.folder / "feed.jsonl", rows(30))
    with feed.open("a") as file:
        file.write('{"id": "bad"}\n')
    arguments = ("import", "catalogue", str(feed), "--mapping", str(shell.mapping))
    code, out, error = shell.run(*arguments, "--json")
    assert (code, error) == (0, "")
    assert json.loads(out) == {
        "read": 31,
        "imported": 30,
        "updated": 0,
        "unchanged": 0,
        "skipped": 1,
        "retired": 0,
        "errors": [{"line": 31, "field": "title", "why": "missing"}],
    }
    forms = {form for entry in read(shell.lexicon).values for form in entry.forms}
    assert "navy" in forms

    code, out, _ = shell.run(*arguments)
    assert code == 0
    assert "line 31: title: missing" in out
    assert "30 updated (30 of them without a change), 1 skipped" in out

    code, _, error = shell.run(*arguments, "--strict")
    assert code == 1
    assert "line 31: title: missing" in error
    assert "Traceback" not in error

    code, out, _ = shell.run("catalogue", "report", "--json")
    assert code == 0
    assert json.loads(out)["products"] == 30
    code, out, _ = shell.run("catalogue", "report")
    assert code == 0
    assert "colour" in out
    shell.lexicon.unlink()
    code, out, _ = shell.run("lexicon", "export", "--json")
    assert code == 0
    assert json.loads(out)["digest"] == read(shell.lexicon).digest


def test_a_wrong_mapping_is_one_line_and_exit_code_one(shell: Shell) -> None:
    shell.mapping.write_text("sku: id\nname: x\n")
    code, _, error = shell.run("import", "catalogue", "absent.csv", "--mapping", str(shell.mapping))
    assert code == 1
    assert "title" in error
    assert "Traceback" not in error


@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGINT, signal.SIGTERM], ids=lambda how: how.name)
def test_an_import_killed_half_way_leaves_nothing(shell: Shell, how: signal.Signals) -> None:
    store = shell.store()
    first = write_rows(shell.folder / "first.jsonl", rows(3))
    import_catalogue(store, first, load_mapping(shell.mapping))
    before = (store.count(), store.revision(), store.digest())

    # A pipe instead of a file: the importer waits for rows that never come, so the kill finds it in the middle.
    pipe = shell.folder / "slow.jsonl"
    os.mkfifo(pipe)
    process = shell.start("import", "catalogue", str(pipe), "--mapping", str(shell.mapping), "--replace")
    with process, pipe.open("w") as feed:
        for record in rows(2500, name="Changed"):
            feed.write(json.dumps(record) + "\n")
        feed.flush()
        with Database(shell.url).engine.connect() as connection:
            deadline = time.monotonic() + 120
            while connection.exec_driver_sql("SELECT count(*) FROM product_staging").scalar() == 0:
                assert time.monotonic() < deadline
                assert process.poll() is None, process.communicate()
                time.sleep(0.05)
        process.send_signal(how)
        process.communicate(timeout=60)

    assert process.returncode != 0
    assert (store.count(), store.revision(), store.digest()) == before
    assert {product.title for product in store.products()} == {"Lamp 0", "Lamp 1", "Lamp 2"}
    complete = write_rows(shell.folder / "complete.jsonl", rows(2500, name="Changed"))
    assert import_catalogue(store, complete, load_mapping(shell.mapping)).imported == 2497


def real_catalogue(folder: Path, dataset: str, mapping: str) -> tuple[CatalogueIndex, dict[str, set[tuple[str, str]]]]:
    path = DATASETS / dataset
    if not path.exists():
        pytest.skip(f"{path} is private and absent here")
    database = Database(f"sqlite:///{folder}/{mapping}.db")
    database.migrate()
    store = ProductStore(database)
    report = import_catalogue(store, path, load_mapping(Path(f"mappings/{mapping}.yml")))
    assert report.skipped <= 2
    assert report.read == report.imported + report.skipped
    revision, _, products = store.snapshot()
    index = CatalogueIndex(products, revision)
    database.close()
    meanings: dict[str, set[tuple[str, str]]] = {}
    for entry in lexicon_of(index, currency="EUR").values:
        for form in entry.forms:
            meanings.setdefault(form, set()).add((entry.facet, entry.value))
    return index, meanings


@pytest.mark.slow
def test_fashion_styles(tmp_path: Path) -> None:
    index, meanings = real_catalogue(tmp_path, "fashion_styles/styles.csv.gz", "fashion_styles")
    assert len(index) == 41_023
    expected = {
        "shoes": ("category", "shoes"),
        "sneakers": ("category", "sports shoes"),
        "trainers": ("category", "sports shoes"),
        "gym": ("occasion", "sports"),
        "husband": ("audience", "men"),
        "formal": ("occasion", "formal"),
        "bag": ("category", "bags"),
        "backpack": ("category", "backpacks"),
        "sarees": ("category", "sarees"),
        "saree": ("category", "sarees"),
        "tee": ("category", "tshirts"),
        "watch": ("category", "watches"),
        "nike": ("brand", "nike"),
        "peter england": ("brand", "peter england"),
        "turtle brand": ("brand", "turtle"),
        "united colors of benetton": ("brand", "united colors of benetton"),
        "navy": ("colour", "navy blue"),
    }
    assert {form: meanings.get(form) for form in expected} == {form: {value} for form, value in expected.items()}
    blue_shoes = index.matching([Constraint("category", "in", ("shoes",)), Constraint("colour", "in", ("blue",))])
    colours = {value for row in blue_shoes for value in index.values("colour", int(row))}
    assert colours == {"blue", "navy blue", "turquoise blue"}


@pytest.mark.slow
def test_icecat(tmp_path: Path) -> None:
    index, meanings = real_catalogue(tmp_path, "icecat/products.jsonl.gz", "icecat")
    assert len(index) == 19_406
    assert index.facets["category"].coverage > 0.9
    expected = {
        "laptop": ("category", "notebook"),
        "monitor": ("category", "monitor"),
        "toner": ("category", "toner cartridge"),
        "xerox": ("brand", "xerox"),
        "printer": ("category", "printer"),
        "usb stick": ("category", "usb flash drive"),
    }
    assert {form: meanings.get(form) for form in expected} == {form: {value} for form, value in expected.items()}
    monitors = index.matching([Constraint("category", "in", ("monitor",)), Constraint("screen_size", "in", ("24",))])
    assert len(monitors) > 20
    toner = index.matching([Constraint("category", "in", ("toner cartridge",)), Constraint("brand", "in", ("xerox",))])
    rows_found, _ = index.search("copycentre c65", toner, 5)
    assert any("c65" in index.product(index.skus[row]).description.lower() for row in rows_found)
