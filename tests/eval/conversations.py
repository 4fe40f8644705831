"""Hold the conversations of an evaluation file with a running dialogue server and report how many pass.

    python -m tests.eval.conversations FILE --rasa-url http://127.0.0.1:5005 --token … --has price --json OUT

The dialogue server needs `--enable-api`; the catalogue that the file speaks of must be loaded. Exit code 0 whatever
passes, unless `--min-scenarios` asks for a share; 2 if the evaluation could not be run.
"""

import argparse
import hashlib
import json
import secrets
import statistics
import sys
import time
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from tests.eval.dialogue import Dialogue, NoTracker, RestDialogue
from tests.eval.expectations import Failure, Payload, check
from tests.eval.scenarios import BadScenario, Scenario, load


@dataclass
class TurnResult:
    """What became of one turn; `failures` is empty if it passed. `reply` is what was said."""

    user: str
    passed: bool
    seconds: float
    failures: list[Failure] = field(default_factory=list)
    reply: str = ""


@dataclass
class ScenarioResult:
    """What became of one scenario; `skipped` says why it was not held."""

    id: str
    catalogue: str
    passed: bool
    skipped: str = ""
    turns: list[TurnResult] = field(default_factory=list)


def hold(scenario: Scenario, dialogue: Dialogue, run: str) -> ScenarioResult:
    """Hold one conversation to its end, as a new shopper; a failed turn does not end it."""
    sender = f"eval-{run}-{scenario.id}"
    earlier: list[Payload] = []
    turns = []
    for turn in scenario.turns:
        begun = time.perf_counter()
        answer = dialogue.say(sender, turn.user)
        seconds = time.perf_counter() - begun
        failures = check(turn.expect, answer, earlier)
        earlier += answer.payloads
        turns.append(TurnResult(turn.user, not failures, round(seconds, 3), failures, answer.text))
    return ScenarioResult(scenario.id, scenario.catalogue, all(turn.passed for turn in turns), turns=turns)


def hold_all(scenarios: Iterable[Scenario], dialogue: Dialogue, has: Sequence[str], run: str) -> list[ScenarioResult]:
    """Hold all conversations whose requirements the catalogue meets; the others are skipped, not failed."""
    results = []
    for scenario in scenarios:
        if lacking := [need for need in scenario.requires if need not in has]:
            why = f"the catalogue has no {', '.join(lacking)}"
            results.append(ScenarioResult(scenario.id, scenario.catalogue, passed=False, skipped=why))
        else:
            results.append(hold(scenario, dialogue, run))
    return results


def report(results: Sequence[ScenarioResult]) -> dict[str, Any]:
    """Return pass rates of scenarios and turns, overall and by catalogue, and each failure with its first key."""
    held = [result for result in results if not result.skipped]
    seconds = [turn.seconds for result in held for turn in result.turns]
    return {
        **_rates(held),
        "by_catalogue": {
            name: _rates([result for result in held if result.catalogue == name])
            for name in sorted({result.catalogue for result in held})
        },
        "skipped": [{"scenario": result.id, "why": result.skipped} for result in results if result.skipped],
        "turn_seconds": {"p50": round(statistics.median(seconds), 3), "max": max(seconds)} if seconds else {},
        "failures": [
            {"scenario": result.id, "turn": number, "user": turn.user, **asdict(turn.failures[0])}
            for result in held
            for number, turn in enumerate(result.turns, 1)
            if not turn.passed
        ],
        "results": [asdict(result) for result in results],
    }


def _rates(held: Sequence[ScenarioResult]) -> dict[str, Any]:
    turns = [turn for result in held for turn in result.turns]
    return {
        "scenarios": _rate(sum(result.passed for result in held), len(held)),
        "turns": _rate(sum(turn.passed for turn in turns), len(turns)),
    }


def _rate(passed: int, total: int) -> dict[str, Any]:
    return {"passed": passed, "of": total, "rate": round(passed / total, 4) if total else None}


def in_words(figures: dict[str, Any]) -> str:
    """Return a report for reading."""
    lines = []
    for name, rates in {"all": figures, **figures["by_catalogue"]}.items():
        scenarios, turns = rates["scenarios"], rates["turns"]
        lines.append(
            f"{name}: {scenarios['passed']} of {scenarios['of']} scenarios, {turns['passed']} of {turns['of']} turns"
        )
    lines += [f"skipped {one['scenario']}: {one['why']}" for one in figures["skipped"]]
    for one in figures["failures"]:
        lines.append(f"{one['scenario']} turn {one['turn']} [{one['key']}] {one['user']!r}: {one['why'][:300]}")
    if figures["turn_seconds"]:
        lines.append(
            f"a turn took {figures['turn_seconds']['p50']} s (median), {figures['turn_seconds']['max']} s at most"
        )
    return "\n".join(lines)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command and return its exit code."""
    parser = argparse.ArgumentParser(prog="tests.eval.conversations", description="Hold evaluation conversations.")
    parser.add_argument("file", type=Path)
    parser.add_argument("--rasa-url", default="http://127.0.0.1:5005")
    parser.add_argument("--token", default="", help="of the dialogue server's HTTP API")
    parser.add_argument("--token-file", type=Path, help="read the token from this file")
    parser.add_argument("--has", action="append", default=[], help="what the catalogue has, e.g. price (repeatable)")
    parser.add_argument("--catalogue", action="append", help="only scenarios over this catalogue (repeatable)")
    parser.add_argument("--only", action="append", help="only scenarios whose id starts so (repeatable)")
    parser.add_argument("--json", type=Path, metavar="OUT", help="write the whole report here")
    parser.add_argument("--min-scenarios", type=float, default=0.0, help="exit 1 below this pass rate of scenarios")
    options = parser.parse_args(arguments)
    try:
        chosen = [
            scenario
            for scenario in load(options.file)
            if (not options.catalogue or scenario.catalogue in options.catalogue)
            and (not options.only or scenario.id.startswith(tuple(options.only)))
        ]
        token = options.token_file.read_text("utf-8").strip() if options.token_file else options.token
        dialogue = RestDialogue(options.rasa_url, token)
        results = hold_all(chosen, dialogue, options.has, secrets.token_hex(4))
    except (BadScenario, NoTracker, OSError) as error:
        print(f"not run: {error}", file=sys.stderr)  # noqa: T201
        return 2
    figures = report(results)
    figures["file"] = options.file.name
    figures["file_sha256"] = hashlib.sha256(options.file.read_bytes()).hexdigest()
    if options.json:
        options.json.parent.mkdir(parents=True, exist_ok=True)
        options.json.write_text(json.dumps(figures, indent=1, ensure_ascii=False), encoding="utf-8")
    print(in_words(figures))  # noqa: T201
    return 1 if (figures["scenarios"]["rate"] or 0.0) < options.min_scenarios else 0


if __name__ == "__main__":
    sys.exit(main())
