"""Feedback events as arrays over one catalogue, and their split by time."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from shopguide.feedback.events import EVENT_WEIGHTS, FeedbackEvent
from shopguide.ids import ShopperId
from shopguide.recommender.candidates.base import Interaction
from shopguide.recommender.pipeline import event_weight

if TYPE_CHECKING:
    from scipy.sparse import csr_matrix

    from shopguide.catalogue.index import CatalogueIndex

KINDS = tuple(EVENT_WEIGHTS)
WINDOW_SHARE = 0.1
"""Share of the events, the latest ones, that are the validation window."""
MIN_WINDOW_SHOPPERS = 20
"""Fewer shoppers with something new in the window are no validation."""
MIN_EVENTS = 200
"""Fewer events are not worth a model of behaviour."""


@dataclass(frozen=True)
class EventLog:
    """Events on products of one catalogue, oldest first.

    Args:
        shoppers: ids; an event's `shopper` is a position here.
        shopper: [n_events].
        row: catalogue index row, [n_events].
        weight: in units of one like, [n_events].
        kind: position in `KINDS`, [n_events].
        at: time stamp in seconds, [n_events].
        n_products: size of the catalogue.
    """

    shoppers: tuple[ShopperId, ...]
    shopper: NDArray[np.int32]
    row: NDArray[np.int32]
    weight: NDArray[np.float32]
    kind: NDArray[np.int8]
    at: NDArray[np.float64]
    n_products: int

    @classmethod
    def read(cls, events: Iterable[FeedbackEvent], index: "CatalogueIndex") -> "EventLog":
        """Read events in one pass; those on products no longer on sale are left out."""
        code: dict[ShopperId, int] = {}
        kinds = {kind: position for position, kind in enumerate(KINDS)}
        columns: tuple[list[Any], ...] = ([], [], [], [], [])
        for event in events:
            if event.sku is None or event.sku not in index or event.kind not in kinds:
                continue
            values = (
                code.setdefault(event.shopper_id, len(code)),
                index.row(event.sku),
                event_weight(event),
                kinds[event.kind],
                event.at.timestamp(),
            )
            for column, value in zip(columns, values, strict=True):
                column.append(value)
        order = np.argsort(np.asarray(columns[4], dtype=np.float64), kind="stable")
        return cls(
            tuple(code),
            np.asarray(columns[0], dtype=np.int32)[order],
            np.asarray(columns[1], dtype=np.int32)[order],
            np.asarray(columns[2], dtype=np.float32)[order],
            np.asarray(columns[3], dtype=np.int8)[order],
            np.asarray(columns[4], dtype=np.float64)[order],
            len(index),
        )

    def __len__(self) -> int:
        return len(self.at)

    @property
    def until(self) -> float:
        """Time stamp of the last event, 0 without any."""
        return float(self.at[-1]) if len(self) else 0.0

    def slice(self, start: int, end: int) -> "EventLog":
        """Return the events from one position to before another; shoppers keep their positions."""
        part = slice(start, end)
        return EventLog(
            self.shoppers, self.shopper[part], self.row[part], self.weight[part], self.kind[part], self.at[part],
            self.n_products,
        )  # fmt: skip

    def where(self, which: NDArray[np.bool_]) -> "EventLog":
        """Return the events that a mask [n_events] keeps; shoppers keep their positions."""
        return EventLog(
            self.shoppers, self.shopper[which], self.row[which], self.weight[which], self.kind[which], self.at[which],
            self.n_products,
        )  # fmt: skip

    def then(self, later: "EventLog") -> "EventLog":
        """Return these events and others of the same shoppers and products, oldest first."""
        order = np.argsort(np.concatenate([self.at, later.at]), kind="stable")
        shopper, row, weight, kind, at = (
            np.concatenate([getattr(self, name), getattr(later, name)])[order]
            for name in ("shopper", "row", "weight", "kind", "at")
        )
        return EventLog(self.shoppers, shopper, row, weight, kind, at, self.n_products)

    def compact(self) -> "EventLog":
        """Return the log without the shoppers of whom no event is left: nothing could be learnt of them."""
        left, shopper = np.unique(self.shopper, return_inverse=True)
        return EventLog(
            tuple(self.shoppers[i] for i in left.tolist()), shopper.astype(np.int32), self.row, self.weight, self.kind,
            self.at, self.n_products,
        )  # fmt: skip

    @cached_property
    def positive(self) -> "csr_matrix":
        """Summed weights where the sum speaks for the product, CSR [n_shoppers, n_products]."""
        from scipy.sparse import csr_matrix

        matrix = csr_matrix(
            (self.weight, (self.shopper, self.row)), shape=(len(self.shoppers), self.n_products), dtype=np.float32
        )
        matrix.sum_duplicates()
        matrix.data[matrix.data < 0] = 0.0
        matrix.eliminate_zeros()
        return matrix

    @cached_property
    def touched(self) -> NDArray[np.int64]:
        """Rows of the products that somebody chose, ascending: what models of behaviour know."""
        return np.flatnonzero(np.asarray(self.positive.sum(axis=0)).ravel() > 0)

    @cached_property
    def _bounds(self) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        order = np.argsort(self.shopper, kind="stable")
        return order, np.searchsorted(self.shopper[order], np.arange(len(self.shoppers) + 1))

    def history(self, shopper: int) -> tuple[Interaction, ...]:
        """Return a shopper's interactions as `recommender.pipeline.interactions_of` does, strongest first."""
        order, bounds = self._bounds
        summed: dict[int, tuple[float, float, int, float]] = {}
        for event in order[bounds[shopper] : bounds[shopper + 1]]:
            row, weight, at = int(self.row[event]), float(self.weight[event]), float(self.at[event])
            total, strongest, kind, latest = summed.get(row, (0.0, -1.0, 0, at))
            if abs(weight) > strongest:
                strongest, kind = abs(weight), int(self.kind[event])
            summed[row] = (total + weight, strongest, kind, max(latest, at))
        found = [
            Interaction(row, total, KINDS[kind], datetime.fromtimestamp(at, UTC))
            for row, (total, _, kind, at) in summed.items()
        ]
        return tuple(sorted(found, key=lambda item: (-item.weight, item.row)))


@dataclass(frozen=True)
class TemporalSplit:
    """Events before a moment, and what each shopper newly chose after it.

    Args:
        past: what models may learn from.
        truth: shopper position → rows chosen in the window and never touched before.
        window: the events after it.
        newcomers: all that shoppers did of whom the past knows nothing, see `training.newcomers`.
    """

    past: EventLog
    truth: dict[int, NDArray[np.int32]]
    window: EventLog
    newcomers: EventLog | None = None

    @property
    def shoppers(self) -> Sequence[int]:
        """Shoppers with something to predict, ascending."""
        return sorted(self.truth)


def temporal_split(log: EventLog, share: float = WINDOW_SHARE) -> TemporalSplit | None:
    """Cut off the latest `share` of the events; `None` if too few shoppers chose anything new in them."""
    if len(log) < MIN_EVENTS:
        return None
    cut = int(np.searchsorted(log.at, log.at[int(len(log) * (1 - share))], side="left"))
    past, window = log.slice(0, cut), log.slice(cut, len(log))
    seen = {(int(s), int(r)) for s, r in zip(past.shopper, past.row, strict=True)}
    chosen = window.positive.tocoo()
    truth: dict[int, list[int]] = {}
    for shopper, row in zip(chosen.row.tolist(), chosen.col.tolist(), strict=True):
        if (shopper, row) not in seen:
            truth.setdefault(shopper, []).append(row)
    if len(truth) < MIN_WINDOW_SHOPPERS or not len(past):
        return None
    return TemporalSplit(past, {s: np.asarray(sorted(rows), dtype=np.int32) for s, rows in truth.items()}, window)
