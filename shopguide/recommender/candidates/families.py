"""The families of models that can serve, and how each is read from a trained version."""

from collections.abc import Callable, Mapping
from functools import partial
from typing import TYPE_CHECKING

from shopguide.recommender.candidates.als import AlsFactors
from shopguide.recommender.candidates.base import Learnt
from shopguide.recommender.candidates.item_to_item import ItemWeights
from shopguide.recommender.candidates.lightfm import Factors

if TYPE_CHECKING:
    from shopguide.recommender.artefacts import Version

_LOADERS: Mapping[str, Callable[["Version", Mapping[str, int]], Learnt]] = {
    "lightfm": Factors.load,
    "item_knn": partial(ItemWeights.load, "item_knn"),
    "ease": partial(ItemWeights.load, "ease"),
    "als": AlsFactors.load,
}
FAMILIES = tuple(_LOADERS)


def load_families(version: "Version") -> list[Learnt]:
    """Return what the families that the manifest names learnt, memory-mapped.

    Raises:
        ModelCorrupt: a file is missing or malformed.
    """
    skus = {sku: row for row, sku in enumerate(version.json("candidates", "ids.json")["skus"])}
    return [_LOADERS[family](version, skus) for family in version.part("candidates")["families"]]
