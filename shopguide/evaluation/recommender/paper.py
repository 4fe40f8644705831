"""The splits of M. Kula, "Metadata Embeddings for User and Item Cold-start Recommendations" (2015), section 4.

Ratings of 4 and 5 are positive, lower ones negative. Warm: a random fifth of the ratings is tested. Cold: all ratings
of a random fifth of the films are. Figure: for each person the probability that a positive test rating's film ranks
above a negative one's (ROC AUC), averaged over people who have both.
"""

import numpy as np

from shopguide.errors import UnreadableFile
from shopguide.evaluation.datasets.reading import Reading, events_where
from shopguide.evaluation.recommender.cold import drawn
from shopguide.evaluation.recommender.splits import ALL, Mask, Split, SplitName, newly_chosen, touched_by
from shopguide.recommender.features import Rows
from shopguide.training.interactions import KINDS

SHARE = 0.2
RATED = "rated"
"""The scope of what the shopper rated in the test part, well or badly: the paper's."""
PAPER = {SplitName.PAPER_WARM: 0.763, SplitName.PAPER_COLD: 0.716}
"""AUC of LightFM with tags and identities on MovieLens 10M."""


def warm(reading: Reading, validation: bool, seed: int) -> Split:
    """Test a random fifth of the ratings, or try things out on another fifth."""
    tested, tried = drawn(np.arange(len(reading.log)), SHARE, seed)
    window = np.zeros(len(reading.log), dtype=np.bool_)
    window[tried if validation else tested] = True
    known = ~window
    if validation:
        known[tested] = False
    return _rated(reading, SplitName.PAPER_WARM, validation, known, window)


def cold(reading: Reading, validation: bool, seed: int) -> Split:
    """Test all ratings of a random fifth of the films, or try things out on another fifth of them."""
    log = reading.log
    tested, tried = drawn(np.unique(log.row).astype(np.int64), SHARE, seed)
    window = np.isin(log.row, tried if validation else tested)
    known = ~np.isin(log.row, np.union1d(tested, tried) if validation else tested)
    return _rated(reading, SplitName.PAPER_COLD, validation, known, window)


def _rated(reading: Reading, name: SplitName, validation: bool, known: Mask, window: Mask) -> Split:
    log = reading.log
    if not np.all(log.kind == KINDS.index("rating")):
        raise UnreadableFile(f"{reading.name}: --split {name} needs ratings alone, good and bad ones")
    past, test = events_where(log, known), events_where(log, window)
    truth = newly_chosen(test, past)
    rated: dict[int, Rows] = touched_by(test, truth)
    what = "of the films, all their ratings," if name is SplitName.PAPER_COLD else "of the ratings"
    return Split(
        name,
        validation,
        f"M. Kula (2015): a random {SHARE:.0%} {what} is tested, 4 and 5 against lower ratings ({RATED}) and against "
        f"everything else that was not known ({ALL})",
        reading,
        known,
        truth,
        touched_by(past, truth),
        {RATED: rated, ALL: None},
    )
