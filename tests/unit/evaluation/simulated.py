"""A shop of lamps and mugs with a few phrasings, and a guide that answers by the book: what simulated shoppers meet."""

import itertools
import random
from collections.abc import Mapping, Sequence
from dataclasses import replace
from decimal import Decimal
from functools import lru_cache
from typing import Any

from lexicon.entries import Lexicon
from shopguide.catalogue.constraints import Constraint
from shopguide.catalogue.index import CatalogueIndex
from shopguide.catalogue.lexicon import lexicon_of
from shopguide.catalogue.product import Product
from shopguide.conversation.answers import Answer
from shopguide.conversation.presentation import constraint_payload
from shopguide.evaluation.dialogue.client import Button, Reply
from shopguide.evaluation.dialogue.facts import Facts
from shopguide.evaluation.dialogue.phrases import NEEDED_ACTS, Phrase, Phrasebook
from shopguide.evaluation.dialogue.shopper import Shopper
from shopguide.evaluation.dialogue.speech import Speech
from shopguide.ids import Sku

COLOURS, BRANDS, KINDS, MATERIALS = ("red", "blue", "green"), ("Orlo", "Pemba"), ("lamps", "mugs"), ("steel", "glass")


@lru_cache(maxsize=1)
def catalogue() -> CatalogueIndex:
    """Return 48 products: all of colour, brand, kind, material, twice, at different prices."""
    every = itertools.product(KINDS, COLOURS, BRANDS, MATERIALS, (1, 2))
    return CatalogueIndex(
        [
            Product(
                sku=Sku(f"p{i:02d}"),
                title=f"{brand} {colour} {kind[:-1]} {material} no {i}",
                brand=brand,
                category=("home", kind),
                price=Decimal(20 + 3 * i),
                list_price=Decimal(40 + 3 * i) if i % 5 == 0 else None,
                currency="EUR",
                stock=3,
                rating=4.5,
                rating_count=12,
                facets={"colour": (colour,), "material": (material,), "weight": float(1 + i % 3)},
                units={"weight": "kg"},
            )
            for i, (kind, colour, brand, material, _) in enumerate(every)
        ]
    )


TEXTS = {
    "open_need": (("where are the {category}", ("category",)), ("the {category} of {brand}", ("category", "brand"))),
    "inform_value": (("it is {value} that I mean", ("value",)), ("painted {colour}", ("colour",))),
    "inform_two_values": (("both {colour} and of {material}", ("colour", "material")),),
    "inform_price_max": (("{price} at the utmost", ("price",)),),
    "inform_price_around": (("near {price}", ("price",)),),
    "correct_value": (("{old_value} is wrong, {value} is right", ("old_value", "value")),),
    "critique_facet_up": (("give me more {facet}", ("facet",)),),
    "critique_facet_down": (("give me less {facet}", ("facet",)),),
    "critique_swap_value": (("this as {value}", ("value",)),),
    "dont_care": (("{facet} is all one to me", ("facet",)), ("all one to me", ())),
}


def phrasebook() -> Phrasebook:
    """Return one phrasing or two for each act that is needed."""
    return Phrasebook(
        {
            act: [Phrase(text=text, style="plain", needs=needs) for text, needs in TEXTS.get(act, ((act, ()),))]
            for act in (*NEEDED_ACTS, "inform_two_values")
        }
    )


@lru_cache(maxsize=1)
def lexicon(index: CatalogueIndex) -> Lexicon:
    """Return the lexicon of a catalogue, with no other word for anything than the shop's own."""
    full = lexicon_of(index, currency="EUR")
    return replace(full, values=tuple(replace(entry, forms=(entry.value,)) for entry in full.values))


def shopper(index: CatalogueIndex, row: int = 0, *, noise: float = 0.0, seed: int = 0) -> Shopper:
    """Return somebody who looks for a product."""
    return Shopper(
        Facts(index, row), phrasebook(), Speech(index, lexicon(index)), noise, random.Random(f"{seed}|{row}")
    )


def item(index: CatalogueIndex, row: int, position: int = 1) -> dict[str, Any]:
    """Return a product as a slate shows it."""
    product = index.product(index.skus[row])
    facets: Mapping[str, Any] = {
        "colour": index.values("colour", row)[0],
        "material": index.values("material", row)[0],
        "weight": float(index.values("weight", row)[0]),
    }
    return {
        "sku": product.sku,
        "position": position,
        "title": product.title,
        "brand": product.brand,
        "category": product.category[-1],
        "price": float(product.price or 0),
        "currency": "EUR",
        "list_price": None if product.list_price is None else float(product.list_price),
        "in_stock": True,
        "rating": product.rating,
        "rating_count": product.rating_count,
        "image": None,
        "url": None,
        "facets": facets,
    }


def slate(
    index: CatalogueIndex, rows: Sequence[int], constraints: Sequence[Constraint] = (), text: str = "", **slots: Any
) -> Reply:
    """Return a reply that shows products."""
    payload = {
        "type": "slate",
        "policy": "blend",
        "constraints": [constraint_payload(one, "EUR") for one in constraints],
        "total_matches": len(index.matching(constraints)),
        "items": [item(index, row, place) for place, row in enumerate(rows, 1)],
    }
    lines = "\n".join(f"{one['position']}. {one['title']}, €{one['price']:g}" for one in payload["items"])  # type: ignore[attr-defined]
    return Reply((text or f"Here are {len(rows)}.\n{lines}",), (payload,), (), slots)


def question(*answers: str) -> Reply:
    """Return a reply that asks, with a button for each answer."""
    buttons = tuple(Button(one, Answer.parse(one).payload) for one in answers)  # type: ignore[union-attr, arg-type]
    return Reply(("Which?",), (), buttons)
