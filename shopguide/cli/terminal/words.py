"""The words that carried a score: shaded in the terminal, and as a picture (SVG)."""

from collections.abc import Sequence
from xml.sax.saxutils import escape

from rich.console import Console
from rich.text import Text

from shopguide.recommender.attribution import SIDES, Attribution, Word

FOR, AGAINST = (33, 120, 60), (190, 60, 45)
STRONGEST = 0.75
"""How far the strongest word's ground goes from white to its colour, so that black letters stay readable."""
LETTER, LINE, FONT, EDGE, WIDTH = 7.8, 24, 13, 14, 760


def show_words(title: str, attribution: Attribution, console: Console) -> None:
    """Print need and product with a ground behind every word: green spoke for the product, red against it."""
    console.print(Text(f"{title} · logit {attribution.logit:.2f}", "bold"))
    most = _most(attribution)
    for side in SIDES:
        line = Text(f"{side:8}", "dim")
        for word in attribution.of(side):
            line.append(word.text, f"black on {_ground(word, most)}")
            line.append(" ")
        console.print(line)


def words_svg(pairs: Sequence[tuple[str, Attribution]]) -> str:
    """Return a picture of several pairs, each under its title; every word's tooltip says what it did."""
    parts: list[str] = []
    y = EDGE + FONT
    for title, attribution in pairs:
        most = _most(attribution)
        parts.append(
            f'<text x="{EDGE}" y="{y}" font-weight="bold">{escape(title)}</text>'
            f'<text x="{WIDTH - EDGE}" y="{y}" text-anchor="end">logit {attribution.logit:.2f}</text>'
        )
        y += LINE
        for side in SIDES:
            x = float(EDGE)
            for word in attribution.of(side):
                width = LETTER * len(word.text) + 6
                if x + width > WIDTH - EDGE:
                    x, y = float(EDGE), y + LINE
                parts.append(_cell(x, y, width, word, most))
                x += width + 3
            y += LINE
        y += LINE // 2
    return "\n".join(
        [
            f'<svg xmlns="http://www.w3.org/2000/svg" width="{WIDTH}" height="{y}" viewBox="0 0 {WIDTH} {y}" '
            f'font-family="monospace" font-size="{FONT}">',
            '<rect width="100%" height="100%" fill="white"/>',
            *parts,
            "</svg>",
            "",
        ]
    )


def _cell(x: float, y: int, width: float, word: Word, most: float) -> str:
    text = escape(word.text)
    return (
        f"<g><title>{text}: {word.share:+.3f}</title>"
        f'<rect x="{x:.1f}" y="{y - FONT - 2}" width="{width:.1f}" height="{FONT + 8}" rx="3" '
        f'fill="{_ground(word, most)}"/>'
        f'<text x="{x + 3:.1f}" y="{y}">{text}</text></g>'
    )


def _most(attribution: Attribution) -> float:
    return max((abs(word.share) for word in attribution.words), default=0.0) or 1.0


def _ground(word: Word, most: float) -> str:
    part = STRONGEST * abs(word.share) / most
    colour = FOR if word.share >= 0 else AGAINST
    return "#" + "".join(f"{round(255 - (255 - channel) * part):02x}" for channel in colour)
