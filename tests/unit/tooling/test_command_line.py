"""The command line as a whole: quick, complete, and clear when something fails."""

import resource
import subprocess
import sys
from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner

from shopguide import cli
from shopguide.errors import ModelNotFound

SHOPGUIDE = str(Path(sys.executable).parent / "shopguide")


def commands_of(app: typer.Typer) -> set[str]:
    """Return every command with its path: `import catalogue`."""
    root = typer.main.get_command(app)
    found: set[str] = set()

    def visit(command: object, path: str) -> None:
        inner = getattr(command, "commands", None)
        if inner is None:
            found.add(path)
        else:
            for name, child in inner.items():
                visit(child, f"{path} {name}".strip())

    visit(root, "")
    return found


def test_offers_every_command_of_the_design() -> None:
    assert {
        "import catalogue", "import events", "import shoppers", "catalogue report", "lexicon export", "train",
        "models list", "models show", "models report", "models promote", "models rollback", "recommend", "rank",
        "shopper show", "serve", "chat", "doctor",
    } <= commands_of(cli.build_app())  # fmt: skip


@pytest.mark.parametrize("command", sorted(commands_of(cli.build_app())))
def test_every_command_explains_itself(command: str) -> None:
    result = CliRunner().invoke(cli.build_app(), [*command.split(), "--help"])
    assert result.exit_code == 0
    assert "Usage" in result.output


def test_help_is_quick() -> None:
    def processor_seconds() -> float:
        used = resource.getrusage(resource.RUSAGE_CHILDREN)
        return used.ru_utime + used.ru_stime

    before = processor_seconds()
    subprocess.run([SHOPGUIDE, "--help"], check=True, capture_output=True)
    assert processor_seconds() - before < 1.0  # 0.3 s; processor time, because tests share the machine


def test_heavy_libraries_stay_out_of_the_way() -> None:
    heavy = {"torch", "transformers", "lightfm", "sqlalchemy", "scipy", "rasa_sdk", "fastapi"}
    code = f"import sys; from shopguide.cli import build_app; build_app(); print({heavy!r} & set(sys.modules))"
    assert subprocess.check_output([sys.executable, "-c", code], text=True).strip() == "set()"


def test_an_error_of_ours_is_one_line_and_exit_code_1(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def app() -> None:
        raise ModelNotFound("nothing trained yet")

    monkeypatch.setattr(cli, "build_app", lambda: app)
    with pytest.raises(SystemExit) as ended:
        cli.main()
    assert ended.value.code == 1
    assert capsys.readouterr().err == "shopguide: nothing trained yet\n"


def test_a_malformed_setting_is_told_without_a_trace(tmp_path: Path) -> None:
    ran = subprocess.run(
        [SHOPGUIDE, "doctor"],
        cwd=tmp_path,
        env={"SHOPGUIDE_PORT": "many", "PATH": ""},
        capture_output=True,
        text=True,
        check=False,
    )
    assert ran.returncode == 1
    assert ran.stderr.startswith("shopguide: port: ")
    assert len(ran.stderr.splitlines()) == 1


def test_wrong_usage_is_exit_code_2() -> None:
    assert subprocess.run([SHOPGUIDE, "dance"], capture_output=True, check=False).returncode == 2
