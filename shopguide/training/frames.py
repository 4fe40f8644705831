"""The validation window as tables: the products worth ranking for each shopper, their features, and what was chosen."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from shopguide.profiles.preferences import TasteProfile
from shopguide.recommender.blend import DEFAULT_WEIGHTS, HABITS, RANK, SCALED, Blend, BlendFeatures, Standing
from shopguide.recommender.candidates.base import Context, top
from shopguide.recommender.features import Floats, ItemFeatures
from shopguide.recommender.snapshot import Snapshot
from shopguide.recommender.types import RecommendationRequest
from shopguide.training.interactions import TemporalSplit
from shopguide.training.metrics import CUTOFF, Values

BY_THE_BLEND = 150
BY_EACH = 50
LEADING = ("popularity", "popularity_ever")
"""Products of each shopper that are kept: the best by the default blend, by every generator and by these features."""
BY_LOT = 50
"""Products kept beside them, so that it costs something to put first what nothing speaks for."""


@dataclass(frozen=True)
class Frames:
    """One row for each shopper and product.

    Args:
        shopper: number of the shopper, ascending from 0, [n_rows].
        matrix: the features `HABITS`; one that had nothing to say is 0, [n_rows, n_habits].
        relevant: whether the shopper chose the product in the window, [n_rows].
        chosen: how many products each shopper chose, whether retrieved or not, [n_shoppers].
        liked: how many products each shopper is known to like, [n_shoppers].
        positions: the shoppers' positions in the event log, [n_shoppers].
        items: catalogue rows of the products, [n_rows].
    """

    shopper: NDArray[np.int32]
    matrix: Floats
    relevant: NDArray[np.bool_]
    chosen: NDArray[np.int64]
    liked: NDArray[np.int64]
    positions: NDArray[np.int32]
    items: NDArray[np.int32]

    @property
    def n_shoppers(self) -> int:
        """Shoppers in the frames."""
        return len(self.positions)

    @cached_property
    def starts(self) -> NDArray[np.int64]:
        """Where each shopper's rows begin, [n_shoppers]."""
        return np.searchsorted(self.shopper, np.arange(self.n_shoppers)).astype(np.int64)

    @cached_property
    def standings(self) -> tuple[Standing, ...]:
        """How well each shopper is known, [n_shoppers]."""
        tastes = np.zeros(self.n_shoppers, dtype=np.bool_)
        tastes[self.shopper[self.column("taste") != 0]] = True
        pairs = zip(self.liked.tolist(), tastes.tolist(), strict=True)
        return tuple(Standing.of(liked, has_taste=has_taste) for liked, has_taste in pairs)

    def column(self, name: str) -> Floats:
        """Return one feature, [n_rows]."""
        return self.matrix[:, HABITS.index(name)]

    def of(self, shoppers: NDArray[np.bool_]) -> "Frames":
        """Return the rows of some shoppers, by a mask [n_shoppers]."""
        rows = shoppers[self.shopper]
        number = np.cumsum(shoppers) - 1
        return Frames(
            number[self.shopper[rows]].astype(np.int32),
            self.matrix[rows],
            self.relevant[rows],
            self.chosen[shoppers],
            self.liked[shoppers],
            self.positions[shoppers],
            self.items[rows],
        )

    def score(self, blend: Blend) -> Floats:
        """Return a blend's scores, as it gives them when it serves, [n_rows]."""
        scores = np.empty(len(self.shopper), dtype=np.float32)
        ends = [*self.starts[1:], len(self.shopper)]
        for start, end, standing in zip(self.starts, ends, self.standings, strict=True):
            columns = {name: self.matrix[start:end, position] for position, name in enumerate(HABITS)}
            scores[start:end] = blend.score(BlendFeatures(np.arange(end - start, dtype=np.int32), columns, standing))
        return scores

    def weighted(self, weights: Mapping[str, float]) -> Floats:
        """Return weighted sums of the features, [n_rows]."""
        vector = np.asarray([weights.get(name, 0.0) for name in HABITS], dtype=np.float32)
        return np.asarray(self.matrix @ vector, dtype=np.float32)

    def alone(self, family: str) -> Floats:
        """Return the scores of one model, and popularity for shoppers of whom it knows nothing, [n_rows]."""
        if family == "popularity":
            return self.column("popularity")
        speaks = np.maximum.reduceat(self.column(family + RANK), self.starts) > 0
        return np.where(speaks[self.shopper], self.column(family), self.column("popularity"))

    def metrics(self, scores: Floats) -> dict[str, Values]:
        """Return NDCG and recall of each shopper, [n_shoppers] each; ties keep the catalogue's order."""
        order, place = self._ranked(scores)
        hit = self.relevant[order] & (place < CUTOFF)
        owner = self.shopper[order][hit]
        gained = np.bincount(owner, weights=1.0 / np.log2(place[hit] + 2), minlength=self.n_shoppers)
        best = np.concatenate([[0.0], np.cumsum(1.0 / np.log2(np.arange(CUTOFF) + 2))])
        wanted = np.minimum(self.chosen, CUTOFF)
        found = np.bincount(owner, minlength=self.n_shoppers)
        return {f"ndcg@{CUTOFF}": gained / best[wanted], f"recall@{CUTOFF}": found / np.maximum(wanted, 1)}

    def recommended(self, scores: Floats, n_products: int) -> NDArray[np.int64]:
        """Return among how many shoppers' first `CUTOFF` each product of the catalogue stands, [n_products]."""
        order, place = self._ranked(scores)
        return np.bincount(self.items[order[place < CUTOFF]], minlength=n_products)

    def _ranked(self, scores: Floats) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Return the rows, shopper by shopper and best first, and each one's place in its list from 0, [n_rows] each.

        Ties keep the catalogue's order.
        """
        order = np.lexsort((-scores, self.shopper))
        return order, np.arange(len(order)) - self.starts[self.shopper[order]]


def coverage(model: str, times: NDArray[np.int64], n_shoppers: int) -> dict[str, Any]:
    """Return how much of the catalogue a model's top lists show, and how often.

    Args:
        model: its name in the report.
        times: on how many lists each product stands, [n_products].
        n_shoppers: how many lists there are.

    Returns:
        `recommended` of the catalogue's `products` stand on any list, a `share` of them; the most recommended one on
        the share `most` of the lists; `often`: how many products stand on 1, 2 to 3, 4 to 7 … lists.
    """
    shown = times[times > 0]
    often = np.bincount(np.frexp(shown)[1] - 1) if len(shown) else np.zeros(0, dtype=np.int64)
    return {
        "model": model,
        "products": len(times),
        "recommended": len(shown),
        "share": round(len(shown) / max(len(times), 1), 4),
        "most": round(float(times.max(initial=0)) / max(n_shoppers, 1), 4),
        "often": often.tolist(),
    }


@dataclass(frozen=True)
class Case:
    """A shopper to predict for.

    Args:
        position: the shopper's, in the event log.
        context: what is known of them.
        met: catalogue rows that are no candidates.
        truth: catalogue rows that they chose then.
    """

    position: int
    context: Context
    met: Sequence[int]
    truth: NDArray[np.int32]


def known_cases(
    split: TemporalSplit, features: ItemFeatures, tastes: Mapping[int, TasteProfile], shoppers: Sequence[int]
) -> Iterator[Case]:
    """Yield shoppers of a window with all that the past knows of them.

    Args:
        split: past and window.
        features: the item features.
        tastes: shopper position → taste as it was at the end of the past.
        shoppers: positions of those who chose something new in the window.
    """
    for shopper in shoppers:
        history = split.past.history(shopper)
        request = RecommendationRequest(shopper_id=split.past.shoppers[shopper])
        context = Context(request, features, tastes.get(shopper, TasteProfile()), history)
        yield Case(shopper, context, [item.row for item in history], split.truth[shopper])


def make_frames(snapshot: Snapshot, cases: Iterable[Case], step: Callable[[], None] = lambda: None) -> Frames:
    """Return the frames of shoppers to predict for.

    What could stand among the first ten of any model is in, and a draw of the catalogue. What was chosen but is not
    among these is not: among products that all have some high score, it would be told by having none.

    Args:
        snapshot: made of the past only.
        cases: the shoppers.
        step: called after every shopper.
    """
    everything = np.arange(len(snapshot.index), dtype=np.int32)
    default = Blend(DEFAULT_WEIGHTS)
    matrices: list[Floats] = []
    relevant: list[NDArray[np.bool_]] = []
    items: list[NDArray[np.int32]] = []
    liked: list[int] = []
    wanted: list[int] = []
    positions: list[int] = []
    lots = np.random.default_rng(0)
    for case in cases:
        rows = np.setdiff1d(everything, case.met).astype(np.int32)
        values = snapshot.signals.compute(case.context, rows)
        chosen = np.isin(rows, case.truth)
        kept = [top(default.score(values), BY_THE_BLEND)]
        kept += [top(values.columns[name], BY_EACH) for name in (*SCALED, *LEADING) if name in values.columns]
        kept.append(lots.integers(0, len(rows), size=BY_LOT if len(rows) else 0).astype(np.int32))
        places = np.unique(np.concatenate(kept))
        matrix = np.zeros((len(places), len(HABITS)), dtype=np.float32)
        for position, name in enumerate(HABITS):
            if name in values.columns:
                matrix[:, position] = values.columns[name][places]
        matrices.append(matrix)
        relevant.append(chosen[places])
        items.append(rows[places])
        liked.append(len(case.context.liked))
        wanted.append(len(case.truth))
        positions.append(case.position)
        step()
    sizes = [len(matrix) for matrix in matrices]
    return Frames(
        np.repeat(np.arange(len(sizes), dtype=np.int32), sizes),
        np.vstack([_NO_ROWS, *matrices]),
        np.concatenate([_NONE.astype(np.bool_), *relevant]),
        np.asarray(wanted, dtype=np.int64),
        np.asarray(liked, dtype=np.int64),
        np.asarray(positions, dtype=np.int32),
        np.concatenate([_NONE, *items]),
    )


def joined(frames: Sequence[Frames]) -> Frames:
    """Return the rows of several frames as one, in their order."""
    parts = [_NOBODY, *frames]
    starts = np.cumsum([0, *(part.n_shoppers for part in parts)])
    return Frames(
        np.concatenate([part.shopper + start for part, start in zip(parts, starts, strict=False)]).astype(np.int32),
        *(
            np.concatenate([getattr(part, name) for part in parts])
            for name in ("matrix", "relevant", "chosen", "liked", "positions", "items")
        ),
    )


_NONE = np.zeros(0, dtype=np.int32)
_NO_ROWS = np.zeros((0, len(HABITS)), dtype=np.float32)
_NOBODY = Frames(_NONE, _NO_ROWS, _NONE.astype(np.bool_), _NONE.astype(np.int64), _NONE.astype(np.int64), _NONE, _NONE)
