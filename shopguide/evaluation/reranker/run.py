"""One evaluation from beginning to end: reads a data set, takes or trains a model, and puts the report together."""

from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any

from shopguide.evaluation.reranker.attacks import attack_rows
from shopguide.evaluation.reranker.deletion import words_tested
from shopguide.evaluation.reranker.endtoend import end_to_end
from shopguide.evaluation.reranker.judgments import read_judgments
from shopguide.evaluation.reranker.layouts import Layout, find_layout
from shopguide.evaluation.reranker.logs import Wanted, cut_of, made, sampled, searched
from shopguide.evaluation.reranker.models import Bench
from shopguide.evaluation.reranker.needs import draw_needs
from shopguide.evaluation.reranker.report import Report
from shopguide.evaluation.reranker.training import train_for
from shopguide.evaluation.reranker.workshop import Workshop
from shopguide.recommender.artefacts import ModelFolder
from shopguide.settings import get_settings
from shopguide.training.data import Progress


class Part(StrEnum):
    """What can be measured."""

    JUDGMENTS = "judgments"
    NEEDS = "needs"
    TYPOS = "typos"
    ATTACKS = "attacks"
    WORDS = "words"
    EVENTS = "events"


SENTENCES = {Part.NEEDS, Part.ATTACKS, Part.WORDS}
"""Parts that need sentences."""


@dataclass(frozen=True)
class Plan:
    """What is to be measured.

    Args:
        dataset: the folder of the data set.
        mapping: how to read its catalogue; `None`: by a mapping that is known.
        model: a version's folder; `None`: the version that serves the configured shop.
        minutes: train a reranker for so long instead.
        needs: need sentences to draw, and needs of shoppers to ask about at most.
        seed: draws them.
        parts: what to measure.
    """

    dataset: Path
    mapping: Path | None
    model: Path | None
    minutes: float | None
    needs: int
    seed: int
    parts: frozenset[Part]


def evaluate(plan: Plan, folder: Path, progress: Progress) -> dict[str, Any]:
    """Measure, and return the report.

    Args:
        plan: see `Plan`.
        folder: where the catalogue is imported to, or was.
        progress: see `Progress`.

    Raises:
        UnreadableFile: the data set or the model cannot be read.
        ModelNotFound: no model is named and none serves.
    """
    layout = find_layout(plan.dataset, plan.mapping)
    workshop = Workshop.of(folder, layout, progress)
    judgments = read_judgments(layout.judgments, workshop.index) if layout.judgments else None
    needs = draw_needs(workshop.index, plan.needs, plan.seed) if plan.needs and plan.parts & SENTENCES else []
    wanted = _live(workshop, layout, plan, progress) if Part.EVENTS in plan.parts else []
    asked = [*(judgments.ratings if judgments else ()), *(need.text for need in needs), *(one.text for one in wanted)]
    if plan.minutes is not None:
        train_for(workshop, plan.minutes, left_out=asked, progress=progress)
    else:
        workshop.take_model(plan.model or _serving(), progress)
    bench = Bench.of(workshop)
    report = Report(bench.rankers, typos=Part.TYPOS in plan.parts, seed=plan.seed, progress=progress)
    if judgments is not None and Part.JUDGMENTS in plan.parts:
        report.add_judgments(judgments)
    if needs and Part.NEEDS in plan.parts:
        report.add_needs(needs)
    report.pool()
    if needs and Part.ATTACKS in plan.parts:
        report.content["attacks"] = attack_rows(bench, workshop, needs, plan.seed, progress)
    if needs and Part.WORDS in plan.parts:
        report.content["words"] = words_tested(workshop, bench, needs, progress)
    if wanted:
        rows, pairs = end_to_end(bench, workshop, wanted, progress)
        report.content["models"] += rows
        report.content["paired"] += pairs
        report.content["events"] = {"needs": len(wanted), "made": not layout.has_searches}
    head = {
        "dataset": plan.dataset.name,
        "sha256": layout.sha256,
        "split": "nothing that is asked was trained on" if plan.minutes is not None else "as the model was trained",
        "products": len(workshop.index),
        "model": str(plan.model.name if plan.model else workshop.version.name),
        "seed": plan.seed,
    }
    return head | report.content


def _live(workshop: Workshop, layout: Layout, plan: Plan, progress: Progress) -> list[Wanted]:
    """Let the shop live until the last part of its events, and return the needs of that part."""
    events = layout.read_events()
    if not events:
        return []
    cut = cut_of(events)
    past, window = events[:cut], events[cut:]
    workshop.live_until(past, progress)
    if layout.has_searches:
        return sampled(searched(window, workshop.index), plan.needs, plan.seed)
    return made(past, window, workshop.index, plan.needs, plan.seed)


def _serving() -> Path:
    return ModelFolder(get_settings().models_dir / "recommender").current().folder
