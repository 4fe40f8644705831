"""A scratch shop that lives until the cut: what it learnt, nobody's future is in."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from shopguide.bootstrap import Shop
from shopguide.errors import UnreadableFile
from shopguide.evaluation.dialogue.targets import Split, split
from shopguide.evaluation.reranker.layouts import find_layout
from shopguide.feedback.service import BATCH
from shopguide.profiles.importer import import_shoppers
from shopguide.recommender.artefacts import ModelFolder
from shopguide.rows import read_rows
from shopguide.settings import Settings, get_settings
from shopguide.training.data import Progress, TrainingData, current_version
from shopguide.training.job import train

READY = "ready.json"
SHOPPERS = "shoppers.jsonl"
MINUTES_OF_CANDIDATES = 3.0


def settings_of(folder: Path) -> Settings:
    """Return the settings of a shop in a folder: those that serve, but nothing is left to chance and nobody is asked.

    Consent is assumed, as a profile that may not be used is no profile; the arm without one speaks as a stranger.
    """
    own = get_settings()
    return Settings(
        _env_file=None,
        database_url=f"sqlite:///{(folder / 'shop.db').absolute()}",
        models_dir=(folder / "models").absolute(),
        text_index_dir=(folder / "text_index").absolute(),
        outbox_path=(folder / "outbox.db").absolute(),
        lexicon_path=(folder / "models" / "lexicon.jsonl").absolute(),
        encoder=own.encoder,
        currency=own.currency,
        language=own.language,
        torch_threads=1,
        exploration_rate=0.0,
        consent="assumed",
    )


@dataclass(frozen=True)
class Ground:
    """Where shoppers look for things.

    Args:
        shop: the shop.
        split: what it may know, and what is looked for.
        sha256: digest of the data set.
    """

    shop: Shop
    split: Split
    sha256: str

    @property
    def reranked(self) -> bool:
        """Whether a reranker serves."""
        version = current_version(ModelFolder(self.shop.settings.models_dir / "recommender"))
        return version is not None and version.has("reranker")


def running(dataset: Path, *, count: int, seed: int) -> Ground:
    """Return the shop of the settings, and who looks for what by a data set that it was filled from.

    Raises:
        UnreadableFile: there are no events, or nothing that is sold now was bought after the cut.
    """
    layout, shop = find_layout(dataset), Shop(get_settings())
    return Ground(shop, split(layout.read_events(), shop.catalogue.index(), count, seed), layout.sha256)


def scratch(folder: Path, dataset: Path, *, count: int, seed: int, minutes: float, progress: Progress) -> Ground:
    """Make a shop in a folder that has lived until the cut; a folder that is ready is taken as it is.

    Args:
        folder: where to.
        dataset: a folder with a catalogue and events, and perhaps shoppers.
        count: shoppers who look for something.
        seed: draws them.
        minutes: for training the reranker; 0 trains none.
        progress: see `Progress`.

    Raises:
        UnreadableFile: there are no events, or the folder holds another shop.
    """
    layout, ready = find_layout(dataset), folder / READY
    wanted = {"dataset": layout.sha256, "minutes": minutes}
    folder.mkdir(parents=True, exist_ok=True)
    shop = Shop(settings_of(folder))
    is_ready = ready.is_file()
    if is_ready and json.loads(ready.read_text("utf-8")) != wanted:
        raise UnreadableFile(f"{folder} holds another shop: name an empty folder")
    if not is_ready:
        layout.import_products(shop.products, progress)
    ground = Ground(shop, split(layout.read_events(), shop.catalogue.index(), count, seed), layout.sha256)
    if not is_ready:
        _live(ground, layout.folder / SHOPPERS, minutes, progress)
        ready.write_text(json.dumps(wanted), "utf-8")
    return ground


def _live(ground: Ground, shoppers: Path, minutes: float, progress: Progress) -> None:
    """Let everything until the cut happen, and train on it."""
    shop, past = ground.shop, ground.split.past
    shop.lexicon.write()
    if shoppers.is_file():
        copy = shop.settings.models_dir.parent / SHOPPERS
        import_shoppers(known_until(shoppers, ground.split.at, copy), shop.profiles)
    for start in range(0, len(past), BATCH):
        shop.recorder.take(past[start : start + BATCH], teach=False, may_wait=False)
        progress("events", min((start + BATCH) / len(past), 1.0))
    index = shop.catalogue.index()
    data = TrainingData(index, shop.products.digest(), shop.profiles, shop.feedback, shop.settings)
    train(data, only="candidates", minutes=MINUTES_OF_CANDIDATES, progress=progress)
    if minutes:
        train(data, only="reranker", minutes=minutes, progress=progress)


def known_until(path: Path, at: datetime, copy: Path) -> Path:
    """Write a copy of a file of shoppers without what was learnt of them after a moment, and return its path.

    Raises:
        UnreadableFile: it cannot be read.
    """
    with copy.open("w", encoding="utf-8") as out:
        for row in read_rows(path):
            if row.why is None:
                out.write(json.dumps(_until(row.values, at), ensure_ascii=False) + "\n")
    return copy


def _until(shopper: Mapping[str, Any], at: datetime) -> dict[str, Any]:
    known = [
        one
        for one in shopper.get("preferences") or ()
        if one.get("at") and datetime.fromisoformat(str(one["at"])) <= at
    ]
    return {**shopper, "preferences": known}
