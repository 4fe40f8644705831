"""What an `expect` table means: one function for each key, exactly as the format defines it."""

import re
import statistics
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

Payload = Mapping[str, Any]

FAULTS = re.compile(
    r"""
      traceback\ \(most\ recent | ^\s*file\ ".+",\ line\ \d+ | \b\w+(error|exception)\b:   # stack traces
    | \butter_\w+ | \baction_\w+ | \{\w+\} | \{\{ | \}\}                                     # raw templates
    | technical\ (problem|difficult|issue|fault|error|reason)
    | (internal|server|unexpected)\ error | something\ (went|has\ gone|is)\ wrong | \b(tripped|stumbled)\ over\b
    | (can't|cannot|can\ not|couldn't|could\ not|unable\ to)\ (answer|reply|respond|process|reach|open|load|do)\b
      [^.]*\ (now|moment)
    | \bagain\ (later|soon|shortly|in\ an?\b) | out\ of\ reach | not\ available\ right\ now
    | having\ (trouble|problems) | out\ of\ order | \bbe\ back\ (soon|shortly|in\ a)
    """,
    re.IGNORECASE | re.VERBOSE | re.MULTILINE,
)
"""An apology for a technical fault, a raw template or a stack trace."""


@dataclass(frozen=True)
class Answer:
    """The reply to one turn: all its texts and payloads, and the slots after it.

    `fault` says why no reply came, where the channel failed.
    """

    texts: tuple[str, ...] = ()
    payloads: tuple[Payload, ...] = ()
    slots: Mapping[str, Any] = field(default_factory=dict)
    fault: str = ""

    @property
    def text(self) -> str:
        """All that was said."""
        return "\n".join(self.texts)


@dataclass(frozen=True)
class Failure:
    """The key that does not hold, and why."""

    key: str
    why: str


def check(expect: Mapping[str, Any], answer: Answer, earlier: Sequence[Payload]) -> list[Failure]:
    """Return what does not hold, in the order of the table.

    Args:
        expect: the turn's table.
        answer: what came back.
        earlier: the payloads of all earlier turns of the conversation, oldest first.
    """
    shown = _Shown.of(expect, answer, earlier)
    found = ((key, _CHECKS[key](wanted, answer, shown)) for key, wanted in expect.items())
    return [Failure(key, why) for key, why in found if why]


@dataclass(frozen=True)
class _Shown:
    """The payload that the keys speak of, and the previous one of its type.

    It is the turn's last payload of the type that is expected; without an expected type the last one that has items.
    """

    payload: Payload | None
    previous: Payload | None

    @classmethod
    def of(cls, expect: Mapping[str, Any], answer: Answer, earlier: Sequence[Payload]) -> "_Shown":
        kind = expect.get("custom_type")

        def last(payloads: Sequence[Payload], kind: object) -> Payload | None:
            fits = (one for one in reversed(payloads) if (one.get("type") == kind if kind else "items" in one))
            return next(fits, None)

        payload = last(answer.payloads, kind)
        return cls(payload, last(earlier, kind or (payload or {}).get("type")))


def items_of(payload: Payload | None) -> list[Mapping[str, Any]]:
    """Return a payload's products."""
    items = (payload or {}).get("items")
    return [item for item in items if isinstance(item, Mapping)] if isinstance(items, list) else []


def _skus(payload: Payload | None) -> set[str]:
    return {str(item.get("sku")) for item in items_of(payload)}


def _folded(value: Any) -> str:
    return str(value).strip().lower()


def _values(item: Mapping[str, Any], facet: str) -> list[Any]:
    """Return an item's values for a facet: its own field, else under `facets`; empty if there are none."""
    facets = item.get("facets")
    value = item.get(facet)
    if value is None and isinstance(facets, Mapping):
        value = facets.get(facet)
    values = value if isinstance(value, list) else [value]
    return [one for one in values if one not in (None, "")]


def _number(value: Any) -> float | None:
    try:
        return float(value)
    except (TypeError, ValueError):
        return None


def _satisfies(values: Sequence[Any], wanted: Any) -> bool:
    """Whether values (none means missing, which fails everything) are as an entry wants them."""
    if not values:
        return False
    if not isinstance(wanted, Mapping):
        allowed = wanted if isinstance(wanted, list) else [wanted]
        return bool({_folded(value) for value in values} & {_folded(value) for value in allowed})
    if "not" in wanted and {_folded(value) for value in values} & {_folded(value) for value in wanted["not"]}:
        return False
    for bound, holds in (("<=", lambda number, limit: number <= limit), (">=", lambda number, limit: number >= limit)):
        if bound in wanted:
            numbers = [_number(value) for value in values]
            if not all(number is not None and holds(number, float(wanted[bound])) for number in numbers):
                return False
    return True


def _unmet(item: Mapping[str, Any], wanted: Mapping[str, Any]) -> list[str]:
    return [
        f"{item.get('sku')}: {facet} is {_values(item, facet) or 'missing'}"
        for facet, entry in wanted.items()
        if not _satisfies(_values(item, facet), entry)
    ]


def _custom_type(wanted: str, answer: Answer, shown: _Shown) -> str:
    kinds = [payload.get("type") for payload in answer.payloads]
    return "" if wanted in kinds else f"payloads: {kinds or 'none'}"


def _all_items(wanted: Mapping[str, Any], answer: Answer, shown: _Shown) -> str:
    items = items_of(shown.payload)
    if not items:
        return "no items"
    return "; ".join(problem for item in items for problem in _unmet(item, wanted))


def _any_item(wanted: Mapping[str, Any], answer: Answer, shown: _Shown) -> str:
    items = items_of(shown.payload)
    return "" if any(not _unmet(item, wanted) for item in items) else f"none of {len(items)} items fits"


def _min_items(wanted: int, answer: Answer, shown: _Shown) -> str:
    count = len(items_of(shown.payload))
    return "" if count >= wanted else f"{count} items"


def _changed(wanted: bool, answer: Answer, shown: _Shown) -> str:
    if shown.payload is None or shown.previous is None:
        return "nothing to compare"
    changed = _skus(shown.payload) != _skus(shown.previous)
    return "" if changed == wanted else ("the same products" if wanted else "other products")


def _cheaper(wanted: bool, answer: Answer, shown: _Shown) -> str:
    before, now = _median_price(shown.previous), _median_price(shown.payload)
    if before is None or now is None:
        return "no prices to compare"
    return "" if (now < before) == wanted else f"median {now:g}, before {before:g}"


def _median_price(payload: Payload | None) -> float | None:
    prices = [price for item in items_of(payload) if (price := _number(item.get("price"))) is not None]
    return statistics.median(prices) if prices else None


def _not_repeated(wanted: bool, answer: Answer, shown: _Shown) -> str:
    if shown.payload is None or shown.previous is None:
        return "nothing to compare"
    repeated = _skus(shown.payload) & _skus(shown.previous)
    return "" if bool(repeated) != wanted else f"repeated: {sorted(repeated)}"


def _text_any(wanted: Sequence[str], answer: Answer, shown: _Shown) -> str:
    text = answer.text.casefold()
    return "" if any(str(part).casefold() in text for part in wanted) else f"said: {answer.text[:200]!r}"


def _slots(wanted: Mapping[str, Any], answer: Answer, shown: _Shown) -> str:
    different = {
        name: answer.slots.get(name) for name, value in wanted.items() if not same_slot(answer.slots.get(name), value)
    }
    return ", ".join(f"{name} is {value!r}" for name, value in different.items())


def same_slot(found: Any, wanted: Any) -> bool:
    """Compare as sets in lower case; `[]`, `{}` and null are all unset."""
    return bool(_slot_value(found) == _slot_value(wanted))


def _slot_value(value: Any) -> Any:
    if isinstance(value, Mapping):
        kept = {_folded(name): _slot_value(one) for name, one in value.items()}
        return {name: one for name, one in kept.items() if one is not None} or None
    if isinstance(value, list):
        return frozenset(_slot_value(one) for one in value) or None
    if isinstance(value, int | float) and not isinstance(value, bool):
        return float(value)
    return _folded(value) if isinstance(value, str) else value


def _no_error(wanted: bool, answer: Answer, shown: _Shown) -> str:
    if answer.fault:
        problem = answer.fault
    elif not answer.text.strip() and not answer.payloads:
        problem = "no reply"
    else:
        fault = FAULTS.search(answer.text)
        problem = f"said: {fault.group().strip()!r}" if fault else ""
    return problem if wanted else ("" if problem else "no error")


_CHECKS: Mapping[str, Callable[[Any, Answer, _Shown], str]] = {
    "custom_type": _custom_type,
    "all_items": _all_items,
    "any_item": _any_item,
    "min_items": _min_items,
    "changed_from_previous": _changed,
    "cheaper_than_previous": _cheaper,
    "not_repeat_previous_skus": _not_repeated,
    "text_any": _text_any,
    "slots": _slots,
    "no_error": _no_error,
}
