"""`make check`: style, types, layers, generated files, and Rasa's own validation."""

from __future__ import annotations

from tooling.commands import dialogue_environment, guide_environment
from tooling.counting import Part, run_all
from tooling.digests import ROOT
from tooling.environments import GUIDE, RASA

_BIN = GUIDE.folder / "bin"


def main() -> int:
    """Run all checks; return the exit code."""
    guide, dialogue = guide_environment(), dialogue_environment()
    python = str(GUIDE.python)
    return run_all(
        [
            Part("ruff check", (str(_BIN / "ruff"), "check", "."), guide),
            Part("ruff format", (str(_BIN / "ruff"), "format", "--check", "."), guide),
            Part("mypy", (str(_BIN / "mypy"),), guide),
            Part("layers (import-linter)", (str(_BIN / "lint-imports"), "--no-cache"), guide),
            Part("imports of rasa_addons", (python, "scripts/check_rasa_imports.py"), guide),
            Part("generated: docs/settings.md", (python, "scripts/generate_settings_doc.py", "--check"), guide),
            Part(
                "rasa data validate",
                (str(RASA.python), str(ROOT / "scripts" / "validate_rasa_project.py")),
                dialogue,
            ),
        ]
    )
