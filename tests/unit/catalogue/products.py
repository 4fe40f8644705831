"""A small shop for the catalogue's tests."""

from decimal import Decimal
from typing import Any

from shopguide.catalogue.product import Product
from shopguide.ids import Sku


def make_product(sku: str, title: str = "A thing", **fields: Any) -> Product:
    price = fields.pop("price", None)
    return Product(Sku(sku), title, price=None if price is None else Decimal(str(price)), **fields)


SHOP = (
    make_product(
        "run-1",
        "Kestrel Strider running trainers",
        brand="Kestrel",
        category=("Footwear", "Shoes", "Sports Shoes"),
        price="59.90",
        currency="EUR",
        rating=4.5,
        rating_count=12,
        facets={
            "colour": ("Navy Blue", "White"),
            "audience": ("Unisex",),
            "material": ("Faux leather",),
            "weight": 0.6,
        },
        units={"weight": "kg"},
    ),
    make_product(
        "brogue-1",
        "Finch leather brogues",
        brand="Finch & Sons",
        category=("Footwear", "Shoes", "Formal Shoes"),
        price="120",
        currency="EUR",
        facets={
            "colour": ("Brown",),
            "audience": ("Men",),
            "material": ("Leather",),
            "occasion": ("Formal",),
            "weight": 0.9,
        },
        units={"weight": "kg"},
    ),
    make_product(
        "shirt-1",
        "Finch blue shirt",
        brand="Finch & Sons",
        category=("Apparel", "Shirts"),
        price="30",
        currency="EUR",
        stock=0,
        facets={"colour": ("Blue",), "audience": ("Men",), "occasion": ("Smart Casual",), "waterproof": False},
    ),
    make_product(
        "mon-1",
        'Ibex 24" display',
        brand="Only",
        category=("Monitors",),
        price="149",
        currency="EUR",
        stock=3,
        facets={"screen_size": 23.8, "colour": ("BLACK",), "waterproof": False},
        units={"screen_size": "in"},
    ),
    make_product(
        "mon-2",
        'Ibex 27" display',
        brand="Only",
        category=("Monitors",),
        price="199",
        currency="EUR",
        facets={"screen_size": 27.0, "colour": ("black",), "waterproof": True},
        units={"screen_size": "in"},
    ),
)
