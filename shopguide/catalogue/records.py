"""Products as rows of a table, and back."""

import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

from shopguide.catalogue.product import FacetValue, Product, Review
from shopguide.ids import Sku


def record_of(product: Product) -> dict[str, Any]:
    """Return a product's columns, its reviews as JSON and the digest of all of it."""
    row: dict[str, Any] = {
        "sku": product.sku,
        "title": product.title,
        "description": product.description,
        "brand": product.brand,
        "category": list(product.category),
        "price": product.price,
        "list_price": product.list_price,
        "currency": product.currency,
        "sale_ends": product.sale_ends,
        "stock": product.stock,
        "rating": product.rating,
        "rating_count": product.rating_count,
        "image": product.image,
        "url": product.url,
        "group_id": product.group_id,
        "facets": {name: list(v) if isinstance(v, tuple) else v for name, v in sorted(product.facets.items())},
        "units": dict(sorted(product.units.items())),
        "reviews": [
            {
                "rating": review.rating,
                "text": review.text,
                "author": review.author,
                "written_at": review.written_at.isoformat() if review.written_at else None,
            }
            for review in product.reviews
        ],
    }
    amounts = {name: None if row[name] is None else str(row[name].normalize()) for name in ("price", "list_price")}
    ends = {"sale_ends": None if product.sale_ends is None else product.sale_ends.isoformat()}
    said = {**row, **amounts, **ends}
    for added_later in ("group_id", "sale_ends"):
        # Products from before there were such columns keep their digest: they have not changed.
        if said[added_later] is None:
            del said[added_later]
    row["digest"] = hashlib.sha256(json.dumps(said, ensure_ascii=False).encode()).hexdigest()
    return row


def review_rows(sku: str, reviews: Sequence[Mapping[str, Any]]) -> Iterator[dict[str, Any]]:
    """Yield the rows of a product's reviews, which `record_of` has made JSON."""
    for position, review in enumerate(reviews):
        written_at = review["written_at"]
        yield {
            "sku": sku,
            "position": position,
            "rating": review["rating"],
            "text": review["text"],
            "author": review["author"],
            "written_at": datetime.fromisoformat(written_at) if written_at else None,
        }


def product_of(row: Mapping[str, Any], reviews: tuple[Review, ...] | None) -> Product:
    """Return the product of a row; without reviews if they were not read."""
    facets: dict[str, FacetValue] = {
        name: tuple(value) if isinstance(value, list) else value if isinstance(value, bool) else float(value)
        for name, value in row["facets"].items()
    }
    return Product(
        sku=Sku(row["sku"]),
        title=row["title"],
        description=row["description"],
        brand=row["brand"],
        category=tuple(row["category"]),
        price=row["price"],
        list_price=row["list_price"],
        currency=row["currency"],
        sale_ends=row["sale_ends"],
        stock=row["stock"],
        rating=row["rating"],
        rating_count=row["rating_count"],
        image=row["image"],
        url=row["url"],
        group_id=row["group_id"],
        facets=facets,
        units=row["units"],
        reviews=reviews or (),
    )
