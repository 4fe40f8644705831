"""Products with their latent qualities: what the feed shows of them, and what only the simulation knows."""

import math
from dataclasses import dataclass, field
from datetime import UTC, datetime
from random import Random
from typing import Any

from generator import wording
from generator.source import STYLES, Family, Source

SIZES = {
    ("shoes", "Women"): [str(size) for size in range(35, 43)],
    ("shoes", "Men"): [str(size) for size in range(39, 48)],
    ("shoes", "Unisex"): [str(size) for size in range(36, 47)],
    ("shoes", "Girls"): [str(size) for size in range(28, 37)],
    ("shoes", "Boys"): [str(size) for size in range(28, 38)],
    ("clothes", "Women"): ["XS", "S", "M", "L", "XL"],
    ("clothes", "Men"): ["S", "M", "L", "XL", "XXL"],
    ("clothes", "Unisex"): ["XS", "S", "M", "L", "XL", "XXL"],
    ("clothes", "Girls"): ["104", "116", "128", "140", "152"],
    ("clothes", "Boys"): ["104", "116", "128", "140", "152"],
}
REDUCTIONS = (0.1, 0.15, 0.2, 0.25, 0.3, 0.4)
DAYS = 365
FIRST_DAY = datetime(2025, 11, 1, tzinfo=UTC)
"""The simulated year begins here and ends with October 2026: fixed dates, so that every run writes the same."""


@dataclass
class Made:
    """One product. Below `reviews` all is latent: it drives ratings, reviews and events, and is not in the feed."""

    sku: str
    family: Family
    brand: str
    noun: str
    colour: str
    title: str
    description: str
    price_cents: int
    list_cents: int | None
    stock: int
    facets: dict[str, Any]
    rating: float | None = None
    rating_count: int = 0
    reviews: list[dict[str, Any]] = field(default_factory=list)
    quality: float = 0.0
    aspects: dict[str, float] = field(default_factory=dict)
    style: tuple[float, ...] = ()
    popularity: float = 0.0
    launch_day: int = 0


@dataclass(frozen=True)
class Named:
    """What a model is called."""

    brand: str
    model: str
    noun: str


def weighted(random: Random, weights: dict[str, float]) -> str:
    """Draw one key in proportion to its weight."""
    return random.choices(list(weights), weights=list(weights.values()))[0]


def make_products(source: Source, seed: str) -> list[Made]:
    """Make the whole catalogue, family by family; each family has its own random stream."""
    products: list[Made] = []
    for family in source.families:
        products += _make_family(family, source, Random(f"{seed}:{family.key}"))
    return products


def _make_family(family: Family, source: Source, random: Random) -> list[Made]:
    made: list[Made] = []
    taken: set[tuple[str, str]] = set()
    number = 0
    while len(made) < family.count:
        named = _name(family, random, taken)
        number += 1
        variants = _make_model(source, family, named, f"{family.code}-{number:03d}", random)
        made += variants[: family.count - len(made)]
    return made


def _name(family: Family, random: Random, taken: set[tuple[str, str]]) -> Named:
    """Draw a brand, a model name that this family does not have yet for it, and a noun."""
    for attempt in range(1000):
        brand = random.choice(family.brands)
        model = random.choice(family.models)
        if family.numbered:
            model = f"{model} {random.choice((2, 3, 5, 7, 10, 20, 30, 50, 70))}"
        elif attempt > 100:
            model = f"{model} {random.choice(('II', 'III', 'Plus', 'Light'))}"
        if (brand, model) not in taken:
            taken.add((brand, model))
            return Named(brand, model, random.choice(family.nouns))
    raise ValueError(f"{family.key}: not enough brands and models for {family.count} products")


def _make_model(source: Source, family: Family, named: Named, sku: str, random: Random) -> list[Made]:
    """Make one model in one to four colours; the colours share everything but colour, stock and picture."""
    tier = source.brands[named.brand]["tier"]
    implied = family.implies.get(named.noun, {})
    facets, push = _facets(family, random, implied)
    quality = random.gauss(0.2 * tier, 1.0)
    aspects = {aspect: 0.75 * quality + 0.8 * random.gauss(0, 1) for aspect in family.aspects}
    if "value" in aspects:
        aspects["value"] -= 0.3 * tier
    level = 0.42 + 0.3 * tier + push + random.uniform(-0.16, 0.16)
    low, high = family.price
    amount = math.exp(math.log(low) + (math.log(high) - math.log(low)) * min(max(level, 0.0), 1.0))
    description = wording.description(random, family, named, facets)
    popularity = 0.35 * quality + random.gauss(0, 0.8)
    launch_day = random.randrange(30, DAYS - 20) if random.random() < 0.17 else 0
    pattern = random.choice(family.titles)
    full = _full_price(random, amount)
    made: list[Made] = []
    for variant, colour in enumerate(_colours(family, random, implied, facets)):
        shown = dict(facets)
        if family.colours:
            shown["colour"] = colour
        price, list_price = _reduction(random, full)
        title = wording.title(pattern, named, colour, shown)
        if any(title == other.title for other in made):
            title += f", {colour.lower()}"
        made.append(
            Made(
                sku=f"{sku}-{chr(65 + variant)}",
                family=family,
                brand=named.brand,
                noun=named.noun,
                colour=colour,
                title=title,
                description=description,
                price_cents=price,
                list_cents=list_price,
                stock=0 if random.random() < 0.07 else min(int(random.lognormvariate(2.6, 1.0)) + 1, 400),
                facets=shown,
                quality=quality,
                aspects=aspects,
                style=_style(family, source, named.brand, colour, random),
                popularity=popularity - 0.25 * variant + random.gauss(0, 0.25),
                launch_day=launch_day,
            )
        )
    return made


def _facets(family: Family, random: Random, implied: dict[str, Any]) -> tuple[dict[str, Any], float]:
    """Draw a model's facets and how far they push its price up (both are shared by its colours)."""
    facets: dict[str, Any] = {}
    push = 0.0

    def allowed(facet: str, weights: dict[str, float]) -> dict[str, float]:
        return {value: weight for value, weight in weights.items() if value in implied.get(facet, weights)} or weights

    if family.audience:
        facets["audience"] = [weighted(random, allowed("audience", family.audience))]
    if family.occasions:
        choices = allowed("occasion", family.occasions)
        first = weighted(random, choices)
        second = weighted(random, choices)
        facets["occasion"] = list(dict.fromkeys([first, second] if random.random() < 0.2 else [first]))
    if family.materials:
        materials = [material for material in family.materials if material in implied.get("material", family.materials)]
        facets["material"] = [random.choice(materials)]
    wanted = [feature for feature in implied.get("feature", []) if feature in family.features]
    extra = [feature for feature in family.features if feature not in wanted]
    random.shuffle(extra)
    chosen = wanted + extra[: random.randrange(1, 4)]
    for one, other in family.conflicts:
        if one in chosen and other in chosen:
            chosen.remove(other if other not in wanted else one)
    facets["feature"] = chosen
    push += 0.03 * (len(chosen) - 2)
    for flag, share in family.flags.items():
        facets[flag] = bool(implied[flag]) if flag in implied else random.random() < share
        push += 0.05 if facets[flag] else 0.0
    for text, weights in family.texts.items():
        facets[text] = [weighted(random, allowed(text, weights))]
    if facets.get("resolution") in (["QHD"], ["4K"]):
        push += 0.12 if facets["resolution"] == ["QHD"] else 0.25
    for name, number in family.numbers.items():
        values = [value for value in number["values"] if value in implied.get(name, number["values"])]
        facets[name] = random.choice(values)
        low, high = min(number["values"]), max(number["values"])
        push += number.get("pull", 0.0) * ((facets[name] - low) / (high - low) - 0.5)
    if family.sizes:
        ladder = SIZES[family.sizes, facets["audience"][0]]
        facets["size"] = [size for size in ladder if random.random() < 0.88] or ladder[:1]
    return facets, push


def _colours(family: Family, random: Random, implied: dict[str, Any], facets: dict[str, Any]) -> list[str]:
    colours = list(family.colours or family.picture_colours)
    if "colour" in implied:
        colours = [colour for colour in colours if colour in implied["colour"]]
    material = facets.get("material", [""])[0]
    if material in family.material_colours:
        colours = [colour for colour in colours if colour in family.material_colours[material]]
    random.shuffle(colours)
    return colours[: random.choice((1, 2, 2, 3, 4))] if family.colours else colours[:1]


def _full_price(random: Random, amount: float) -> int:
    """Round to a shop's price ending, in cents."""
    ending = random.choice((99, 95, 90, 90, 0)) if amount < 200 else random.choice((0, 0, 90))
    return max(int(amount), 2) * 100 + (ending - 100 if ending else 0)


def _reduction(random: Random, full: int) -> tuple[int, int | None]:
    """Return price and list price: about one product in five is reduced, the others have no list price."""
    if random.random() >= 0.2:
        return full, None
    reduced = int(full * (1 - random.choice(REDUCTIONS)) / 100) * 100 + random.choice((90, 99, 0)) - 100
    return (reduced, full) if 100 <= reduced < full else (full, None)


def _style(family: Family, source: Source, brand: str, colour: str, random: Random) -> tuple[float, ...]:
    parts = (family.style, source.brands[brand]["style"], source.colours[colour].get("style", {}))
    return tuple(sum(part.get(style, 0.0) for part in parts) + random.gauss(0, 0.25) for style in STYLES)
