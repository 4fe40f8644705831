"""A large shop for benchmarks: several drawings of the demo shop's products, and shoppers who live in all of it.

Drawn with a seed, imported and trained with the project's own means, into a folder from which later runs take it.
"""

import gzip
import json
import random
import sys
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

from shopguide.bootstrap import Shop
from shopguide.catalogue.feed.importer import import_catalogue
from shopguide.catalogue.feed.mapping import load_mapping
from shopguide.feedback.events import FeedbackEvent
from shopguide.feedback.importer import import_events
from shopguide.feedback.mapping import EventMapping
from shopguide.ids import ShopperId
from shopguide.profiles.importer import import_shoppers
from shopguide.recommender.artefacts import ModelFolder
from shopguide.settings import Settings
from shopguide.training.data import TrainingData
from shopguide.training.job import train
from shopguide.training.registry import Registry
from shopguide.training.textmodels import train_vectors

DEMO = Path(__file__).resolve().parents[1] / "demo"
DRAWING = 2_000
"""Products of one drawing of the demo shop."""
EVENTS_OF_A_SHOPPER = 75
NEWCOMERS = tuple(ShopperId(f"newcomer-{number}") for number in range(20))
"""Shoppers whom the model does not know, because they came after the training."""
CLICKS_OF_A_NEWCOMER = 50
FILES = ("catalogue.jsonl.gz", "shoppers.jsonl.gz", "events.jsonl.gz")
READY = "ready.json"


@dataclass(frozen=True)
class Size:
    """What a large shop is drawn from.

    Args:
        products: how many, in steps of 2,000.
        shoppers: how many; each has 75 events on average.
        seed: of everything drawn.
    """

    products: int
    shoppers: int
    seed: str = "shopguide-bench-1"


def large_shop(folder: Path, size: Size, *, vectors: bool = False, say: Callable[[str], None] = lambda _: None) -> Shop:
    """Return the shop of a folder with a trained model; one that is there already is taken as it is.

    Args:
        folder: where it is, or is to be.
        size: how large.
        vectors: make the products' MiniLM vectors as well (minutes).
        say: told what is being done.

    Raises:
        ValueError: the folder holds another shop.
    """
    wanted, ready = vars(size), folder / READY
    folder.mkdir(parents=True, exist_ok=True)
    shop = Shop(settings_of(folder))
    if not ready.is_file():
        say("drawing products, shoppers and events")
        _write(folder, size)
        say("importing them")
        _import(shop, folder)
        say("training candidates")
        train(data_of(shop), only="candidates")
        _let_newcomers_in(shop)
        ready.write_text(json.dumps(wanted), encoding="utf-8")
    elif (found := json.loads(ready.read_text(encoding="utf-8"))) != wanted:
        raise ValueError(f"{folder} holds another shop, {found}: name an empty folder")
    if vectors:
        say("making vectors")
        registry = Registry(ModelFolder(shop.settings.models_dir / "recommender"))
        train_vectors(data_of(shop), registry, force=False, progress=lambda _what, _share: None)
    return shop


def settings_of(folder: Path) -> Settings:
    """Return the settings of a shop that lies in one folder, whatever the environment says."""
    return Settings(
        _env_file=None,
        database_url=f"sqlite:///{folder / 'shop.db'}",
        models_dir=folder / "models",
        text_index_dir=folder / "text_index",
        outbox_path=folder / "outbox.db",
        lexicon_path=folder / "lexicon.jsonl",
        exploration_rate=0.0,
        torch_threads=1,
        consent="assumed",
    )


def data_of(shop: Shop) -> TrainingData:
    """Return what a training of the shop reads."""
    return TrainingData(shop.catalogue.index(), shop.products.digest(), shop.profiles, shop.feedback, shop.settings)


def _write(folder: Path, size: Size) -> None:
    """Write the shop's files as a shop system would export them."""
    with _generator():
        from generator.events import make_events
        from generator.feed import rate_and_review, record
        from generator.products import make_products
        from generator.shoppers import make_shoppers
        from generator.source import Source
    source = Source(DEMO / "source")
    products = []
    for number in range(-(-size.products // DRAWING)):
        drawing = make_products(source, f"{size.seed}:{number}")
        for product in drawing:
            product.sku = f"{number:03d}-{product.sku}"
        rate_and_review(source, drawing, size.seed)
        products += drawing
    shoppers = make_shoppers(source, size.shoppers, size.seed)
    events = make_events(source, products, shoppers, size.shoppers * EVENTS_OF_A_SHOPPER, size.seed)
    rows: tuple[Iterable[dict[str, Any]], ...] = (
        (record(source, product, size.seed) for product in products),
        ({"shopper_id": shopper.shopper_id, "preferences": shopper.preferences} for shopper in shoppers),
        events,
    )
    for name, lines in zip(FILES, rows, strict=True):
        with gzip.open(folder / name, "wt", encoding="utf-8") as file:
            file.writelines(json.dumps(line) + "\n" for line in lines)


@contextmanager
def _generator() -> Iterator[None]:
    """Make the demo shop's generator importable: modules beside a script, no package of the project."""
    sys.path.insert(0, str(DEMO))
    try:
        yield
    finally:
        sys.path.remove(str(DEMO))


def _import(shop: Shop, folder: Path) -> None:
    catalogue, shoppers, events = (folder / name for name in FILES)
    import_catalogue(shop.products, catalogue, load_mapping(DEMO / "mapping.yml"), replace=True)
    import_shoppers(shoppers, shop.profiles)
    import_events(events, lambda batch: shop.recorder.take(batch, teach=False, may_wait=False), EventMapping())


def _let_newcomers_in(shop: Shop) -> None:
    """Record the clicks of shoppers who come after the training: a request of theirs folds all of them in."""
    source = random.Random(0)
    skus = shop.catalogue.index().skus
    last = max(event.at for event in shop.feedback.interactions())
    shop.recorder.take(
        (
            FeedbackEvent(f"{shopper}-{n}", "click", shopper, last - timedelta(minutes=n), source.choice(skus))
            for shopper in NEWCOMERS
            for n in range(CLICKS_OF_A_NEWCOMER)
        ),
        teach=False,
    )
