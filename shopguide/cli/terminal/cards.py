"""Payloads as cards in a terminal; in a pipe the same facts as plain lines."""

from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from typing import Any

from rich import box
from rich.console import Console, Group, RenderableType
from rich.padding import Padding
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from shopguide.cli.terminal import facts
from shopguide.cli.terminal.dialogue import Choice, Reply

CARD_WIDTH = 96
"""Cards get no wider than this: long lines are hard to read."""

LOOKS = {"category", "brand", "price", "rating"}
"""What a card says anyway; not repeated among its facets."""


class View:
    """Prints replies.

    Args:
        console: where to; its width is used, its colours only if it has some.
        decorated: draw frames; plain lines otherwise.
    """

    def __init__(self, console: Console, *, decorated: bool) -> None:
        self.console = console
        self.decorated = decorated

    def reply(self, reply: Reply) -> None:
        """Print one message: its text, then its card."""
        card, text = self._card(reply.custom), reply.text
        if card is not None:
            text = without_what_the_card_says(text, reply.custom)
        if text := facts.clean(text).strip():
            self._print(Text(text))
        if card is not None:
            self._print(card)

    def choices(self, choices: Sequence[Choice]) -> None:
        """Print what can be chosen, numbered b1, b2, … so that a plain "2" stays an answer."""
        offered = Text()
        for number, choice in enumerate(choices, 1):
            offered.append(f"b{number}", style="bold cyan").append(f" {facts.one_line(choice.title)}   ")
        if choices:
            self._print(offered)

    def note(self, text: str) -> None:
        """Print something that the guide did not say."""
        self._print(Text(text, style="dim"))

    def waiting(self) -> AbstractContextManager[object]:
        """Return what shows that an answer is on its way; nothing in a pipe."""
        return self.console.status("", spinner="dots") if self.decorated else nullcontext()

    def heard(self, text: str) -> None:
        """Repeat what was typed: in a pipe nobody sees it otherwise."""
        self.console.print(Text(f"\nyou> {facts.clean(text)}", style="bold"))

    def _print(self, renderable: RenderableType) -> None:
        width = min(self.console.width, CARD_WIDTH)
        if self.decorated:
            self.console.print(renderable, width=width)
            return
        with self.console.capture() as captured:
            self.console.print(Padding(renderable, (0, 0, 0, 2)), width=width)
        for line in captured.get().splitlines():
            self.console.out(line.rstrip(), highlight=False)  # a pipe has no use for the blanks that fill a line

    def _card(self, payload: Mapping[str, Any]) -> RenderableType | None:
        kind = payload.get("type")
        if kind in ("slate", "cart") and facts.items_of(payload):
            return self._slate(payload)
        if kind == "product":
            return self._framed(Group(*_product(payload)), payload.get("position"))
        if kind == "comparison" and facts.items_of(payload):
            return _comparison(payload)
        if kind == "profile" and isinstance(payload.get("tastes"), list) and payload["tastes"]:
            return _tastes(payload["tastes"])
        return None

    def _slate(self, payload: Mapping[str, Any]) -> RenderableType:
        cards: list[RenderableType] = []
        for place, item in enumerate(facts.items_of(payload), 1):
            cards.append(self._framed(Group(*_lines(item)), item.get("position") or place))
        if payload.get("degraded"):
            why = facts.one_line(payload["degraded"]).replace("_", " ")
            cards.append(Text(f"(simpler than usual: {why})", style="dim"))
        return Group(*cards)

    def _framed(self, content: RenderableType, position: Any) -> RenderableType:
        number = facts.one_line(position or "")
        if self.decorated:
            return Panel(content, title=Text(number, style="bold cyan"), title_align="left", box=box.ROUNDED)
        grid = Table.grid(padding=(0, 1))
        grid.add_column(no_wrap=True)
        grid.add_column()
        grid.add_row(Text(f"{number}." if number else ""), content)
        return grid


def without_what_the_card_says(text: str, payload: Mapping[str, Any]) -> str:
    """Return the text without the lines that the card repeats in a better shape."""
    if payload.get("type") == "profile":
        return _without_tastes(text, len(payload["tastes"]))
    if payload.get("type") == "comparison":
        return "\n".join(line for line in text.splitlines() if not line.startswith("- "))
    if payload.get("type") == "product":
        description = facts.one_line(payload.get("description") or "")
        kept = [line for line in text.splitlines() if not (description and facts.one_line(line) == description)]
        kept = [line for line in kept if line.count(" · ") < 2]  # its facts in one line
        return facts.without_the_cards("\n".join(kept), [payload])
    return facts.without_the_cards(text, facts.items_of(payload))


def _without_tastes(text: str, count: int) -> str:
    """Return the text of a profile without the lines of its tastes, which come first among its items."""
    kept = []
    for line in text.splitlines():
        if line.startswith("- ") and count:
            count -= 1
        else:
            kept.append(line)
    return "\n".join(kept)


def _headline(item: Mapping[str, Any]) -> Text:
    line = Text(facts.one_line(item.get("title") or item.get("sku") or ""), style="bold")
    if price := facts.price(item):
        line.append("  ").append(price, style="bold green")
    if before := facts.list_price(item):
        line.append(" ").append(f"was {before}", style="dim strike")
    return line


def _lines(item: Mapping[str, Any]) -> list[Text]:
    lines = [_headline(item), Text(" · ".join(facts.facts(item)), style="dim")]
    if why := facts.reasons(item):
        lines.append(Text("→ " + " · ".join(why), style="cyan"))
    return [line for line in lines if line.plain]


def _product(payload: Mapping[str, Any]) -> list[RenderableType]:
    parts: list[RenderableType] = [*_lines(payload)]
    if description := facts.one_line(payload.get("description") or ""):
        parts.append(Padding(Text(description), (1, 0, 0, 0)))
    if rows := _facet_rows(payload):
        table = Table.grid(padding=(0, 2))
        for name, shown in rows.items():
            table.add_row(Text(name, style="dim"), Text(shown))
        parts.append(Padding(table, (1, 0, 0, 0)))
    return parts


def _facet_rows(item: Mapping[str, Any]) -> dict[str, str]:
    found, units = item.get("facets"), item.get("units")
    if not isinstance(found, Mapping):
        return {}
    unit_of = units if isinstance(units, Mapping) else {}
    return {
        facts.one_line(name).replace("_", " "): f"{facts.value(value)} {facts.one_line(unit_of.get(name, ''))}".strip()
        for name, value in found.items()
        if name not in LOOKS and value not in (None, [], "")
    }


def _comparison(payload: Mapping[str, Any]) -> Table:
    """Products side by side, one row for each difference."""
    items = facts.items_of(payload)
    table = Table(box=box.SIMPLE_HEAD, show_edge=False)
    table.add_column("")
    for place, item in enumerate(items, 1):
        number = facts.one_line(item.get("position") or place)
        table.add_column(Text(f"{number}. {facts.one_line(item.get('title') or '')}"), overflow="fold")
    for row in facts.rows_of(payload):
        values = [facts.one_line(value) for value in row["values"]]
        table.add_row(Text(facts.one_line(row.get("name") or ""), style="dim"), *map(Text, values))
    return table


def _tastes(tastes: Sequence[Any]) -> Table:
    table = Table.grid(padding=(0, 2))
    for taste in tastes:
        if isinstance(taste, Mapping) and isinstance(taste.get("weight"), int | float):
            weight = float(taste["weight"])
            bar = Text("■" * max(1, round(abs(weight) * 10)), style="green" if weight > 0 else "red")
            likes = "likes" if weight > 0 else "avoids"
            facet = facts.one_line(taste.get("facet") or "").replace("_", " ")
            origin = Text(facts.one_line(taste.get("from") or ""), style="dim")
            table.add_row(Text(likes, style="dim"), Text(facts.taste(taste)), Text(facet, style="dim"), bar, origin)
    return table
