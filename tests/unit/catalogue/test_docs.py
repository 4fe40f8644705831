"""docs/catalogue.md documents every key of a mapping file, with the words that the code has for it."""

from pathlib import Path

import pytest
from pydantic import BaseModel

from shopguide.catalogue.feed import mapping

DOCS = Path("docs/catalogue.md").read_text(encoding="utf-8")
PARTS = [
    part
    for part in vars(mapping).values()
    if isinstance(part, type) and issubclass(part, BaseModel) and part.model_fields
]


@pytest.mark.parametrize("part", PARTS, ids=lambda part: part.__name__)
def test_every_key_is_documented(part: type[BaseModel]) -> None:
    for name, field in part.model_fields.items():
        assert field.description, name
        line = f"| `{field.alias or name}` |"
        described = [row for row in DOCS.splitlines() if row.startswith(line) and field.description in row]
        assert described, f"{part.__name__}.{name}"
