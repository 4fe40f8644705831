"""What cards and transcripts say of a product: plain strings from a payload, safe to print."""

import re
from collections.abc import Iterable, Mapping
from typing import Any

from shopguide.conversation.wording import money

_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")


def clean(value: object) -> str:
    """Return text without control characters: catalogue text must not steer anybody's terminal."""
    return _CONTROL.sub("", str(value))


def one_line(value: object) -> str:
    """Return clean text on one line."""
    return " ".join(clean(value).split())


def price(item: Mapping[str, Any]) -> str:
    """Return the price, or an empty string if there is none."""
    return _amount(item.get("price"), item)


def list_price(item: Mapping[str, Any]) -> str:
    """Return the list price if it is higher than the price."""
    now, before = _number(item.get("price")), _number(item.get("list_price"))
    return _amount(before, item) if now is not None and before is not None and before > now else ""


def _amount(value: Any, item: Mapping[str, Any]) -> str:
    amount = _number(value)
    return "" if amount is None else money(amount, one_line(item.get("currency") or "")).strip()


def _number(value: Any) -> float | None:
    return float(value) if isinstance(value, int | float) and not isinstance(value, bool) else None


def rating(item: Mapping[str, Any]) -> str:
    """Return the rating with its count: "★ 4.4 (210)"."""
    stars, count = _number(item.get("rating")), item.get("rating_count")
    if stars is None:
        return ""
    return f"★ {stars:.1f}" + (f" ({count:,})" if isinstance(count, int) and count else "")


def stock(item: Mapping[str, Any]) -> str:
    """Return whether the product can be had."""
    known = item.get("in_stock")
    return ("in stock" if known else "sold out") if isinstance(known, bool) else ""


def facts(item: Mapping[str, Any]) -> list[str]:
    """Return rating, stock, brand and category, those that are known."""
    category = item.get("category")
    leaf = category[-1] if isinstance(category, list) and category else category
    parts = (rating(item), stock(item), one_line(item.get("brand") or ""), one_line(leaf or ""))
    return [part for part in parts if part]


def reasons(item: Mapping[str, Any]) -> list[str]:
    """Return why the product is there."""
    found = item.get("reasons")
    entries = found if isinstance(found, list) else []
    texts = [one_line(entry.get("text") or "") if isinstance(entry, Mapping) else one_line(entry) for entry in entries]
    return [text for text in texts if text]


def value(found: Any) -> str:
    """Return a facet's value in words."""
    if isinstance(found, bool):
        return "yes" if found else "no"
    if isinstance(found, list | tuple):
        return ", ".join(value(one) for one in found)
    if isinstance(found, Mapping):
        return ", ".join(f"{one_line(name)} {value(one)}" for name, one in found.items())
    return f"{found:g}" if isinstance(found, float) else one_line(found)


def items_of(payload: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """Return the products of a payload."""
    items = payload.get("items")
    return [item for item in items if isinstance(item, Mapping)] if isinstance(items, list) else []


def rows_of(payload: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """Return the rows of a comparison."""
    rows = payload.get("rows")
    found = [row for row in rows if isinstance(row, Mapping)] if isinstance(rows, list) else []
    return [row for row in found if isinstance(row.get("values"), list)]


def without_the_cards(text: str, items: Iterable[Mapping[str, Any]]) -> str:
    """Leave out the lines of a text that say what the cards below it say: lines with a product's title in them."""
    titles = [one_line(item.get("title") or "") for item in items]
    lines = clean(text).splitlines()
    kept = [line for line in lines if not any(title and title in " ".join(line.split()) for title in titles)]
    # Lines indented below a title (its reasons) go with it.
    if len(kept) < len(lines):
        kept = [line for line in kept if not line.startswith(("   ", "\t"))]
    return re.sub(r"\n{3,}", "\n\n", "\n".join(kept)).strip()


def taste(found: Mapping[str, Any]) -> str:
    """Return a taste's value in words: "blue", "up to 80", "waterproof"."""
    facet, said = one_line(found.get("facet") or "").replace("_", " "), one_line(found.get("value") or "")
    for sign, words in (("<=", "up to"), (">=", "from")):
        if said.startswith(sign):
            return f"{words} {said[len(sign) :]}"
    return {"yes": facet, "no": f"not {facet}"}.get(said, said)
