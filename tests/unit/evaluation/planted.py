"""Invented behaviour with a planted preference: who likes what is known, so is who must win."""

import csv
import gzip
import random
from datetime import timedelta
from pathlib import Path
from typing import Any

from shopguide.catalogue.index import CatalogueIndex
from shopguide.catalogue.product import Product
from shopguide.evaluation.datasets.loader import Behaviour
from shopguide.evaluation.personalisation.compare import Setting, means
from shopguide.feedback.events import FeedbackEvent
from shopguide.ids import ShopperId, Sku
from tests.unit.recommender.synthetic import START

COLOURS = ("red", "blue", "green", "black", "white", "pink")
KINDS = ("mug", "lamp")
SHOPPERS, EACH = 48, 30
BESTSELLERS, BESTSELLING = 42, 0.4
METRIC = "ndcg@10"


def planted(*, faithful: float = 0.9, seed: int = 5) -> Behaviour:
    """Return purchases of shoppers who each keep to one colour; with `faithful=0` nobody has any taste."""
    source = random.Random(seed)
    products = [
        Product(
            sku=Sku(f"p{i:03d}"), title=f"thing {i}", category=(KINDS[i % 2],), facets={"colour": (COLOURS[i % 6],)}
        )
        for i in range(360)
    ]
    of_colour = {colour: [p.sku for p in products if p.facets["colour"] == (colour,)] for colour in COLOURS}
    everything = [product.sku for product in products]
    events = []
    for number in range(SHOPPERS * EACH):
        shopper = number % SHOPPERS
        own = of_colour[COLOURS[shopper % len(COLOURS)]]
        among = own if source.random() < faithful else everything
        if source.random() < BESTSELLING:
            among = everything[:BESTSELLERS]
        sku = source.choice(among)
        at = START + timedelta(hours=number)
        events.append(FeedbackEvent(f"e{number}", "purchase", ShopperId(f"s{shopper}"), at, sku))
    return Behaviour("planted", "", CatalogueIndex(products), tuple(events), 0)


def gain(found: Any, setting: Setting, one: str, other: str) -> float:
    ours, theirs = (means([found[setting][whose]], METRIC) for whose in (one, other))
    return float((ours - theirs).mean())


def write_own_layout(folder: Path, behaviour: Behaviour) -> None:
    with gzip.open(folder / "interactions.csv.gz", "wt", newline="") as file:
        table = csv.writer(file)
        table.writerow(["user_id", "item_id", "timestamp"])
        for event in behaviour.events:
            table.writerow([event.shopper_id, event.sku, int(event.at.timestamp())])
        table.writerow(["s1", "no such thing", 1_700_000_000])
        table.writerow(["s1", "p001", "yesterday"])
    with (folder / "items.csv").open("w", newline="") as file:
        table = csv.writer(file)
        table.writerow(["item_id", "title", "category", "colour"])
        for sku in behaviour.index.skus:
            product = behaviour.index.product(sku)
            table.writerow([sku, product.title, "|".join(product.category), "|".join(product.facets["colour"])])  # type: ignore[arg-type]
