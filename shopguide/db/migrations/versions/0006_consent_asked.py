"""When a shopper was asked what may be remembered: they are asked once.

Revision: 0006_consent_asked, after 0005_deliveries
"""

import sqlalchemy as sa
from alembic import op

revision = "0006_consent_asked"
down_revision = "0005_deliveries"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("shoppers", sa.Column("consent_asked_at", sa.DateTime(timezone=True), nullable=True))


def downgrade() -> None:
    op.drop_column("shoppers", "consent_asked_at")
