"""Products changed by several processes at once, on both databases: nothing gets lost."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal

from shopguide.catalogue.product import Product, Review
from shopguide.catalogue.store import ProductStore
from shopguide.db.engine import Database
from shopguide.errors import BadProduct, UnknownProduct
from shopguide.ids import Sku

MUG = Product(
    sku=Sku("mug"), title="Mug", brand="Kestrel", category=("Mugs",), price=Decimal(7), currency="EUR", stock=0,
    facets={"colour": ("Blue",)}, reviews=(Review(5.0, "Warm.", None, datetime(2026, 1, 1, tzinfo=UTC)),),
)  # fmt: skip


def test_processes_that_change_different_fields_all_have_their_way(database: Database) -> None:
    ProductStore(database).put([MUG])

    def run(edit: Callable[[Product], Product]) -> list[object]:
        own = Database(database.url)
        outcomes = [ProductStore(own).change([(MUG.sku, edit)])[0] for _ in range(10)]
        own.close()
        return outcomes

    edits: list[Callable[[Product], Product]] = [
        lambda product: replace(product, stock=(product.stock or 0) + 1),
        lambda product: replace(product, price=(product.price or Decimal(0)) + 1),
        lambda product: replace(product, rating_count=product.rating_count + 1),
        lambda product: replace(product, stock=(product.stock or 0) + 1),
    ]
    with ThreadPoolExecutor(len(edits)) as pool:
        outcomes = [outcome for ran in pool.map(run, edits) for outcome in ran]
    assert outcomes == [True] * 40
    mug = ProductStore(database).get(MUG.sku)
    assert (mug.stock, mug.price, mug.rating_count) == (20, Decimal(17), 10)
    assert mug.reviews == MUG.reviews
    assert ProductStore(database).revision() == 41


def test_an_edit_that_fails_or_changes_nothing_leaves_the_others_alone(database: Database) -> None:
    store = ProductStore(database)
    cup, jug = replace(MUG, sku=Sku("cup")), replace(MUG, sku=Sku("jug"))
    store.put([MUG, cup, jug])
    store.retire([jug.sku])
    revision = store.revision()

    def refuse(product: Product) -> Product:
        raise BadProduct([("price", "is none")])

    def sold(product: Product) -> Product:
        return replace(product, stock=5, reviews=())

    outcomes = store.change([(MUG.sku, sold), (cup.sku, refuse), (jug.sku, sold), (Sku("none"), sold)])
    assert outcomes[0] is True
    assert [type(outcome) for outcome in outcomes[1:]] == [BadProduct, UnknownProduct, UnknownProduct]
    assert store.get(MUG.sku) == replace(MUG, stock=5, reviews=())
    assert store.get(cup.sku) == cup
    assert store.revision() == revision + 1
    assert store.change([(MUG.sku, sold)]) == [False]
    assert store.revision() == revision + 1
    assert store.on_sale([MUG.sku, jug.sku, Sku("none")]) == {MUG.sku}


def test_a_changed_catalogue_has_the_digest_of_one_that_was_imported_so(database: Database) -> None:
    store = ProductStore(database)
    store.put([replace(MUG, stock=9)])
    imported = store.digest()
    store.put([MUG])
    store.change([(MUG.sku, lambda product: replace(product, stock=9))])
    assert store.digest() == imported
