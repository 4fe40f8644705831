"""Rows of a report: what each model does on the same cases, and by how much models differ."""

from collections.abc import Mapping
from typing import Any

from shopguide.evaluation.reranker.models import (
    BI_ENCODER,
    BM25,
    PIPELINE,
    QUANTISED,
    STUDENT,
    TEACHER,
    WITHOUT_RERANKER,
)
from shopguide.training.metrics import Values, paired, summary

PAIRS = (
    (PIPELINE, BM25),
    (PIPELINE, BI_ENCODER),
    (PIPELINE, WITHOUT_RERANKER),
    (STUDENT, TEACHER),
    (QUANTISED, STUDENT),
)
"""Which model is compared with which."""

Figures = Mapping[str, Mapping[str, Values]]
"""Model → figure → one value for each case, the same cases for all."""


def rows_of(figures: Figures, on: str) -> list[dict[str, Any]]:
    """Return a row for each model: means, intervals over cases, and what they were measured `on`."""
    return [{**summary(model, values), "on": on, "cases": _cases(values)} for model, values in figures.items()]


def pairs_of(figures: Figures, on: str) -> list[dict[str, Any]]:
    """Return the differences case by case of `PAIRS`, as far as both models are there."""
    return [
        {**paired(one, two, figures[one][metric], figures[two][metric], metric), "on": on}
        for one, two in PAIRS
        if one in figures and two in figures
        for metric in figures[one]
    ]


def costs_of(figures: Figures, clean: Figures, on: str) -> list[dict[str, Any]]:
    """Return by how much each model's figures differ from its own on the same cases without noise."""
    return [
        {**paired(model, model, values[metric], clean[model][metric], metric), "on": on}
        for model, values in figures.items()
        for metric in values
    ]


def _cases(values: Mapping[str, Values]) -> int:
    return max((len(of) for of in values.values()), default=0)
