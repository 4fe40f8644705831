"""What dirt in the events costs the recommender, and what cleaning brings back; JSON on stdout.

    python -m bench.robustness --dataset ../shared/datasets/ml-100k --dataset ../shared/datasets/uci_online_retail
    python -m bench.robustness --dataset ../shared/datasets/ml-100k --attacks 0    # noise only
    python -m bench.robustness --dataset ../shared/datasets/ml-100k --seeds 0      # what it does to honest events

Each folder is one that `shopguide evaluate personalisation` reads. The last tenth of its events is never looked at. Of
the rest the latest tenth is predicted from what came before it, which is taken clean, with dirt planted in it, and with
that cleaned again. Models are made as training makes them; whoever is recommended to has the history that is stored,
with the dirt in it: cleaning is for training only. LightFM comes out differently from every seed, so NDCG is the mean
of `--seeds` trainings, and what a clean run would show is what any of them shows.

`noise`: NDCG@10 with bots, duplicates and outliers as a tenth of the events (`shopguide.evaluation.planting`), paired
with clean. `attacks`: 50 accounts push a product that hardly anybody chose; how many honest shoppers, and a stranger,
have it among their ten, and how many of them only since it is pushed (`lifted`). `honest`: what cleaning does to events
without planted dirt.
"""

import argparse
import json
import sys
import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from shopguide.catalogue.index import CatalogueIndex
from shopguide.errors import ShopGuideError, UnreadableFile
from shopguide.evaluation.datasets.loader import read_behaviour
from shopguide.evaluation.planting import (
    DAY,
    HOUR,
    Shilling,
    obscure_product,
    plant_noise,
    plant_shilling,
)
from shopguide.recommender.candidates.base import Context
from shopguide.recommender.features import ItemFeatures, item_features
from shopguide.recommender.snapshot import Snapshot, assemble
from shopguide.recommender.types import RecommendationRequest
from shopguide.training.cleaning import clean
from shopguide.training.factors import FactorParameters
from shopguide.training.families import Fit
from shopguide.training.fitting import MAX_SHOPPERS, demand_of, fit_candidates
from shopguide.training.interactions import EventLog, temporal_split
from shopguide.training.metrics import CUTOFF, interval, ndcg, paired
from shopguide.training.neighbours import fit_item_knn

HELD_OUT = 0.1
MODELS = ("popularity", "item_knn", "lightfm", "blend")
NOBODY = -1
"""The position of a shopper of whom nothing is known."""
WEEK, EVER = 7 * DAY, float("inf")
ATTACKS = (
    Shilling("push", stretch=HOUR),
    Shilling("bandwagon", stretch=HOUR),
    Shilling("random", stretch=WEEK),
    Shilling("mimic", stretch=WEEK),
    Shilling("segment", stretch=EVER, patient=True),
    Shilling("bandwagon", stretch=EVER, patient=True),
    Shilling("average", stretch=EVER, patient=True),
    Shilling("mimic", stretch=EVER, patient=True),
)
"""From careless to patient: within an hour, within a week, each account acting all along."""

Tops = Mapping[str, Mapping[int, Sequence[int]]]
"""Model → shopper → rows of the ten recommended products."""


@dataclass(frozen=True)
class Shop:
    """A catalogue, what was known, what came afterwards, and the seconds that a training may take."""

    index: CatalogueIndex
    features: ItemFeatures
    past: EventLog
    truth: Mapping[int, NDArray[np.int32]]
    budget: float | None

    @classmethod
    def read(cls, folder: Path, budget: float | None) -> "Shop":
        """Read a data set without its last tenth.

        Raises:
            UnreadableFile: it cannot be read or is too small to be split.
        """
        behaviour = read_behaviour(folder)
        log = EventLog.read(behaviour.events, behaviour.index)
        split = temporal_split(log.slice(0, int(len(log) * (1 - HELD_OUT))))
        if split is None:
            raise UnreadableFile(f"{folder}: too few events or shoppers to be split by time")
        shoppers = np.asarray(split.shoppers)
        if len(shoppers) > MAX_SHOPPERS:
            shoppers = np.random.default_rng(0).choice(shoppers, MAX_SHOPPERS, replace=False)
        truth = {shopper: split.truth[shopper] for shopper in shoppers.tolist()}
        return cls(behaviour.index, item_features(behaviour.index), split.past, truth, budget)

    def train(self, log: EventLog, seed: int) -> Snapshot:
        """Fit everything that serves on a log."""
        parameters = FactorParameters(seed=seed)
        fit = Fit(self.index, self.features, {}, parameters, lambda what, share: None, budget=self.budget)
        # Whoever appears only later must be as unknown to LightFM as when it serves.
        fitted = fit_candidates(fit, log.compact())
        return assemble(
            self.index, features=self.features, demand=demand_of(log), learnt=fitted.learnt, blend=fitted.blend
        )

    def tops(self, snapshot: Snapshot, known: EventLog, shoppers: Iterable[int]) -> Tops:
        """Return each model's ten products for some shoppers, less what these know, from histories that are stored."""
        rows = np.arange(len(self.index), dtype=np.int32)
        found: dict[str, dict[int, Sequence[int]]] = {model: {} for model in MODELS}
        for shopper in shoppers:
            history = known.history(shopper) if shopper != NOBODY else ()
            request = RecommendationRequest(shopper_id=known.shoppers[shopper] if shopper != NOBODY else None)
            values = snapshot.signals.compute(Context(request, self.features, history=history), rows)
            seen = np.asarray([item.row for item in history], dtype=np.int32)
            scores = {"popularity": values.columns["popularity"], "blend": snapshot.blend.score(values)}
            for name in ("item_knn", "lightfm"):
                scores[name] = values.columns.get(name, scores["popularity"])
            for model in MODELS:
                found[model][shopper] = _best(scores[model], seen)
        return found


def _best(scores: NDArray[np.float32], seen: NDArray[np.int32]) -> list[int]:
    masked = scores.astype(np.float64)
    masked[seen] = -np.inf
    head = np.argpartition(-masked, CUTOFF)[:CUTOFF]
    return [int(row) for row in head[np.argsort(-masked[head], kind="stable")]]


def noise_of(shop: Shop, seeds: Sequence[int]) -> dict[str, Any]:
    """Return NDCG clean, dirty and cleaned, with paired differences to clean; means over the trainings' seeds."""
    dirty = plant_noise(shop.past)
    cleaned = clean(dirty, shop.index.skus)
    shoppers = sorted(shop.truth)
    values: dict[str, dict[str, NDArray[np.float64]]] = {}
    for arm, log, known in (("clean", shop.past, shop.past), ("dirty", dirty, dirty), ("cleaned", cleaned.log, dirty)):
        runs = []
        for seed in seeds:
            _tell(f"noise, {arm}, seed {seed}")
            runs.append(shop.tops(shop.train(log, seed), known, shoppers))
        values[arm] = {model: np.mean([_ndcg(run[model], shop.truth) for run in runs], axis=0) for model in MODELS}
    return {
        "planted": len(dirty) - len(shop.past),
        "report": cleaned.report,
        "shoppers": len(shoppers),
        "ndcg@10": {
            model: {arm: _figure(values[arm][model]) for arm in values}
            | {
                "cleaned_over_clean": round(float(values["cleaned"][model].mean() / values["clean"][model].mean()), 4),
                "paired": [
                    paired(arm, "clean", values[arm][model], values["clean"][model], "ndcg@10")
                    for arm in ("dirty", "cleaned")
                ],
            }
            for model in MODELS
        },
    }


def _ndcg(tops: Mapping[int, Sequence[int]], truth: Mapping[int, NDArray[np.int32]]) -> NDArray[np.float64]:
    return np.asarray([ndcg(tops[shopper], frozenset(truth[shopper].tolist())) for shopper in sorted(truth)])


def _figure(values: NDArray[np.float64]) -> dict[str, Any]:
    return {"mean": round(float(values.mean()), 4), "ci": [round(end, 4) for end in interval(values)]}


def attacks_on(shop: Shop, attacks: Sequence[Shilling], seeds: Sequence[int]) -> list[dict[str, Any]]:
    """Return for each attack who is shown the pushed product: by any of the clean runs, dirty and cleaned."""
    row = obscure_product(shop.past)
    shoppers = [NOBODY, *np.unique(shop.past.shopper).tolist()]
    before = [_having(shop.tops(shop.train(shop.past, seed), shop.past, shoppers), row) for seed in seeds]
    by_clean = {model: set().union(*(run[model] for run in before)) for model in MODELS}
    voices = _voices(clean(shop.past, shop.index.skus).log, row)
    found = []
    for attack in attacks:
        _tell(str(attack))
        dirty = plant_shilling(shop.past, row, attack)
        cleaned = clean(dirty, shop.index.skus)
        after = {
            arm: _having(shop.tops(shop.train(log, seeds[0]), dirty, shoppers), row)
            for arm, log in (("dirty", dirty), ("cleaned", cleaned.log))
        }
        found.append(
            {
                **{name: value for name, value in vars(attack).items() if name != "stretch"},
                "days": round(min(attack.stretch, shop.past.until - float(shop.past.at[0])) / DAY, 2),
                "product": shop.index.skus[row],
                "voices_left": _voices(cleaned.log, row) - voices,
                "shown_to": {model: _shown(by_clean[model], after, model) for model in MODELS},
            }
        )
    return found


def _having(tops: Tops, row: int) -> dict[str, set[int]]:
    """Return for each model the shoppers whose ten products hold a row."""
    return {model: {shopper for shopper, top in tops[model].items() if row in top} for model in MODELS}


def _voices(log: EventLog, row: int) -> int:
    return int((log.positive[:, row] > 0).sum())


def _shown(by_clean: set[int], after: Mapping[str, Mapping[str, set[int]]], model: str) -> dict[str, int]:
    dirty, cleaned = after["dirty"][model], after["cleaned"][model]
    return {
        "clean": len(by_clean),
        "dirty": len(dirty),
        "cleaned": len(cleaned),
        "lifted_dirty": len(dirty - by_clean),
        "lifted": len(cleaned - by_clean),
    }


def honest_of(shop: Shop) -> dict[str, Any]:
    """Return what cleaning does to events without planted dirt, and to NDCG; LightFM would only add its own noise."""
    started = time.process_time()
    cleaned = clean(shop.past, shop.index.skus)
    seconds = time.process_time() - started
    shoppers = sorted(shop.truth)
    values = {}
    for arm, log in (("as it is", shop.past), ("cleaned", cleaned.log)):
        learnt = [fit_item_knn(log, shop.index)]
        snapshot = assemble(shop.index, features=shop.features, demand=demand_of(log), learnt=learnt)
        tops = shop.tops(snapshot, shop.past, shoppers)
        values[arm] = {model: _ndcg(tops[model], shop.truth) for model in ("popularity", "item_knn")}
    return {
        **cleaned.report,
        "seconds": round(seconds, 2),
        "shoppers": len(shoppers),
        "ndcg@10": {
            model: {
                **{arm: _figure(values[arm][model]) for arm in values},
                "paired": paired("cleaned", "as it is", values["cleaned"][model], values["as it is"][model], "ndcg@10"),
            }
            for model in ("popularity", "item_knn")
        },
    }


def measure(
    folder: Path, attacks: Sequence[Shilling], seeds: Sequence[int], budget: float | None = None
) -> dict[str, Any]:
    """Return the report of one data set."""
    shop = Shop.read(folder, budget)
    return {
        "dataset": folder.name,
        "products": len(shop.index),
        "honest": honest_of(shop),
        **({"noise": noise_of(shop, seeds)} if seeds else {}),
        **({"attacks": attacks_on(shop, attacks, seeds)} if seeds and attacks else {}),
    }


def _tell(what: str) -> None:
    print(what, file=sys.stderr, flush=True)


def main() -> None:
    """Measure the named data sets."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--dataset", type=Path, action="append", required=True, help="folder of a data set; repeatable")
    parser.add_argument("--attacks", type=int, default=len(ATTACKS), help="how many of the attacks, 0: noise only")
    parser.add_argument("--seeds", type=int, default=3, help="trainings of an arm, 0: none")
    parser.add_argument("--budget", type=float, help="seconds of a training; 0: no models but LightFM and item-kNN")
    arguments = parser.parse_args()
    attacks, seeds = ATTACKS[: arguments.attacks], range(arguments.seeds)
    try:
        found = [measure(folder, attacks, seeds, arguments.budget) for folder in arguments.dataset]
    except ShopGuideError as error:
        sys.exit(f"bench/robustness.py: {error}")
    print(json.dumps(found, indent=1))


if __name__ == "__main__":
    main()
