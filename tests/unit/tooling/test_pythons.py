"""Finding the two Pythons: what is accepted, what is refused, and what a person is told."""

from pathlib import Path

import pytest
from tooling import pythons
from tooling.console import Failed


def fake_python(path: Path, says: str = "", error: str = "", code: int = 0) -> str:
    """Write an executable that answers the version probe as told."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"#!/bin/sh\n[ -z '{error}' ] || echo '{error}' >&2\necho '{says}'\nexit {code}\n")
    path.chmod(0o755)
    return str(path)


@pytest.fixture(autouse=True)
def bare_machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A machine without any Python, pyenv or uv."""
    (tmp_path / "bin").mkdir()
    monkeypatch.setenv("PATH", str(tmp_path / "bin"))
    monkeypatch.setenv("PYENV_ROOT", str(tmp_path / "pyenv"))
    for name in ("SHOPGUIDE_RASA_PYTHON", "SHOPGUIDE_GUIDE_PYTHON"):
        monkeypatch.delenv(name, raising=False)


def test_takes_the_one_on_the_path(tmp_path: Path) -> None:
    python = fake_python(tmp_path / "bin" / "python3.10", "3.10")
    assert pythons.find(pythons.RASA) == python


def test_a_plain_python3_of_the_right_version_will_do(tmp_path: Path) -> None:
    python = fake_python(tmp_path / "bin" / "python3", "3.10")
    assert pythons.find(pythons.RASA) == python


def test_passes_over_a_shim_that_fails_and_takes_pyenvs_newest_patch(tmp_path: Path) -> None:
    fake_python(tmp_path / "bin" / "python3.10", error="pyenv: python3.10: command not found", code=127)
    fake_python(tmp_path / "pyenv" / "versions" / "3.10.9" / "bin" / "python3.10", "3.10")
    newest = fake_python(tmp_path / "pyenv" / "versions" / "3.10.13" / "bin" / "python3.10", "3.10")
    assert pythons.find(pythons.RASA) == newest


def test_explains_what_it_looked_at_and_how_to_get_one(tmp_path: Path) -> None:
    shim = fake_python(tmp_path / "bin" / "python3.10", error="pyenv: python3.10: command not found", code=127)
    plain = fake_python(tmp_path / "bin" / "python3", "3.9")
    with pytest.raises(Failed) as failed:
        pythons.find(pythons.RASA)
    for told in (f"{shim}: pyenv: python3.10", f"{plain}: Python 3.9", "pyenv install 3.10", "SHOPGUIDE_RASA_PYTHON="):
        assert told in str(failed.value)


def test_a_python_without_venv_is_refused_with_the_remedy(tmp_path: Path) -> None:
    fake_python(tmp_path / "bin" / "python3.10", error="No module named '\"'\"'ensurepip'\"'\"'", code=1)
    with pytest.raises(Failed, match=r"python3\.x-venv"):
        pythons.find(pythons.RASA)


def test_the_variable_wins_and_is_never_replaced_in_silence(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    fake_python(tmp_path / "bin" / "python3.10", "3.10")
    chosen = fake_python(tmp_path / "elsewhere" / "python", "3.10")
    monkeypatch.setenv("SHOPGUIDE_RASA_PYTHON", chosen)
    assert pythons.find(pythons.RASA) == chosen
    monkeypatch.setenv("SHOPGUIDE_RASA_PYTHON", fake_python(tmp_path / "elsewhere" / "old", "3.9"))
    with pytest.raises(Failed, match=r"SHOPGUIDE_RASA_PYTHON=.*it is Python 3\.9"):
        pythons.find(pythons.RASA)


def test_asks_uv_last_and_lets_it_install(tmp_path: Path) -> None:
    managed = tmp_path / "uv-python" / "python3.10"
    uv = tmp_path / "bin" / "uv"
    # `uv python find` knows none until `uv python install` has run.
    uv.write_text(
        "#!/bin/sh\n"
        f"if [ $2 = install ]; then /bin/mkdir -p {managed.parent}; "
        f"printf '#!/bin/sh\\necho 3.10\\n' > {managed}; /bin/chmod +x {managed}; exit 0; fi\n"
        f"[ -x {managed} ] && echo {managed}\n"
    )
    uv.chmod(0o755)
    assert pythons.find(pythons.RASA) == str(managed)


def test_without_a_compiler_the_guide_wants_a_version_with_wheels(tmp_path: Path) -> None:
    assert (3, 11) not in pythons.guide_need().versions
    fake_python(tmp_path / "bin" / "cc")
    assert pythons.guide_need().versions[0] == (3, 11)
