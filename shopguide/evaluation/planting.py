"""Plants among honest events what cleaning is there for: bots, duplicates, outliers, and accounts that push a product.

Everything is drawn by a seed. Planted accounts come after the honest ones, so that these keep their positions.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal, TypeAlias, get_args

import numpy as np
from numpy.typing import NDArray

from shopguide.ids import ShopperId
from shopguide.training.interactions import EventLog

Ints = NDArray[np.int64]

NOISE: dict[str, float] = {"crawler": 0.25, "clockwork": 0.25, "duplicate": 0.3, "outlier": 0.2}
"""What noise is made of, as shares."""
BOT_EVENTS = 400
"""Events of one bot, about: a person does as many in a year."""
OBSESSION = 200
"""Times that an obsessed shopper is seen with one product."""
BESTSELLERS = 100
"""Products that fillers of a bandwagon attack are drawn from."""
SEGMENT = 5
"""Fillers of a segment attack: the same few for all accounts."""
VISIT = 900.0
"""Seconds in which a made-up account does what it is there for."""
HOUR, DAY = 3600.0, 86_400.0
UNSET, AHEAD = 0.0, 3_250_368_000.0
"""Times of clocks that were never set, and of the year 2073."""

Style: TypeAlias = Literal["push", "random", "average", "bandwagon", "segment", "mimic"]
STYLES: tuple[Style, ...] = get_args(Style)


@dataclass(frozen=True)
class Shilling:
    """An attack: accounts that all choose one product.

    `push`: nothing but the product. `random`: fillers from the whole catalogue, as strong as the product. `average`:
    the same, with the weights that they usually have. `bandwagon`: bestsellers as fillers. `segment`: all accounts have
    the same few fillers. `mimic`: each account copies the products of an honest shopper. Four of the names are those
    of B. Mobasher et al., "Toward Trustworthy Recommender Systems" (2007).

    Args:
        style: see above.
        accounts: how many.
        fillers: of each account.
        stretch: seconds before the last event in which the accounts appear; `inf`: since the first event.
        patient: whether an account's events are spread over the stretch, not over one visit.
    """

    style: Style
    accounts: int = 50
    fillers: int = 30
    stretch: float = HOUR
    patient: bool = False


def obscure_product(log: EventLog, seed: int = 0, most: int = 5) -> int:
    """Return the row of a product that hardly anybody chose, though somebody did."""
    chosen = np.bincount(log.row, weights=log.weight > 0, minlength=log.n_products)
    few = np.flatnonzero((chosen > 0) & (chosen <= most))
    return int(np.random.default_rng(seed).choice(few if len(few) else log.touched))


def plant_noise(log: EventLog, share: float = 0.1, seed: int = 0) -> EventLog:
    """Return the log with so much noise (`NOISE`) that it makes up a share of all events."""
    draw = np.random.default_rng(seed)
    planted = len(log) * share / (1.0 - share)
    events = _Events(log)
    _crawlers(events, round(planted * NOISE["crawler"]), draw)
    _clockwork(events, round(planted * NOISE["clockwork"]), draw)
    _duplicates(events, round(planted * NOISE["duplicate"]), draw)
    _outliers(events, round(planted * NOISE["outlier"]), draw)
    return events.planted()


def plant_shilling(log: EventLog, row: int, attack: Shilling, seed: int = 0) -> EventLog:
    """Return the log with an attack that pushes a product."""
    draw = np.random.default_rng(seed)
    start = max(float(log.at[0]), log.until - attack.stretch)
    fillers = _Fillers(log, row, draw)
    events = _Events(log)
    for account in events.accounts("shill", attack.accounts):
        rows, weights = fillers.of(attack)
        rows, weights = np.append(rows, row), np.append(weights, events.strongest)
        if attack.patient:
            at = draw.uniform(start, log.until, size=len(rows))
        else:
            visit = min(VISIT, log.until - start)
            at = draw.uniform(start, log.until - visit) + draw.uniform(0, visit, size=len(rows))
        events.add(account, rows, at, weights)
    return events.planted()


class _Events:
    """Collects planted events beside those of a log."""

    def __init__(self, log: EventLog) -> None:
        self.log = log
        self._shoppers = list(log.shoppers)
        self._columns: list[tuple[NDArray[Any], ...]] = [(log.shopper, log.row, log.weight, log.kind, log.at)]
        speaks = log.weight > 0
        self.strongest = float(log.weight.max())
        self._kind = int(np.bincount(log.kind[speaks]).argmax())

    def accounts(self, name: str, number: int) -> Sequence[int]:
        """Add accounts and return their positions."""
        start = len(self._shoppers)
        self._shoppers += [ShopperId(f"planted {name} {i}") for i in range(number)]
        return range(start, len(self._shoppers))

    def add(self, shopper: int | Ints, rows: Ints, at: NDArray[np.float64], weights: Any = None) -> None:
        """Add events of the log's commonest kind; they are as strong as any if no weights are given."""
        n = len(rows)
        weights = self.strongest if weights is None else weights
        self.add_columns(
            np.broadcast_to(shopper, n), rows, np.broadcast_to(weights, n), np.full(n, self._kind), np.asarray(at)
        )

    def add_columns(self, *columns: NDArray[Any]) -> None:
        """Add events as shoppers, rows, weights, kinds and times."""
        self._columns.append(columns)

    def planted(self) -> EventLog:
        """Return the log with everything that was added, in the order of time."""
        shopper, row, weight, kind, at = (np.concatenate(parts) for parts in zip(*self._columns, strict=True))
        order = np.argsort(at, kind="stable")
        return replace(
            self.log,
            shoppers=tuple(self._shoppers),
            shopper=shopper[order].astype(np.int32),
            row=row[order].astype(np.int32),
            weight=weight[order].astype(np.float32),
            kind=kind[order].astype(np.int8),
            at=at[order],
        )


def _crawlers(events: _Events, n: int, draw: np.random.Generator) -> None:
    """Go through the catalogue product by product, one every second or two."""
    for account, size in _bots(events, "crawler", n):
        rows = (draw.integers(events.log.n_products) + np.arange(size)) % events.log.n_products
        start = draw.uniform(events.log.at[0], events.log.until - 2 * size)
        events.add(account, rows, start + np.cumsum(draw.uniform(0.5, 2.0, size=size)))


def _clockwork(events: _Events, n: int, draw: np.random.Generator) -> None:
    """Take anything at all, every minute or so, as evenly as only machines do."""
    for account, size in _bots(events, "clockwork", n):
        rows = draw.choice(events.log.n_products, size=size, replace=size > events.log.n_products)
        pace = draw.uniform(30, 90)
        start = draw.uniform(events.log.at[0], max(events.log.at[0], events.log.until - 100 * size))
        events.add(account, rows, start + np.cumsum(pace * draw.uniform(0.95, 1.05, size=size)))


def _bots(events: _Events, name: str, n: int) -> list[tuple[int, int]]:
    accounts = events.accounts(name, max(1, round(n / BOT_EVENTS)) if n else 0)
    sizes = [len(part) for part in np.array_split(np.arange(n), max(1, len(accounts)))]
    return list(zip(accounts, sizes, strict=False))


def _duplicates(events: _Events, n: int, draw: np.random.Generator) -> None:
    """Deliver honest events again: half at their own time, half a few seconds later."""
    log = events.log
    copied = draw.integers(0, len(log), size=n)
    late = draw.uniform(0, 5, size=n) * (draw.random(n) < 0.5)
    columns = (column[copied] for column in (log.shopper, log.row, log.weight, log.kind))
    events.add_columns(*columns, log.at[copied] + late)


def _outliers(events: _Events, n: int, draw: np.random.Generator) -> None:
    """Give honest shoppers times of broken clocks, weights that no event has, and products that they come back to."""
    log = events.log
    times, weights, obsessions = (len(part) for part in np.array_split(np.arange(n), 3))
    somebody = np.unique(log.shopper)
    events.add(
        draw.choice(somebody, times),
        draw.integers(0, log.n_products, size=times),
        np.where(draw.random(times) < 0.5, UNSET, AHEAD) + draw.uniform(0, DAY, size=times),
    )
    events.add(
        draw.choice(somebody, weights),
        draw.integers(0, log.n_products, size=weights),
        draw.uniform(log.at[0], log.until, size=weights),
        100.0 * events.strongest,
    )
    for _ in range(round(obsessions / OBSESSION)):
        at = draw.uniform(log.at[0], log.until, size=OBSESSION)
        events.add(int(draw.choice(somebody)), np.full(OBSESSION, draw.integers(log.n_products)), at)


class _Fillers:
    """Draws what makes an account look like an honest one."""

    def __init__(self, log: EventLog, row: int, draw: np.random.Generator) -> None:
        self._log, self._draw = log, draw
        chosen = np.bincount(log.row, weights=log.weight > 0, minlength=log.n_products)
        total = np.bincount(log.row, weights=log.weight, minlength=log.n_products)
        self._usual = total / np.maximum(np.bincount(log.row, minlength=log.n_products), 1)
        self._anything = np.flatnonzero(np.arange(log.n_products) != row)
        ranked = np.argsort(-chosen, kind="stable")
        self._bestsellers = ranked[ranked != row][:BESTSELLERS]
        self._segment = draw.choice(self._bestsellers, size=min(SEGMENT, len(self._bestsellers)), replace=False)
        self._row = row

    def of(self, attack: Shilling) -> tuple[Ints, NDArray[np.float64]]:
        """Return one account's fillers and their weights."""
        strongest = float(self._log.weight.max())
        if attack.style == "push":
            return np.zeros(0, dtype=np.int64), np.zeros(0)
        if attack.style == "segment":
            return self._segment, np.full(len(self._segment), strongest)
        if attack.style == "mimic":
            event = int(self._draw.integers(len(self._log)))
            own = (self._log.shopper == self._log.shopper[event]) & (self._log.row != self._row)
            rows, first = np.unique(self._log.row[own], return_index=True)
            return rows.astype(np.int64), self._log.weight[own][first].astype(np.float64)
        pool = self._bestsellers if attack.style == "bandwagon" else self._anything
        rows = self._draw.choice(pool, size=min(attack.fillers, len(pool)), replace=False)
        if attack.style == "average":
            return rows, self._usual[rows]
        return rows, np.full(len(rows), strongest)
