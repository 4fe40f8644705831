"""Kill -9 and locked databases lose and double nothing that was acknowledged; bench/crash.py does it at length."""

from pathlib import Path

import pytest

from bench.crash import flawless, run


# From Python 3.12 on, forking beside any thread warns; the children here use no lock of the parent's.
@pytest.mark.filterwarnings("ignore:This process .* is multi-threaded:DeprecationWarning")
def test_nothing_is_lost_or_doubled_when_processes_are_killed(empty_url: str, tmp_path: Path) -> None:
    report = run(empty_url, tmp_path, kills=10)
    assert flawless(report), report
    acknowledged = report["acknowledged"]
    assert isinstance(acknowledged, dict)
    assert min(acknowledged.values()) > 0
    assert report["kills"] == 10
