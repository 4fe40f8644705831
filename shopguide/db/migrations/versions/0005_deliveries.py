"""Marks of what was delivered from an outbox; events say for whom they were.

Revision: 0005_deliveries, after 0004_api_keys
"""

import sqlalchemy as sa
from alembic import op

revision = "0005_deliveries"
down_revision = "0004_api_keys"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "deliveries",
        sa.Column("key", sa.String(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("key", name=op.f("pk_deliveries")),
    )
    op.create_index("ix_deliveries_at", "deliveries", ["at"])
    op.add_column("feedback_events", sa.Column("recipient", sa.String(), nullable=False, server_default=sa.text("''")))


def downgrade() -> None:
    op.drop_column("feedback_events", "recipient")
    op.drop_table("deliveries")
