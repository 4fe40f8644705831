"""A small made-up shop of bicycles and cameras, for the replay of people's messages.

    python -m tests.eval.wheels_and_lenses FOLDER

writes `products.jsonl` and `mapping.yml`: 320 products with the facets that such shops have. Brands, names and
sentences are invented here; numbers are of the size that they are in shops.
"""

import json
import random
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

BICYCLES, CAMERAS = 170, 150
BIKE_BRANDS = ("Veloran", "Harrowpeak", "Tarnwick", "Ostrava Cycles", "Pellowin", "Grindle", "Mistral Works")
CAMERA_BRANDS = ("Optelio", "Kamura", "Lumarro", "Veitsch", "Norin", "Halden Optics")
COLOURS = ("Black", "White", "Grey", "Blue", "Green", "Red", "Orange", "Silver")
BIKES: Mapping[str, Mapping[str, Any]] = {
    "Electric Bikes": {"price": (1300, 4800), "weight": (19, 28), "gears": (7, 12), "motor": (250, 750),
                       "use": ("commuting", "touring", "hills"), "range": (50, 160)},
    "Electric Mountain Bikes": {"price": (2200, 6500), "weight": (21, 27), "gears": (10, 12), "motor": (250, 750),
                                "use": ("trails", "hills"), "range": (50, 140)},
    "City Bikes": {"price": (280, 950), "weight": (14, 19), "gears": (3, 8), "use": ("commuting", "shopping")},
    "Road Bikes": {"price": (650, 4200), "weight": (7, 11), "gears": (16, 24), "use": ("racing", "training")},
    "Gravel Bikes": {"price": (850, 3600), "weight": (9, 13), "gears": (11, 22),
                     "use": ("gravel", "touring", "commuting")},
    "Mountain Bikes": {"price": (450, 3900), "weight": (11, 16), "gears": (9, 24), "use": ("trails", "hills")},
    "Folding Bikes": {"price": (350, 1600), "weight": (10, 14), "gears": (1, 9), "use": ("commuting", "travel")},
    "Trekking Bikes": {"price": (500, 1900), "weight": (14, 18), "gears": (18, 27), "use": ("touring", "commuting")},
}  # fmt: skip
BIKE_FEATURES = (
    "hydraulic disc brakes", "front suspension", "full suspension", "mudguards", "luggage rack", "lights", "belt drive",
    "walk assist", "removable battery", "puncture protection", "low step-through", "torque sensor",
)  # fmt: skip
CAMERA_KINDS: Mapping[str, Mapping[str, Any]] = {
    "DSLR Cameras": {"price": (420, 2600), "weight": (480, 920), "megapixels": (18, 45), "zoom": (1, 5)},
    "Mirrorless Cameras": {"price": (480, 3400), "weight": (330, 720), "megapixels": (16, 61), "zoom": (1, 5)},
    "Compact Cameras": {"price": (110, 950), "weight": (160, 340), "megapixels": (12, 21), "zoom": (3, 30)},
    "Bridge Cameras": {"price": (220, 1200), "weight": (520, 980), "megapixels": (16, 21), "zoom": (20, 83)},
    "Action Cameras": {"price": (120, 520), "weight": (90, 180), "megapixels": (12, 27), "zoom": (1, 2)},
    "Instant Cameras": {"price": (70, 260), "weight": (250, 480), "megapixels": (5, 16), "zoom": (1, 2)},
}
CAMERA_FEATURES = (
    "image stabilisation", "viewfinder", "touchscreen", "flip screen", "wifi", "bluetooth", "burst mode",
    "eye autofocus", "built-in flash", "usb-c charging", "gps", "raw format",
)  # fmt: skip
CAMERA_USES = ("travel", "family", "wildlife", "sports", "vlogging", "portraits", "landscapes", "underwater")
REVIEWS = (
    (5, "Does exactly what I hoped for. I would buy it again."),
    (4, "Very pleased with it; the manual could be better."),
    (3, "Good, but it took me a while to get used to it."),
    (2, "Arrived with a scratch, and it is heavier than I expected."),
)
MAPPING = """\
# How the made-up shop of bicycles and cameras becomes products.
currency: USD
sku: sku
title: title
description: description
brand: brand
category: {from: category, split: " > "}
price: price
stock: stock
rating: rating
rating_count: ratings
reviews: {from: reviews}
facets:
  colour: {from: colour}
  material: {from: material}
  audience: {from: audience}
  occasion: {from: use, split: '\\s*;\\s*'}
  feature: {from: features, split: '\\s*;\\s*'}
  weight: {from: weight, kind: number, unit: kg}
  gears: {from: gears, kind: number}
  wheel_size: {from: wheel_size, kind: number, unit: in}
  motor_power: {from: motor_power, kind: number, unit: w}
  battery_range: {from: battery_range, kind: number, unit: mi}
  megapixels: {from: megapixels, kind: number}
  optical_zoom: {from: optical_zoom, kind: number}
  screen_size: {from: screen_size, kind: number, unit: in}
  sensor: {from: sensor}
  video: {from: video}
  waterproof: {from: waterproof, kind: flag}
"""


def products(seed: int = 5) -> list[dict[str, Any]]:
    """Return the feed: bicycles, then cameras."""
    source = random.Random(seed)
    bikes = [_bicycle(source, number) for number in range(BICYCLES)]
    return bikes + [_camera(source, number) for number in range(CAMERAS)]


def write(folder: Path) -> tuple[Path, Path]:
    """Write feed and mapping, and return where they are."""
    folder.mkdir(parents=True, exist_ok=True)
    feed, mapping = folder / "products.jsonl", folder / "mapping.yml"
    feed.write_text("".join(json.dumps(product) + "\n" for product in products()), "utf-8")
    mapping.write_text(MAPPING, "utf-8")
    return feed, mapping


def _bicycle(source: random.Random, number: int) -> dict[str, Any]:
    kind = source.choice(list(BIKES))
    about = BIKES[kind]
    brand, colour = source.choice(BIKE_BRANDS), source.choice(COLOURS)
    material = source.choice(("aluminium", "steel", "carbon") if about["price"][1] > 2000 else ("aluminium", "steel"))
    powered = "motor" in about
    features = [
        one for one in BIKE_FEATURES if powered or one not in ("walk assist", "removable battery", "torque sensor")
    ]
    chosen = source.sample(features, source.randint(3, 5))
    uses = source.sample(about["use"], source.randint(1, len(about["use"])))
    audience = source.choice(("Unisex", "Unisex", "Women", "Men"))
    model = f"{source.choice(('Alder', 'Ridge', 'Swift', 'Comet', 'Dune', 'Fjord', 'Lark'))} {source.randint(1, 9)}00"
    more: dict[str, Any] = {}
    if powered:
        more = {"motor_power": _within(source, about["motor"], 50), "battery_range": _within(source, about["range"], 5)}
    sentences = [f"A {kind[:-1].lower()} for {' and '.join(uses)}.", f"The frame is made of {material}."]
    if powered:
        sentences.append(
            f"Its battery lasts up to {more['battery_range']} miles on one charge, depending on wind and hills."
        )
    sentences.append(
        "The upright position is easy on the back." if "commuting" in uses else "It holds its line at speed."
    )
    return {
        "sku": f"BIK-{number:03d}",
        "title": f"{brand} {model} {kind[:-1].lower()}, {colour.lower()}",
        "category": f"Bicycles > {kind}",
        "brand": brand,
        "colour": colour,
        "material": material,
        "audience": audience,
        "use": "; ".join(uses),
        "features": "; ".join(chosen),
        "weight": _within(source, about["weight"], 0.5),
        "gears": _within(source, about["gears"], 1),
        "wheel_size": source.choice((20,) if kind == "Folding Bikes" else (26, 27.5, 28, 29)),
        **more,
        **_sold(source, about["price"], sentences),
    }


def _camera(source: random.Random, number: int) -> dict[str, Any]:
    kind = source.choice(list(CAMERA_KINDS))
    about = CAMERA_KINDS[kind]
    brand, colour = source.choice(CAMERA_BRANDS), source.choice(("Black", "Black", "Silver", "White", "Red"))
    wet = kind == "Action Cameras" or source.random() < 0.15
    uses = source.sample([use for use in CAMERA_USES if wet or use != "underwater"], source.randint(1, 3))
    chosen = source.sample(CAMERA_FEATURES, source.randint(3, 6))
    pixels, zoom = _within(source, about["megapixels"], 1), _within(source, about["zoom"], 1)
    model = f"{source.choice('ACDGMPRSX')}{source.randint(1, 9)}{source.choice(('0', '00', ' II', 'x'))}"
    sensor = source.choice(("full frame", "aps-c") if "DSLR" in kind or "Mirror" in kind else ("1 inch", "1/2.3 inch"))
    sentences = [f"{pixels} megapixels for {' and '.join(uses)}."]
    sentences.append(f"The lens zooms {zoom} times." if zoom > 2 else "A lens of fixed focal length keeps it simple.")
    sentences.append("It may get wet." if wet else "Keep it dry.")
    return {
        "sku": f"CAM-{number:03d}",
        "title": f"{brand} {model} {kind[:-1].lower()}, {colour.lower()}",
        "category": f"Cameras > {kind}",
        "brand": brand,
        "colour": colour,
        "use": "; ".join(uses),
        "features": "; ".join(chosen),
        "weight": round(_within(source, about["weight"], 10) / 1000, 2),
        "megapixels": pixels,
        "optical_zoom": zoom,
        "screen_size": source.choice((2.7, 3.0, 3.2)),
        "sensor": sensor,
        "video": source.choice(("full hd", "4k", "4k", "6k") if about["price"][1] > 400 else ("full hd",)),
        "waterproof": "yes" if wet else "no",
        **_sold(source, about["price"], sentences),
    }


def _sold(source: random.Random, prices: Sequence[int], sentences: Sequence[str]) -> dict[str, Any]:
    ratings = source.choice((0, 3, 12, 48, 130))
    reviews = source.sample(REVIEWS, source.randint(0, 2)) if ratings else []
    return {
        "description": " ".join(sentences),
        "price": f"{_within(source, prices, 10) - 0.01:.2f}",
        "stock": source.choice((0, 2, 5, 11, 30)),
        "rating": round(source.uniform(3.2, 4.9), 1) if ratings else None,
        "ratings": ratings,
        "reviews": [{"rating": stars, "text": text} for stars, text in reviews],
    }


def _within(source: random.Random, span: Sequence[float], step: float) -> Any:
    """Return a number of a span in steps; whole where it is."""
    number = span[0] + step * source.randint(0, round((span[1] - span[0]) / step))
    return int(number) if float(number).is_integer() else number


if __name__ == "__main__":
    print(*write(Path(sys.argv[1])))  # noqa: T201
