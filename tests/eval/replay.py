"""Send people's messages to a running guide, turn by turn, and report what never may happen and how often it gave up.

    python -m tests.eval.replay DIALOGUES --domain bicycle=20 --domain digital_camera=20 \
        --rasa-url http://127.0.0.1:5005 --token … --json OUT.json --replies OUT.md

`DIALOGUES` is a folder of dialogues as RecQuest has them: JSON files with `domain` and `messages` (`role`, `content`);
only what people wrote is sent. The catalogue is that of `tests.eval.wheels_and_lenses`. Their messages answer another
assistant's questions, so a reply can only be judged by the message and the conversation it came in: docs/evaluation.md
has the criteria. A reply without words or with a fault is told; `--replies` writes all of them for rating, a drawn
sample marked.
"""

import argparse
import json
import random
import re
import secrets
import statistics
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import yaml

from tests.eval.dialogue import Dialogue, NoTracker, RestDialogue
from tests.eval.expectations import FAULTS

ROOT = Path(__file__).resolve().parents[2]
SAMPLE = 100
LONGEST = 2000
"""Characters of a message that are sent; people paste whole tasks."""
FALLBACKS = (
    "utter_smalltalk_fallback",
    "utter_smalltalk_fallback_again",
    "utter_default",
    "utter_search_not_understood",
)
"""Responses that say that the guide did not understand."""


@lru_cache(maxsize=1)
def gave_up() -> re.Pattern[str]:
    """Return what the texts of `FALLBACKS` look like, filled in or not."""
    responses = yaml.safe_load((ROOT / "domain.yml").read_text("utf-8"))["responses"]
    texts = [variation["text"] for name in FALLBACKS for variation in responses[name] if variation.get("text")]
    return re.compile("|".join(".*".join(map(re.escape, re.split(r"\{\w+\}", text))) for text in texts), re.DOTALL)


@dataclass(frozen=True)
class Replayed:
    """One message and what came back: `kind` is the payload's type, `question` or `words`."""

    dialogue: str
    turn: int
    said: str
    reply: str
    kind: str
    fault: str
    fallback: bool
    seconds: float


def read(folder: Path, wanted: dict[str, int], seed: int = 0) -> Iterator[tuple[str, list[str]]]:
    """Yield the id and people's messages of so many drawn dialogues of each domain.

    Raises:
        ValueError: there are too few of a domain.
    """
    by_domain: dict[str, list[Path]] = {}
    for path in sorted(folder.glob("*.json")):
        by_domain.setdefault(json.loads(path.read_text("utf-8"))["domain"], []).append(path)
    for domain, count in wanted.items():
        paths = by_domain.get(domain, [])
        if len(paths) < count:
            raise ValueError(f"{folder} has {len(paths)} dialogues of {domain}, not {count}")
        for path in random.Random(f"{domain}|{seed}").sample(paths, count):
            messages = json.loads(path.read_text("utf-8"))["messages"]
            said = [str(one["content"]).strip()[:LONGEST] for one in messages if one["role"] == "human"]
            yield path.stem, [text for text in said if text]


def replay(name: str, messages: Sequence[str], dialogue: Dialogue, run: str) -> list[Replayed]:
    """Send the messages of one dialogue as a new shopper."""
    found = []
    for turn, said in enumerate(messages, 1):
        begun = time.perf_counter()
        answer = dialogue.say(f"replay-{run}-{name}", said)
        seconds = round(time.perf_counter() - begun, 3)
        types = [str(payload.get("type")) for payload in answer.payloads]
        fault = answer.fault or ("" if answer.text.strip() or types else "silence")
        match = FAULTS.search(answer.text)
        if not fault and match is not None:
            fault = f"says {match[0]!r}"
        fallback = gave_up().search(answer.text) is not None
        found.append(Replayed(name, turn, said, answer.text, "+".join(types) or "words", fault, fallback, seconds))
    return found


def report(turns: Sequence[Replayed]) -> dict[str, Any]:
    """Return how many turns there were, what they were answered with, faults, silences and the fallbacks' share."""
    kinds: dict[str, int] = {}
    for turn in turns:
        kinds[turn.kind] = kinds.get(turn.kind, 0) + 1
    faults = [turn for turn in turns if turn.fault]
    return {
        "dialogues": len({turn.dialogue for turn in turns}),
        "turns": len(turns),
        "kinds": dict(sorted(kinds.items(), key=lambda pair: -pair[1])),
        "silent": sum(turn.fault == "silence" for turn in turns),
        "faults": [asdict(turn) for turn in faults],
        "fallback_share": round(sum(turn.fallback for turn in turns) / max(len(turns), 1), 4),
        "p50_seconds": round(statistics.median(turn.seconds for turn in turns), 3) if turns else None,
    }


def for_rating(turns: Sequence[Replayed], seed: int = 0) -> str:
    """Return all turns to read, `SAMPLE` of them drawn and marked with a box for a rating."""
    drawn = set(random.Random(seed).sample(range(len(turns)), min(SAMPLE, len(turns))))
    lines: list[str] = []
    for place, turn in enumerate(turns):
        if turn.turn == 1:
            lines.append(f"\n# {turn.dialogue}\n")
        box = "**[ ]** " if place in drawn else ""
        lines.append(f"{box}{turn.turn}. > {turn.said}\n\n```\n{turn.reply}\n```\n")
    return "\n".join(lines)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command; exit code 1 if any turn was silent or at fault, 2 if it could not be run."""
    parser = argparse.ArgumentParser(prog="tests.eval.replay", description="Replay people's messages.")
    parser.add_argument("dialogues", type=Path)
    parser.add_argument("--domain", action="append", required=True, metavar="NAME=COUNT")
    parser.add_argument("--rasa-url", default="http://127.0.0.1:5005")
    parser.add_argument("--token", default="")
    parser.add_argument("--seed", type=int, default=0, help="draws dialogues, and replies to rate")
    parser.add_argument("--json", type=Path, metavar="OUT")
    parser.add_argument("--replies", type=Path, metavar="OUT.md", help="write what was said and replied here")
    options = parser.parse_args(arguments)
    dialogue = RestDialogue(options.rasa_url, options.token)
    turns: list[Replayed] = []
    try:
        wanted = {name: int(count) for name, _, count in (one.partition("=") for one in options.domain)}
        for name, messages in read(options.dialogues, wanted, options.seed):
            turns += replay(name, messages, dialogue, secrets.token_hex(4))
    except (OSError, ValueError, KeyError, NoTracker) as error:
        print(f"not run: {error}", file=sys.stderr)  # noqa: T201
        return 2
    finally:
        dialogue.close()
    found = report(turns)
    if options.json:
        options.json.write_text(json.dumps(found, indent=1, ensure_ascii=False), "utf-8")
    if options.replies:
        options.replies.write_text(for_rating(turns, options.seed), "utf-8")
    print(json.dumps({**found, "faults": len(found["faults"])}, indent=1))  # noqa: T201
    return 1 if found["faults"] else 0


if __name__ == "__main__":
    sys.exit(main())
