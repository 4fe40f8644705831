"""A conversation as Markdown."""

import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from shopguide.cli.terminal import facts
from shopguide.cli.terminal.dialogue import Choice, Reply

_SPECIAL = re.compile(r"([\\`*_\[\]<>#|~])")


def escaped(text: str) -> str:
    """Return text that Markdown shows as it is."""
    return _SPECIAL.sub(r"\\\1", facts.clean(text))


class Transcript:
    """Writes turn by turn, so that a conversation that breaks off is kept as well.

    Raises:
        OSError: the file cannot be written.
    """

    def __init__(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self._file = path.open("w", encoding="utf-8")

    def close(self) -> None:
        """Finish the file."""
        self._file.close()

    def shopper(self, text: str) -> None:
        """Write what the shopper said."""
        self._write(f"**You:** {escaped(' '.join(text.split()))}")

    def guide(self, reply: Reply) -> None:
        """Write one message of the guide, its products as a numbered list."""
        items = facts.items_of(reply.custom)
        if reply.custom.get("type") == "product":
            items = [reply.custom]
        text = facts.without_the_cards(reply.text, items) if items else reply.text
        if text := facts.clean(text).strip():
            self._write("**Guide:** " + "  \n".join(escaped(line) for line in text.splitlines()))
        if items:
            self._write("\n".join(_item(place, item) for place, item in enumerate(items, 1)))

    def choices(self, choices: Sequence[Choice]) -> None:
        """Write what could be chosen."""
        if choices:
            self._write(" · ".join(f"[{escaped(facts.one_line(choice.title))}]" for choice in choices))

    def note(self, text: str) -> None:
        """Write something that neither side said."""
        self._write(f"*{escaped(text)}*")

    def _write(self, block: str) -> None:
        self._file.write(block + "\n\n")
        self._file.flush()


def _item(place: int, item: Mapping[str, Any]) -> str:
    price, before = facts.price(item), facts.list_price(item)
    line = f"{place}. **{escaped(facts.one_line(item.get('title') or ''))}**"
    if price:
        line += f" {price}" + (f" ~~{before}~~" if before else "")
    details = " · ".join(escaped(fact) for fact in facts.facts(item))
    why = " · ".join(escaped(reason) for reason in facts.reasons(item))
    return line + (f"  \n   {details}" if details else "") + (f"  \n   *{why}*" if why else "")
