"""How often a message of one act is taken apart by mistake; JSON on stdout.

Runs in the dialogue server's environment:

    python -m bench.acts --model models/dialogue.tar.gz data/nlu/*.yml              # training sentences, one act each
    python -m bench.acts --model models/dialogue.tar.gz goals.txt                   # a text file, one message a line

Each line is a message of one act. The share that is parted is reported with those lines.
"""

import argparse
import asyncio
import json
import logging
import re
from pathlib import Path
from typing import Any

import yaml

from rasa_addons.acts import acts_of, parts_of

_MARKED = re.compile(r"\[([^\]]+)\](?:\([^)]*\)|\{[^}]*\})")


def lines_of(file: Path) -> list[str]:
    """Return the messages of a file: of NLU training data without their marks, of any other file by line."""
    text = file.read_text("utf-8")
    if file.suffix not in (".yml", ".yaml"):
        return [line.strip() for line in text.splitlines() if line.strip()]
    examples = [entry.get("examples", "") for entry in yaml.safe_load(text)["nlu"]]
    found = [line[2:].strip() for block in examples for line in block.splitlines() if line.startswith("- ")]
    return [_MARKED.sub(r"\1", line) for line in found]


async def parted(model: Path, lines: list[str]) -> list[list[str]]:
    """Return the messages that are taken for several acts, by their acts."""
    import structlog
    from rasa.core.agent import Agent

    # Rasa tells of every message, on standard output.
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.ERROR))
    agent = Agent.load(str(model))

    async def parse(text: str) -> dict[str, Any]:
        found: dict[str, Any] = await agent.parse_message(text)
        return found

    found = []
    for line in lines:
        acts = await acts_of(line, parse)
        if len(acts) > 1:
            found.append([f"{act.intent}: {act.text}" for act in acts])
    return found


def main() -> None:
    """Measure."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("files", nargs="+", type=Path)
    parser.add_argument("--model", type=Path, required=True)
    arguments = parser.parse_args()
    lines = [line for file in arguments.files for line in lines_of(file)]
    could = [line for line in lines if len(parts_of(line)) > 1]
    found = asyncio.run(parted(arguments.model, could))
    share = len(found) / max(len(lines), 1)
    print(
        json.dumps({"messages": len(lines), "with_breaks": len(could), "parted": len(found), "share": share}, indent=1)
    )
    counts = {"messages": len(lines), "with_breaks": len(could), "parted": len(found), "share": round(share, 4)}
    print(json.dumps(counts | {"acts": found}, indent=1, ensure_ascii=False))


if __name__ == "__main__":
    main()
