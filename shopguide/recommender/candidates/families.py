"""The families of models that can serve, and how each is read from a trained version."""

from collections.abc import Callable, Mapping
from functools import partial
from typing import TYPE_CHECKING

from shopguide.recommender.candidates.als import AlsFactors
from shopguide.recommender.candidates.base import Learnt
from shopguide.recommender.candidates.item_to_item import ItemWeights
from shopguide.recommender.candidates.lightfm import Factors
from shopguide.recommender.candidates.sequence import SequenceModel

if TYPE_CHECKING:
    from shopguide.recommender.artefacts import Version


def _sequence(kind: str, version: "Version", _: Mapping[str, int]) -> SequenceModel:
    return SequenceModel.load(version.folder / "candidates" / kind)


_LOADERS: Mapping[str, Callable[["Version", Mapping[str, int]], Learnt]] = {
    "lightfm": Factors.load,
    "item_knn": partial(ItemWeights.load, "item_knn"),
    "ease": partial(ItemWeights.load, "ease"),
    "als": AlsFactors.load,
    "two_tower": partial(_sequence, "two_tower"),
    "sasrec": partial(_sequence, "sasrec"),
}
FAMILIES = tuple(_LOADERS)


def load_families(version: "Version") -> list[Learnt]:
    """Return what the families that the manifest names learnt, memory-mapped.

    Raises:
        ModelCorrupt: a file is missing or malformed.
    """
    skus = {sku: row for row, sku in enumerate(version.json("candidates", "ids.json")["skus"])}
    return [_LOADERS[family](version, skus) for family in version.part("candidates")["families"]]
