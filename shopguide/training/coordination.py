"""Accounts that act as one: copies of one history, and accounts of one kind that push the same product.

Attacks on recommenders by made-up accounts are called shilling (B. Mobasher et al., "Toward Trustworthy Recommender
Systems", 2007): an account gets the pushed product, and fillers that make it look like others. Whatever the fillers
are, made-up accounts are of one kind, and far more of that kind chose the product than the rest of the shop leads one
to expect. Such a group is heard with as many voices as are expected, one at least.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from shopguide.recommender.candidates.popularity import HALF_LIFE_DAYS

if TYPE_CHECKING:
    from shopguide.training.interactions import EventLog

Mask = NDArray[np.bool_]
Ints = NDArray[np.int64]

GROUP = 10
"""Accounts that make a group: fewer lift nothing far, and the same few things are chosen by chance."""
ALIKE = 0.7
"""Jaccard index (products in common over products in either) of copies; one pair of MovieLens is so alike, 8 of UCI."""
ENOUGH = 5
"""Products that a history needs to be compared: the same one or two bestsellers are no conspiracy."""
LIFT = 10.0
"""Times as many accounts as expected that are too many; 5 would silence five times as many honest events."""
MATTERS = 0.5
"""Accounts in units of all the others that a push needs, either ever or lately (halved with age as popularity is): what
many more chose stands on its own, such as a bestseller that is bought by whoever buys one thing only."""
PRIOR = 0.5
"""Other accounts that every product is imagined to have besides: from nothing, nothing could be expected."""
SHORT_LIVES = (86_400.0, 7 * 86_400.0, 30 * 86_400.0)
"""Seconds between the first and the last event of an account without a past."""
SHORT_HISTORIES = (1, 2, 5)
"""Products in the history of an account without a past."""
LEAST = 10.0
"""Percentile of the shop's histories that is short as well, wherever histories are longer than these."""
QUANTILES = 50
"""Cells into which accounts are sorted by how popular the things are that they chose besides."""
STRETCHES = (86_400.0, 7 * 86_400.0, 30 * 86_400.0, np.inf)
"""Seconds in which an attack may come together."""
PASSES = 3
"""Made-up accounts of several kinds hide each other: those of one kind are gone before the next are looked for."""
_BANDS, _ROWS = 12, 3
_SEED = 7


@dataclass(frozen=True)
class Kind:
    """A way to tell kinds of accounts apart.

    Args:
        sign: what accounts of one kind have in common, in words.
        of: the kind of the account behind each choice, -1: none that matters, [n_choices].
    """

    sign: str
    of: Ints


@dataclass(frozen=True)
class Push:
    """A product that accounts of one kind chose far too often.

    Args:
        row: the product's.
        accounts: how many.
        kept: how many of them are heard.
        others: accounts of other kinds that chose it in the same time.
        expected: accounts of the kind that those lead one to expect.
        sign: what the accounts have in common, see `Kind`.
    """

    row: int
    accounts: int
    kept: int
    others: int
    expected: float
    sign: str


@dataclass(frozen=True)
class Pushes:
    """All pushes, and the events of those who are not heard, [n_events]."""

    pushes: tuple[Push, ...]
    silenced: Mask


def same_histories(log: "EventLog") -> Mask:
    """Mark all but the longest-lived of accounts with nearly the same history, [n_shoppers].

    Similar histories are found by MinHash (A. Broder, "On the resemblance and containment of documents", 1997) and
    compared exactly: linear in the events.
    """
    from scipy.sparse import csr_matrix
    from scipy.sparse.csgraph import connected_components

    choices = _Choices(log)
    n = len(log.shoppers)
    one, other = _resembling(choices)
    marked = np.zeros(n, dtype=np.bool_)
    if not len(one):
        return marked
    graph = csr_matrix((np.ones(len(one), dtype=np.int8), (one, other)), shape=(n, n))
    _, group = connected_components(graph, directed=False)
    size = np.bincount(group)
    # The longest-lived account comes first in its group, and speaks for it.
    order = np.lexsort((-choices.life, group))
    speaks = np.zeros(n, dtype=np.bool_)
    speaks[order[np.concatenate([[True], np.diff(group[order]) > 0])]] = True
    return np.asarray((size[group] >= GROUP) & ~speaks)


def pushes(log: "EventLog") -> Pushes:
    """Find products that far more accounts of one kind chose than all the others lead one to expect.

    Of all the other accounts, y chose a product in a stretch of time; with the odds of choices of the kind to choices
    of others in that stretch, (y + `PRIOR`) × odds accounts of the kind are expected. What everybody takes up at its
    launch is taken up by other kinds too, so it is safe. So is a shop in which all accounts are of one kind.
    """
    heard = np.ones(len(log), dtype=np.bool_)
    found: dict[int, Push] = {}
    for _ in range(PASSES):
        silenced = _pass(log.where(heard), found)
        if not silenced.any():
            break
        heard[np.flatnonzero(heard)[silenced]] = False
    return Pushes(tuple(found.values()), ~heard)


def _pass(log: "EventLog", found: dict[int, Push]) -> Mask:
    """Return the events of those who are not heard, and keep the largest push of each product in `found`."""
    choices = _Choices(log)
    silenced = np.zeros(len(choices.shopper), dtype=np.bool_)
    kinds = tuple(choices.kinds()) if len(silenced) else ()
    for stretch in STRETCHES if kinds else ():
        groups = _Groups(choices, stretch)
        for kind in kinds:
            for push in groups.test(kind, silenced):
                if push.row not in found or push.accounts > found[push.row].accounts:
                    found[push.row] = push
    return np.isin(choices.pair_of(log.shopper, log.row), choices.pair[silenced])


class _Choices:
    """Who chose which product (weights adding up to more than 0), each pair once, by shopper.

    Attributes:
        pair: shopper × products + row, ascending, [n_choices].
        shopper: [n_choices].
        row: [n_choices].
        at: time stamp of the first event that spoke for the product, [n_choices].
        products: how many each shopper chose, [n_shoppers].
        life: seconds between each shopper's first and last event, [n_shoppers].
    """

    def __init__(self, log: "EventLog") -> None:
        self.n_products = log.n_products
        pair, position = np.unique(self.pair_of(log.shopper, log.row), return_inverse=True)
        chosen = np.bincount(position, weights=log.weight, minlength=len(pair)) > 0
        first = np.full(len(pair), np.inf)
        speaks = log.weight > 0
        np.minimum.at(first, position[speaks], log.at[speaks])
        self.pair, self.at = pair[chosen], first[chosen]
        self.shopper, self.row = np.divmod(self.pair, max(log.n_products, 1))
        n = len(log.shoppers)
        self.products = np.bincount(self.shopper, minlength=n)
        born, died = np.full(n, np.inf), np.full(n, -np.inf)
        np.minimum.at(born, log.shopper, log.at)
        np.maximum.at(died, log.shopper, log.at)
        self.life = np.where(np.isfinite(born), died - np.where(np.isfinite(born), born, 0.0), 0.0)

    def pair_of(self, shopper: NDArray[np.int32], row: NDArray[np.int32]) -> Ints:
        return shopper.astype(np.int64) * self.n_products + row

    def kinds(self) -> Iterator[Kind]:
        """Yield ways to tell kinds of accounts apart: no past, nothing else, copied from others, made by one recipe."""
        for seconds in SHORT_LIVES:
            yield Kind(f"lived {seconds / 86_400:.0f} d", self._those(self.life <= seconds))
        least = int(np.percentile(self.products[self.products > 0], LEAST))
        for most in sorted({*SHORT_HISTORIES, max(least, *SHORT_HISTORIES)}):
            yield Kind(f"chose {most} or less", self._those(self.products <= most))
        yield Kind("copied another account", self._those(self._copied))
        _, as_many = np.unique(self.products[self.shopper], return_inverse=True)
        yield Kind("chose as many", as_many)
        yield Kind("chose as popular things otherwise", self._popularity)

    def _those(self, accounts: Mask) -> Ints:
        return np.where(accounts[self.shopper], 0, -1)

    @property
    def _copied(self) -> Mask:
        copied = np.zeros(len(self.products), dtype=np.bool_)
        copied[np.concatenate(_resembling(self))] = True
        return copied

    @property
    def _popularity(self) -> Ints:
        """Return the quantile of the mean popularity of what the shopper chose besides, -1 for nothing, [n_choices]."""
        choosers = np.bincount(self.row, minlength=self.n_products)[self.row]
        rank = np.searchsorted(np.sort(choosers), choosers) / len(choosers)
        total = np.bincount(self.shopper, weights=rank, minlength=len(self.products))[self.shopper]
        besides = self.products[self.shopper] - 1
        mean = (total - rank) / np.maximum(besides, 1)
        ends = np.quantile(mean, np.linspace(0, 1, QUANTILES + 1)[1:-1])
        return np.where(besides > 0, np.searchsorted(ends, mean), -1)


class _Groups:
    """The choices of each product in each stretch of time."""

    def __init__(self, choices: _Choices, stretch: float) -> None:
        self._choices = choices
        since = choices.at - choices.at.min()
        # Not the number of the stretch in the calendar but among those in which anything happened: most are empty.
        _, self._stretch = np.unique(np.floor(since / stretch), return_inverse=True)
        self._all = np.bincount(self._stretch)
        keys, self._place = np.unique(self._stretch * choices.n_products + choices.row, return_inverse=True)
        self._stretch_of, self._row_of = np.divmod(keys, choices.n_products)
        self._chosen = np.bincount(self._place)
        self._ever = np.bincount(choices.row, minlength=choices.n_products)
        ages = (choices.at.max() - choices.at) / 86_400.0
        self._recent = 0.5 ** (ages / HALF_LIFE_DAYS)
        self._lately = np.bincount(choices.row, weights=self._recent, minlength=choices.n_products)

    def test(self, kind: Kind, silenced: Mask) -> Iterator[Push]:
        """Yield the pushes by accounts of one kind, and mark in `silenced` [n_choices] all but the voices they keep."""
        members = np.flatnonzero(kind.of >= 0)
        kinds = int(kind.of.max(initial=0)) + 1
        cell = self._stretch[members] * kinds + kind.of[members]
        keys, group = np.unique(self._place[members] * kinds + kind.of[members], return_inverse=True)
        place = keys // kinds
        row, stretch = self._row_of[place], self._stretch_of[place]
        count = np.bincount(group, minlength=len(keys))
        others = self._chosen[place] - count
        all_of_kind = np.bincount(cell, minlength=len(self._all) * kinds)[stretch * kinds + keys % kinds]
        # The group's own choices must not make themselves expected: on a quiet day they may be most of what happens.
        own = np.bincount(group, weights=self._by_account(members, cell), minlength=len(keys))
        expected = (others + PRIOR) * (all_of_kind - own) / np.maximum(self._all[stretch] - all_of_kind, 1)
        lately = np.bincount(group, weights=self._recent[members], minlength=len(keys))
        matters = (count > MATTERS * (self._ever[row] - count)) | (lately > MATTERS * (self._lately[row] - lately))
        pushed = (count >= GROUP) & (count >= LIFT * expected) & matters
        kept = np.maximum(1, np.floor(expected)).astype(np.int64)
        silenced[self._unheard(members[pushed[group]], group[pushed[group]], kept)] = True
        for i in np.flatnonzero(pushed).tolist():
            yield Push(
                int(row[i]), int(count[i]), int(kept[i]), int(others[i]), round(float(expected[i]), 2), kind.sign
            )

    def _by_account(self, members: Ints, cell: Ints) -> Ints:
        """Return how many choices of the same kind and stretch the account of each of some choices made."""
        accounts = self._choices.shopper[members] * (int(cell.max(initial=0)) + 1) + cell
        _, position, count = np.unique(accounts, return_inverse=True, return_counts=True)
        return count[position]

    def _unheard(self, members: Ints, group: Ints, kept: Ints) -> Ints:
        """Return the members but for the first `kept` of each group; those who chose most come first."""
        order = np.lexsort((-self._choices.products[self._choices.shopper[members]], group))
        ordered = group[order]
        place = np.arange(len(order)) - np.searchsorted(ordered, ordered)
        return members[order[place >= kept[ordered]]]


def _resembling(choices: _Choices) -> tuple[Ints, Ints]:
    """Return pairs of shoppers with nearly the same products; of a group enough pairs to hold it together."""
    from scipy.sparse import csr_matrix

    long = choices.products[choices.shopper] >= ENOUGH
    shopper, row = choices.shopper[long], choices.row[long]
    nobody = np.zeros(0, dtype=np.int64)
    if not len(shopper):
        return nobody, nobody
    shoppers, start = np.unique(shopper, return_index=True)
    draw = np.random.default_rng(_SEED)
    pairs = []
    for _ in range(_BANDS):
        band = np.zeros(len(shoppers), dtype=np.uint64)
        for _ in range(_ROWS):
            least = np.minimum.reduceat(draw.permutation(choices.n_products)[row], start).astype(np.uint64)
            band = band * np.uint64(choices.n_products) + least
        order = np.argsort(band, kind="stable")
        equal = band[order][1:] == band[order][:-1]
        pairs.append(np.stack([order[:-1][equal], order[1:][equal]]))
        first = np.searchsorted(band[order], band[order][1:][equal])
        pairs.append(np.stack([order[first], order[1:][equal]]))
    one, other = np.unique(np.sort(np.concatenate(pairs, axis=1), axis=0), axis=1)
    products = csr_matrix((np.ones(len(row), dtype=np.int32), row, np.append(start, len(row))), dtype=np.int32)
    common = np.asarray(products[one].multiply(products[other]).sum(axis=1)).ravel()
    sizes = np.diff(products.indptr)
    alike = common >= ALIKE * (sizes[one] + sizes[other] - common)
    return shoppers[one[alike]], shoppers[other[alike]]
