"""The catalogue in the shop database.

A change of the catalogue is staged in batches, in short transactions, and then merged in one: readers see the old
catalogue or the new one, other writers wait for the merge only, and an interrupted import leaves nothing but staged
rows, which the next one clears away.
"""

import hashlib
import uuid
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

from sqlalchemy import (
    JSON,
    ForeignKey,
    Index,
    String,
    Table,
    Text,
    and_,
    delete,
    exists,
    func,
    insert,
    not_,
    or_,
    select,
    true,
    update,
)
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Mapped, Session, mapped_column

from shopguide.catalogue.product import Product, Review
from shopguide.catalogue.records import product_of, record_of, review_rows
from shopguide.db.base import Amount, Base, UtcDateTime
from shopguide.db.engine import Database
from shopguide.errors import CatalogueError, UnknownProduct
from shopguide.ids import Sku

STALE_STAGING = timedelta(hours=12)
"""Staged rows older than this belong to an import that never ended."""


class _ProductColumns:
    """What a product and a staged product have in common."""

    title: Mapped[str] = mapped_column(Text)
    description: Mapped[str] = mapped_column(Text)
    brand: Mapped[str | None] = mapped_column(String(200))
    category: Mapped[list[str]] = mapped_column(JSON)
    price: Mapped[Decimal | None] = mapped_column(Amount)
    list_price: Mapped[Decimal | None] = mapped_column(Amount)
    currency: Mapped[str | None] = mapped_column(String(3))
    sale_ends: Mapped[datetime | None] = mapped_column(UtcDateTime)
    stock: Mapped[int | None]
    rating: Mapped[float | None]
    rating_count: Mapped[int]
    image: Mapped[str | None] = mapped_column(Text)
    url: Mapped[str | None] = mapped_column(Text)
    group_id: Mapped[str | None] = mapped_column(String(200))
    facets: Mapped[dict[str, Any]] = mapped_column(JSON)
    units: Mapped[dict[str, str]] = mapped_column(JSON)
    digest: Mapped[str] = mapped_column(String(64))


class ProductRow(_ProductColumns, Base):
    """A product; retired ones stay, inactive, because slates and events speak of them."""

    __tablename__ = "products"
    __table_args__ = (Index("ix_products_active", "active"),)

    sku: Mapped[str] = mapped_column(String(200), primary_key=True)
    active: Mapped[bool]


class ReviewRow(Base):
    """One review of a product, in the feed's order."""

    __tablename__ = "product_reviews"

    sku: Mapped[str] = mapped_column(
        String(200),
        ForeignKey("products.sku", ondelete="CASCADE"),
        primary_key=True,
    )
    position: Mapped[int] = mapped_column(primary_key=True)
    rating: Mapped[float | None]
    text: Mapped[str] = mapped_column(Text)
    author: Mapped[str | None] = mapped_column(String(200))
    written_at: Mapped[datetime | None] = mapped_column(UtcDateTime)


class StagedRow(_ProductColumns, Base):
    """A product of an import that is under way; `valid` is false for a bad row, whose product must not be retired."""

    __tablename__ = "product_staging"

    import_id: Mapped[str] = mapped_column(String(32), primary_key=True)
    sku: Mapped[str] = mapped_column(String(200), primary_key=True)
    reviews: Mapped[list[dict[str, Any]]] = mapped_column(JSON)
    valid: Mapped[bool]
    staged_at: Mapped[datetime] = mapped_column(UtcDateTime)


class StateRow(Base):
    """The one row that tells readers whether the catalogue has changed."""

    __tablename__ = "catalogue_state"

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    revision: Mapped[int]
    digest: Mapped[str] = mapped_column(String(64))
    changed_at: Mapped[datetime | None] = mapped_column(UtcDateTime)


_SHARED = tuple(name for name in StagedRow.__table__.columns.keys() if name in ProductRow.__table__.columns)  # noqa: SIM118


@dataclass(frozen=True, slots=True)
class Merge:
    """What a merge did. `updated` counts the products that were there before; `unchanged` of them had no difference."""

    imported: int = 0
    updated: int = 0
    unchanged: int = 0
    retired: int = 0


class ProductStore:
    """Products in the shop database.

    Args:
        database: the shop database, migrated.
    """

    def __init__(self, database: Database) -> None:
        self._database = database

    def revision(self) -> int:
        """Return a counter that grows with every committed change of the catalogue; one cheap query."""
        with self._database.session() as session:
            return session.scalar(select(StateRow.revision)) or 0

    def digest(self) -> str:
        """Return the digest of all active products: the same content has the same digest in every database."""
        with self._database.session() as session:
            return session.scalar(select(StateRow.digest)) or ""

    def count(self) -> int:
        """Return the number of active products."""
        with self._database.session() as session:
            return session.scalar(select(func.count()).where(ProductRow.active)) or 0

    def get(self, sku: Sku) -> Product:
        """Return one product, its reviews among it; retired ones are found as well.

        Raises:
            UnknownProduct: there never was a product with this SKU.
        """
        with self._database.session() as session:
            row = session.get(ProductRow, sku)
            if row is None:
                raise UnknownProduct(f"no product {sku!r}")
            return product_of(vars(row), _reviews(session, [sku]).get(sku))

    def reviews(self, sku: Sku) -> tuple[Review, ...]:
        """Return a product's reviews, in the feed's order."""
        with self._database.session() as session:
            return _reviews(session, [sku]).get(sku, ())

    def products(self, batch_size: int = 1000, *, reviews: bool = True) -> Iterator[Product]:
        """Yield the active products in order of SKU, a batch in memory at a time.

        Args:
            batch_size: products read at once.
            reviews: `False` leaves `Product.reviews` empty and saves their memory.
        """
        table = _table(ProductRow)
        columns = [table.c[name] for name in _SHARED]
        last = ""
        while True:
            with self._database.session() as session:
                query = select(*columns).where(table.c.active, table.c.sku > last).order_by(table.c.sku)
                rows = session.execute(query.limit(batch_size)).mappings().all()
                found = _reviews(session, [row["sku"] for row in rows]) if reviews else {}
            for row in rows:
                yield product_of(dict(row), found.get(row["sku"]))
            if len(rows) < batch_size:
                return
            last = rows[-1]["sku"]

    def snapshot(self) -> tuple[int, str, list[Product]]:
        """Return the revision, its digest and all active products that belong to it, without reviews."""
        while True:
            before, digest = self.revision(), self.digest()
            products = list(self.products(5000, reviews=False))
            if self.revision() == before:
                return before, digest, products

    def put(self, products: Iterable[Product]) -> Merge:
        """Insert or replace products; the others stay as they are."""
        with self.importing() as staging:
            for batch in _batches(products, 1000):
                staging.add(batch)
            return staging.merge()

    def change(self, edits: Sequence[tuple[Sku, Callable[[Product], Product]]]) -> list[bool | CatalogueError]:
        """Change products on sale, each as it stands at that moment, in one transaction.

        Nobody else changes the catalogue between the reading and the writing, so that two who change different fields
        of a product both have their way.

        Args:
            edits: products and what makes the new one of the old; its SKU and its reviews' order are kept.

        Returns:
            For each edit whether it made a difference, or the CatalogueError that it raised or that says that no such
            product is on sale; the other edits count nevertheless.
        """
        with self._database.session() as session:
            _lock(session)
            outcomes = [_edited(session, sku, edit) for sku, edit in edits]
            if True in outcomes:
                _bump(session)
        return outcomes

    def on_sale(self, skus: Sequence[Sku]) -> set[Sku]:
        """Return those of the SKUs that belong to products on sale."""
        with self._database.session() as session:
            active = select(ProductRow.sku).where(ProductRow.active)
            return {
                Sku(sku)
                for batch in _batches(skus, 500)
                for sku in session.scalars(active.where(ProductRow.sku.in_(batch)))
            }

    def retire(self, skus: Sequence[Sku]) -> int:
        """Take products out of the catalogue and return how many were in it."""
        with self._database.session() as session:
            retired = 0
            for batch in _batches(skus, 500):
                query = update(ProductRow).where(ProductRow.active, ProductRow.sku.in_(batch)).values(active=False)
                retired += _affected(session, query)
            if retired:
                _bump(session)
            return retired

    @contextmanager
    def importing(self) -> "Iterator[Staging]":
        """Open an import: nothing of it shows before `Staging.merge`, and nothing is left of it without."""
        staging = Staging(self._database)
        try:
            yield staging
        finally:
            staging.clear()


class Staging:
    """The rows of one import, on their way into the catalogue."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._id = uuid.uuid4().hex
        with database.session() as session:
            stale = datetime.now(UTC) - STALE_STAGING
            session.execute(delete(StagedRow).where(StagedRow.staged_at < stale))

    def known(self, skus: Sequence[Sku]) -> set[Sku]:
        """Return those of the SKUs for which a product is staged already."""
        with self._database.session() as session:
            mine = select(StagedRow.sku).where(StagedRow.import_id == self._id, StagedRow.valid)
            return {
                Sku(sku)
                for batch in _batches(skus, 500)
                for sku in session.scalars(mine.where(StagedRow.sku.in_(batch)))
            }

    def add(self, products: Sequence[Product], *, keep: Iterable[Sku] = ()) -> None:
        """Stage a batch of products; a SKU staged twice keeps the later product.

        Args:
            products: the products, at most a few thousand at once.
            keep: SKUs of bad rows: nothing is imported for them, and `retire_others` leaves them alone.
        """
        now = datetime.now(UTC)
        rows: dict[Sku, dict[str, Any]] = {
            sku: {
                "import_id": self._id, "sku": sku, "title": "", "description": "", "brand": None, "category": [],
                "price": None, "list_price": None, "currency": None, "sale_ends": None, "stock": None, "rating": None,
                "rating_count": 0, "image": None, "url": None, "group_id": None, "facets": {}, "units": {},
                "digest": "", "reviews": [],
                "valid": False,
                "staged_at": now,
            }
            for sku in keep
        }  # fmt: skip
        rows |= {
            product.sku: {"import_id": self._id, "valid": True, "staged_at": now, **record_of(product)}
            for product in products
        }
        if not rows:
            return
        with self._database.session() as session:
            for batch in _batches(rows, 500):
                session.execute(delete(StagedRow).where(StagedRow.import_id == self._id, StagedRow.sku.in_(batch)))
            session.execute(insert(_table(StagedRow)), list(rows.values()))

    def merge(self, *, retire_others: bool = False) -> Merge:
        """Make the staged rows the catalogue's, in one transaction.

        Args:
            retire_others: retire the active products that were not staged.
        """
        products, staged = _table(ProductRow), _table(StagedRow)
        mine = and_(staged.c.import_id == self._id, staged.c.valid)
        there = and_(mine, exists().where(products.c.sku == staged.c.sku, products.c.active))
        same = exists().where(products.c.sku == staged.c.sku, products.c.active, products.c.digest == staged.c.digest)
        with self._database.session() as session:
            _lock(session)
            total = session.scalar(select(func.count()).select_from(staged).where(mine)) or 0
            updated = session.scalar(select(func.count()).select_from(staged).where(there)) or 0
            unchanged = session.scalar(select(func.count()).select_from(staged).where(mine, same)) or 0
            # Reviews hang on the product, so they go in after it; which rows differ must be known before.
            changed = list(session.scalars(select(staged.c.sku).where(mine, not_(same))))
            self._upsert(session)
            for batch in _batches(changed, 500):
                self._replace_reviews(session, batch)
            retired = 0
            if retire_others:
                staged_too = exists().where(staged.c.import_id == self._id, staged.c.sku == products.c.sku)
                gone = update(ProductRow).where(ProductRow.active, not_(staged_too)).values(active=False)
                retired = _affected(session, gone.execution_options(synchronize_session=False))
            if changed or retired:
                _bump(session)
        return Merge(total - updated, updated, unchanged, retired)

    def clear(self) -> None:
        """Forget what was staged."""
        with self._database.session() as session:
            session.execute(delete(StagedRow).where(StagedRow.import_id == self._id))

    def _upsert(self, session: Session) -> None:
        products, staged = _table(ProductRow), _table(StagedRow)
        source = select(*(staged.c[name] for name in _SHARED), true().label("active")).where(
            staged.c.import_id == self._id, staged.c.valid
        )
        dialect = postgresql if session.get_bind().dialect.name == "postgresql" else sqlite
        upsert = dialect.insert(products).from_select([*_SHARED, "active"], source)
        new = upsert.excluded
        columns = {name: new[name] for name in (*_SHARED, "active") if name != "sku"}
        differs = or_(products.c.digest != new.digest, not_(products.c.active))
        session.execute(upsert.on_conflict_do_update(index_elements=["sku"], set_=columns, where=differs))

    def _replace_reviews(self, session: Session, skus: Sequence[str]) -> None:
        session.execute(delete(ReviewRow).where(ReviewRow.sku.in_(skus)))
        staged = _table(StagedRow)
        query = select(staged.c.sku, staged.c.reviews).where(staged.c.import_id == self._id, staged.c.sku.in_(skus))
        rows = [row for sku, reviews in session.execute(query) for row in review_rows(sku, reviews)]
        if rows:
            session.execute(insert(_table(ReviewRow)), rows)


def _table(row: type[Base]) -> Table:
    table = row.__table__
    assert isinstance(table, Table)  # noqa: S101  (declarative classes may map to joins; ours do not)
    return table


def _affected(session: Session, statement: Any) -> int:
    return int(getattr(session.execute(statement), "rowcount", 0))


def _lock(session: Session) -> None:
    """Take the write lock before anything is read, so that two who change the catalogue do it one after the other."""
    session.execute(update(StateRow).values(revision=StateRow.revision))


def _edited(session: Session, sku: Sku, edit: Callable[[Product], Product]) -> bool | CatalogueError:
    row = session.get(ProductRow, sku)
    if row is None or not row.active:
        return UnknownProduct(f"no product {sku!r} on sale")
    try:
        old = product_of(vars(row), _reviews(session, [sku]).get(sku))
        new = edit(old)
    except CatalogueError as error:
        return error
    if new == old:
        return False
    values = record_of(new)
    reviews = values.pop("reviews")
    for name in values.keys() - {"sku"}:
        setattr(row, name, values[name])
    session.execute(delete(ReviewRow).where(ReviewRow.sku == sku))
    if reviews:
        session.execute(insert(_table(ReviewRow)), list(review_rows(sku, reviews)))
    session.flush()
    return True


def _bump(session: Session) -> None:
    digest = hashlib.sha256()
    query = select(ProductRow.sku, ProductRow.digest).where(ProductRow.active).order_by(ProductRow.sku)
    pairs = sorted((sku, content) for sku, content in session.execute(query))  # databases collate differently
    for sku, content in pairs:
        digest.update(f"{sku}\0{content}\n".encode())
    values = {"revision": StateRow.revision + 1, "digest": digest.hexdigest(), "changed_at": datetime.now(UTC)}
    session.execute(update(StateRow).values(values).execution_options(synchronize_session=False))


def _batches(items: Iterable[Any], size: int) -> Iterator[list[Any]]:
    batch: list[Any] = []
    for item in items:
        batch.append(item)
        if len(batch) == size:
            yield batch
            batch = []
    if batch:
        yield batch


def _reviews(session: Session, skus: Sequence[str]) -> dict[str, tuple[Review, ...]]:
    found: dict[str, list[Review]] = {}
    for batch in _batches(skus, 500):
        query = select(ReviewRow).where(ReviewRow.sku.in_(batch)).order_by(ReviewRow.sku, ReviewRow.position)
        for row in session.scalars(query):
            found.setdefault(row.sku, []).append(Review(row.rating, row.text, row.author, row.written_at))
    return {sku: tuple(reviews) for sku, reviews in found.items()}
