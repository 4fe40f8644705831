"""The tastes that shoppers had at a moment, from what their profiles hold."""

from collections.abc import Mapping
from datetime import UTC, datetime

from shopguide.profiles.preferences import TasteProfile
from shopguide.profiles.taste import derive_taste
from shopguide.recommender.features import Floats, ItemFeatures
from shopguide.training.families import Fit
from shopguide.training.interactions import EventLog


def tastes_at(events: EventLog, fit: Fit) -> dict[int, TasteProfile]:
    """Derive the tastes as they were after these events; what an import stated is taken as known all along."""
    now = datetime.fromtimestamp(events.until, UTC)
    return {
        position: derive_taste(
            events.shoppers[position],
            [piece for piece in pieces if piece.at <= now or piece.source == "import"],
            now,
            rules=fit.rules,
        )
        for position, pieces in fit.evidence.items()
    }


def weights_of_tastes(tastes: Mapping[int, TasteProfile], features: ItemFeatures) -> dict[int, Floats]:
    """Return tastes as vectors over the item features, [n_features] each, by shopper position."""
    return {position: features.weights_of(taste) for position, taste in tastes.items()}
