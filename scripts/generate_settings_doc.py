#!/usr/bin/env python3
"""Write docs/settings.md and .env.example from shopguide/settings.py; `--check` only compares. Guide environment."""

import hashlib
import inspect
import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Literal, get_args, get_origin

from pydantic import SecretStr
from pydantic.fields import FieldInfo

from shopguide import settings

ROOT = Path(__file__).resolve().parents[1]
SOURCE = "shopguide/settings.py"


def origin() -> str:
    """Say where the file comes from, with the digest of its source."""
    digest = hashlib.sha256(Path(inspect.getfile(settings)).read_bytes()).hexdigest()[:16]
    return f"Generated from {SOURCE} ({digest}) by scripts/generate_settings_doc.py; do not edit."


def fields() -> Iterator[tuple[str, FieldInfo]]:
    """Yield the name in the environment and the field."""
    for name, field in settings.Settings.model_fields.items():
        yield f"SHOPGUIDE_{name.upper()}", field


def default(field: FieldInfo) -> str:
    """Return the default as one would write it in `.env`."""
    value = field.default
    if value is None:
        return ""
    if isinstance(value, (list, dict)):
        return json.dumps(value)
    return value.get_secret_value() if isinstance(value, SecretStr) else str(value)


def kind(field: FieldInfo) -> str:
    """Name the type for an operator."""
    if get_origin(field.annotation) is Literal:
        return " or ".join(str(choice) for choice in get_args(field.annotation))
    if get_origin(field.annotation) is dict:
        return "JSON map"
    if get_origin(field.annotation) is list:
        return "JSON list"
    names = {
        SecretStr: "secret",
        str: "text",
        int: "whole number",
        float: "number",
        Path: "path",
        bool: "true or false",
    }
    kinds = [kind for kind in get_args(field.annotation) or (field.annotation,) if kind is not type(None)]
    return names[kinds[0]]


def page() -> str:
    """Return docs/settings.md."""
    rows = [
        f"| `{name}` | {kind(field)} | {f'`{default(field)}`' if default(field) else 'empty'} | {field.description} |"
        for name, field in fields()
    ]
    return "\n".join(
        [
            f"<!-- {origin()} -->",
            "# Settings",
            "",
            "Each is an environment variable or a line of `.env` in the folder that the servers are started from; the",
            "environment wins. `.env.example` has them all.",
            "",
            "| name | kind | default | what it is |",
            "| --- | --- | --- | --- |",
            *rows,
            "",
        ]
    )


def example() -> str:
    """Return .env.example."""
    lines = [f"# {origin()}", "# Copy to .env and change what you need; every line is the default."]
    for name, field in fields():
        lines += ["", f"# {field.description} ({kind(field)})", f"# {name}={default(field)}"]
    return "\n".join([*lines, ""])


def main() -> int:
    """Write or compare; return the exit code."""
    stale = 0
    for path, text in ((ROOT / "docs" / "settings.md", page()), (ROOT / ".env.example", example())):
        if "--check" not in sys.argv:
            path.write_text(text, encoding="utf-8")
        elif not path.exists() or path.read_text(encoding="utf-8") != text:
            print(f"{path.relative_to(ROOT)} is not what {SOURCE} gives: run scripts/generate_settings_doc.py")
            stale += 1
    return 1 if stale else 0


if __name__ == "__main__":
    sys.exit(main())
