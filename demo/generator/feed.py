"""The feed: products the way a shop system exports them, clean and messy on purpose.

The mess is in values only (spellings, stray spaces, units, gaps), so that the importer has something to report and the
mapping something to mend; every row can be imported.
"""

from datetime import timedelta
from random import Random
from typing import Any

from generator import wording
from generator.pictures import name_of
from generator.products import DAYS, FIRST_DAY, Made
from generator.source import Source

IMAGES = "/demo/images/"
GAP = 0.05
"""Share of facet values that the shop forgot to enter."""
NEVER_FORGOTTEN = {"colour", "audience"}
"""What the title says as well: "not black" must not bring a dress that is called black."""

MESSY_AUDIENCES = {"Women": ("women", "Ladies", "WOMEN "), "Men": ("men", "Gents", "Mens"), "Unisex": ("unisex",)}
MESSY_MATERIALS = {"cotton": ("100% cotton", "Cotton"), "leather": ("Leather", "leather "), "polyester": ("Polyester",)}
MESSY_RESOLUTIONS = {"Full HD": ("full hd", "FullHD"), "4K": ("4k",), "QHD": ("qhd",)}
SPACED_UNITS = {"kg", "l", "cm", "h"}


def rate_and_review(source: Source, products: list[Made], seed: str) -> None:
    """Give products their ratings and some of them up to five review texts, all from their latent qualities."""
    for product in products:
        random = Random(f"{seed}:reviews:{product.sku}")
        product.rating_count = int(random.lognormvariate(2.6 + 0.9 * product.popularity, 0.8))
        if product.launch_day > DAYS - 60:
            product.rating_count //= 10
        if not product.rating_count:
            continue
        mean = 3.95 + 0.42 * product.quality + random.gauss(0, 0.5) / product.rating_count**0.5
        product.rating = round(min(max(mean, 1.3), 5.0), 1)
        if random.random() < 0.45:
            continue
        for _ in range(min(random.randrange(1, 6), product.rating_count)):
            stars, text = wording.review(random, source.reviews, product.aspects, product.family.aspects)
            written = FIRST_DAY + timedelta(days=random.randrange(product.launch_day, DAYS))
            author = f"{random.choice(wording.FIRST_NAMES)} {random.choice('ABDEFGHKLMNPRSTVW')}."
            review = {"rating": stars, "text": text, "author": author, "date": f"{written:%Y-%m-%d}"}
            if text not in {other["text"] for other in product.reviews}:
                product.reviews.append(review)


def record(source: Source, product: Made, seed: str) -> dict[str, Any]:
    """Return one row of the feed, columns without a value left out."""
    random = Random(f"{seed}:feed:{product.sku}")
    row: dict[str, Any] = {
        "sku": product.sku,
        "title": product.title,
        "description": product.description,
        "brand": product.brand,
        "category": " > ".join(product.family.path),
        "price": f"{product.price_cents / 100:.2f}",
        "was": f"{product.list_cents / 100:.2f}" if product.list_cents else None,
        "currency": "EUR",
        "stock": product.stock,
        "rating": product.rating,
        "ratings": product.rating_count or None,
        "image": IMAGES + name_of(product),
        "link": f"https://shop.example/p/{product.sku.lower()}",
        **_facets(source, product, random),
        "reviews": product.reviews or None,
    }
    if random.random() < 0.02:
        row["brand"] = f"{product.brand.upper()} "
    if random.random() < 0.02:
        row["title"] = f" {row['title']}  "
    return {column: value for column, value in row.items() if value is not None}


def _facets(source: Source, product: Made, random: Random) -> dict[str, Any]:
    """Spell a product's facets as the shop's staff typed them; about one in twenty is missing."""
    columns: dict[str, Any] = {}
    for facet, value in product.facets.items():
        if facet not in NEVER_FORGOTTEN and random.random() < GAP:
            continue
        if facet == "colour":
            columns["color"] = _mess(random, value, source.colours[value].get("messy", ()), 0.12)
        elif facet == "audience":
            columns["gender"] = _mess(random, value[0], MESSY_AUDIENCES.get(value[0], ()), 0.06)
        elif facet == "feature":
            columns["features"] = random.choice(("; ", "; ", ";")).join(value)
        elif facet == "size":
            columns["sizes"] = random.choice((", ", ", ", ",")).join(value)
        elif facet == "material":
            columns["material"] = _mess(random, value[0], MESSY_MATERIALS.get(value[0], ()), 0.08)
        elif facet == "resolution":
            columns["resolution"] = _mess(random, value[0], MESSY_RESOLUTIONS[value[0]], 0.1)
        elif isinstance(value, bool):
            columns[facet] = random.choice(("yes", "yes", "yes", "Y") if value else ("no", "no", "no", "N"))
        elif isinstance(value, list):
            columns[facet] = ", ".join(value)
        else:
            columns[facet] = _number(random, value, product.family.numbers[facet]["unit"])
    return columns


def _mess(random: Random, value: str, others: tuple[str, ...] | list[str], share: float) -> str:
    return random.choice(others) if others and random.random() < share else value


def _number(random: Random, value: float, unit: str) -> str:
    """Spell a number with its unit: mostly "1.5 kg", now and then "1,5 kg", "1.5kg" or "1500 g"."""
    text = f"{value:g}"
    kind = random.random()
    if unit == "kg" and value < 3 and kind < 0.05:
        return f"{value * 1000:g} g"
    if unit == "kg" and kind < 0.12:
        text = text.replace(".", ",")
    separator = "" if unit in SPACED_UNITS and 0.12 < kind < 0.18 else " "
    return f"{text}{separator}{unit}".strip()
