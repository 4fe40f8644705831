"""Runs parts of `make check` and `make test` one after another, all of them, and sums up in one last line."""

from __future__ import annotations

import re
import subprocess
import time
from typing import Callable, Dict, Iterable, List, NamedTuple, Optional, Sequence

from tooling.console import bold, duration, say
from tooling.digests import ROOT

_COUNT = re.compile(r"(\d+) (passed|failed|errors?|skipped|xfailed)")

_SUMMARY = re.compile(r"\d+ (?:passed|failed|errors?|skipped|deselected|xfailed).* in [\d.]+s")


class Counts(NamedTuple):
    """How many tests or checks did what."""

    passed: int = 0
    failed: int = 0
    skipped: int = 0

    def __add__(self, other: object) -> Counts:
        """Add up, kind by kind."""
        if not isinstance(other, Counts):
            return NotImplemented
        return Counts(*(mine + theirs for mine, theirs in zip(self, other)))


class Part(NamedTuple):
    """One command and how its output is counted."""

    name: str
    command: Sequence[str]
    environment: Optional[Dict[str, str]] = None
    counted_by: Optional[Callable[[str, int], Counts]] = None
    """From the output and the exit code; without it the command counts as one."""


def of_pytest(output: str, code: int) -> Counts:
    """Count by pytest's own summary; an exit code that the counts do not explain is a failure of its own."""
    # Not simply the last line: what runs at exit may say something after it.
    summaries = [line for line in output.splitlines() if _SUMMARY.search(line)]
    found = {word: int(number) for number, word in _COUNT.findall(summaries[-1] if summaries else "")}
    failed = found.get("failed", 0) + found.get("error", 0) + found.get("errors", 0)
    return Counts(found.get("passed", 0), failed or (1 if code else 0), found.get("skipped", 0))


def of_command(_output: str, code: int) -> Counts:
    """Count a command as one check."""
    return Counts(failed=1) if code else Counts(passed=1)


def run_all(parts: Iterable[Part]) -> int:
    """Run all parts, each as it is asked for, show their output as it comes, and return the exit code."""
    total, broken, started = Counts(), [], time.monotonic()
    for part in parts:
        say(bold(f"\n== {part.name}"))
        began = time.monotonic()
        output, code = _stream(part)
        counts = (part.counted_by or of_command)(output, code)
        total += counts
        if counts.failed:
            broken.append(part.name)
        say(f"{'✗' if counts.failed else '✓'} {part.name} ({duration(time.monotonic() - began)})")
    say(f"\n{duration(time.monotonic() - started)} in all." + (f" Failing: {', '.join(broken)}." if broken else ""))
    skipped = f", {total.skipped} skipped" if total.skipped else ""
    say(f"{total.passed} passed, {total.failed} failed{skipped}")
    return 1 if total.failed else 0


def _stream(part: Part) -> "tuple[str, int]":
    lines: List[str] = []
    with subprocess.Popen(
        list(part.command),
        cwd=str(ROOT),
        env=part.environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        encoding="utf-8",
        errors="replace",
    ) as process:
        for line in process.stdout or ():
            print(line, end="", flush=True)
            lines.append(line)
    return "".join(lines), process.returncode
