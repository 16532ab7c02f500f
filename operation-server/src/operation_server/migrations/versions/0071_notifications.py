"""Notifications: channels, rules, what is to be told, and webhooks of jobs."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0071"
down_revision = "0070"
branch_labels = None
depends_on = None
phase = "before"

NOW = sa.text("now()")
MOMENT = sa.DateTime(timezone=True)
# Who reads events for notifications begins with what happens from now on.
BEGIN_READING = """
    INSERT INTO event_readers (name, position)
    SELECT 'notifications', coalesce(max(id), 0) FROM job_events ON CONFLICT (name) DO NOTHING
"""
STOP_READING = "DELETE FROM event_readers WHERE name = 'notifications'"


def upgrade() -> None:
    _create_channels()
    _create_secrets()
    _create_rules()
    _create_job_webhooks()
    _create_signals()
    _create_deliveries()
    op.execute(BEGIN_READING)


def downgrade() -> None:
    op.execute(STOP_READING)
    for table in (
        "notification_watch",
        "notification_deliveries",
        "notification_signals",
        "job_webhooks",
        "notification_rule_channels",
        "notification_rules",
        "notification_secrets",
        "notification_channels",
    ):
        op.drop_table(table)


def _create_channels() -> None:
    table = "notification_channels"
    op.create_table(
        table,
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("owner_id", sa.BigInteger(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("hint", sa.String(), nullable=False),
        sa.Column("is_enabled", sa.Boolean(), server_default=sa.text("true"), nullable=False),
        sa.Column("fault", sa.String(), nullable=True),
        sa.Column("created_at", MOMENT, server_default=NOW, nullable=False),
        sa.Column("changed_at", MOMENT, server_default=NOW, nullable=False),
        sa.ForeignKeyConstraint(
            ["owner_id"], ["users.id"], name=op.f("fk_notification_channels_owner_id_users")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_notification_channels")),
    )
    op.create_index("uq_notification_channels_owner_id_name", table, ["owner_id", "name"], unique=True)


def _create_secrets() -> None:
    table = "notification_secrets"
    op.create_table(
        table,
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("owner_id", sa.BigInteger(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("version", sa.BigInteger(), server_default="1", nullable=False),
        sa.Column("key_id", sa.String(), nullable=False),
        sa.Column("wrapped_key", sa.LargeBinary(), nullable=False),
        sa.Column("ciphertext", sa.LargeBinary(), nullable=False),
        sa.Column("channel_id", sa.BigInteger(), nullable=True),
        sa.Column("created_at", MOMENT, server_default=NOW, nullable=False),
        sa.Column("expires_at", MOMENT, nullable=True),
        sa.ForeignKeyConstraint(
            ["owner_id"], ["users.id"], name=op.f("fk_notification_secrets_owner_id_users")
        ),
        sa.ForeignKeyConstraint(
            ["channel_id"],
            ["notification_channels.id"],
            name=op.f("fk_notification_secrets_channel_id_notification_channels"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_notification_secrets")),
    )
    op.create_index("ix_notification_secrets_channel_id", table, ["channel_id"])
    op.create_index("ix_notification_secrets_owner_id_name", table, ["owner_id", "name"])
    op.create_index("ix_notification_secrets_key_id", table, ["key_id"])


def _create_rules() -> None:
    table = "notification_rules"
    op.create_table(
        table,
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("owner_id", sa.BigInteger(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("kinds", postgresql.ARRAY(sa.String()), nullable=False),
        sa.Column("plugin_name", sa.String(), nullable=True),
        sa.Column("workflow_id", sa.BigInteger(), nullable=True),
        sa.Column("min_priority", sa.BigInteger(), nullable=True),
        sa.Column("of_everybody", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("is_enabled", sa.Boolean(), server_default=sa.text("true"), nullable=False),
        sa.Column("created_at", MOMENT, server_default=NOW, nullable=False),
        sa.ForeignKeyConstraint(
            ["owner_id"], ["users.id"], name=op.f("fk_notification_rules_owner_id_users")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_notification_rules")),
    )
    op.create_index("ix_notification_rules_owner_id", table, ["owner_id"])
    everybody = sa.text("of_everybody")
    op.create_index("ix_notification_rules_of_everybody", table, ["id"], postgresql_where=everybody)
    table = "notification_rule_channels"
    op.create_table(
        "notification_rule_channels",
        sa.Column("rule_id", sa.BigInteger(), nullable=False),
        sa.Column("channel_id", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["rule_id"],
            ["notification_rules.id"],
            name=op.f("fk_notification_rule_channels_rule_id_notification_rules"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["channel_id"],
            ["notification_channels.id"],
            name=op.f("fk_notification_rule_channels_channel_id_notification_channels"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("rule_id", "channel_id", name=op.f("pk_notification_rule_channels")),
    )
    op.create_index("ix_notification_rule_channels_channel_id", table, ["channel_id"])


def _create_job_webhooks() -> None:
    op.create_table(
        "job_webhooks",
        sa.Column("job_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("owner_id", sa.BigInteger(), nullable=False),
        sa.Column("secret_id", sa.String(), nullable=False),
        sa.Column("hint", sa.String(), nullable=False),
        sa.Column("kinds", postgresql.ARRAY(sa.String()), nullable=False),
        sa.Column("created_at", MOMENT, server_default=NOW, nullable=False),
        sa.ForeignKeyConstraint(["owner_id"], ["users.id"], name=op.f("fk_job_webhooks_owner_id_users")),
        sa.ForeignKeyConstraint(
            ["secret_id"],
            ["notification_secrets.id"],
            name=op.f("fk_job_webhooks_secret_id_notification_secrets"),
        ),
        sa.PrimaryKeyConstraint("job_id", name=op.f("pk_job_webhooks")),
    )


def _create_signals() -> None:
    table = "notification_signals"
    op.create_table(
        table,
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("about", sa.String(), nullable=False),
        sa.Column("owner_ids", postgresql.ARRAY(sa.BigInteger()), server_default="{}", nullable=False),
        sa.Column("data", postgresql.JSONB(), nullable=False),
        sa.Column("at", MOMENT, server_default=NOW, nullable=False),
        sa.Column("told_at", MOMENT, nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_notification_signals")),
    )
    untold = sa.text("told_at IS NULL")
    op.create_index("ix_notification_signals_untold", table, ["id"], postgresql_where=untold)
    op.create_index("ix_notification_signals_kind_about_at", table, ["kind", "about", "at"])
    op.create_table(
        "notification_watch",
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("position", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("seen_at", MOMENT, server_default=NOW, nullable=False),
        sa.Column("is_lost", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_notification_watch")),
    )


def _create_deliveries() -> None:
    table = "notification_deliveries"
    op.create_table(
        table,
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("message_id", sa.String(), nullable=False),
        sa.Column("owner_id", sa.BigInteger(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("channel_id", sa.BigInteger(), nullable=True),
        sa.Column("subject", sa.String(), nullable=False),
        sa.Column("subject_id", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("lane", sa.String(), nullable=False),
        sa.Column("body", sa.String(), nullable=False),
        sa.Column("status", sa.String(), server_default="pending", nullable=False),
        sa.Column("attempts", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("claim", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("due_at", MOMENT, server_default=NOW, nullable=False),
        sa.Column("give_up_at", MOMENT, nullable=False),
        sa.Column("created_at", MOMENT, server_default=NOW, nullable=False),
        sa.Column("ended_at", MOMENT, nullable=True),
        sa.Column("answers", postgresql.JSONB(), server_default="[]", nullable=False),
        sa.CheckConstraint(
            "status IN ('pending', 'delivered', 'failed')", name=op.f("ck_notification_deliveries_status")
        ),
        sa.ForeignKeyConstraint(
            ["owner_id"], ["users.id"], name=op.f("fk_notification_deliveries_owner_id_users")
        ),
        sa.ForeignKeyConstraint(
            ["channel_id"],
            ["notification_channels.id"],
            name=op.f("fk_notification_deliveries_channel_id_notification_channels"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_notification_deliveries")),
        sa.UniqueConstraint("message_id", name=op.f("uq_notification_deliveries_message_id")),
    )
    pending = sa.text("status = 'pending'")
    op.create_index("ix_notification_deliveries_due", table, ["lane", "due_at"], postgresql_where=pending)
    op.create_index("ix_notification_deliveries_owner_id_id", table, ["owner_id", "id"])
    op.create_index("ix_notification_deliveries_channel_id_id", table, ["channel_id", "id"])
    ended = sa.text("ended_at IS NOT NULL")
    op.create_index("ix_notification_deliveries_ended_at", table, ["ended_at"], postgresql_where=ended)
