"""How well messages are understood: a file of annotated utterances put to running dialogue servers."""

import hashlib
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from shopguide.errors import SettingsError
from shopguide.evaluation.intents import Heard, IntentScores
from shopguide.evaluation.mentions import EntityScores
from shopguide.evaluation.parsing import Parser, Reading
from shopguide.evaluation.utterances import OUT_OF_SCOPE, Utterance

ANY_CATALOGUE = ""
"""The name of a server that every line is put to, whatever catalogue it has loaded."""
NO_CATALOGUE = "G"
"""The catalogue of lines that speak of none."""

UNDERSTOOD, SERVED, SERVED_ALL = "as understood", "as served", "as served, all lines"


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


def report(dataset: Path, heard: Sequence[Heard], served_intents: frozenset[str]) -> dict[str, Any]:
    """Return the whole report: figures with intervals under `models`, and the tables and mistakes behind them.

    Args:
        dataset: the file; the report names it and its digest.
        heard: its lines with what was understood.
        served_intents: what the servers' domains list; other intents are scored as understood only.
    """
    served_intents = served_intents - _refused_though_understood(heard)
    views = _views(heard, served_intents)
    entities = EntityScores(heard)
    later = [row for row in heard if not _is_served(row.utterance, served_intents)]
    seconds = [1000 * reading.seconds for row in heard for reading in row.readings]
    p50, p95 = np.percentile(seconds, [50, 95])
    return {
        "dataset": dataset.name,
        "sha256": hashlib.sha256(dataset.read_bytes()).hexdigest(),
        "split": "+".join(sorted({row.utterance.catalogue for row in heard})),
        "models": [*(view.row() for view in views), entities.row()],
        "paired": [],
        "unserved": {"lines": len(later), "answered_out_of_scope": _share_refused(later)},
        "intents": {view.name: view.by_intent() for view in views},
        "entities": entities.by_entity(),
        "calibration": {view.name: view.reliability() for view in views},
        "confusion": {view.name: view.confusion_table() for view in views},
        "mistakes": {
            "intents": {view.name: view.mistakes() for view in views},
            "entities": entities.mistakes(),
        },
        "latency_ms": {"messages": len(seconds), "p50": round(float(p50), 1), "p95": round(float(p95), 1)},
    }


def _views(heard: Sequence[Heard], served_intents: frozenset[str]) -> list[IntentScores]:
    """Return the ways to look at the intents; where everything is served, one less: they say the same."""

    def meant(reading: Reading) -> str:
        return reading.meant

    def served(reading: Reading) -> str:
        return reading.served

    views = [IntentScores(UNDERSTOOD, heard, meant)]
    ours = [row for row in heard if _is_served(row.utterance, served_intents)]
    if ours:
        views.append(IntentScores(SERVED, ours, served))
    if len(ours) < len(heard):
        views.append(IntentScores(SERVED_ALL, heard, served))
    return views


def _refused_though_understood(heard: Sequence[Heard]) -> frozenset[str]:
    """Return the intents that were recognised and not served: Rasa's domain lists `faq` as soon as data teaches it."""
    readings = (reading for row in heard for reading in row.readings)
    return frozenset(reading.meant.partition("/")[0] for reading in readings if reading.meant != reading.served)


def _is_served(utterance: Utterance, served_intents: frozenset[str]) -> bool:
    return utterance.is_out_of_scope or utterance.intent.partition("/")[0] in served_intents


def _share_refused(heard: Sequence[Heard]) -> float | None:
    """Return the share of the answers that is out of scope."""
    if not heard:
        return None
    refused = IntentScores("", heard, lambda reading: reading.served)
    table = refused.confusion_table()
    if OUT_OF_SCOPE not in table["labels"]:
        return 0.0
    place = table["labels"].index(OUT_OF_SCOPE)
    return round(float(refused.confusion[:, place].sum()) / len(heard), 4)
