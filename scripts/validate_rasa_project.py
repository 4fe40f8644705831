#!/usr/bin/env python3
"""Run `rasa data validate` and compare its warnings with the reviewed ones in scripts/reviewed_rasa_warnings.txt.

Rasa ends with 0 however many warnings there are. It warns of every response that only code uses: what the code names is
in order. Another warning that is not reviewed fails the check, and so does a reviewed one that no longer occurs.
"""

import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
REVIEWED = ROOT / "scripts" / "reviewed_rasa_warnings.txt"
_UNUSED = re.compile(r"The utterance '(\w+)' is not used in any story or rule\.")
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


def named_in_code() -> "set[str]":
    """Return the responses that actions and our part of Rasa name in full."""
    files = [file for folder in ("actions", "rasa_addons") for file in (ROOT / folder).rglob("*.py")]
    return {name for file in files for name in re.findall(r"[\"'](utter_\w+)[\"']", file.read_text("utf-8"))}


def needs_review(warning: str, named: "set[str]") -> bool:
    """Tell whether a warning is more than one about a response that code names."""
    unused = _UNUSED.fullmatch(warning)
    return unused is None or unused.group(1) not in named


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
    named, known = named_in_code(), reviewed()
    found = {warning for warning in warnings_in(output) if needs_review(warning, named)}
    for warning in sorted(found - known):
        print(f"not reviewed: {warning}")
    for warning in sorted(known - found):
        print(f"reviewed, but it no longer occurs (take it off {REVIEWED.relative_to(ROOT)}): {warning}")
    print(f"{len(found)} warnings beside those that code explains; {len(found & known)} are reviewed")
    return 1 if found != known else 0


if __name__ == "__main__":
    sys.exit(main())
