"""How well messages are understood: a file of annotated utterances put to running dialogue servers."""

import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from shopguide.errors import SettingsError
from shopguide.evaluation.intents import Heard, IntentScores
from shopguide.evaluation.mentions import EntityScores
from shopguide.evaluation.parsing import Parser
from shopguide.evaluation.resampling import difference
from shopguide.evaluation.utterances import Utterance

ANY_CATALOGUE = ""
"""The name of a server that every line is put to, whatever catalogue it has loaded."""
NO_CATALOGUE = "G"
"""The catalogue of lines that speak of none."""


def listen(
    utterances: Sequence[Utterance], servers: Mapping[str, Parser], on_line: Callable[[], None] = lambda: None
) -> list[Heard]:
    """Put every line to the server that has its catalogue's lexicon, and lines without a catalogue to each in turn.

    Args:
        utterances: the lines.
        servers: by catalogue, or one under `ANY_CATALOGUE`.
        on_line: called after each line.

    Raises:
        SettingsError: no server has a line's catalogue; nothing was asked then.
        DialogueServerUnavailable: a server failed.
    """
    everybody = tuple(servers.values())
    asked = []
    for utterance in utterances:
        named = servers.get(utterance.catalogue) or servers.get(ANY_CATALOGUE)
        if not named and utterance.catalogue != NO_CATALOGUE:
            raise SettingsError(
                f"no server for lines of catalogue {utterance.catalogue}: name one with --rasa-url "
                f"{utterance.catalogue}=URL, or choose other lines with --catalogue"
            )
        asked.append((utterance, (named,) if named else everybody))
    heard = []
    for utterance, of in asked:
        heard.append(Heard(utterance, tuple(server.parse(utterance.text) for server in of)))
        on_line()
    return heard


@dataclass(frozen=True, slots=True)
class Noised:
    """The same lines as heard through a noise."""

    kind: str
    seed: int
    heard: Sequence[Heard]


def report(dataset: Path, heard: Sequence[Heard], noised: Sequence[Noised] = ()) -> dict[str, Any]:
    """Return the whole report: figures with intervals under `models`, and the tables and mistakes behind them.

    Args:
        dataset: the file; the report names it and its digest.
        heard: its lines with what was understood.
        noised: the same lines in the same order, through noises: rows of their own, and what they cost under `paired`.
    """
    intents, entities = IntentScores("intents", heard), EntityScores(heard)
    seconds = [1000 * reading.seconds for row in heard for reading in row.readings]
    p50, p95 = np.percentile(seconds, [50, 95])
    noisy_intents = [IntentScores(f"intents, {noise.kind}", noise.heard) for noise in noised]
    noisy_entities = [EntityScores(noise.heard, f"entities, {noise.kind}") for noise in noised]
    return {
        "dataset": dataset.name,
        "sha256": hashlib.sha256(dataset.read_bytes()).hexdigest(),
        "split": "+".join(sorted({row.utterance.catalogue for row in heard})),
        "models": [
            *(scores.row() for scores in (intents, *noisy_intents)),
            *(scores.row() for scores in (entities, *noisy_entities)),
        ],
        "paired": [
            *(difference(scores.row(), intents.row(), scores.figures, intents.figures) for scores in noisy_intents),
            *(difference(scores.row(), entities.row(), scores.figures, entities.figures) for scores in noisy_entities),
        ],
        "intents": intents.by_intent(),
        "entities": entities.by_entity(),
        "calibration": intents.reliability(),
        "rejection": intents.rejection_curve(),
        "confusion": intents.confusion_table(),
        "mistakes": {"intents": intents.mistakes(), "entities": entities.mistakes()},
        "noise": [
            {
                "kind": noise.kind,
                "seed": noise.seed,
                "changed": _changed(heard, noise.heard),
                "mistakes": {"intents": intents_of.mistakes(), "entities": entities_of.mistakes()},
            }
            for noise, intents_of, entities_of in zip(noised, noisy_intents, noisy_entities, strict=True)
        ],
        "latency_ms": {"messages": len(seconds), "p50": round(float(p50), 1), "p95": round(float(p95), 1)},
    }


def _changed(clean: Sequence[Heard], noised: Sequence[Heard]) -> int:
    return sum(one.utterance.text != other.utterance.text for one, other in zip(clean, noised, strict=True))
