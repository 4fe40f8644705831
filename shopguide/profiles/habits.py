"""Habits: what a shopper usually pays, which brands they return to, and when they buy again.

Drawn from what they chose (products bought, put into the basket, liked) and what they said about prices. Plain values
come in: this module knows neither the catalogue nor the events.

- *Price range* of a category: weighted 10 % and 90 % quantiles of the prices chosen there, each side joined by the
  bound that stands for it in the taste. A bound counts like a purchase.
- *Price sensitivity*: where the chosen prices stand among those that the category offers, `level` between 0 (the
  cheapest) and 1, drawn to the middle by `PRIOR` choices; and how often "cheaper" was asked for, against "better".
- *Brand affinity*: `lift = ((n + PRIOR · base) / (N + PRIOR)) / base`, the brand's share of the choices over its share
  of the catalogue, drawn to 1 by `PRIOR` choices; brands chosen once are no affinity.
- *Rhythm* of a category: the median of the days between purchases, from `MIN_PURCHASES` days with a purchase on.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from itertools import pairwise
from statistics import median
from typing import Literal, TypeAlias

from shopguide.profiles.preferences import PreferenceEvidence, TasteProfile, is_bound

ChoiceKind: TypeAlias = Literal["purchase", "add_to_cart", "like"]

CHOICE_WEIGHTS: Mapping[ChoiceKind, float] = {"purchase": 1.0, "add_to_cart": 0.5, "like": 0.25}
"""What a choice counts, in purchases."""

PRIOR = 4.0
"""Purchases that the average counts for beside a shopper's own."""
MIN_PURCHASES = 3
MIN_BRAND = 2
LOW, HIGH = 0.1, 0.9
PRICE = "price"


@dataclass(frozen=True, slots=True)
class Choice:
    """One product that a shopper chose.

    Args:
        at: when.
        kind: how.
        category: the product's own leaf category.
        brand: its brand.
        price: its price, in the shop's currency.
        level: where that price stands among those of the category, from 0 (the cheapest) to 1.
    """

    at: datetime
    kind: ChoiceKind
    category: str | None = None
    brand: str | None = None
    price: float | None = None
    level: float | None = None


@dataclass(frozen=True, slots=True)
class PriceRange:
    """What a shopper pays in a category; `usual` is the median of the prices chosen, `n` all that it rests on."""

    category: str
    low: float | None
    high: float | None
    usual: float | None
    n: int


@dataclass(frozen=True, slots=True)
class PriceSensitivity:
    """Where a shopper's prices stand (0: always the cheapest, 1: always the dearest), and what they asked for.

    `cheaper` and `dearer` count critiques, `n` priced choices.
    """

    level: float
    n: int
    cheaper: int = 0
    dearer: int = 0


@dataclass(frozen=True, slots=True)
class BrandAffinity:
    """A brand chosen more often than its share of the catalogue; `n` choices, in purchases."""

    brand: str
    share: float
    lift: float
    n: float


@dataclass(frozen=True, slots=True)
class Rhythm:
    """How often a shopper buys in a category; `n` days with a purchase."""

    category: str
    every_days: float
    last: datetime
    expected: datetime
    n: int


@dataclass(frozen=True, slots=True)
class Habits:
    """A shopper's habits, what rests on most first in each list."""

    prices: tuple[PriceRange, ...] = ()
    sensitivity: PriceSensitivity | None = None
    brands: tuple[BrandAffinity, ...] = ()
    rhythms: tuple[Rhythm, ...] = ()

    @property
    def is_empty(self) -> bool:
        """Whether nothing is known yet."""
        return not (self.prices or self.sensitivity or self.brands or self.rhythms)


def habits_of(
    choices: Sequence[Choice],
    taste: TasteProfile,
    evidence: Iterable[PreferenceEvidence],
    brand_shares: Mapping[str, float],
) -> Habits:
    """Return what the choices and the stated prices of a shopper have in common; their order does not matter.

    Args:
        choices: the products chosen.
        taste: the shopper's own; of it the bounds of prices count.
        evidence: what the shopper said; of it the critiques of prices count.
        brand_shares: brand → its share of the catalogue's products, between 0 and 1.
    """
    critiques = Counter(
        piece.value[:2]
        for piece in set(evidence)
        if piece.source == "critique" and piece.facet == PRICE and piece.polarity > 0 and not piece.recipient
    )
    return Habits(
        prices=_price_ranges(choices, taste),
        sensitivity=_sensitivity(choices, cheaper=critiques["<="], dearer=critiques[">="]),
        brands=_brands(choices, brand_shares),
        rhythms=_rhythms(choices),
    )


def _price_ranges(choices: Iterable[Choice], taste: TasteProfile) -> tuple[PriceRange, ...]:
    paid: dict[str, list[tuple[float, float]]] = defaultdict(list)
    stated: dict[str, dict[str, float]] = defaultdict(dict)
    for choice in choices:
        if choice.category is not None and choice.price is not None:
            paid[choice.category].append((choice.price, CHOICE_WEIGHTS[choice.kind]))
    for held in taste.opinions:
        if held.facet == PRICE and is_bound(held.value) and held.weight > 0 and held.category is not None:
            stated[held.category][held.value[:2]] = float(held.value[2:])
    found = []
    for category in {*paid, *stated}:
        prices, bounds = paid[category], stated[category]
        low, high = ([*prices, (bounds[sign], 1.0)] if sign in bounds else prices for sign in (">=", "<="))
        found.append(
            PriceRange(
                category,
                low=_quantile(low, LOW),
                high=_quantile(high, HIGH),
                usual=_quantile(prices, 0.5),
                n=len(prices) + len(bounds),
            )
        )
    return tuple(sorted(found, key=lambda one: (-one.n, one.category)))


def _quantile(values: Sequence[tuple[float, float]], q: float) -> float | None:
    """Return the weighted quantile (the smallest value that has at least `q` of the weight up to it)."""
    if not values:
        return None
    ordered = sorted(values)
    left = q * sum(weight for _, weight in ordered)
    for value, weight in ordered:
        left -= weight
        if left <= 1e-9:
            return value
    return ordered[-1][0]


def _sensitivity(choices: Iterable[Choice], *, cheaper: int, dearer: int) -> PriceSensitivity | None:
    levels = [(choice.level, CHOICE_WEIGHTS[choice.kind]) for choice in choices if choice.level is not None]
    if not levels and not cheaper and not dearer:
        return None
    total = sum(level * weight for level, weight in levels) + PRIOR * 0.5
    level = total / (sum(weight for _, weight in levels) + PRIOR)
    return PriceSensitivity(level, len(levels), cheaper, dearer)


def _brands(choices: Iterable[Choice], shares: Mapping[str, float]) -> tuple[BrandAffinity, ...]:
    counted: dict[str, float] = defaultdict(float)
    for choice in choices:
        if choice.brand is not None:
            counted[choice.brand] += CHOICE_WEIGHTS[choice.kind]
    whole = sum(counted.values())
    found = []
    for brand, n in counted.items():
        base = shares.get(brand, 0.0)
        if n < MIN_BRAND or not base:
            continue
        lift = (n + PRIOR * base) / (whole + PRIOR) / base
        if lift > 1:
            found.append(BrandAffinity(brand, n / whole, lift, n))
    return tuple(sorted(found, key=lambda one: (-one.n, -one.lift, one.brand)))


def _rhythms(choices: Iterable[Choice]) -> tuple[Rhythm, ...]:
    # Several things bought on one day are one visit.
    days: dict[str, dict[date, datetime]] = defaultdict(dict)
    for choice in choices:
        if choice.kind == "purchase" and choice.category is not None:
            held = days[choice.category].get(choice.at.date(), choice.at)
            days[choice.category][choice.at.date()] = max(held, choice.at)
    found = []
    for category, visits in days.items():
        if len(visits) < MIN_PURCHASES:
            continue
        times = [visits[day] for day in sorted(visits)]
        every = median((later - sooner).total_seconds() / 86_400 for sooner, later in pairwise(times))
        last = times[-1]
        found.append(Rhythm(category, round(every, 1), last, last + timedelta(days=every), len(times)))
    return tuple(sorted(found, key=lambda one: (-one.n, one.category)))
