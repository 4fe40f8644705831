"""What the feed says variants of one product have in common.

Revision: 0008_groups_of_products, after 0007_slates_of_a_shopper
"""

import sqlalchemy as sa
from alembic import op

revision = "0008_groups_of_products"
down_revision = "0007_slates_of_a_shopper"
branch_labels = None
depends_on = None

TABLES = ("products", "product_staging")


def upgrade() -> None:
    for table in TABLES:
        op.add_column(table, sa.Column("group_id", sa.String(200), nullable=True))


def downgrade() -> None:
    for table in TABLES:
        op.drop_column(table, "group_id")
