"""What `make run` imports, exports and trains, and what it leaves alone."""

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from tooling import shop_data
from tooling.digests import Stamps


class Machine:
    """A shop database and models, as far as the doctor sees them; commands change them as the real ones would."""

    def __init__(self) -> None:
        self.digest = ""
        self.lexicon = self.recommender = "missing"
        self.commands: list[str] = []
        self.breaks_at = ""

    def doctor(self) -> dict[str, Any]:
        states = {
            "guide environment": "ok",
            "catalogue": "ok" if self.digest else "missing",
            "lexicon": self.lexicon,
            "recommender": self.recommender,
        }
        checks = [{"name": name, "state": state, "detail": ""} for name, state in states.items()]
        return {"catalogue_digest": self.digest, "checks": checks}

    def shopguide(self, *arguments: str) -> None:
        command = " ".join(arguments[:2])
        self.commands.append(command)
        if command == self.breaks_at:
            raise KeyboardInterrupt
        if command == "import catalogue":
            self.digest, self.lexicon, self.recommender = Path(arguments[2]).read_text(), "ok", "stale"
        elif command == "lexicon export":
            self.lexicon = "ok"
        elif command == "train --only":
            self.recommender = "ok"


@pytest.fixture
def machine(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Machine:
    machine = Machine()
    # Set and taken away, so that what a run sets is undone.
    monkeypatch.setenv("SHOPGUIDE_POLICIES", "")
    monkeypatch.delenv("SHOPGUIDE_POLICIES")
    monkeypatch.setattr(shop_data, "doctor", machine.doctor)
    monkeypatch.setattr(shop_data, "shopguide", machine.shopguide)
    monkeypatch.setattr(shop_data, "DEMO", tmp_path)
    monkeypatch.setattr(shop_data, "_STEPS", Stamps(tmp_path / "steps"))
    monkeypatch.setattr(shop_data, "_LEXICON_SOURCES", (tmp_path / "synonyms.yml",))
    for name in ("catalogue.jsonl", "shoppers.jsonl", "events.jsonl", "mapping.yml", "synonyms.yml"):
        (tmp_path / name).write_text(f"{name} 1")
    return machine


@pytest.fixture
def make_run(machine: Machine) -> Callable[[], list[str]]:
    def run() -> list[str]:
        machine.commands.clear()
        shop_data.bring_up_to_date(machine.doctor())
        return machine.commands

    return run


EVERYTHING = ["import catalogue", "import shoppers", "import events", "train --only"]


def test_everything_once_and_then_nothing(make_run: Callable[[], list[str]]) -> None:
    assert make_run() == EVERYTHING
    assert make_run() == []


def test_the_demo_shop_answers_from_its_policies_unless_others_are_named(
    make_run: Callable[[], list[str]], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_run()
    assert os.environ["SHOPGUIDE_POLICIES"] == str(tmp_path / "policies")
    monkeypatch.setenv("SHOPGUIDE_POLICIES", "ours")
    make_run()
    assert os.environ["SHOPGUIDE_POLICIES"] == "ours"


def test_a_changed_demo_shop_is_imported_again(make_run: Callable[[], list[str]], tmp_path: Path) -> None:
    make_run()
    (tmp_path / "catalogue.jsonl").write_text("catalogue 2")
    assert make_run() == EVERYTHING


def test_changed_synonyms_are_exported_again(make_run: Callable[[], list[str]], tmp_path: Path) -> None:
    make_run()
    (tmp_path / "synonyms.yml").write_text("synonyms 2")
    assert make_run() == ["lexicon export"]


def test_a_catalogue_of_their_own_is_left_alone(
    make_run: Callable[[], list[str]], machine: Machine, tmp_path: Path
) -> None:
    make_run()
    machine.digest, machine.lexicon, machine.recommender = "their own", "stale", "stale"
    assert make_run() == ["lexicon export", "train --only"]
    (tmp_path / "catalogue.jsonl").write_text("catalogue 2")
    assert make_run() == []


def test_a_catalogue_that_was_there_before_the_first_run_is_left_alone(
    make_run: Callable[[], list[str]], machine: Machine
) -> None:
    machine.digest, machine.lexicon, machine.recommender = "their own", "ok", "ok"
    assert "import catalogue" not in make_run()


def test_after_a_break_the_demo_shop_is_imported_whole(make_run: Callable[[], list[str]], machine: Machine) -> None:
    machine.breaks_at = "import events"
    with pytest.raises(KeyboardInterrupt):
        make_run()
    machine.breaks_at = ""
    assert make_run() == EVERYTHING


def test_a_deleted_database_is_filled_again(make_run: Callable[[], list[str]], machine: Machine) -> None:
    make_run()
    machine.digest, machine.lexicon, machine.recommender = "", "stale", "stale"
    assert make_run() == EVERYTHING
