"""The latest slates of a shopper are found without reading all of them.

Revision: 0007_slates_of_a_shopper, after 0006_consent_asked
"""

from alembic import op

revision = "0007_slates_of_a_shopper"
down_revision = "0006_consent_asked"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_index("ix_slates_shopper_id_created_at", "slates", ["shopper_id", "created_at"])
    op.drop_index("ix_slates_shopper_id", "slates")


def downgrade() -> None:
    op.create_index("ix_slates_shopper_id", "slates", ["shopper_id"])
    op.drop_index("ix_slates_shopper_id_created_at", "slates")
