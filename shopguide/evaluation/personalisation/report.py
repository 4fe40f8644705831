"""The report: figures of every arm with intervals over shoppers, and the differences between arms."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from shopguide.evaluation.datasets.loader import Behaviour
from shopguide.evaluation.personalisation.compare import METRICS, WHOSE, PerShopper, Setting, Whose, compare, means
from shopguide.evaluation.personalisation.shoppers import LAST_FROM, MIDDLE_FROM, last_choices
from shopguide.evaluation.personalisation.windows import WINDOW, Window, windows_of
from shopguide.training.data import Progress, Steps
from shopguide.training.metrics import paired, summary

TOP = 500
WINDOWS = 3
PAIRS: tuple[tuple[Whose, Whose], ...] = (("own", "none"), ("none", "other"), ("own", "other"))

Measured = Mapping[Setting, Mapping[Whose, PerShopper]]


def report(
    behaviour: Behaviour,
    *,
    windows: int = WINDOWS,
    skip: int = 0,
    top: int = TOP,
    seed: int = 0,
    progress: Progress = lambda _what, _share: None,
) -> dict[str, Any]:
    """Return the whole report on the latest stretches of time, JSON-ready.

    Args:
        behaviour: the data.
        windows: how many windows at the end are predicted.
        skip: windows at the very end that are not looked at.
        top: size of the smaller candidate set.
        seed: draws who is whose other.
        progress: see `Progress`.

    Raises:
        UnreadableFile: there is too little behaviour for so many windows.
    """
    split = f"temporal, {windows} windows of {WINDOW:.0%}" + (f", {skip} after them untouched" if skip else "")
    found = windows_of(behaviour, windows, skip=skip, progress=progress)
    described = {"split_by": "time", "split": split}
    return _report(behaviour, described, found, windows, top=top, seed=seed, progress=progress)


def report_by_shopper(
    behaviour: Behaviour,
    *,
    validation: bool = False,
    top: int = TOP,
    seed: int = 0,
    progress: Progress = lambda _what, _share: None,
) -> dict[str, Any]:
    """Return the whole report on each shopper's own last choices, JSON-ready.

    Args:
        behaviour: the data.
        validation: predict the part before the last one, and leave the last one alone.
        top: size of the smaller candidate set.
        seed: draws who is whose other.
        progress: see `Progress`.

    Raises:
        UnreadableFile: there is too little behaviour.
    """
    part = f"next {LAST_FROM - MIDDLE_FROM}%" if validation else f"last {100 - LAST_FROM}%"
    described = {"split_by": "shopper", "split": f"each shopper's first {MIDDLE_FROM}% known, {part} predicted"}
    window = last_choices(behaviour, validation=validation, progress=progress)
    return _report(behaviour, described, [window], 1, top=top, seed=seed, progress=progress)


def _report(
    behaviour: Behaviour,
    split: Mapping[str, str],
    windows: Iterable[Window],
    count: int,
    *,
    top: int,
    seed: int,
    progress: Progress,
) -> dict[str, Any]:
    measured: list[Measured] = []
    described: list[dict[str, Any]] = []
    for number, window in enumerate(windows, start=1):
        step = Steps(progress, f"window {number} of {count}", len(window.shoppers))
        measured.append(compare(window, (top, None), seed + number, step))
        described.append(
            {
                "since": window.since and window.since.isoformat(timespec="seconds"),
                "past_events": window.past_events,
                "shoppers": len(window.shoppers),
                "newcomers": window.newcomers,
                "weights": dict(window.blend.weights),
            }
        )
    return {
        "dataset": behaviour.name,
        "sha256": behaviour.sha256,
        **split,
        "products": len(behaviour.index),
        "events": len(behaviour.events),
        "left_out": behaviour.left_out,
        "seed": seed,
        "windows": described,
        **figures(measured),
    }


def figures(measured: Sequence[Measured]) -> dict[str, Any]:
    """Return `models` and `paired` over the windows; a shopper counts once, with the mean of their windows."""
    models: list[dict[str, Any]] = []
    pairs: list[dict[str, Any]] = []
    for setting in measured[0]:
        shared = {
            "profile": setting.profile,
            "weights": setting.weights,
            "candidates": "all" if setting.top is None else setting.top,
        }
        values = {
            whose: {metric: means([window[setting][whose] for window in measured], metric) for metric in METRICS}
            for whose in WHOSE
        }
        shared["shoppers"] = len(values["own"][METRICS[0]])
        models += [{**summary(whose, values[whose]), **shared} for whose in WHOSE]
        pairs += [
            {**paired(one, two, values[one][metric], values[two][metric], metric), **shared}
            for one, two in PAIRS
            for metric in METRICS
        ]
    return {"models": models, "paired": pairs}
