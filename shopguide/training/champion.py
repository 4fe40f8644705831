"""Compares a challenger with the version that serves, on the window that the challenger was validated on."""

from typing import Any

from shopguide.errors import ModelCorrupt
from shopguide.recommender.artefacts import Version
from shopguide.recommender.snapshot import load, load_blend
from shopguide.training.blendfit import METRIC, Validation
from shopguide.training.families import Fit
from shopguide.training.frames import Frames, known_cases, make_frames
from shopguide.training.interactions import TemporalSplit
from shopguide.training.metrics import paired
from shopguide.training.tastes import tastes_at


def against_champion(
    champion: Version, fit: Fit, split: TemporalSplit, frames: Frames, validation: Validation
) -> dict[str, Any]:
    """Return the paired difference of NDCG, challenger less champion, with its 95 % interval; nothing without models.

    A champion that was trained before the window began is judged as it serves. One that has seen the window already is
    judged by its recipe: its models fitted on the past, like the challenger's, under its own blend.
    """
    if not champion.has("candidates") or not champion.part("candidates")["families"]:
        return {}
    try:
        blend = load_blend(champion)
        until = float(champion.json("candidates", "ids.json")["trained_until"])
        unseen = until <= split.past.until
        if unseen:
            snapshot = load(fit.index, champion, lambda _: None)
            cases = known_cases(split, snapshot.features, tastes_at(split.past, fit), frames.positions.tolist())
            frames = make_frames(snapshot, cases)
    except ModelCorrupt:
        return {}
    theirs = frames.metrics(frames.score(blend))[METRIC]
    pair = paired("challenger", "champion", validation.per_shopper, theirs, METRIC)
    return {**pair, "version": champion.name, "judged": "as it serves" if unseen else "by its recipe"}
