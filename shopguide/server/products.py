"""The catalogue by the API: products read, put, changed and retired, one or many at once."""

from collections.abc import Callable, Iterator
from functools import partial
from typing import Annotated, Any, TypeVar

from fastapi import APIRouter, Path, Query, Request, Response
from pydantic import BaseModel, Field, ValidationError, WithJsonSchema

from shopguide.bootstrap import Shop
from shopguide.catalogue.product import Product
from shopguide.errors import BadProduct, CatalogueError, UnknownProduct
from shopguide.ids import Sku
from shopguide.server.health import Warmup
from shopguide.server.models import Id, Strict
from shopguide.server.openapi import READING, WRITING, problems
from shopguide.server.problems import close_path, fields_of
from shopguide.server.product_models import (
    MAX_PRODUCTS,
    Known,
    ProductDocument,
    ProductModel,
    ProductPatch,
    SkuText,
)
from shopguide.server.security import needs

MAX_RETIRED = 200

Model = TypeVar("Model", bound=ProductPatch)

router = APIRouter(prefix="/v1/products", tags=["products"])

AnySku = Annotated[Id, Path(description="the product's id, as the feed gives it")]
OwnSku = Annotated[SkuText, Path(description="the product's id; without white space at its ends")]

WholeProduct = Annotated[
    dict[str, Any], WithJsonSchema({"anyOf": [{"$ref": "#/components/schemas/ProductModel"}, {"type": "object"}]})
]
PartOfProduct = Annotated[
    dict[str, Any], WithJsonSchema({"anyOf": [{"$ref": "#/components/schemas/ProductPatch"}, {"type": "object"}]})
]


class Products(Strict):
    """Whole products, each with its sku. They are looked at one by one: a bad one keeps no other away."""

    products: list[WholeProduct] = Field(min_length=1, max_length=MAX_PRODUCTS)


class Patches(Strict):
    """Changes of products, each with the sku that it is about."""

    products: list[PartOfProduct] = Field(min_length=1, max_length=MAX_PRODUCTS)


class ItemProblem(BaseModel):
    """What is wrong with one product of many: which one it is (from 0), the field and the reason."""

    index: int
    sku: str | None
    field: str
    why: str


class Stored(BaseModel):
    """What became of products: `unchanged` ones were there just so."""

    created: int = 0
    updated: int = 0
    unchanged: int = 0
    errors: list[ItemProblem] = []


class Retired(BaseModel):
    """What became of products that were to be retired."""

    retired: int
    not_on_sale: list[str]


@router.get("/{sku:path}/similar", dependencies=[needs("recommendations:read")], responses=problems(*READING, 404))
def get_similar(request: Request, sku: AnySku, k: Annotated[int, Query(ge=1, le=50)] = 5) -> dict[str, Any]:
    """Return products that resemble one, as a slate."""
    return _shop(request).guide.recommend(anchor=Sku(sku), k=k)


close_path(router, "/{sku:path}/similar", "GET")


@router.get("/{sku:path}", dependencies=[needs("products:read")], responses=problems(*READING, 404))
def get_product(request: Request, sku: AnySku) -> ProductDocument:
    """Return everything that the catalogue says of a product; a retired one is found as well."""
    return ProductDocument.of(_shop(request).products.get(Sku(sku)))


@router.put(
    "/{sku:path}",
    dependencies=[needs("products:write")],
    responses={201: {"model": ProductDocument, "description": "new in the catalogue"}, **problems(*WRITING, 404)},
)
def put_product(request: Request, response: Response, sku: OwnSku, body: ProductModel) -> ProductDocument:
    """Put a whole product into the catalogue, new or instead of the one that is there. A retired one comes back."""
    shop = _shop(request)
    product = body.to_product(Sku(sku), shop.settings.currency, _known(shop))
    merge = shop.products.put([product])
    response.status_code = 201 if merge.imported else 200
    _changed(request)
    return ProductDocument.of(product)


@router.patch("/{sku:path}", dependencies=[needs("products:write")], responses=problems(*WRITING, 404))
def patch_product(request: Request, sku: OwnSku, body: ProductPatch) -> ProductDocument:
    """Change fields of a product on sale and leave the others as they are (JSON merge patch, RFC 7396)."""
    shop = _shop(request)
    (outcome,) = shop.products.change([(Sku(sku), _edit(shop, body, _known(shop)))])
    if isinstance(outcome, CatalogueError):
        raise outcome
    _changed(request)
    return ProductDocument.of(shop.products.get(Sku(sku)))


@router.delete(
    "/{sku:path}", dependencies=[needs("products:write")], responses=problems(*READING, 404), status_code=204
)
def delete_product(request: Request, sku: AnySku) -> None:
    """Retire a product: it is not sold any more, past slates and events still know it."""
    shop = _shop(request)
    if not shop.products.retire([Sku(sku)]):
        shop.products.get(Sku(sku))  # to retire a product again is right; one that never was is unknown
    _changed(request)


@router.put("", dependencies=[needs("products:write")], responses=problems(*WRITING))
def put_products(request: Request, body: Products) -> Stored:
    """Put many whole products into the catalogue, in one step. What cannot be read is reported, the others are kept."""
    shop, known = _shop(request), _known(_shop(request))
    items = _Items(body.products)
    good = [
        product
        for index, sku, model in items.read(ProductModel)
        if (product := items.attempt(index, sku, partial(model.to_product, sku, shop.settings.currency, known)))
    ]
    merge = shop.products.put(good)
    _changed(request)
    return Stored(
        created=merge.imported,
        updated=merge.updated - merge.unchanged,
        unchanged=merge.unchanged,
        errors=items.sorted_errors(),
    )


@router.patch("", dependencies=[needs("products:write")], responses=problems(*WRITING))
def patch_products(request: Request, body: Patches) -> Stored:
    """Change fields of many products, in one step. What cannot be done is reported, the others change."""
    shop, known = _shop(request), _known(_shop(request))
    items = _Items(body.products)
    read = list(items.read(ProductPatch))
    outcomes = shop.products.change([(sku, _edit(shop, model, known)) for _, sku, model in read])
    for (index, sku, _), outcome in zip(read, outcomes, strict=True):
        if isinstance(outcome, CatalogueError):
            items.refuse(index, sku, outcome)
    _changed(request)
    return Stored(
        updated=sum(outcome is True for outcome in outcomes),
        unchanged=sum(outcome is False for outcome in outcomes),
        errors=items.sorted_errors(),
    )


@router.delete("", dependencies=[needs("products:write")], responses=problems(*READING))
def delete_products(
    request: Request,
    sku: Annotated[list[Id], Query(min_length=1, max_length=MAX_RETIRED, description="once for each product")],
) -> Retired:
    """Retire many products."""
    shop = _shop(request)
    skus = list(dict.fromkeys(map(Sku, sku)))
    there = shop.products.on_sale(skus)
    retired = shop.products.retire(skus)
    _changed(request)
    return Retired(retired=retired, not_on_sale=[sku for sku in skus if sku not in there])


class _Items:
    """Products of one call, looked at one by one; collects what is wrong with them."""

    def __init__(self, items: list[dict[str, Any]]) -> None:
        self._items = items
        self._errors: list[ItemProblem] = []

    def read(self, model: type[Model]) -> Iterator[tuple[int, Sku, Model]]:
        """Yield (index, SKU, content) of those that can be read and that no earlier one is about."""
        seen: set[Sku] = set()
        for index, item in enumerate(self._items):
            try:
                content = model.model_validate(item)
            except ValidationError as error:
                self.refuse(index, None, BadProduct(fields_of(dict(problem) for problem in error.errors())))
                continue
            if content.sku is None:
                self.refuse(index, None, BadProduct([("sku", "missing")]))
            elif content.sku in seen:
                self.refuse(index, Sku(content.sku), BadProduct([("sku", "an earlier one is about it, which counts")]))
            else:
                seen.add(Sku(content.sku))
                yield index, Sku(content.sku), content

    def attempt(self, index: int, sku: Sku, make: Callable[[], Product]) -> Product | None:
        """Return a product, or nothing and note why."""
        try:
            return make()
        except BadProduct as error:
            self.refuse(index, sku, error)
            return None

    def refuse(self, index: int, sku: Sku | None, error: CatalogueError) -> None:
        """Note what is wrong with an item."""
        if isinstance(error, BadProduct):
            found = error.problems
        else:
            found = [("sku", "no product on sale" if isinstance(error, UnknownProduct) else str(error))]
        self._errors += [ItemProblem(index=index, sku=sku, field=field, why=why) for field, why in found]

    def sorted_errors(self) -> list[ItemProblem]:
        """Return what is wrong, in the order of the call."""
        return sorted(self._errors, key=lambda error: error.index)


def _edit(shop: Shop, patch: ProductPatch, known: Known) -> Callable[[Product], Product]:
    return lambda product: patch.applied(product, shop.settings.currency, known)


def _known(shop: Shop) -> Known:
    return Known(shop.catalogue.index())


def _changed(request: Request) -> None:
    """Let this process take the change up at once; the others look every few seconds."""
    warmup: Warmup = request.app.state.warmup
    warmup.look()


def _shop(request: Request) -> Shop:
    shop: Shop = request.app.state.shop
    return shop
