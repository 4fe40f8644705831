"""The events of a data set as training reads them, with what the guide would have learnt from each."""

from collections.abc import Mapping
from dataclasses import replace
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from shopguide.catalogue.index import CatalogueIndex
from shopguide.evaluation.datasets.loader import Behaviour
from shopguide.feedback.events import EVENT_WEIGHTS, FeedbackEvent
from shopguide.guide.learning import evidence_of
from shopguide.profiles.preferences import PreferenceEvidence
from shopguide.recommender.features import ItemFeatures, item_features
from shopguide.training.interactions import EventLog

Evidence = Mapping[int, tuple[PreferenceEvidence, ...]]


class Reading:
    """The events of a data set as training reads them.

    Args:
        behaviour: the data.

    Attributes:
        events: those that the log holds, in its order.
        log: the events as arrays.
    """

    def __init__(self, behaviour: Behaviour) -> None:
        self.behaviour = behaviour
        self.events: list[FeedbackEvent] = [event for event in behaviour.events if event.kind in EVENT_WEIGHTS]
        self.log = EventLog.read(self.events, behaviour.index)

    @property
    def name(self) -> str:
        """The data set's."""
        return self.behaviour.name

    @property
    def index(self) -> CatalogueIndex:
        """The catalogue."""
        return self.behaviour.index

    @cached_property
    def features(self) -> ItemFeatures:
        """The item features of the catalogue."""
        return item_features(self.index)

    def evidence(self, known: NDArray[np.bool_]) -> Evidence:
        """Return shopper position → what their profile would hold, had only the `known` events happened, [n_events]."""
        found: dict[int, list[PreferenceEvidence]] = {}
        for position in np.flatnonzero(known).tolist():
            pieces = evidence_of(self.events[position], self.index)
            found.setdefault(int(self.log.shopper[position]), []).extend(pieces)
        return {position: tuple(pieces) for position, pieces in found.items() if pieces}


def rows_of(log: EventLog, shopper: int) -> NDArray[np.int32]:
    """Return the rows that a shopper touched, ascending."""
    return np.unique(log.row[log.shopper == shopper])


def events_where(log: EventLog, which: NDArray[np.bool_]) -> EventLog:
    """Return the events that a mask [n_events] keeps; shoppers keep their positions."""
    return replace(
        log,
        shopper=log.shopper[which],
        row=log.row[which],
        weight=log.weight[which],
        kind=log.kind[which],
        at=log.at[which],
    )
