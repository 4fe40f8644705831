"""The guarantee, checked reply by reply: constraints hold, what is said of products is in the database, no silence.

- **Constraints.** Every item of a slate satisfies what the payload says must hold, and what the slots hold: the
  shopper's own words as they were understood. What the reply says it left open, and facets of which the catalogue says
  nothing for the item, are no violation.
- **Facts.** Every field of every product in a payload is the database's; every amount of money is the price of a
  product in it or something the shopper named; every other number is in the payloads, the titles, the buttons or was
  said; a line about a product names no value that the product lacks; what a question or a way out would leave is
  counted again.
- **Silence.** A reply has words.
"""

import re
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, field
from functools import cached_property
from itertools import accumulate
from typing import Any

from lexicon.entries import Lexicon
from lexicon.text import normalise
from shopguide.catalogue.constraints import Constraint
from shopguide.catalogue.index import CatalogueIndex
from shopguide.catalogue.product import Product
from shopguide.conversation.need import Need
from shopguide.errors import UnknownProduct
from shopguide.evaluation.dialogue.client import Reply
from shopguide.evaluation.dialogue.shopper import Message
from shopguide.evaluation.dialogue.talking import Check
from shopguide.ids import Sku

CONSTRAINT, FACT, SILENCE = "constraint", "fact", "silence"
SPOKEN_FACETS = ("colour", "material", "audience", "brand")
"""Facets whose values are looked for in lines about products: words that mean little else."""
BY_NAME = "named"
"""The policy of a slate of products that were asked for by name: what is sought does not bind it."""
_AMOUNT = re.compile(r"[€$£]\s?(\d[\d,]*(?:\.\d+)?)|(\d[\d,]*(?:\.\d+)?)\s?(?:EUR|USD|GBP|CHF)\b")
_NUMBER = re.compile(r"(?<![\w.,])\d[\d,]*(?:\.\d+)?")
_QUOTED = re.compile(r"“[^”]*”")
"""The shopper's own words, or an example of what to say."""
_LEFT_OPEN = re.compile(r"Not every ([^.]*) is listed here")
"""The facets that a reply says could not be checked."""
_LINE = re.compile(r"^\s*(\d+)[.)]\s+(.*)$", re.MULTILINE)


@dataclass(frozen=True)
class Violation:
    """Something that must not happen: its kind, what it is, and the message and reply it happened in."""

    kind: str
    what: str
    said: str = ""
    reply: str = ""


@dataclass
class _Memory:
    """What a conversation has brought so far that numbers may come from."""

    numbers: set[float] = field(default_factory=set)
    products: dict[Sku, Product] = field(default_factory=dict)


class Checker:
    """Checks replies against a catalogue.

    Args:
        index: the catalogue.
        lexicon: what its values are called.
    """

    def __init__(self, index: CatalogueIndex, lexicon: Lexicon) -> None:
        self._index = index
        self._values = {
            facet: {entry.value for entry in lexicon.values if entry.facet == facet} for facet in SPOKEN_FACETS
        }
        self.violations: list[Violation] = []
        self.counts: Counter[str] = Counter()

    def conversation(self) -> Check:
        """Return what checks the replies of one conversation, in their order."""
        memory = _Memory()
        self.counts["conversations"] += 1

        def check(message: Message, reply: Reply) -> None:
            found = self.look(message.text, reply, memory)
            self.violations += [Violation(one.kind, one.what, message.text, reply.text) for one in found]

        return check

    def look(self, said: str, reply: Reply, memory: _Memory | None = None) -> list[Violation]:
        """Return what is wrong with one reply."""
        memory = memory or _Memory()
        self.counts["turns"] += 1
        if not reply.text.strip():
            return [Violation(SILENCE, "nothing was said")]
        memory.numbers |= set(_numbers(said))
        # Reasons name other products ("chosen together with …"): what a title says is no claim about this one.
        text = self._without_titles(reply.text)
        items = list(_items(reply.payloads))
        found = [one for item in items for one in self._item(item, memory)]
        found += [one for payload in reply.payloads for one in self._constraints(payload, reply)]
        # A profile tells what the shopper said and did, and not what the catalogue holds.
        if not any(payload.get("type") == "profile" for payload in reply.payloads):
            found += self._amounts(text, reply, memory)
            found += self._numbers_told(text, reply, memory)
        found += self._lines(text, reply)
        return found

    def report(self) -> dict[str, Any]:
        """Return how much was checked, and every violation."""
        kinds = Counter(one.kind for one in self.violations)
        return {
            **{name: self.counts[name] for name in ("conversations", "turns", "items", "facts", "constraints")},
            "violations": {kind: kinds[kind] for kind in (CONSTRAINT, FACT, SILENCE)},
            "found": [asdict(one) for one in self.violations],
        }

    # -- products -----------------------------------------------------------------------------------------------------

    def _item(self, item: Mapping[str, Any], memory: _Memory) -> Iterator[Violation]:
        self.counts["items"] += 1
        try:
            product = self._index.product(Sku(str(item["sku"])))
        except UnknownProduct:
            yield Violation(FACT, f"{item['sku']} is not on sale")
            return
        memory.products[product.sku] = product
        for name, told in item.items():
            if name in _FIELDS:
                self.counts["facts"] += 1
                if told != (held := _FIELDS[name](product)):
                    yield Violation(FACT, f"{product.sku}: {name} is {held!r}, not {told!r}")
        row = self._index.row(product.sku)
        for facet, told in (item.get("facets") or {}).items():
            held_values = self._index.values(facet, row)
            for value in told if isinstance(told, list) else [told]:
                self.counts["facts"] += 1
                if not _is_among(value, held_values):
                    yield Violation(FACT, f"{product.sku}: {facet} is {held_values}, not {value!r}")

    def _constraints(self, payload: Mapping[str, Any], reply: Reply) -> Iterator[Violation]:
        if payload.get("type") != "slate":
            return
        stated = [
            Constraint(one["facet"], one["op"], tuple(one["values"]))
            if one["op"] in ("in", "not in")
            else Constraint(one["facet"], one["op"], value=float(one["value"]))
            for one in payload.get("constraints") or ()
        ]
        understood = () if payload.get("policy") == BY_NAME else Need.from_slots(reply.slots).constraints()
        rows = [self._index.row(Sku(i["sku"])) for i in payload.get("items") or () if i["sku"] in self._index]
        for constraint in dict.fromkeys([*stated, *understood]):
            fitting = set(self._index.matching([constraint], in_stock_only=False).tolist())
            for row in rows:
                self.counts["constraints"] += 1
                if row not in fitting and (constraint in stated or not self._left_open(constraint, row, reply)):
                    yield Violation(CONSTRAINT, f"{self._index.skus[row]} does not satisfy {_told(constraint)}")

    def _left_open(self, constraint: Constraint, row: int, reply: Reply) -> bool:
        """Return whether a constraint of the slots is one that the reply says it could not keep or check."""
        facet = constraint.facet
        unknown = facet not in self._index.facets or not self._index.values(facet, row)
        unlisted = not len(self._index.matching([constraint], in_stock_only=False))
        name = facet.replace("_", " ")
        told = any(name in open_facets for open_facets in _LEFT_OPEN.findall(reply.text))
        return unknown or unlisted or told or f"that {name}" in reply.text

    # -- words --------------------------------------------------------------------------------------------------------

    def _amounts(self, text: str, reply: Reply, memory: _Memory) -> Iterator[Violation]:
        allowed = {round(price, 2) for product in self._spoken_of(reply, memory) for price in _prices(product)}
        allowed |= {round(number, 2) for number in (*memory.numbers, *_numbers_of(reply))}
        for match in _AMOUNT.finditer(text):
            self.counts["facts"] += 1
            amount = round(float((match[1] or match[2]).replace(",", "")), 2)
            if amount not in allowed:
                yield Violation(FACT, f"nothing costs {match[0]}")

    def _numbers_told(self, text: str, reply: Reply, memory: _Memory) -> Iterator[Violation]:
        spoken = self._spoken_of(reply, memory)
        allowed = set(memory.numbers) | set(_numbers_of(reply)) | set(range(11))
        for product in spoken:
            allowed |= set(_numbers(product.title)) | set(_numbers(product.description)) | set(self._of_facets(product))
            allowed |= {float(product.rating_count), float(product.rating or 0), *_prices(product), *_saved(product)}
        allowed |= self._left_by(reply)
        for number in _numbers(_QUOTED.sub(" ", _AMOUNT.sub(" ", text))):
            self.counts["facts"] += 1
            if number not in allowed:
                yield Violation(FACT, f"nothing in the database says {number:g}")

    def _of_facets(self, product: Product) -> Iterator[float]:
        row = self._index.row(product.sku)
        for facet in self._index.facets:
            for value in self._index.values(facet, row):
                yield from _numbers(value)

    def _left_by(self, reply: Reply) -> set[float]:
        """Return the numbers of products that a reply may count: of the need, and of the need after each button."""
        need = Need.from_slots(reply.slots)
        counted = {float(len(self._index.matching(need.constraints())))}
        for _, answers in reply.question:
            changed = need
            for answer in answers:
                facet = answer.facet
                if answer.kind == "any":
                    changed = changed.without(facet).exclude(facet, ())
                elif answer.kind == "bounds":
                    changed = changed.within(facet, answer.bounds)
                elif answer.kind == "want":
                    changed = changed.want(facet, (answer.value,))
                else:
                    changed = changed.exclude(facet, (answer.value,))
            counted.add(float(len(self._index.matching(changed.constraints()))))
        return counted

    def _lines(self, text: str, reply: Reply) -> Iterator[Violation]:
        slates = [payload for payload in reply.payloads if payload.get("type") == "slate"]
        lines = list(_LINE.finditer(text))
        # Several acts in one message may bring several slates, each of which counts its lines anew.
        lists = list(accumulate(match[1] == "1" for match in lines))
        for match, number in zip(lines, lists, strict=True):
            if not 0 < number <= len(slates):
                continue
            items = {int(one["position"]): one for one in slates[number - 1].get("items") or ()}
            item = items.get(int(match[1]))
            if item is None or item["sku"] not in self._index:
                continue
            product = self._index.product(Sku(item["sku"]))
            yield from self._values_told(match[2], product)

    def _without_titles(self, text: str) -> str:
        for title in self._titles:
            if title in text:
                text = text.replace(title, " ")
        return text

    @cached_property
    def _titles(self) -> list[str]:
        """All titles, the longest first: one may begin as another does."""
        titles = {" ".join(self._index.product(sku).title.split()) for sku in self._index.skus}
        return sorted(titles, key=len, reverse=True)

    def _values_told(self, text: str, product: Product) -> Iterator[Violation]:
        row = self._index.row(product.sku)
        heard = f" {normalise(text)} "
        for facet in SPOKEN_FACETS:
            own = self._index.values(facet, row)
            # "Navy blue" says nothing of blue: longer values first, and what they take is gone.
            rest = heard
            for value in sorted(self._values[facet], key=len, reverse=True):
                if re.search(rf"(?<![\w-]){re.escape(value)}(?![\w-])", rest) is None:
                    continue
                rest = re.sub(rf"(?<![\w-]){re.escape(value)}(?![\w-])", " ", rest)
                self.counts["facts"] += 1
                fits = any(one in own for one in self._index.satisfying(facet, value))
                if own and not fits and not self._other_facet_has(value, row, facet):
                    yield Violation(FACT, f"{product.sku}: {facet} is {own}, not {value!r}")

    def _other_facet_has(self, value: str, row: int, besides: str) -> bool:
        return any(
            f" {value} " in f" {held} "
            for facet in self._index.facets
            if facet != besides
            for held in self._index.values(facet, row)
        )

    def _spoken_of(self, reply: Reply, memory: _Memory) -> list[Product]:
        """Return the products in the payloads, and those of the conversation whose title is said."""
        named = [product for product in memory.products.values() if product.title in reply.text]
        shown = [self._index.product(Sku(i["sku"])) for i in _items(reply.payloads) if i["sku"] in self._index]
        return [*shown, *named]


_FIELDS: Mapping[str, Any] = {
    "title": lambda product: product.title,
    "brand": lambda product: product.brand,
    "category": lambda product: product.category[-1] if product.category else None,
    "price": lambda product: None if product.price is None else float(product.price),
    "list_price": lambda product: None if product.list_price is None else float(product.list_price),
    "in_stock": lambda product: product.in_stock,
    "rating": lambda product: product.rating,
    "rating_count": lambda product: product.rating_count,
    "image": lambda product: product.image,
    "url": lambda product: product.url,
    "description": lambda product: product.description,
    "category_path": lambda product: list(product.category),
}
"""What an item may say of a product, and where that is held."""


def _items(content: Any) -> Iterator[Mapping[str, Any]]:
    """Yield everything in payloads that is about one product and names it."""
    if isinstance(content, Mapping):
        if "sku" in content and "title" in content:
            yield content
        for value in content.values():
            yield from _items(value)
    elif isinstance(content, list | tuple):
        for value in content:
            yield from _items(value)


def _numbers_of(reply: Reply) -> Iterator[float]:
    """Yield the numbers that the slots hold, that buttons answer with and that payloads carry beside products."""
    yield from _numbers_in(reply.slots)
    for _, answers in reply.question:
        for answer in answers:
            yield from _numbers(answer.value)
            yield from (bound for bound in (answer.bounds.low, answer.bounds.high) if bound is not None)
    for payload in reply.payloads:
        yield from _numbers_in({key: payload.get(key) for key in ("constraints", "total_matches")})


def _numbers_in(content: Any) -> Iterator[float]:
    if isinstance(content, bool):
        return
    if isinstance(content, int | float):
        yield float(content)
    elif isinstance(content, str):
        yield from _numbers(content)
    elif isinstance(content, Mapping):
        for key, value in content.items():
            if key != "slate_id":
                yield from _numbers_in(value)
    elif isinstance(content, list | tuple):
        for value in content:
            yield from _numbers_in(value)


def _numbers(text: str) -> Iterator[float]:
    for match in _NUMBER.finditer(text):
        yield float(match[0].replace(",", ""))


def _prices(product: Product) -> Iterator[float]:
    yield from (float(price) for price in (product.price, product.list_price) if price is not None)


def _saved(product: Product) -> Iterator[float]:
    """Yield by how much a product is reduced, in money and in percent."""
    if product.price is not None and product.list_price is not None:
        yield from (float(product.list_price - product.price), float(product.percent_off))


def _is_among(value: Any, held: tuple[str, ...]) -> bool:
    if isinstance(value, int | float):
        return any(_same(value, one) for one in held)
    return value in held


def _same(number: float, text: str) -> bool:
    try:
        return abs(float(text) - number) < 1e-9
    except ValueError:
        return False


def _told(constraint: Constraint) -> str:
    bound = list(constraint.values) if constraint.value is None else constraint.value
    return f"{constraint.facet} {constraint.op} {bound}"
