"""What the programs of the project are started with."""

from pathlib import Path

import pytest
from tooling import commands


def test_reads_env_files_as_people_write_them(tmp_path: Path) -> None:
    file = tmp_path / ".env"
    file.write_text(
        "# a comment\n\nSHOPGUIDE_PORT=5056\nexport SHOPGUIDE_HOST = 0.0.0.0   # everywhere\n"
        "SHOPGUIDE_CHAT_SECRET='with # and spaces'\nnonsense\n"
    )
    assert commands.read_env_file(file) == {
        "SHOPGUIDE_PORT": "5056",
        "SHOPGUIDE_HOST": "0.0.0.0",
        "SHOPGUIDE_CHAT_SECRET": "with # and spaces",
    }
    assert commands.read_env_file(tmp_path / "none") == {}


def test_what_is_exported_wins_over_the_file_and_the_file_over_our_defaults(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(commands, "ROOT", tmp_path)
    (tmp_path / ".env").write_text("SHOPGUIDE_PORT=5056\nOMP_NUM_THREADS=4\nSHOPGUIDE_HOST=0.0.0.0\n")
    monkeypatch.setenv("SHOPGUIDE_PORT", "5057")
    monkeypatch.delenv("OMP_NUM_THREADS", raising=False)
    environment = commands.dialogue_environment()
    assert environment["SHOPGUIDE_PORT"] == "5057"
    assert environment["SHOPGUIDE_HOST"] == "0.0.0.0"
    assert environment["OMP_NUM_THREADS"] == "4"
    assert environment["TF_NUM_INTRAOP_THREADS"] == "1"
    assert "TF_NUM_INTRAOP_THREADS" not in commands.guide_environment()
