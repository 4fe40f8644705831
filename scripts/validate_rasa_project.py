#!/usr/bin/env python3
"""Run `rasa data validate` and compare its warnings with the reviewed ones in scripts/reviewed_rasa_warnings.txt.

Rasa ends with 0 however many warnings there are, and some can never go away (a response that only an action uses).
A warning that is not on the list fails the check, and so does a line of the list that no longer occurs.
"""

import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
REVIEWED = ROOT / "scripts" / "reviewed_rasa_warnings.txt"
_COLOUR = re.compile(r"\x1b\[[0-9;]*m")
_WARNING = re.compile(r"^.*?(?:\b(?:User|Future)Warning: |\bWARNING +[\w.]+ +- )(.*)$")


def warnings_in(output: str) -> "set[str]":
    """Return the texts of the warnings, without times, places and colours."""
    found = set()
    for line in _COLOUR.sub("", output).splitlines():
        matched = _WARNING.match(line)
        if matched:
            found.add(" ".join(matched.group(1).split()).replace(str(ROOT) + "/", ""))
    return found


def reviewed() -> "set[str]":
    """Return the reviewed warnings; `#` begins a comment."""
    lines = REVIEWED.read_text("utf-8").splitlines() if REVIEWED.exists() else []
    return {" ".join(line.split()) for line in lines if line.strip() and not line.startswith("#")}


def main() -> int:
    """Validate; return the exit code."""
    command = [sys.executable, "-m", "rasa", "data", "validate", "--domain", "domain.yml", "--data", "data"]
    ran = subprocess.run(command, cwd=str(ROOT), capture_output=True, text=True, check=False)
    output = ran.stdout + ran.stderr
    if ran.returncode:
        print(output)
        return ran.returncode
    found, known = warnings_in(output), reviewed()
    for warning in sorted(found - known):
        print(f"not reviewed: {warning}")
    for warning in sorted(known - found):
        print(f"reviewed, but it no longer occurs (take it off {REVIEWED.relative_to(ROOT)}): {warning}")
    print(f"{len(found)} warnings, {len(found & known)} of them reviewed")
    return 1 if found != known else 0


if __name__ == "__main__":
    sys.exit(main())
