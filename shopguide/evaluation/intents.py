"""Scores of intents: accuracy, macro averages, refusals, calibration, confusion."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property, partial
from typing import Any

import numpy as np

from shopguide.evaluation.parsing import Reading
from shopguide.evaluation.rejection import SHIFTS, THRESHOLDS, with_shift, with_threshold
from shopguide.evaluation.resampling import Array, draws, figure, row, share
from shopguide.evaluation.utterances import OUT_OF_SCOPE, Utterance, scored_label

BINS = 10


@dataclass(frozen=True, slots=True)
class Heard:
    """An utterance and how it was understood: one reading for each server that was asked."""

    utterance: Utterance
    readings: tuple[Reading, ...]


@dataclass(frozen=True)
class IntentScores:
    """The intents of some lines.

    A line that several servers read counts once: each reading has its share of it. An answer that is only right too
    (`also`) counts for the line's own intent.

    Args:
        name: what the report calls it.
        heard: the lines.
    """

    name: str
    heard: Sequence[Heard]

    @cached_property
    def labels(self) -> list[str]:
        """The intents that a line has or an answer gave, sorted."""
        return sorted(
            {heard.utterance.label for heard in self.heard} | {a for answers in self._answers for a, _ in answers}
        )

    @cached_property
    def confusion(self) -> Array:
        """How many lines of each intent (row) were taken for each (column): [n_labels, n_labels]."""
        return self._gold.T @ self._answered

    def row(self) -> dict[str, Any]:
        """Return the figures with their intervals."""
        return row(self.name, len(self.heard), self.figures)

    @cached_property
    def figures(self) -> dict[str, Array]:
        """Every figure by name, itself first and then resampled: [n_draws] each."""
        weights = self._weights
        lines = weights.sum(axis=1)
        catalogues = sorted({heard.utterance.catalogue for heard in self.heard})
        of = np.array([[heard.utterance.catalogue == name for name in catalogues] for heard in self.heard], dtype=float)
        accuracy_of = share(weights @ (of * self._right[:, None]), weights @ of)
        recall, _, f1 = self._by_intent(weights)
        out = self._out
        # The file has what is far from the shop first and what is near it after.
        order = np.cumsum(out) * out
        far = out * (order <= out.sum() // 2)
        refused = self._answered[:, self.labels.index(OUT_OF_SCOPE)] if OUT_OF_SCOPE in self.labels else 0 * out
        within = 1 - out
        return {
            "intent_accuracy": share(weights @ self._right, lines),
            **{f"intent_accuracy_{name}": accuracy_of[:, i] for i, name in enumerate(catalogues)},
            "macro_accuracy": _mean(recall),
            "macro_f1": _mean(f1),
            "oos_recall": share(weights @ (out * refused), weights @ out),
            "oos_recall_far": share(weights @ (far * refused), weights @ far),
            "oos_recall_near": share(weights @ ((out - far) * refused), weights @ (out - far)),
            "false_rejection": share(weights @ (within * refused), weights @ within),
            "ece": self._calibration_error(weights),
        }

    def by_intent(self) -> list[dict[str, Any]]:
        """Return each intent's lines, precision, recall and F1."""
        lines = self._gold.sum(axis=0)
        recall, precision, f1 = self._by_intent(self._weights[:1])
        return [
            {
                "intent": label,
                "lines": int(lines[i]),
                "precision": figure(precision[:, i]),
                "recall": figure(recall[:, i]),
                "f1": figure(f1[:, i]),
            }
            for i, label in enumerate(self.labels)
            if lines[i]
        ]

    def reliability(self) -> list[dict[str, Any]]:
        """Return, for each tenth of confidence that was met, the mean confidence and the share that was right."""
        counts, confidence, right = (per_line.sum(axis=0) for per_line in self._binned)
        return [
            {
                "from": round(i / BINS, 2),
                "to": round((i + 1) / BINS, 2),
                "lines": round(float(counts[i]), 2),
                "confidence": round(float(confidence[i] / counts[i]), 4),
                "accuracy": round(float(right[i] / counts[i]), 4),
            }
            for i in range(BINS)
            if counts[i]
        ]

    def rejection_curve(self) -> dict[str, list[dict[str, Any]]]:
        """Return what refusing sooner or later would gain and cost: a point for each of `SHIFTS` and of `THRESHOLDS`.

        A shift is added to the model's own (shift 0 is the model as it is), a threshold replaces the model's own. How
        rankings that lack out of scope, have nothing else or were refused already are taken: `evaluation.rejection`.
        """
        return {
            "shifts": [{"shift": shift, **self._refusing(partial(with_shift, shift=shift))} for shift in SHIFTS],
            "thresholds": [
                {"threshold": threshold, **self._refusing(partial(with_threshold, threshold=threshold))}
                for threshold in THRESHOLDS
            ],
        }

    def mistakes(self) -> list[dict[str, Any]]:
        """Return what was answered wrongly, the most confident first; once where several servers said the same."""
        wrong: dict[tuple[str, str, str], dict[str, Any]] = {}
        for heard in self.heard:
            utterance = heard.utterance
            for reading in heard.readings:
                got = scored_label(reading.intent)
                if utterance.accepts(got):
                    continue
                found = {
                    "id": utterance.id,
                    "catalogue": utterance.catalogue,
                    "text": utterance.text,
                    "expected": [utterance.intent, *utterance.also],
                    "got": reading.intent,
                    "confidence": round(reading.confidence, 4),
                }
                known = wrong.setdefault((utterance.id, utterance.text, got), found)
                known["confidence"] = max(known["confidence"], found["confidence"])
        return sorted(wrong.values(), key=lambda mistake: -mistake["confidence"])

    def confusion_table(self) -> dict[str, Any]:
        """Return the confusion as JSON has it: rows are what was meant, columns what was answered."""
        return {"labels": self.labels, "counts": np.round(self.confusion, 2).tolist()}

    @cached_property
    def _weights(self) -> Array:
        return draws(len(self.heard))

    @cached_property
    def _answers(self) -> list[list[tuple[str, float]]]:
        """What was answered to each line, and with what share of it; right too becomes right."""
        found = []
        for heard in self.heard:
            answers = [_counted(heard.utterance, reading.intent) for reading in heard.readings]
            found.append([(answer, 1 / len(answers)) for answer in answers])
        return found

    @cached_property
    def _gold(self) -> Array:
        """[n_lines, n_labels]."""
        return np.array(
            [[heard.utterance.label == label for label in self.labels] for heard in self.heard], dtype=float
        )

    @cached_property
    def _answered(self) -> Array:
        """[n_lines, n_labels]: the share of each answer."""
        place = {label: i for i, label in enumerate(self.labels)}
        found = np.zeros((len(self.heard), len(self.labels)))
        for line, answers in enumerate(self._answers):
            for label, part in answers:
                found[line, place[label]] += part
        return found

    @cached_property
    def _right(self) -> Array:
        """[n_lines]."""
        return np.asarray((self._gold * self._answered).sum(axis=1))

    @cached_property
    def _out(self) -> Array:
        """[n_lines]: whether a line is out of scope."""
        return np.array([heard.utterance.is_out_of_scope for heard in self.heard], dtype=float)

    def _refusing(self, answer: Callable[[Reading], str]) -> dict[str, float | None]:
        """Return the figures of refusal if each reading had been answered so; none for those without lines."""
        refused, right = np.zeros(len(self.heard)), np.zeros(len(self.heard))
        for line, heard in enumerate(self.heard):
            labels = [_counted(heard.utterance, answer(reading)) for reading in heard.readings]
            refused[line] = labels.count(OUT_OF_SCOPE) / len(labels)
            right[line] = labels.count(heard.utterance.label) / len(labels)
        return {
            "oos_recall": _share_of(refused, self._out),
            "false_rejection": _share_of(refused, 1 - self._out),
            "intent_accuracy": _share_of(right, np.ones_like(right)),
        }

    def _by_intent(self, weights: Array) -> tuple[Array, Array, Array]:
        """Return recall, precision and F1 of each label, nan for labels that no line has: [n_draws, n_labels] each."""
        lines, answered = weights @ self._gold, weights @ self._answered
        right = weights @ (self._gold * self._answered)
        there = lines > 0
        recall, precision = share(right, lines), share(right, answered)
        f1 = np.where(there, share(2 * right, lines + answered), np.nan)
        return recall, np.where(there, precision, np.nan), f1

    @cached_property
    def _binned(self) -> tuple[Array, Array, Array]:
        """Lines, confidence and right answers by tenth of confidence: [n_lines, BINS] each."""
        shape = (len(self.heard), BINS)
        counts, confidence, right = np.zeros(shape), np.zeros(shape), np.zeros(shape)
        for line, heard in enumerate(self.heard):
            part = 1 / len(heard.readings)
            for reading in heard.readings:
                place = min(int(reading.confidence * BINS), BINS - 1)
                counts[line, place] += part
                confidence[line, place] += part * reading.confidence
                right[line, place] += part * heard.utterance.accepts(scored_label(reading.intent))
        return counts, confidence, right

    def _calibration_error(self, weights: Array) -> Array:
        """Return the expected calibration error (Naeini et al. 2015, "Obtaining well calibrated probabilities")."""
        _, confidence, right = self._binned
        return share(np.abs(weights @ confidence - weights @ right).sum(axis=1), weights.sum(axis=1))


def _counted(utterance: Utterance, intent: str) -> str:
    """Return an answer as it counts: what is right too becomes right."""
    label = scored_label(intent)
    return utterance.label if utterance.accepts(label) else label


def _share_of(values: Array, lines: Array) -> float | None:
    """Return the mean of the values over some of the lines: [n_lines] both."""
    return figure(share((values * lines).sum(keepdims=True), lines.sum(keepdims=True)))


def _mean(by_label: Array) -> Array:
    """Return the mean over the labels that a draw has lines of: [n_draws]."""
    there = ~np.isnan(by_label)
    return share(np.where(there, by_label, 0).sum(axis=1), there.sum(axis=1).astype(np.float64))
