"""Preferences say whom and what kind of product they are about, consents, tombstones, erasures under way.

Revision: 0003_memory, after 0002_profiles_and_feedback
"""

import sqlalchemy as sa
from alembic import op

revision = "0003_memory"
down_revision = "0002_profiles_and_feedback"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("preferences", sa.Column("recipient", sa.String(), nullable=False, server_default=sa.text("''")))
    op.add_column("preferences", sa.Column("category", sa.String(), nullable=True))
    op.add_column("preferences", sa.Column("event_id", sa.String(), nullable=True))
    op.create_index("ix_preferences_event_id", "preferences", ["event_id"])
    op.add_column("feedback_events", sa.Column("conversation_id", sa.String(), nullable=True))
    op.create_index("ix_feedback_events_slate_id", "feedback_events", ["slate_id"])
    for table in ("preferences", "slates", "feedback_events"):
        op.add_column(table, sa.Column("session_only", sa.Boolean(), nullable=False, server_default=sa.false()))
    op.create_table(
        "consents",
        sa.Column("id", sa.Integer(), autoincrement=True, nullable=False),
        sa.Column("shopper_id", sa.String(), nullable=False),
        sa.Column("purpose", sa.String(), nullable=False),
        sa.Column("granted", sa.Boolean(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("source", sa.String(), nullable=False),
        sa.Column("conversation_id", sa.String(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_consents")),
        sa.ForeignKeyConstraint(
            ["shopper_id"], ["shoppers.shopper_id"], name=op.f("fk_consents_shopper_id_shoppers"), ondelete="CASCADE"
        ),
    )
    op.create_index("ix_consents_shopper_id", "consents", ["shopper_id"])
    op.create_table(
        "tombstones",
        sa.Column("id", sa.Integer(), autoincrement=True, nullable=False),
        sa.Column("digest", sa.String(), nullable=True),
        sa.Column("erased_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("counts", sa.JSON(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_tombstones")),
    )
    op.create_index("ix_tombstones_digest", "tombstones", ["digest"])
    op.create_table(
        "pending_erasures",
        sa.Column("conversation_id", sa.String(), nullable=False),
        sa.Column("requested_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("conversation_id", name=op.f("pk_pending_erasures")),
    )


def downgrade() -> None:
    for table in ("pending_erasures", "tombstones", "consents"):
        op.drop_table(table)
    op.drop_index("ix_feedback_events_slate_id", "feedback_events")
    op.drop_index("ix_preferences_event_id", "preferences")
    for table in ("preferences", "slates", "feedback_events"):
        op.drop_column(table, "session_only")
    op.drop_column("feedback_events", "conversation_id")
    for column in ("event_id", "category", "recipient"):
        op.drop_column("preferences", column)
