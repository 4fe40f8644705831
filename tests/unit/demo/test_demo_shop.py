"""The demo shop: what is committed is what the generator writes, and it is fit to be imported and learnt from."""

import gzip
import hashlib
import json
import subprocess
import sys
from collections import Counter, defaultdict
from datetime import datetime
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import numpy as np
import pytest

from lexicon.text import normalise
from shopguide.catalogue.feed.mapping import load_mapping
from shopguide.catalogue.feed.products import ProductReader
from shopguide.catalogue.product import Product
from shopguide.feedback.events import EVENT_WEIGHTS
from shopguide.feedback.mapping import EventMapping

DEMO = Path(__file__).resolve().parents[3] / "demo"
CONTENT = ("catalogue.jsonl.gz", "shoppers.jsonl", "events.jsonl.gz")


def content(path: Path) -> bytes:
    return gzip.decompress(path.read_bytes()) if path.suffix == ".gz" else path.read_bytes()


def rows(name: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in content(DEMO / name).decode().splitlines()]


@pytest.fixture(scope="module")
def feed() -> list[dict[str, Any]]:
    return rows("catalogue.jsonl.gz")


@pytest.fixture(scope="module")
def products(feed: list[dict[str, Any]]) -> list[Product]:
    reader = ProductReader(load_mapping(DEMO / "mapping.yml"))
    return [reader.product(row) for row in feed]


@pytest.fixture(scope="module")
def events() -> list[dict[str, Any]]:
    return rows("events.jsonl.gz")


def generate(out: Path, *arguments: str) -> None:
    subprocess.run([sys.executable, str(DEMO / "generate.py"), "--out", str(out), *arguments], check=True, timeout=120)


def test_what_is_committed_is_what_the_generator_writes(tmp_path: Path) -> None:
    generate(tmp_path)
    for name in CONTENT:
        assert content(tmp_path / name) == content(DEMO / name), f"{name}: run `python demo/generate.py`"
    assert json.loads((tmp_path / "MANIFEST.json").read_text()) == json.loads((DEMO / "MANIFEST.json").read_text())
    pictures = {path.name: path.read_bytes() for path in (tmp_path / "images").iterdir()}
    assert pictures == {path.name: path.read_bytes() for path in (DEMO / "images").iterdir()}


def test_the_manifest_names_what_the_files_come_from() -> None:
    manifest = json.loads((DEMO / "MANIFEST.json").read_text())
    for name in CONTENT:
        assert hashlib.sha256(content(DEMO / name)).hexdigest() == manifest["content_sha256"][name.removesuffix(".gz")]


def test_another_seed_makes_another_shop(tmp_path: Path) -> None:
    generate(tmp_path, "--seed", "another")
    assert content(tmp_path / "catalogue.jsonl.gz") != content(DEMO / "catalogue.jsonl.gz")


def test_it_is_small_enough_to_commit() -> None:
    assert (
        sum(path.stat().st_size for path in DEMO.rglob("*") if path.is_file() and "__pycache__" not in path.parts) < 4e6
    )


def test_every_row_can_be_imported_and_every_column_is_read(
    feed: list[dict[str, Any]], products: list[Product]
) -> None:
    assert len(products) == 2000
    assert len({product.sku for product in products}) == 2000
    mapping = load_mapping(DEMO / "mapping.yml")
    read = {column for facet in mapping.facets.values() for column in facet.columns}
    read |= {"sku", "title", "description", "brand", "category", "price", "was", "currency", "stock"}
    read |= {"rating", "ratings", "image", "link", "reviews"}
    assert {column for row in feed for column in row} == read


def test_it_looks_like_a_shop(products: list[Product]) -> None:
    assert len({product.category for product in products}) >= 12
    assert len({product.category[0] for product in products}) >= 5
    assert {len(product.category) for product in products} == {3}
    assert len({product.title for product in products}) == len(products)
    reduced = [product for product in products if product.list_price]
    assert all(product.price and product.list_price > product.price for product in reduced if product.list_price)
    assert 0.12 < len(reduced) / 2000 < 0.28
    assert 0.03 < sum(not product.in_stock for product in products) / 2000 < 0.12
    assert all(product.currency == "EUR" and product.price for product in products)
    assert sum(bool(product.reviews) for product in products) > 700
    assert max(len(product.reviews) for product in products) == 5
    weights = [product.facets["weight"] for product in products if "weight" in product.facets]
    assert min(weights) > 0 and max(weights) < 10, "a spelling was read as another number"


def test_it_is_messy_but_only_in_values(feed: list[dict[str, Any]]) -> None:
    colours = Counter(row.get("color") for row in feed)
    assert colours["gray"] and colours["Grey "]
    assert any("material" not in row for row in feed if row["category"].endswith("T-Shirts"))
    weights = [row["weight"] for row in feed if "weight" in row]
    assert any("," in weight for weight in weights) and any(weight.endswith(" g") for weight in weights)
    assert any(row["brand"] == "TOBRIN " for row in feed)


def test_what_titles_name_is_in_the_facets_too(feed: list[dict[str, Any]], products: list[Product]) -> None:
    """Who rules out a brand or a colour is not shown a product whose title has it."""
    brands = {normalise(product.brand or "") for product in products}
    assert len(brands) > 30 and "" not in brands
    for product in products:
        assert normalise(product.brand or "") in normalise(product.title)
    named = [row for row in feed if row["category"].startswith("Fashion")]
    assert all("color" in row and "gender" in row for row in named)


def test_dearer_brands_cost_more_and_better_products_rate_better(products: list[Product]) -> None:
    watches = [product for product in products if product.category[-1] == "Watches"]
    prices = defaultdict(list)
    for product in watches:
        prices[product.brand].append(float(product.price or 0))
    assert np.median(prices["Ferrane"]) > np.median(prices["Zephra"])
    reviewed = [product for product in products if len(product.reviews) >= 3 and product.rating]
    stars = [np.mean([review.rating for review in product.reviews]) for product in reviewed]
    assert np.corrcoef(stars, [product.rating for product in reviewed])[0, 1] > 0.5


def test_every_picture_is_there_is_drawn_and_shows_nothing_from_elsewhere(products: list[Product]) -> None:
    wanted = {str(product.image).removeprefix("/demo/images/") for product in products}
    assert wanted == {path.name for path in (DEMO / "images").iterdir()}
    for name in wanted:
        text = (DEMO / "images" / name).read_text("utf-8")
        ElementTree.fromstring(text)
        assert "{" not in text and "href" not in text and "<script" not in text
        assert "generated by demo/generate.py" in text


def test_events_can_be_imported(events: list[dict[str, Any]], products: list[Product]) -> None:
    mapping, skus = EventMapping(), {product.sku for product in products}
    shoppers = {row["shopper_id"] for row in rows("shoppers.jsonl")}
    read = [mapping.event(line, event) for line, event in enumerate(events, 1)]
    assert 35_000 < len(read) < 45_000
    assert len({event.event_id for event in read}) == len(read)
    assert {event.kind for event in read} == set(EVENT_WEIGHTS) | {"search"}
    assert {event.shopper_id for event in read} <= shoppers and len(shoppers) == 1000
    assert {event.sku for event in read if event.kind != "search"} <= skus
    assert all(event.text for event in read if event.kind == "search")
    assert all(1 <= (event.value or 0) <= 5 for event in read if event.kind == "rating")
    times = [event.at for event in read]
    assert times == sorted(times) and times[-1].year == 2026 and (times[-1] - times[0]).days in range(355, 366)


def test_sessions_run_from_the_first_look_to_the_purchase(events: list[dict[str, Any]]) -> None:
    """What is bought was put into the cart, what is put there was clicked, what is clicked was seen."""
    needs = {"click": "view", "like": "click", "dislike": "click", "add_to_cart": "click", "purchase": "add_to_cart"}
    seen: set[tuple[str, str, str]] = set()
    for event in events:
        kind = event["kind"]
        if kind in needs:
            assert (event["shopper_id"], event["sku"], needs[kind]) in seen
        seen.add((event["shopper_id"], event.get("sku", ""), kind))


def test_what_shoppers_volunteer_is_true_of_what_they_do(events: list[dict[str, Any]], products: list[Product]) -> None:
    brands = {product.sku: product.brand for product in products}
    offered = Counter(brands[product.sku] for product in products)
    favourites = {
        row["shopper_id"]: {
            one["value"] for one in row["preferences"] if one["facet"] == "brand" and one["polarity"] == 1
        }
        for row in rows("shoppers.jsonl")
    }
    told = [event for event in events if event["kind"] == "purchase" and favourites[event["shopper_id"]]]
    hits = sum(brands[event["sku"]] in favourites[event["shopper_id"]] for event in told)
    chance = sum(sum(offered[brand] for brand in favourites[event["shopper_id"]]) / len(products) for event in told)
    assert hits > 2 * chance


def test_behaviour_has_something_to_learn(events: list[dict[str, Any]], products: list[Product]) -> None:
    """Item neighbours beat popularity on what shoppers turn to in the last fifth of the year."""
    row_of = {product.sku: row for row, product in enumerate(products)}
    kept = [event for event in events if EVENT_WEIGHTS.get(event["kind"], 0) > 0 and event["kind"] != "rating"]
    cut = int(0.8 * len(kept))
    shoppers = {name: row for row, name in enumerate(sorted({event["shopper_id"] for event in kept}))}
    matrix = np.zeros((len(shoppers), len(products)))
    for event in kept[:cut]:
        matrix[shoppers[event["shopper_id"]], row_of[event["sku"]]] += EVENT_WEIGHTS[event["kind"]]
    matrix = np.minimum(matrix, 3.0)
    wanted: dict[int, set[int]] = defaultdict(set)
    for event in kept[cut:]:
        if event["kind"] != "view":
            wanted[shoppers[event["shopper_id"]]].add(row_of[event["sku"]])
    norms = np.sqrt((matrix**2).sum(0))
    similar = matrix.T @ matrix / (np.outer(norms, norms) + 5.0)
    np.fill_diagonal(similar, 0.0)
    popular = np.tile(matrix.sum(0), (len(matrix), 1))
    assert ndcg(matrix @ similar, matrix, wanted) > 2 * ndcg(popular, matrix, wanted) > 0


def ndcg(scores: np.ndarray, seen: np.ndarray, wanted: dict[int, set[int]], k: int = 10) -> float:
    """Mean NDCG@k over shoppers with a past and something new ahead; scores, seen: [shoppers, products]."""
    gains = 1 / np.log2(np.arange(2, k + 2))
    results = []
    for shopper, ahead in wanted.items():
        new = ahead - set(np.flatnonzero(seen[shopper]))
        if new and seen[shopper].any():
            top = np.argsort(-np.where(seen[shopper] > 0, -np.inf, scores[shopper]), kind="stable")[:k]
            results.append(gains[np.isin(top, list(new))].sum() / gains[: len(new)].sum())
    assert len(results) > 200
    return float(np.mean(results))


def test_the_times_of_preferences_lie_in_the_year() -> None:
    for row in rows("shoppers.jsonl"):
        for preference in row["preferences"]:
            assert datetime.fromisoformat(preference["at"]).year in (2025, 2026)
