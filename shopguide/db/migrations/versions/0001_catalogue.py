"""The catalogue: products, their reviews, the staging table of imports and the revision counter."""

from typing import Any

import sqlalchemy as sa
from alembic import op

from shopguide.db.base import Amount, UtcDateTime

revision = "0001_catalogue"
down_revision = None
branch_labels = None
depends_on = None


def _product_columns() -> list[sa.Column[Any]]:
    return [
        sa.Column("sku", sa.String(200), nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("description", sa.Text(), nullable=False),
        sa.Column("brand", sa.String(200), nullable=True),
        sa.Column("category", sa.JSON(), nullable=False),
        sa.Column("price", Amount(), nullable=True),
        sa.Column("list_price", Amount(), nullable=True),
        sa.Column("currency", sa.String(3), nullable=True),
        sa.Column("stock", sa.Integer(), nullable=True),
        sa.Column("rating", sa.Double(), nullable=True),
        sa.Column("rating_count", sa.Integer(), nullable=False),
        sa.Column("image", sa.Text(), nullable=True),
        sa.Column("url", sa.Text(), nullable=True),
        sa.Column("facets", sa.JSON(), nullable=False),
        sa.Column("units", sa.JSON(), nullable=False),
        sa.Column("digest", sa.String(64), nullable=False),
    ]


def upgrade() -> None:
    """Create the tables."""
    op.create_table(
        "products",
        *_product_columns(),
        sa.Column("active", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("sku", name="pk_products"),
    )
    op.create_index("ix_products_active", "products", ["active"])
    op.create_table(
        "product_reviews",
        sa.Column("sku", sa.String(200), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("rating", sa.Double(), nullable=True),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("author", sa.String(200), nullable=True),
        sa.Column("written_at", UtcDateTime(), nullable=True),
        sa.ForeignKeyConstraint(["sku"], ["products.sku"], name="fk_product_reviews_sku_products", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("sku", "position", name="pk_product_reviews"),
    )
    op.create_table(
        "product_staging",
        sa.Column("import_id", sa.String(32), nullable=False),
        *_product_columns(),
        sa.Column("reviews", sa.JSON(), nullable=False),
        sa.Column("valid", sa.Boolean(), nullable=False),
        sa.Column("staged_at", UtcDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("import_id", "sku", name="pk_product_staging"),
    )
    op.create_table(
        "catalogue_state",
        sa.Column("id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("digest", sa.String(64), nullable=False),
        sa.Column("changed_at", UtcDateTime(), nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_catalogue_state"),
    )
    op.execute("INSERT INTO catalogue_state (id, revision, digest) VALUES (1, 0, '')")


def downgrade() -> None:
    """Drop the tables."""
    op.drop_table("catalogue_state")
    op.drop_table("product_staging")
    op.drop_table("product_reviews")
    op.drop_index("ix_products_active", table_name="products")
    op.drop_table("products")
