"""Splits for products that nobody has chosen yet, and for shoppers of whom nothing is known yet."""

import numpy as np

from shopguide.evaluation.datasets.reading import Reading, events_where
from shopguide.evaluation.recommender.splits import ALL, Mask, Split, SplitName, newly_chosen, touched_by
from shopguide.recommender.features import Rows
from shopguide.training.interactions import EventLog

HIDDEN_ITEMS = 0.15
HELD_OUT_SHOPPERS = 0.2
CLICKS = PREFERENCES = (0, 1, 3)
FIRST = max(CLICKS)
"""What a shopper chose first is the evidence; it is never to be found, however much of it is used."""
HIDDEN = "hidden"
"""The scope of the hidden items alone."""


def items(reading: Reading, validation: bool, seed: int) -> Split:
    """Hide some of the products that people chose from everybody."""
    log = reading.log
    tested, tried = drawn(np.flatnonzero(np.diff(log.positive.tocsc().indptr)), HIDDEN_ITEMS, seed)
    hidden = tried if validation else tested
    unknown = np.union1d(tested, tried) if validation else tested
    known = ~np.isin(log.row, unknown)
    past, window = events_where(log, known), events_where(log, np.isin(log.row, hidden))
    truth = newly_chosen(window, past)
    rest = np.setdiff1d(np.arange(log.n_products), tested).astype(np.int32)
    return Split(
        SplitName.COLD_ITEMS,
        validation,
        f"{HIDDEN_ITEMS:.0%} of the products are hidden from everybody and predicted, among themselves ({HIDDEN}) and "
        f"among all ({ALL})" + (", the hidden ones of the test part left out" if validation else ""),
        reading,
        known,
        truth,
        touched_by(past, truth),
        {ALL: rest if validation else None, HIDDEN: hidden},
    )


def shoppers(reading: Reading, validation: bool, seed: int) -> Split:
    """Hold some of the shoppers out; what each chose first is kept as evidence."""
    log = reading.log
    tested, tried = drawn(np.arange(len(log.shoppers)), HELD_OUT_SHOPPERS, seed)
    held_out = tried if validation else tested
    known = ~np.isin(log.shopper, np.union1d(tested, tried) if validation else tested)
    first, truth = {}, {}
    for shopper, chosen in _chosen_in_order(log, np.isin(log.shopper, held_out)).items():
        if len(chosen) > FIRST:
            first[shopper], truth[shopper] = chosen[:FIRST], np.sort(chosen[FIRST:])
    return Split(
        SplitName.COLD_SHOPPERS,
        validation,
        f"{HELD_OUT_SHOPPERS:.0%} of the shoppers are unknown to all models; what they chose after their first {FIRST} "
        "products is predicted from nothing, from clicks on the first, or from facet values (or words) that stand out",
        reading,
        known,
        truth,
        {shopper: np.sort(rows) for shopper, rows in first.items()},
        first=first,
    )


def drawn(among: "np.ndarray[tuple[int], np.dtype[np.int64]]", share: float, seed: int) -> tuple[Rows, Rows]:
    """Return two disjoint samples of one size, ascending: one to test on, and one to try things out on."""
    shuffled = np.random.default_rng(seed).permutation(among).astype(np.int32)
    size = round(share * len(among))
    return np.sort(shuffled[:size]), np.sort(shuffled[size : 2 * size])


def _chosen_in_order(log: EventLog, which: Mask) -> dict[int, Rows]:
    """Return shopper → rows that they chose (all they did with the product considered), in the order of time."""
    part = events_where(log, which)
    chosen = part.positive
    found: dict[int, dict[int, None]] = {}
    for shopper, row, weight in zip(part.shopper.tolist(), part.row.tolist(), part.weight.tolist(), strict=True):
        own = chosen.indices[chosen.indptr[shopper] : chosen.indptr[shopper + 1]]
        if weight > 0 and row in own:
            found.setdefault(shopper, {})[row] = None
    return {shopper: np.asarray(list(rows), dtype=np.int32) for shopper, rows in found.items()}
