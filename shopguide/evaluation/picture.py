"""A confusion table as a picture: SVG, which every browser opens and no library is needed for."""

from collections.abc import Sequence
from xml.sax.saxutils import escape

CELL, LETTER, FONT = 18, 6.2, 11
EDGE = 12
HUE = (33, 92, 160)


def confusion_svg(labels: Sequence[str], counts: Sequence[Sequence[float]], title: str) -> str:
    """Return a heat map: rows are what was meant, columns what was answered, darker for a larger share of the row.

    Every cell has a tooltip in words; off the diagonal, red edges mark what should not be.
    """
    margin = EDGE + LETTER * max(map(len, labels), default=0) + 8
    side = CELL * len(labels)
    width, height = margin + side + EDGE, margin + side + EDGE + 2 * FONT
    top = margin + 2 * FONT
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width:.0f}" height="{height:.0f}" '
        f'viewBox="0 0 {width:.0f} {height:.0f}" font-family="sans-serif" font-size="{FONT}">',
        '<rect width="100%" height="100%" fill="white"/>',
        f'<text x="{EDGE}" y="{EDGE + FONT}" font-weight="bold">{escape(title)}</text>',
    ]
    for i, label in enumerate(labels):
        middle = CELL * i + CELL / 2 + FONT / 3
        name = escape(label)
        parts.append(f'<text x="{margin - 6:.1f}" y="{top + middle:.1f}" text-anchor="end">{name}</text>')
        x = margin + middle
        parts.append(f'<text transform="translate({x:.1f} {top - 6:.1f}) rotate(-90)">{name}</text>')
    for i, row in enumerate(counts):
        total = sum(row)
        for j, count in enumerate(row):
            if count:
                parts.append(_cell(margin + CELL * j, top + CELL * i, count, total, (labels[i], labels[j])))
    parts.append(f'<rect x="{margin:.1f}" y="{top:.1f}" width="{side}" height="{side}" fill="none" stroke="#999"/>')
    return "\n".join([*parts, "</svg>", ""])


def _cell(x: float, y: float, count: float, total: float, pair: tuple[str, str]) -> str:
    part = count / total
    colour = "#" + "".join(f"{round(255 - (255 - channel) * part):02x}" for channel in HUE)
    meant, answered = map(escape, pair)
    edge = ' stroke="#c0392b"' if meant != answered else ""
    ink = "white" if part > 0.5 else "black"
    return (
        f"<g><title>{meant} answered as {answered}: {count:g} of {total:g}</title>"
        f'<rect x="{x + 1:.1f}" y="{y + 1:.1f}" width="{CELL - 2}" height="{CELL - 2}" fill="{colour}"{edge}/>'
        f'<text x="{x + CELL / 2:.1f}" y="{y + CELL / 2 + FONT / 3:.1f}" text-anchor="middle" font-size="{FONT - 2}" '
        f'fill="{ink}">{count:.3g}</text></g>'
    )
