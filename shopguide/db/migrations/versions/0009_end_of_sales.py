"""When a reduced price ends.

Revision: 0009_end_of_sales, after 0008_groups_of_products
"""

import sqlalchemy as sa
from alembic import op

from shopguide.db.base import UtcDateTime

revision = "0009_end_of_sales"
down_revision = "0008_groups_of_products"
branch_labels = None
depends_on = None

TABLES = ("products", "product_staging")


def upgrade() -> None:
    for table in TABLES:
        op.add_column(table, sa.Column("sale_ends", UtcDateTime(), nullable=True))


def downgrade() -> None:
    for table in TABLES:
        op.drop_column(table, "sale_ends")
