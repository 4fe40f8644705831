"""What scripts generate and compare: the settings page, the lock, Rasa's warnings, imports of rasa_addons."""

import ast
import importlib.util
from pathlib import Path
from types import ModuleType

import pytest

from shopguide.settings import Settings

ROOT = Path(__file__).resolve().parents[3]


def script(name: str) -> ModuleType:
    spec = importlib.util.spec_from_file_location(name, ROOT / "scripts" / f"{name}.py")
    assert spec and spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_every_setting_is_on_the_page_and_in_the_example() -> None:
    page, example = (ROOT / "docs" / "settings.md").read_text(), (ROOT / ".env.example").read_text()
    for name, field in Settings.model_fields.items():
        assert f"`SHOPGUIDE_{name.upper()}`" in page
        assert f"# SHOPGUIDE_{name.upper()}=" in example
        assert field.description


def test_what_the_example_says_is_taken(tmp_path: Path) -> None:
    example = (ROOT / ".env.example").read_text().replace("# SHOPGUIDE_", "SHOPGUIDE_")
    (tmp_path / ".env").write_text(example)
    assert Settings(_env_file=tmp_path / ".env") == Settings(_env_file=None)


def test_a_stale_settings_page_is_found(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    generator = script("generate_settings_doc")
    (tmp_path / "docs").mkdir()
    monkeypatch.setattr(generator, "ROOT", tmp_path)
    monkeypatch.setattr("sys.argv", ["generate"])
    assert generator.main() == 0
    monkeypatch.setattr("sys.argv", ["generate", "--check"])
    assert generator.main() == 0
    page = tmp_path / "docs" / "settings.md"
    page.write_text(page.read_text().replace("5055", "5056"))
    assert generator.main() == 1
    assert "docs/settings.md" in capsys.readouterr().out


def test_the_guide_lock_leaves_torch_and_cuda_out() -> None:
    lock = "numpy==2.4 \\\n    --hash=sha256:1\ntorch==2.13.0 \\\n    --hash=sha256:2\n    --hash=sha256:3\n"
    lock += "nvidia-cublas==13.1 ; sys_platform == 'linux' \\\n    --hash=sha256:4\n"
    lock += "torchmetrics==1 \\\n    --hash=sha256:5\n"
    kept = "numpy==2.4 \\\n    --hash=sha256:1\ntorchmetrics==1 \\\n    --hash=sha256:5\n"
    assert script("lock").without_torch(lock) == kept
    assert script("lock").without_torch((ROOT / "envs/guide/requirements.txt").read_text()).count("torch==") == 0


def test_rasas_warnings_are_read_without_times_places_and_colours() -> None:
    output = (
        "\x1b[94m2026-01-31 12:00:00 INFO     rasa.validator  - Validating intents...\x1b[0m\n"
        f"{ROOT}/.venv-rasa/lib/x.py:10: UserWarning: The utterance 'utter_search_nothing' is not used in any story.\n"
        "  rasa.shared.utils.io.raise_warning(\n"
        "2026-01-31 12:00:01 WARNING  rasa.validator  - The intent 'nlu_fallback' is not listed.\n"
    )
    assert script("validate_rasa_project").warnings_in(output) == {
        "The utterance 'utter_search_nothing' is not used in any story.",
        "The intent 'nlu_fallback' is not listed.",
    }


def test_what_code_explains_needs_no_review_and_the_rest_does() -> None:
    validate = script("validate_rasa_project")

    def needs_review(warning: str) -> bool:
        return bool(validate.needs_review(warning, {"utter_search_slate"}))

    unused = "The utterance 'utter_{}' is not used in any story or rule."
    assert not needs_review(unused.format("search_slate"))
    assert needs_review(unused.format("search_slates"))
    assert needs_review("The intent 'greet' is not used in any story or rule.")
    assert "utter_search_slate" in validate.named_in_code()


def test_imports_of_rasa_addons_are_seen_wherever_they_stand() -> None:
    code = "import rasa.core\ndef f():\n    from shopguide.settings import Settings\n    from . import near\n"
    assert script("check_rasa_imports").imported(ast.parse(code)) == [(1, "rasa"), (3, "shopguide")]
