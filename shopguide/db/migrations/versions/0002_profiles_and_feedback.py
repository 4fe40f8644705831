"""Shoppers, identities, preferences; slates, their items, feedback events.

Revision: 0002_profiles_and_feedback, after 0001_catalogue
"""

import sqlalchemy as sa
from alembic import op

revision = "0002_profiles_and_feedback"
down_revision = "0001_catalogue"
branch_labels = None
depends_on = None


def upgrade() -> None:
    _create_profiles()
    _create_feedback()


def _create_profiles() -> None:
    op.create_table(
        "shoppers",
        sa.Column("shopper_id", sa.String(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("shopper_id", name=op.f("pk_shoppers")),
    )
    op.create_table(
        "identities",
        sa.Column("channel", sa.String(), nullable=False),
        sa.Column("sender_id", sa.String(), nullable=False),
        sa.Column("shopper_id", sa.String(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("channel", "sender_id", name=op.f("pk_identities")),
        sa.ForeignKeyConstraint(
            ["shopper_id"], ["shoppers.shopper_id"], name=op.f("fk_identities_shopper_id_shoppers"), ondelete="CASCADE"
        ),
    )
    op.create_index("ix_identities_shopper_id", "identities", ["shopper_id"])
    op.create_table(
        "preferences",
        sa.Column("id", sa.Integer(), autoincrement=True, nullable=False),
        sa.Column("shopper_id", sa.String(), nullable=False),
        sa.Column("facet", sa.String(), nullable=False),
        sa.Column("value", sa.String(), nullable=False),
        sa.Column("polarity", sa.Integer(), nullable=False),
        sa.Column("strength", sa.Double(), nullable=False),
        sa.Column("source", sa.String(), nullable=False),
        sa.Column("slot", sa.String(), nullable=True),
        sa.Column("conversation_id", sa.String(), nullable=True),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_preferences")),
        sa.ForeignKeyConstraint(
            ["shopper_id"], ["shoppers.shopper_id"], name=op.f("fk_preferences_shopper_id_shoppers"), ondelete="CASCADE"
        ),
    )
    op.create_index("ix_preferences_shopper_id_at", "preferences", ["shopper_id", "at"])


def _create_feedback() -> None:
    op.create_table(
        "slates",
        sa.Column("id", sa.Integer(), autoincrement=True, nullable=False),
        sa.Column("slate_id", sa.String(), nullable=False),
        sa.Column("shopper_id", sa.String(), nullable=True),
        sa.Column("conversation_id", sa.String(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("reply_to", sa.String(), nullable=False),
        sa.Column("policy", sa.String(), nullable=False),
        sa.Column("model_version", sa.String(), nullable=False),
        sa.Column("degraded", sa.String(), nullable=True),
        sa.Column("total_matches", sa.Integer(), nullable=False),
        sa.Column("constraints", sa.JSON(), nullable=False),
        sa.Column("state", sa.JSON(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_slates")),
        sa.UniqueConstraint("slate_id", name=op.f("uq_slates_slate_id")),
    )
    op.create_index("ix_slates_conversation_id_created_at", "slates", ["conversation_id", "created_at"])
    op.create_index("ix_slates_shopper_id", "slates", ["shopper_id"])
    op.create_table(
        "slate_items",
        sa.Column("slate_id", sa.String(), nullable=False),
        sa.Column("position", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("sku", sa.String(), nullable=False),
        sa.Column("propensity", sa.Double(), nullable=False),
        sa.Column("score", sa.Double(), nullable=False),
        sa.PrimaryKeyConstraint("slate_id", "position", name=op.f("pk_slate_items")),
        sa.ForeignKeyConstraint(
            ["slate_id"], ["slates.slate_id"], name=op.f("fk_slate_items_slate_id_slates"), ondelete="CASCADE"
        ),
    )
    op.create_table(
        "feedback_events",
        sa.Column("id", sa.Integer(), autoincrement=True, nullable=False),
        sa.Column("event_id", sa.String(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("shopper_id", sa.String(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("sku", sa.String(), nullable=True),
        sa.Column("slate_id", sa.String(), nullable=True),
        sa.Column("value", sa.Double(), nullable=True),
        sa.Column("text", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_feedback_events")),
        sa.UniqueConstraint("event_id", name=op.f("uq_feedback_events_event_id")),
    )
    op.create_index("ix_feedback_events_shopper_id_at", "feedback_events", ["shopper_id", "at"])
    op.create_index("ix_feedback_events_at", "feedback_events", ["at"])


def downgrade() -> None:
    for table in ("feedback_events", "slate_items", "slates", "preferences", "identities", "shoppers"):
        op.drop_table(table)
