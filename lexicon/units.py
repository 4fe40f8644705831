"""Units of measure: what each one measures, and conversion between units of the same kind.

Units are written as symbols in lower case ("in", "gb"); how people say them is in `rasa_addons/vocabulary/`.
"""

_UNITS: dict[str, tuple[str, float]] = {
    "mm": ("length", 0.001),
    "cm": ("length", 0.01),
    "in": ("length", 0.0254),
    "ft": ("length", 0.3048),
    "yd": ("length", 0.9144),
    "m": ("length", 1.0),
    "km": ("length", 1000.0),
    "mg": ("mass", 1e-6),
    "g": ("mass", 0.001),
    "oz": ("mass", 0.028349523),
    "lb": ("mass", 0.45359237),
    "kg": ("mass", 1.0),
    "ml": ("volume", 0.001),
    "l": ("volume", 1.0),
    "mb": ("data", 0.001),
    "gb": ("data", 1.0),
    "tb": ("data", 1000.0),
    "hz": ("frequency", 1.0),
    "khz": ("frequency", 1e3),
    "mhz": ("frequency", 1e6),
    "ghz": ("frequency", 1e9),
    "mw": ("power", 0.001),
    "w": ("power", 1.0),
    "kw": ("power", 1000.0),
    "v": ("voltage", 1.0),
    "ma": ("current", 0.001),
    "a": ("current", 1.0),
    "mah": ("charge", 0.001),
    "ah": ("charge", 1.0),
}
_SPELLINGS = {
    "inch": "in",
    "inches": "in",
    '"': "in",
    "metre": "m",
    "meter": "m",
    "litre": "l",
    "liter": "l",
    "lbs": "lb",
    "watt": "w",
    "watts": "w",
    "kilogram": "kg",
    "gram": "g",
}


def symbol(unit: str) -> str:
    """Return the symbol of a unit that a catalogue may spell out: "Inch" is "in"; unknown ones only lose their case."""
    folded = unit.strip().casefold()
    return _SPELLINGS.get(folded, folded)


def measures(unit: str) -> str:
    """Return what a unit measures ("length"); a unit outside the table measures itself."""
    known = _UNITS.get(symbol(unit))
    return known[0] if known else symbol(unit)


def convert(value: float, unit: str, to: str) -> float | None:
    """Return `value` given in `unit` in the unit `to`, or None where they measure different things."""
    if symbol(unit) == symbol(to):
        return value
    source, target = _UNITS.get(symbol(unit)), _UNITS.get(symbol(to))
    if source is None or target is None or source[0] != target[0]:
        return None
    return round(value * source[1] / target[1], 9)
