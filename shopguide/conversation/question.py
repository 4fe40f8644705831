"""The next question: the one whose answer is expected to tell most about what to show.

The measure is the expected information gain over the current matches, in bits (the entropy of the answers; Quinlan,
"Induction of Decision Trees", 1986), with three corrections that shoppers ask for: only answers that can be offered
count as told apart, a facet that few of the matches have cannot split them, and some facets are easier to answer than
others (everybody knows who the shoes are for; few have an opinion on the number of USB ports).

Where the shopper's taste is known, an answer is the more to be expected the more they like it: with `n` products of a
value and its weight `w` in the taste, the answers are distributed as `n · exp(LEANING · w)` instead of `n`. The gain
is the entropy of that distribution. Whoever always wears black is not asked for the colour early, for the answer would
tell little; for somebody who may well want one of the few red ones it tells more than for others.

Catalogues are full of what hardly anybody wants, so `n` is not the bare number of products: half of the expectation
goes by all matches, half by those among them that shoppers choose most (`sought`). Counts on buttons are of all
matches.
"""

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from shopguide.conversation.answers import Answer
from shopguide.conversation.need import Bounds, Need
from shopguide.profiles.preferences import TasteProfile

if TYPE_CHECKING:
    from shopguide.catalogue.index import CatalogueIndex

Rows = NDArray[np.int32]

OPTIONS = 5
"""Buttons offered with a question, "doesn't matter" not counted."""

USEFUL_GAIN = 0.35
"""Bits below which a question is not worth a shopper's time."""

MIN_COVERAGE = 0.6
"""Share of the matches that must have a facet: an answer would hide all the others."""

WHO = ("audience",)
"""Facets of which a value that another one accepts is not offered beside it. A shade is: navy is not just any blue."""

SOUGHT = 0.5
"""Share of the expectation that goes by the products shoppers choose most; docs/conversation.md has what it gains."""

LEANING = 3.0
"""How much a taste says of the answer: e³ = 20 times as likely for what is liked without reserve."""

NO_TASTE = TasteProfile()
NOTHING_SOUGHT: Rows = np.empty(0, dtype=np.int32)

SAMPLE = 200
"""Products looked at to estimate how many have a facet."""

EASE = {
    "category": 2.0,
    "audience": 1.8,
    "occasion": 1.5,
    "price": 1.1,
    "colour": 0.75,
    "size": 0.75,
    "feature": 0.6,
    "brand": 0.45,
    "material": 0.45,
}
"""How readily shoppers answer, as factors of the gain; entropy alone favours whatever has many values, which is seldom
what a shopper knows best. Everybody knows what a thing is for and who will use it; most have a price and a colour in
mind; few come for a brand or a material. Rating is no question, everybody wants the best."""

EASE_OF_KIND = {"number": 0.65, "flag": 0.35}
EASE_OF_OTHERS = 0.4
"""The same for the facets that this catalogue has and others have not: a screen size, a season, a yes or no."""


@dataclass(frozen=True, slots=True)
class Option:
    """One answer that is offered, and how many of the matches it would leave."""

    answer: Answer
    count: int


@dataclass(frozen=True, slots=True)
class Question:
    """A question about one facet. `kind` tells text, number and flag facets apart; `unit` is a number facet's."""

    facet: str
    kind: str
    unit: str | None
    options: tuple[Option, ...]
    gain: float
    matches: int


def next_question(
    need: Need,
    index: "CatalogueIndex",
    rows: Rows,
    taste: TasteProfile = NO_TASTE,
    *,
    sought: Rows = NOTHING_SOUGHT,
) -> Question | None:
    """Return the most telling question about the products in `rows`, or `None` if none is worth asking.

    `taste` is that of whoever it is for; `sought` are those of `rows` that shoppers choose most, if that is known.
    """
    asked = {*need.asked, *need.waived}
    if "category" not in need.wanted and "category" not in asked and "category" in index.facets:
        # The colour of what? Until the kind of thing is known, other answers mean little.
        first = question_about("category", need, index, rows, taste, sought=sought)
        if first is not None:
            return first
    found = questions(need, index, rows, taste, sought=sought)
    return next((question for question in found if question.facet not in asked), None)


def questions(
    need: Need,
    index: "CatalogueIndex",
    rows: Rows,
    taste: TasteProfile = NO_TASTE,
    *,
    sought: Rows = NOTHING_SOUGHT,
) -> list[Question]:
    """Return every question worth asking about the products in `rows`, the most telling first.

    Not about what is known already, nor about what does not matter to the shopper.
    """
    open_facets = [
        facet
        for facet in index.facets
        if facet != "rating" and facet not in need.waived and (facet not in need.facets or facet == "category")
    ]
    found = [question_about(facet, need, index, rows, taste, sought=sought) for facet in open_facets]
    worth_asking = [question for question in found if question is not None and question.gain >= USEFUL_GAIN]
    return sorted(worth_asking, key=lambda question: -question.gain)


def question_about(
    facet: str,
    need: Need,
    index: "CatalogueIndex",
    rows: Rows,
    taste: TasteProfile = NO_TASTE,
    *,
    sought: Rows = NOTHING_SOUGHT,
) -> Question | None:
    """Return the question about one facet, or `None` if the products in `rows` give it fewer than two answers."""
    info = index.facets[facet]
    if info.coverage * len(index) < MIN_COVERAGE * len(rows):
        return None
    if info.kind == "number":
        options, covered = _ranges(facet, index, rows)
    elif facet == "category":
        options, covered = _categories(need, index, rows)
    else:
        options, covered = _values(facet, need, index, rows)
    coverage = covered / max(len(rows), 1)
    if len(options) < 2 or coverage < MIN_COVERAGE:
        return None
    ease = EASE.get(facet, EASE_OF_KIND.get(info.kind, EASE_OF_OTHERS))
    chosen = _chosen(facet, options, index, sought)
    gain = ease * coverage * _entropy(*_expected(options, covered, taste, chosen))
    return Question(facet, info.kind, info.unit, options, gain, len(rows))


def _chosen(facet: str, options: tuple[Option, ...], index: "CatalogueIndex", sought: Rows) -> tuple[list[int], int]:
    """Return how many of the products in `sought` each answer would leave, and how many have the facet at all."""
    if not len(sought):
        return [0] * len(options), 0
    numbers = index.numeric(facet)[sought] if index.facets[facet].kind == "number" else None
    if numbers is None:
        counts = dict(_category_counts(index, sought) if facet == "category" else index.facet_counts(sought, facet))
        found = [counts.get(option.answer.value, 0) for option in options]
        return found, max(sum(found), round(_share_with(facet, index, sought) * len(sought)))
    found = []
    for answer in (option.answer for option in options):
        low = answer.bounds.low if answer.kind == "bounds" else float(answer.value)
        high = answer.bounds.high if answer.kind == "bounds" else float(answer.value)
        above = numbers >= (low if low is not None else -math.inf)
        found.append(int((above & (numbers <= (high if high is not None else math.inf))).sum()))
    return found, int((~np.isnan(numbers)).sum())


def _expected(
    options: tuple[Option, ...], covered: int, taste: TasteProfile, chosen: tuple[list[int], int]
) -> tuple[list[float], float]:
    """Return how much of each answer is to be expected of somebody with this taste, and of all answers together."""
    counts = [float(option.count) for option in options]
    # What is not offered is as likely as its products are many: a taste says nothing of it, nor of ranges.
    rest = max(covered - sum(counts), 0.0)
    often, total = chosen
    if total:
        scale = covered / total
        counts = [(1 - SOUGHT) * n + SOUGHT * scale * m for n, m in zip(counts, often, strict=True)]
        rest = (1 - SOUGHT) * rest + SOUGHT * scale * max(total - sum(often), 0)
    leant = [
        count * math.exp(LEANING * taste.weight(option.answer.facet, option.answer.value))
        for count, option in zip(counts, options, strict=True)
    ]
    return leant, sum(leant) + rest


def _entropy(counts: list[float], total: float) -> float:
    """Return the bits that an answer among `counts` tells; whatever is not offered counts as one answer."""
    rest = max(total - sum(counts), 0.0)
    whole = max(total, sum(counts))
    return -sum(count / whole * math.log2(count / whole) for count in (*counts, rest) if count > 1e-9)


def _values(facet: str, need: Need, index: "CatalogueIndex", rows: Rows) -> tuple[tuple[Option, ...], int]:
    counts = [pair for pair in index.facet_counts(rows, facet) if pair[0] not in need.excluded.get(facet, ())]
    # "Men" accepts what is unisex, so nobody needs to choose between the two.
    covered = (
        {one for value, _ in counts for one in index.satisfying(facet, value) - {value}} if facet in WHO else set()
    )
    offered = [(value, count) for value, count in counts if value != "no" and value not in covered]
    options = _offered([(Answer(facet, "want", value), count) for value, count in offered])
    if options and index.facets[facet].kind == "flag":
        # Where nothing says no, the answer would leave nothing.
        without = dict(counts).get("no", 0)
        options = (*options, Option(Answer(facet, "want", "no"), without)) if without else options
    # A product with two values counts twice among the values, but once among those that have any.
    total = sum(count for _, count in counts)
    return options, min(total, round(_share_with(facet, index, rows) * len(rows))) if options else 0


def _share_with(facet: str, index: "CatalogueIndex", rows: Rows) -> float:
    """Return the share of the products that have any value of a facet, from an even sample of them."""
    sample = rows[:: max(1, len(rows) // SAMPLE)]
    return sum(bool(index.values(facet, int(row))) for row in sample) / max(len(sample), 1)


def _categories(need: Need, index: "CatalogueIndex", rows: Rows) -> tuple[tuple[Option, ...], int]:
    held = need.wanted.get("category", ())
    if held:
        below = {child for category in held for child in index.children(category)} - set(held)
        counts = [(value, count) for value, count in _category_counts(index, rows) if value in below]
        return _offered([(Answer("category", "want", value), count) for value, count in counts]), sum(
            count for _, count in counts
        )
    # The highest level that tells the matches apart: departments before kinds of shoe.
    for level in range(_depth(index)):
        counts = index.facet_counts(rows, "category", level=level)
        if len(counts) > 1 and counts[0][1] < 0.9 * len(rows):
            return _offered([(Answer("category", "want", value), count) for value, count in counts]), sum(
                count for _, count in counts
            )
    return (), 0


def _category_counts(index: "CatalogueIndex", rows: Rows) -> list[tuple[str, int]]:
    totals: dict[str, int] = {}
    for level in range(_depth(index)):
        for value, count in index.facet_counts(rows, "category", level=level):
            # "watches/watches": the same name on two levels is one category.
            totals[value] = max(count, totals.get(value, 0))
    return sorted(totals.items(), key=lambda pair: (-pair[1], pair[0]))


def _depth(index: "CatalogueIndex") -> int:
    return max((len(path) for path in index.category_paths), default=0)


def _offered(answers: list[tuple[Answer, int]]) -> tuple[Option, ...]:
    fitting = [Option(answer, count) for answer, count in answers if answer.payload is not None]
    return tuple(fitting[:OPTIONS])


def _ranges(facet: str, index: "CatalogueIndex", rows: Rows) -> tuple[tuple[Option, ...], int]:
    """Cut the numbers at round numbers into ranges of about equal size; a few different numbers are offered as such."""
    numbers = index.numeric(facet)[rows]
    known = numbers[~np.isnan(numbers)]
    if not len(known):
        return (), 0
    distinct = np.unique(known)
    if len(distinct) <= OPTIONS and facet != "price":
        counts = [(Answer(facet, "want", f"{value:g}"), int((known == value).sum())) for value in distinct]
        return _offered(counts), len(known)
    cuts = sorted({nice(float(cut)) for cut in np.quantile(known, (0.25, 0.5, 0.75))})
    cuts = [cut for cut in cuts if known.min() < cut < known.max()]
    if not cuts:
        return (), len(known)
    bounds = [Bounds(high=cuts[0]), *map(Bounds, cuts, cuts[1:]), Bounds(low=cuts[-1])]
    options = []
    for held in bounds:
        low, high = held.low if held.low is not None else -math.inf, held.high if held.high is not None else math.inf
        count = int(((known >= low) & (known <= high)).sum())
        if count:
            options.append((Answer(facet, "bounds", bounds=held), count))
    return _offered(options), len(known)


def nice(number: float) -> float:
    """Return a number close by that a person would say: two leading digits, the second one 0 or 5."""
    if number <= 0:
        return 0.0
    step = 10.0 ** math.floor(math.log10(number)) / 2
    return round(max(round(number / step), 1) * step, 6)
