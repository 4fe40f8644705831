"""Popularity: what all shoppers did lately, or, where nobody has done anything yet, how products are rated."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from shopguide.recommender.candidates.base import Context
from shopguide.recommender.features import Floats, Rows, percentiles

if TYPE_CHECKING:
    from shopguide.catalogue.index import CatalogueIndex

HALF_LIFE_DAYS = 30.0
RATING_PRIOR = 20.0
"""Imagined ratings at the catalogue's mean that every product starts with."""
RATED_AT_MOST = np.float32(0.5)
"""What the best rating counts, where a product that everybody buys would count 1."""


def decayed_counts(
    rows: NDArray[np.int64], weights: NDArray[np.float64], ages_days: NDArray[np.float64], n_rows: int
) -> NDArray[np.float64]:
    """Return the events' weights summed by product, each halved for every `HALF_LIFE_DAYS` of age, [n_rows]."""
    decayed = weights * 0.5 ** (ages_days / HALF_LIFE_DAYS)
    return np.bincount(rows, weights=decayed, minlength=n_rows).astype(np.float64)


def smoothed_ratings(index: "CatalogueIndex") -> tuple[Floats, bool]:
    """Return ratings drawn to the catalogue's mean where few people rated, and whether there are ratings at all.

    A Bayesian average: (prior × mean + count × rating) / (prior + count), [n_products].
    """
    rating = index.numeric("rating")
    known = ~np.isnan(rating)
    if not known.any():
        return np.zeros(len(index), dtype=np.float32), False
    counts = np.asarray([index.product(sku).rating_count for sku in index.skus], dtype=np.float64)
    # A feed that names ratings without counts means at least somebody by each.
    counts = np.where(known, np.maximum(counts, 1.0), 0.0)
    mean = float(np.average(rating[known], weights=counts[known]))
    value = (RATING_PRIOR * mean + counts * np.where(known, rating, 0.0)) / (RATING_PRIOR + counts)
    return value.astype(np.float32), True


@dataclass(frozen=True)
class Demand:
    """What all shoppers did with each product, as of the last event.

    Args:
        recent: time-decayed weights of what speaks for it, [n_products].
        ever: the same without decay, [n_products].
        last: days since it was last chosen, infinite where it never was, [n_products].
    """

    recent: NDArray[np.float64]
    ever: NDArray[np.float64]
    last: NDArray[np.float64]


class Popularity:
    """How popular each product is among all shoppers, or how well it is rated where there are no events.

    Args:
        index: the catalogue.
        demand: what shoppers did, or `None` where there are no events.
    """

    name = "popularity"

    def __init__(self, index: "CatalogueIndex", demand: Demand | None = None) -> None:
        self.ratings, rated = smoothed_ratings(index)
        rating_level = percentiles(self.ratings.astype(np.float64))
        self.from_events = demand is not None and bool(np.any(demand.recent > 0))
        self.columns: dict[str, Floats] = {"rating": rating_level} if rated else {}
        """More features of the products beside the score, [n_products] each."""
        if self.from_events and demand is not None:
            # Ratings break the ties among products that nobody has touched yet.
            volume = np.log1p(np.maximum(demand.recent, 0.0)) + 1e-3 * self.ratings
            self.level = percentiles(volume)
            # Among percentiles a bestseller and the fiftieth product are nearly the same: any taste would outweigh it.
            scores = np.asarray(volume / volume.max(), dtype=np.float32)
            ever = np.log1p(np.maximum(demand.ever, 0.0))
            self.columns |= {
                "popularity_ever": (ever / max(float(ever.max()), 1e-9)).astype(np.float32),
                "recency": (0.5 ** (demand.last / HALF_LIFE_DAYS)).astype(np.float32),
                "never_chosen": (demand.ever <= 0).astype(np.float32),
            }
        elif rated:
            self.level = rating_level
            scores = RATED_AT_MOST * self.level
        else:
            scores = self.level = np.full(len(index), 0.5, dtype=np.float32)
        self._scores: Floats = scores

    def scores(self, context: Context, rows: Rows) -> Floats | None:
        """Return the logarithm of what speaks for each product over the greatest; of ratings half the percentile."""
        return self._scores[rows]
