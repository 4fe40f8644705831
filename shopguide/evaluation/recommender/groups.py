"""The groups in which it is looked whether a model serves all shoppers alike."""

from collections.abc import Sequence

import numpy as np

from shopguide.evaluation.recommender.splits import Split
from shopguide.training.groups import ACTIVITY, thirds_by_activity


def known_groups(split: Split, shoppers: Sequence[int]) -> dict[str, dict[int, str]]:
    """Return grouping → shopper position → group: what the data set knows of people."""
    ids = split.reading.log.shoppers
    return {
        name: {shopper: of[ids[shopper]] for shopper in shoppers if ids[shopper] in of}
        for name, of in split.reading.behaviour.groups.items()
    }


def groupings_of(split: Split, shoppers: Sequence[int]) -> dict[str, dict[int, str]]:
    """Return what the data set knows of people (`known_groups`), and how much each did before."""
    found = known_groups(split, shoppers)
    did = np.bincount(split.past.shopper, minlength=len(split.reading.log.shoppers))[list(shoppers)]
    if did.any():
        found[ACTIVITY] = thirds_by_activity(shoppers, did.tolist())
    return found
