"""Shoppers with latent tastes, and what some of them volunteer about those tastes."""

from dataclasses import dataclass, field
from datetime import timedelta
from random import Random
from typing import Any

from generator.products import DAYS, FIRST_DAY, weighted
from generator.source import STYLES, Source

VOLUNTEERS = 0.4
"""Share of shoppers who told the shop something about their tastes."""


@dataclass
class Shopper:
    """One shopper; everything but the id, the day of joining and the preferences is latent."""

    shopper_id: str
    joined_day: int
    interests: dict[str, float]
    style: tuple[float, ...]
    brands: dict[str, float]
    colours: dict[str, float]
    audiences: dict[str, float]
    level: float
    thrift: float
    activity: float
    pickiness: float
    preferences: list[dict[str, Any]] = field(default_factory=list)


def make_shoppers(source: Source, count: int, seed: str) -> list[Shopper]:
    """Make `count` shoppers from mixtures of archetypes."""
    random = Random(f"{seed}:shoppers")
    return [_make(source, random, f"shopper-{number:04d}") for number in range(1, count + 1)]


def _make(source: Source, random: Random, shopper_id: str) -> Shopper:
    shares = {name: row["share"] for name, row in source.archetypes.items()}
    mix: dict[str, float] = {}
    for _ in range(random.choice((1, 2, 2, 3))):
        name = weighted(random, shares)
        mix[name] = mix.get(name, 0.0) + random.uniform(0.4, 1.0)
    total = sum(mix.values())
    interests = {family.key: 0.02 * random.random() for family in source.families}
    style = [0.2 * random.gauss(0, 1) for _ in STYLES]
    thrift = random.gauss(0, 0.7)
    for name, share in mix.items():
        row = source.archetypes[name]
        for key, weight in row["families"].items():
            interests[key] += weight * share / total
        style = [now + row["style"].get(axis, 0.0) * share / total for now, axis in zip(style, STYLES, strict=True)]
        thrift += row.get("thrift", 0.0) * share / total
    audiences = {"Women": 1.0, "Men": 0.06} if random.random() < 0.52 else {"Men": 1.0, "Women": 0.06}
    audiences["Unisex"] = 0.9
    if random.random() < 0.2:
        audiences[random.choice(("Girls", "Boys"))] = 0.6
    shopper = Shopper(
        shopper_id=shopper_id,
        joined_day=0 if random.random() < 0.7 else random.randrange(1, DAYS - 10),
        interests=interests,
        style=tuple(style),
        brands=_brands(source, random, style),
        colours=_colours(source, random, style),
        audiences=audiences,
        level=0.45 - 0.14 * thrift + random.gauss(0, 0.08),
        thrift=thrift,
        activity=min(random.lognormvariate(0.0, 0.7), 6.0),
        pickiness=random.gauss(0, 0.4),
    )
    if random.random() < VOLUNTEERS:
        said_on = FIRST_DAY + timedelta(days=shopper.joined_day, hours=20)
        shopper.preferences = [
            {**preference, "at": said_on.isoformat().replace("+00:00", "Z")}
            for preference in _volunteered(random, shopper)
        ]
    return shopper


def _lean(style: list[float], thing: dict[str, Any]) -> float:
    return sum(style[STYLES.index(axis)] * weight for axis, weight in thing.get("style", {}).items())


def _brands(source: Source, random: Random, style: list[float]) -> dict[str, float]:
    """Every brand gets a small leaning that follows the style; a few become favourites, a few are disliked."""
    leaning = {brand: 0.9 * _lean(style, row) + random.gauss(0, 0.3) for brand, row in source.brands.items()}
    ranked = sorted(leaning, key=leaning.__getitem__)
    for brand in ranked[-random.randrange(2, 5) :]:
        leaning[brand] += 1.0
    for brand in ranked[: random.randrange(1, 3)]:
        leaning[brand] -= 1.0
    return leaning


def _colours(source: Source, random: Random, style: list[float]) -> dict[str, float]:
    leaning = {colour: 0.8 * _lean(style, row) + random.gauss(0, 0.35) for colour, row in source.colours.items()}
    for colour in random.sample(list(leaning), k=2):
        leaning[colour] += 0.8
    leaning[random.choice(list(leaning))] -= 1.0
    return leaning


def _volunteered(random: Random, shopper: Shopper) -> list[dict[str, Any]]:
    """What a shopper says of themselves: true, but only a part."""
    said: list[dict[str, Any]] = []
    brands = sorted(shopper.brands, key=shopper.brands.__getitem__)
    colours = sorted(shopper.colours, key=shopper.colours.__getitem__)
    said += [{"facet": "brand", "value": brand, "polarity": 1} for brand in brands[-random.randrange(1, 3) :]]
    if random.random() < 0.4:
        said.append({"facet": "brand", "value": brands[0], "polarity": -1})
    if random.random() < 0.7:
        said.append({"facet": "colour", "value": colours[-1], "polarity": 1})
    if random.random() < 0.25:
        said.append({"facet": "colour", "value": colours[0], "polarity": -1})
    if random.random() < 0.5:
        said.append({"facet": "audience", "value": next(iter(shopper.audiences)), "polarity": 1})
    return said
