"""Rasa's own cross-validation of understanding on data/nlu (`rasa test nlu --cross-validation`); JSON on stdout.

    python -m bench.cross_validation                        # the pipeline of config.yml, five folds; long
    python -m bench.cross_validation --lexicon models/lexicon.jsonl --errors wrong.json

Rasa writes its reports to a folder and rounds what it tells; this runs it and returns what the reports hold: accuracy,
macro-averages and each intent, over the answers of all folds to sentences that were held out. Sentences of one meaning
stand in data/nlu several times, so that figures are higher than on sentences by other people. Intents are compared by
the part before the slash and retrieval intents in `responses`, as Rasa does. It compares entities token by token, and
our pipeline has no tokeniser: `shopguide evaluate nlu` scores those.
"""

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from bench._pipelines import RASA_PYTHON, ROOT, BenchFailed, rasa_environment, tell

_AVERAGES = ("macro avg", "weighted avg", "micro avg")


def command(folder: Path, data: Path, folds: int) -> list[str]:
    """Return the command that writes Rasa's reports to a folder."""
    return [
        *(str(RASA_PYTHON), "-m", "rasa", "test", "nlu", "--cross-validation", "--folds", str(folds)),
        *("--nlu", str(data), "--config", str(ROOT / "config.yml"), "--domain", str(ROOT / "domain.yml")),
        *("--out", str(folder), "--no-plot"),
    ]


def averages(report: Path) -> dict[str, Any]:
    """Return the averages and the rows of one of Rasa's reports; nothing if it wrote none."""
    if not report.exists():
        return {}
    rows: dict[str, Any] = json.loads(report.read_text("utf-8"))
    found: dict[str, Any] = {"accuracy": rows["accuracy"]} if "accuracy" in rows else {}
    for name in _AVERAGES:
        if name in rows:
            kept = {key: round(rows[name][key], 4) for key in ("precision", "recall", "f1-score")}
            found[name.split(" ")[0]] = {**kept, "support": rows[name]["support"]}
    of = {name: row for name, row in rows.items() if name not in _AVERAGES and isinstance(row, dict)}
    found["of"] = {
        name: {
            **{key: round(row[key], 4) for key in ("precision", "recall", "f1-score")},
            "support": row["support"],
            "confused_with": row.get("confused_with") or {},
        }
        for name, row in sorted(of.items(), key=lambda item: float(item[1]["f1-score"]))
    }
    return found


def summary(folder: Path) -> dict[str, Any]:
    """Return what Rasa's reports hold, the worst intents first.

    Raises:
        BenchFailed: there is no report on intents.
    """
    intents = averages(folder / "intent_report.json")
    if not intents:
        raise BenchFailed(f"{folder} has no intent_report.json")
    if "accuracy" not in intents:  # Rasa leaves it out where an answer is no label of the data; recall by lines is it
        intents = {"accuracy": intents["weighted"]["recall"], **intents}
    return {"intents": intents, "responses": averages(folder / "response_selection_report.json")}


def main() -> None:
    """Run the cross-validation and tell its figures."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--folds", type=int, default=5, help="how many parts the data is dealt into")
    parser.add_argument("--data", type=Path, default=ROOT / "data" / "nlu", help="the training data")
    parser.add_argument("--lexicon", type=Path, default=ROOT / "models" / "lexicon.jsonl", help="the catalogue's words")
    parser.add_argument("--errors", type=Path, help="where to write the sentences that were understood wrongly")
    parser.add_argument("--threads", type=int, default=2, help="that each library may use")
    arguments = parser.parse_args()
    try:
        with tempfile.TemporaryDirectory(prefix="cross-validation-") as name:
            folder = Path(name)
            tell(f"{arguments.folds} folds of {arguments.data}")
            log = folder / "rasa.log"
            environment = {
                **rasa_environment(arguments.threads),
                "SHOPGUIDE_LEXICON_PATH": str(arguments.lexicon.resolve()),
                "LOG_LEVEL": "WARNING",
                "RASA_MAX_CACHE_SIZE": "0",
                "RASA_CACHE_DIRECTORY": str(folder / "cache"),
            }
            with log.open("wb") as out:
                ran = subprocess.run(
                    command(folder, arguments.data.resolve(), arguments.folds),
                    cwd=ROOT, env=environment, stdout=out, stderr=subprocess.STDOUT, check=False,
                )  # fmt: skip
            if ran.returncode:
                tail = "\n".join(log.read_text("utf-8", errors="replace").splitlines()[-15:])
                raise BenchFailed(f"rasa test ended with code {ran.returncode}:\n{tail}")
            found = summary(folder)
            wrong = folder / "intent_errors.json"
            if arguments.errors and wrong.exists():
                shutil.copyfile(wrong, arguments.errors)
    except (BenchFailed, OSError) as error:
        sys.exit(f"bench/cross_validation.py: {error}")
    print(json.dumps({"folds": arguments.folds, "data": os.path.relpath(arguments.data, ROOT), **found}, indent=1))


if __name__ == "__main__":
    main()
