"""Small lexicons, written and read back through the file format."""

from collections.abc import Callable
from pathlib import Path

import pytest

from lexicon.entries import FacetEntry, Lexicon, ValueEntry, read, write
from rasa_addons.extraction import EntityRules

_NAMES = {
    "category": ("category", "kind"),
    "brand": ("brand", "make"),
    "colour": ("colour", "color"),
    "season": ("season",),
    "led_indicators": ("led indicators",),
    "memory_type": ("memory type",),
    "connectivity": ("connectivity",),
}

FASHION = {
    "category": {
        "shoes": (["shoes", "footwear"], 900),
        "shirts": (["shirts", "shirt"], 700),
        "jackets": (["jackets"], 300),
        "rain jackets": (["rain jackets", "rain jacket", "mac"], 40),
        "backpacks": (["backpacks", "rucksack", "rucksacks"], 120),
        "bags": (["bags", "bag"], 200),
        "watches": (["watches", "watch"], 200),
    },
    "brand": {
        "kestrel": (["kestrel"], 400),
        "nike": (["nike"], 800),
        "orange": (["orange"], 30),
        "hm": (["hm", "h & m"], 90),
    },
    "colour": {
        "green": (["green"], 300),
        "blue": (["blue"], 500),
        "navy blue": (["navy blue", "navy"], 200),
        "orange": (["orange"], 100),
        "cafe brown": (["cafe brown"], 20),
    },
    "audience": {"women": (["women", "ladies", "lady", "sister", "wife"], 900), "men": (["men", "guys"], 1100)},
    "occasion": {"formal": (["formal", "office"], 300)},
    "season": {"winter": (["winter"], 700), "summer": (["summer"], 1300)},
}

ELECTRONICS = {
    "category": {
        "notebook": (["notebook", "laptop"], 900),
        "mouse": (["mouse", "wireless mouse"], 200),
        "printer": (["printer"], 300),
        "monitor": (["monitor", "screen"], 300),
    },
    "brand": {"brother": (["brother"], 200), "next": (["next"], 40), "samsung": (["samsung"], 700)},
    "colour": {"black": (["black"], 900)},
    "led_indicators": {"status": (["status"], 40)},
    "memory_type": {"ddr4": (["ddr4"], 300)},
    "connectivity": {"bluetooth": (["bluetooth"], 100)},
}

NUMBERS = {
    "weight": ("kg", ("weight",)),
    "cache_memory": (None, ("cache memory",)),
    "storage": ("gb", ("storage", "storage capacity")),
    "memory": ("gb", ("memory", "ram")),
    "screen_size": ("in", ("screen size", "screen", "display")),
    "cable_length": ("m", ("cable length",)),
    "power": ("w", ("power",)),
    "persons": (None, ("persons",)),
    "ports": (None, ("number of ports", "ports")),
}


def lexicon_of(values, numbers=None, language="en") -> Lexicon:
    """Build a lexicon from plain tables."""
    facets = [FacetEntry(facet, "text", _NAMES.get(facet, (facet.replace("_", " "),))) for facet in values]
    facets.append(FacetEntry("price", "number", ("price", "price limit")))
    facets += [FacetEntry(facet, "number", names, unit) for facet, (unit, names) in (numbers or {}).items()]
    entries = [
        ValueEntry(facet, value, tuple(forms), count)
        for facet, table in values.items()
        for value, (forms, count) in table.items()
    ]
    return Lexicon("EUR", language, tuple(facets), tuple(entries))


def _rules(folder: Path, lexicon: Lexicon) -> EntityRules:
    path = folder / "lexicon.jsonl"
    write(lexicon, path)
    return EntityRules(read(path))


@pytest.fixture
def lexicon_rules(tmp_path: Path) -> Callable[..., EntityRules]:
    """Rules over a lexicon of a test's own."""
    return lambda values, numbers=None: _rules(tmp_path, lexicon_of(values, numbers))


@pytest.fixture(scope="session")
def fashion(tmp_path_factory) -> EntityRules:
    """Rules over a small fashion lexicon."""
    return _rules(tmp_path_factory.mktemp("fashion"), lexicon_of(FASHION))


@pytest.fixture(scope="session")
def electronics(tmp_path_factory) -> EntityRules:
    """Rules over a small electronics lexicon with measured facets and a long tail."""
    return _rules(tmp_path_factory.mktemp("electronics"), lexicon_of(ELECTRONICS, NUMBERS))


@pytest.fixture(scope="session")
def chinese(tmp_path_factory) -> EntityRules:
    """Rules over a lexicon whose forms are written without spaces."""
    values = {
        "category": {"运动鞋": (["运动鞋", "球鞋"], 10), "鞋": (["鞋"], 30)},
        "colour": {"红色": (["红色"], 10)},
        "brand": {"kestrel": (["kestrel"], 10)},
    }
    return _rules(tmp_path_factory.mktemp("chinese"), lexicon_of(values, language="zh"))
