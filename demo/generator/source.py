"""What the demo shop is made of: families of products, brands and colours, read from `demo/source/*.toml`.

A family is one leaf category. Its keys in the TOML files:

    path, code, count      category path, prefix of its SKUs, products to make
    price                  lowest and highest price in EUR; brand tier and dear features push a product within it
    brands, nouns, models  what titles are made of; a noun repeated is a noun more frequent
    audience, occasions    value = weight; a family without them leaves the facet empty
    colours                facet values; `picture_colours` where colour is no facet of the family
    sizes                  the ladder of sizes: `shoes` or `clothes`
    features               value = the sentence that describes it
    flags, texts, numbers  flag = share of yes; text facet = {value = weight}; number facet = {unit, values, pull}
    implies                noun = {facet = allowed values}: a rain jacket is waterproof
    conflicts              features that exclude each other
    aspects                the latent qualities that its reviews speak of (`reviews.toml`)
    style                  what the family leans to, added to the brand's and the colour's
"""

import tomllib
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

DEPARTMENTS = ("fashion", "home", "electronics", "outdoor", "beauty")
STYLES = ("sporty", "elegant", "casual", "rugged", "playful", "minimal", "classic", "technical")


@dataclass(frozen=True)
class Family:
    """One leaf category and how its products are made; see the module's text for the fields."""

    key: str
    path: tuple[str, ...]
    code: str
    count: int
    price: tuple[float, float]
    brands: tuple[str, ...]
    nouns: tuple[str, ...]
    models: tuple[str, ...]
    titles: tuple[str, ...]
    openers: tuple[str, ...]
    aspects: tuple[str, ...]
    features: dict[str, str]
    numbered: bool = False
    colours: tuple[str, ...] = ()
    picture_colours: tuple[str, ...] = ()
    materials: tuple[str, ...] = ()
    material_colours: dict[str, list[str]] = field(default_factory=dict)
    audience: dict[str, float] = field(default_factory=dict)
    occasions: dict[str, float] = field(default_factory=dict)
    sizes: str = ""
    style: dict[str, float] = field(default_factory=dict)
    flags: dict[str, float] = field(default_factory=dict)
    texts: dict[str, dict[str, float]] = field(default_factory=dict)
    numbers: dict[str, dict[str, Any]] = field(default_factory=dict)
    implies: dict[str, dict[str, Any]] = field(default_factory=dict)
    conflicts: tuple[tuple[str, str], ...] = ()

    @property
    def department(self) -> str:
        """The root of the category path."""
        return self.path[0]


class Source:
    """All TOML files of one folder."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def _read(self, name: str) -> dict[str, Any]:
        return tomllib.loads((self.folder / f"{name}.toml").read_text(encoding="utf-8"))

    @cached_property
    def families(self) -> tuple[Family, ...]:
        """Every family, in the order of the files."""
        families: list[Family] = []
        for name in DEPARTMENTS:
            department = self._read(name)
            shared = {key: department[key] for key in ("models", "titles", "numbered") if key in department}
            for row in department["family"]:
                values = {**shared, **row}
                for key, value in values.items():
                    if isinstance(value, list):
                        values[key] = tuple(tuple(item) if isinstance(item, list) else item for item in value)
                families.append(Family(**values))
        return tuple(families)

    @cached_property
    def brands(self) -> dict[str, dict[str, Any]]:
        """Brand → tier and style."""
        return self._read("brands")

    @cached_property
    def colours(self) -> dict[str, dict[str, Any]]:
        """Colour → fill, misspellings and style."""
        return self._read("colours")

    @cached_property
    def reviews(self) -> dict[str, dict[str, list[str]]]:
        """Aspect → what people write when it is good and when it is bad."""
        return self._read("reviews")

    @cached_property
    def archetypes(self) -> dict[str, dict[str, Any]]:
        """Kinds of shoppers: what they buy and how it should look."""
        return self._read("archetypes")

    @cached_property
    def pictures(self) -> dict[str, str]:
        """Family → the body of its picture."""
        return {key: value["body"] for key, value in self._read("pictures").items()}
