"""Contrastive tuning of the bi-encoder's side of the needs: products' vectors stay as they are.

What is learnt is one matrix that the vector of a need is multiplied by, so nothing has to be encoded anew, a new
product is found at once, and a request costs d² multiplications more. The loss is InfoNCE (A. van den Oord et al.,
"Representation Learning with Contrastive Predictive Coding", 2018, eq. 4) against products drawn from the whole
catalogue, and what it costs to leave the identity.
"""

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from itertools import islice
from typing import TYPE_CHECKING, Any

import numpy as np

from shopguide.recommender.features import Floats, Rows
from shopguide.training.needs import NeedGenerator

if TYPE_CHECKING:
    from shopguide.recommender.vectors import ItemVectors

TEMPERATURE = 0.05
NEAR_IDENTITY = 0.01
"""What the squared distance from the identity costs: without it the matrix learns the drawn needs by heart."""
LEARNING_RATE = 1e-3
BATCH = 64
OTHERS = 4096
"""Products that a step sets against those that answer."""
EPOCHS = 10
VALIDATION_SHARE = 0.2


@dataclass(frozen=True)
class QueryFit:
    """What the tuning did.

    Args:
        needs: that were learnt from.
        mrr_before: mean reciprocal rank, in the whole catalogue, of the product that a need was drawn for; on needs
            that were not learnt from.
        mrr_after: the same with the matrix.
        epochs: after which the matrix was best; 0: never better than none.
    """

    needs: int
    mrr_before: float
    mrr_after: float
    epochs: int

    def as_json(self) -> dict[str, Any]:
        """Return it for a manifest."""
        return asdict(self)


def fit_query(
    generator: NeedGenerator,
    vectors: "ItemVectors",
    encode: Callable[[Sequence[str]], Floats],
    n_needs: int,
    *,
    seed: int = 0,
) -> tuple[Floats | None, QueryFit]:
    """Return the matrix [d, d], `None` if it finds products no better, and what the tuning did.

    Args:
        generator: draws the needs.
        vectors: of the products.
        encode: texts to unit vectors, [n, d].
        n_needs: how many to draw; a fifth of them choose when to stop.
        seed: of the order in which they are learnt from.
    """
    import torch

    drawn = list(islice(generator.needs(), n_needs))
    rows = np.asarray([row for row, _ in drawn], dtype=np.int32)
    needs = encode([generator.heard(need) for _, need in drawn])
    kept = max(1, round(len(drawn) * VALIDATION_SHARE))
    catalogue = np.arange(len(generator.index), dtype=np.int32)
    products = vectors.of(catalogue)
    turned: Floats | None = None
    before = best = _mrr(needs[:kept], rows[:kept], products)
    stopped = 0
    torch.manual_seed(seed)
    chance = np.random.default_rng(seed)
    identity = torch.eye(products.shape[1])
    matrix = torch.nn.Parameter(identity.clone())
    optimiser = torch.optim.Adam([matrix], LEARNING_RATE)
    for epoch in range(1, EPOCHS + 1):
        for batch in np.array_split(chance.permutation(np.arange(kept, len(drawn))), max(1, len(drawn) // BATCH)):
            if not len(batch):
                continue
            others = chance.choice(catalogue, min(OTHERS, len(catalogue)), replace=False)
            own, first = np.unique(rows[batch], return_inverse=True)
            against = np.concatenate([own, others[~np.isin(others, own)]])
            asked = torch.nn.functional.normalize(torch.from_numpy(needs[batch]) @ matrix, dim=1)
            scores = asked @ torch.from_numpy(products[against]).T / TEMPERATURE
            loss = torch.nn.functional.cross_entropy(scores, torch.from_numpy(first))
            loss = loss + NEAR_IDENTITY * (matrix - identity).square().sum()
            optimiser.zero_grad()
            loss.backward()  # type: ignore[no-untyped-call]
            optimiser.step()
        found = matrix.detach().numpy().copy()
        reached = _mrr(needs[:kept] @ found, rows[:kept], products)
        if reached > best:
            turned, best, stopped = found, reached, epoch
    return turned, QueryFit(len(drawn) - kept, round(before, 4), round(best, 4), stopped)


def _mrr(needs: Floats, rows: Rows, products: Floats) -> float:
    """Return the mean reciprocal rank of each need's product; lengths of the needs do not matter."""
    scores = needs @ products.T
    own = scores[np.arange(len(rows)), rows]
    return float((1.0 / (1 + (scores > own[:, None]).sum(axis=1))).mean())
