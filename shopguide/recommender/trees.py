"""Boosted trees that put the best candidates in order: LambdaMART by LightGBM."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from shopguide.errors import ModelCorrupt
from shopguide.recommender.features import Floats

if TYPE_CHECKING:
    from lightgbm import Booster


@dataclass(frozen=True)
class Trees:
    """What LightGBM learnt, as its own text: nothing is unpickled.

    Args:
        text: the model.
        columns: the features that it reads, in its order; it reads the weighted sum of the habits after them.
    """

    text: str
    columns: Sequence[str]

    @cached_property
    def booster(self) -> "Booster":
        """The model.

        Raises:
            ModelCorrupt: the text is none.
        """
        from lightgbm import Booster
        from lightgbm.basic import LightGBMError

        try:
            return Booster(model_str=self.text)
        except LightGBMError as error:
            raise ModelCorrupt(f"the blend's trees: {error}") from error

    def predict(self, columns: Mapping[str, Floats], habits: Floats) -> Floats:
        """Return the trees' scores, on no scale, [n_rows].

        Args:
            columns: features by name, [n_rows] each; one that is missing says nothing and counts as 0.
            habits: the weighted sum of the habits' features, [n_rows].
        """
        matrix = tree_matrix(columns, habits, self.columns)
        return np.asarray(self.booster.predict(matrix, num_threads=1), dtype=np.float32)


def tree_matrix(columns: Mapping[str, Floats], habits: Floats, names: Sequence[str]) -> Floats:
    """Return what the trees read, [n_rows, n_names + 1]."""
    matrix = np.zeros((len(habits), len(names) + 1), dtype=np.float32)
    for position, name in enumerate(names):
        if name in columns:
            matrix[:, position] = columns[name]
    matrix[:, -1] = habits
    return matrix
