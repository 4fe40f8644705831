"""Fine-tunes the reranker within a time budget: a teacher of six layers, and a student of three that serves."""

import json
from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import asdict, dataclass, field, replace
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from shopguide.recommender.blend import RERANK_WEIGHT
from shopguide.recommender.encoder import Encoder, encoder_folder
from shopguide.recommender.reranker import CALIBRATION_FILE, PairTokenizer, Reranker
from shopguide.recommender.snapshot import QUERY_FILE
from shopguide.training.finetuning import (
    Done,
    Tuning,
    by_labels,
    by_teacher,
    device,
    fine_tune,
    load_model,
    save_model,
    without_layers,
)
from shopguide.training.heldout import calibration, calibration_error, compare, first_stage, held_out
from shopguide.training.needs import Group, NeedGenerator
from shopguide.training.quantise import Quantised, export_quantised
from shopguide.training.queryfit import BATCH, QueryFit, fit_query
from shopguide.training.unfinished import Unfinished
from shopguide.training.wording import Wording

if TYPE_CHECKING:
    from shopguide.catalogue.index import CatalogueIndex
    from shopguide.recommender.vectors import ItemVectors

HELD_OUT_SEED = 1_000_003
"""The held-out needs are drawn with another seed than the training needs, from the same catalogue."""
STUDENT_SEED = 2_000_003
"""The student learns from other needs than the teacher did: more of the catalogue for the same time."""
QUERY_SEED = 3_000_017
"""Those of the bi-encoder, again others."""
NEEDS_PER_MINUTE = 150
MOST_MINUTES = 20.0
"""Needs that the bi-encoder learns from, for each minute of the budget up to this many."""
TEACHER = "teacher"


@dataclass(frozen=True)
class RerankParameters:
    """How the reranker is fine-tuned.

    Args:
        minutes: time budget of the gradient steps on a machine of one's own; see `shopguide.training.clock`.
        teacher_share: share of it for the teacher; the student has the rest.
        groups: needs in a batch; each brings one fitting product and four that are not.
        learning_rate: the encoder's peak, reached after `warm_up` of the time, falling to 0 at the end.
        head_learning_rate: the same for the new output layer, which starts from nothing.
        frozen_layers: of the teacher, lowest layers that stay as they are, with the token embeddings.
        student_layers: the teacher's layers that the student begins with.
        warm_up: share of the time.
        held_out: needs of the comparison.
        candidates: products that either part of the first stage finds for each of them.
        behaviour_share: share of each batch taken from slates, searches and clicks, where there are any.
        hostile: misspelt needs and stuffed texts among the examples.
        seed: for needs and weights. The number of steps depends on the machine.
    """

    minutes: float = 10.0
    teacher_share: float = 0.6
    groups: int = 8
    learning_rate: float = 5e-4
    head_learning_rate: float = 3e-3
    frozen_layers: int = 1
    student_layers: tuple[int, ...] = (0, 2, 4)
    warm_up: float = 0.1
    held_out: int = 150
    candidates: int = 20
    behaviour_share: float = 0.25
    hostile: bool = True
    seed: int = 0

    def as_json(self) -> dict[str, Any]:
        """Return the parameters for a manifest."""
        return {**asdict(self), "student_layers": list(self.student_layers)}


@dataclass(frozen=True)
class NeedSource:
    """Where needs come from.

    Args:
        index: the catalogue.
        wording: other words for its values.
        vectors: of its products, for hard negatives and candidates; with `encoder`, which made them.
        encoder: makes the vectors of needs.
        behaviour: groups from slates.
        searched: what shoppers searched for, with the row of what they chose then.
        left_out: needs that are not to be learnt from.
    """

    index: "CatalogueIndex"
    wording: Wording = field(default_factory=Wording)
    vectors: "ItemVectors | None" = None
    encoder: Encoder | None = None
    behaviour: Sequence[Group] = ()
    searched: Sequence[tuple[str, int]] = ()
    left_out: Collection[str] = ()

    def generator(self, seed: int, *, hostile: bool) -> NeedGenerator:
        """Return a generator of needs."""
        return NeedGenerator(self.index, seed, self.wording, self.vectors, self.left_out, hostile)

    def batches(self, seed: int, parameters: RerankParameters) -> Iterator[list[Group]]:
        """Yield groups of one step each, some of them of real shoppers, without end."""
        generator = self.generator(seed, hostile=parameters.hostile)
        random = np.random.default_rng(seed)
        made = generator.groups()
        pool = (*self.behaviour, *self.searched)
        own = min(round(parameters.groups * parameters.behaviour_share), len(pool))
        while True:
            chosen = [pool[i] for i in random.choice(len(pool), own, replace=False)] if own else []
            real = [one if isinstance(one, Group) else generator.searched(*one) for one in chosen]
            batch = [group for group in real if group is not None]
            yield [*islice(made, parameters.groups - len(batch)), *batch]


@dataclass(frozen=True)
class RerankResult:
    """What the fine-tuning did: teacher, student, the bi-encoder's needs, calibration, export, and the comparison."""

    teacher: Done
    student: Done
    query: QueryFit | None
    calibration: dict[str, float]
    quantised: Quantised | None
    models: list[dict[str, Any]]
    pairs: list[dict[str, Any]]
    better: bool

    def as_json(self) -> dict[str, Any]:
        """Return it for a manifest."""
        return {
            "teacher": self.teacher.as_json(),
            "student": self.student.as_json(),
            "query": self.query.as_json() if self.query is not None else None,
            "calibration": self.calibration,
            "quantised": self.quantised.as_json() if self.quantised is not None else None,
            "metrics": {"split": "held-out needs", "models": self.models, "paired": self.pairs},
        }


def fit_reranker(
    source: NeedSource,
    folder: Path,
    parameters: RerankParameters,
    *,
    encoder: str = "",
    threads: int = 1,
    unfinished: Callable[[str], Unfinished] | None = None,
    progress: Callable[[str, float], None] = lambda _what, _share: None,
) -> RerankResult:
    """Teach all-MiniLM-L6-v2 to tell fitting products from others, distil it, and save both into `folder`.

    Args:
        source: what it learns from.
        folder: receives the student in transformers' own format, its int8 version, its calibration, and the teacher.
        parameters: see `RerankParameters`.
        encoder: folder of the model to start from; empty: from PyPI.
        threads: threads of torch.
        unfinished: returns where a stage's state is kept, so that an interrupted training can go on.
        progress: told the stage and the share of its time that is used up.
    """
    import torch

    torch.manual_seed(parameters.seed)
    start = encoder_folder(encoder)
    pairs = PairTokenizer(start)
    keep: Callable[[str], Unfinished | None] = unfinished or (lambda _stage: None)

    def batches(seed: int) -> Callable[[int], Iterator[list[Group]]]:
        return lambda done: source.batches(seed + done, parameters)

    tuning = Tuning(
        seconds=parameters.minutes * 60 * parameters.teacher_share,
        threads=threads,
        learning_rate=parameters.learning_rate,
        head_learning_rate=parameters.head_learning_rate,
        frozen_layers=parameters.frozen_layers,
        warm_up=parameters.warm_up,
    )
    teacher = load_model(start).to(device())
    taught = fine_tune(
        teacher,
        batches(parameters.seed),
        by_labels,
        pairs,
        tuning,
        unfinished=keep(TEACHER),
        progress=lambda share: progress("reranker: teacher", share),
    )
    teacher.eval().requires_grad_(False)
    layers = [layer for layer in parameters.student_layers if layer < teacher.config.num_hidden_layers]
    student = without_layers(teacher, layers or range(teacher.config.num_hidden_layers)).requires_grad_(True)
    learnt = fine_tune(
        student,
        batches(parameters.seed + STUDENT_SEED),
        by_teacher(teacher),
        pairs,
        replace(tuning, seconds=parameters.minutes * 60 * (1 - parameters.teacher_share), frozen_layers=0),
        unfinished=keep("student"),
        progress=lambda share: progress("reranker: student", share),
    )
    save_model(student, start, folder)
    save_model(teacher, start, folder / TEACHER)
    source, query = _tuned_needs(source, folder, parameters)
    return _finished(source, folder, parameters, taught=taught, learnt=learnt, query=query, threads=threads)


def _tuned_needs(source: NeedSource, folder: Path, parameters: RerankParameters) -> tuple[NeedSource, QueryFit | None]:
    """Tune the bi-encoder's side of the needs, save the matrix if it helps, and return the source as it finds then."""
    if source.vectors is None or source.encoder is None:
        return source, None
    generator = source.generator(parameters.seed + QUERY_SEED, hostile=parameters.hostile)
    n_needs = round(min(parameters.minutes, MOST_MINUTES) * NEEDS_PER_MINUTE) + BATCH
    turned, fitted = fit_query(generator, source.vectors, source.encoder.encode, n_needs, seed=parameters.seed)
    if turned is None:
        return source, fitted
    np.save(folder / QUERY_FILE, turned, allow_pickle=False)
    return replace(source, vectors=source.vectors.turned(turned)), fitted


def _finished(
    source: NeedSource,
    folder: Path,
    parameters: RerankParameters,
    *,
    taught: Done,
    learnt: Done,
    query: QueryFit | None,
    threads: int,
) -> RerankResult:
    """Calibrate and compare what was saved, at the precision that it will serve with."""
    generator = source.generator(HELD_OUT_SEED, hostile=parameters.hostile)
    encode = source.encoder.query if source.encoder is not None else None
    cases = held_out(generator, parameters.held_out, parameters.candidates, source.vectors, encode)
    quantised = (
        export_quantised(folder, [(case.need, text) for case in cases for text in case.texts]) if cases else None
    )
    served, teacher = Reranker(folder, threads), Reranker(folder / TEACHER, threads)
    logits = [served.score(case.need, case.texts, needed=1).logits for case in cases]
    calibrated: dict[str, float] = {}
    if cases:
        every, right = np.concatenate(logits), np.concatenate([case.right for case in cases])
        scale, shift = calibration(every, right)
        (folder / CALIBRATION_FILE).write_text(json.dumps({"scale": scale, "shift": shift}), "utf-8")
        # Read again with what was just written.
        served = Reranker(folder, threads)
        calibrated = {
            "scale": round(scale, 4),
            "shift": round(shift, 4),
            "error": round(calibration_error(served.probabilities(every), right), 4),
        }
    scores = {
        "bm25": [case.first["text"] for case in cases],
        "first_stage": [first_stage(case) for case in cases],
        "teacher": [teacher.score(case.need, case.texts, needed=1).logits for case in cases],
        "student": logits,
        "pipeline": [
            first_stage(case) + np.float32(RERANK_WEIGHT) * served.probabilities(own)
            for case, own in zip(cases, logits, strict=True)
        ],
    }
    against = [("pipeline", "bm25"), ("pipeline", "first_stage"), ("student", "teacher")]
    models, comparisons = compare(cases, scores, against)
    better = bool(cases) and all(row["difference"] > 0 for row in comparisons[:2])
    return RerankResult(taught, learnt, query, calibrated, quantised, models, comparisons, better)
