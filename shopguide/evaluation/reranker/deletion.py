"""Whether attributions tell the truth: the words that they name must matter more than words drawn by lot."""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from shopguide.evaluation.reranker.models import STUDENT, Bench
from shopguide.evaluation.reranker.needs import Need
from shopguide.evaluation.reranker.workshop import Workshop
from shopguide.recommender.attribution import Attribution, Explainer
from shopguide.recommender.texts import need_text, product_text
from shopguide.training.data import Progress
from shopguide.training.metrics import Values, interval

DELETED = 3
EXPLAINED = 100
"""Pairs that are explained at most."""
LOTS = 5
"""Drawings of as many random words, whose mean the top words are compared with."""

Score = Callable[[str, str], float]
"""The logit of a need and a product text."""


def deletion_drops(attributions: Sequence[Attribution], score: Score, seed: int = 0) -> tuple[Values, Values]:
    """Return by how much a score falls without its top words, and without as many random ones, [n_pairs] each.

    W. Samek et al., "Evaluating the Visualization of What a Deep Neural Network Has Learned" (2017).

    Args:
        attributions: of the pairs; those of `DELETED` words or fewer say nothing and are passed over.
        score: the model that they explain.
        seed: draws the random words.
    """
    source = np.random.default_rng(seed)
    top_drops, random_drops = [], []
    for attribution in attributions:
        n = len(attribution.words)
        if n <= DELETED:
            continue
        whole = score(*attribution.texts_without(()))
        top_drops.append(whole - score(*attribution.texts_without(attribution.top(DELETED))))
        lots = [source.choice(n, DELETED, replace=False).tolist() for _ in range(LOTS)]
        random_drops.append(whole - float(np.mean([score(*attribution.texts_without(lot)) for lot in lots])))
    return np.asarray(top_drops), np.asarray(random_drops)


def deletion_test(attributions: Sequence[Attribution], score: Score, seed: int = 0) -> dict[str, Any]:
    """Return how often deleting the top words costs more than deleting random ones, and how much more on average."""
    top, lots = deletion_drops(attributions, score, seed)
    more = top - lots
    return {
        "pairs": len(top),
        "words": DELETED,
        "share": round(float(np.mean(more > 0)), 4) if len(top) else None,
        "drop_top": round(float(top.mean()), 4) if len(top) else None,
        "drop_random": round(float(lots.mean()), 4) if len(top) else None,
        "ci": [round(end, 4) for end in interval(more)],
    }


def words_tested(workshop: Workshop, bench: Bench, needs: Sequence[Need], progress: Progress) -> dict[str, Any]:
    """Return the deletion test of the student, on needs and the products that they were drawn from."""
    explainer = Explainer(workshop.version.folder / "reranker", workshop.shop.settings.torch_threads)
    reranker = bench.rerankers[STUDENT]
    found = []
    for done, need in enumerate(needs[:EXPLAINED], 1):
        product = bench.index.product(bench.index.skus[need.drawn])
        found.append(explainer.explain(need_text(need.text), product_text(product)))
        progress("words", done / min(len(needs), EXPLAINED))
    return deletion_test(found, lambda need, text: float(reranker.score(need, [text], needed=1).logits[0]))
