"""Schedules of workflows, their ticks, and backfills."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0062"
down_revision = "0061"
branch_labels = None
depends_on = None
phase = "before"

NOW = sa.text("now()")
MOMENT = sa.DateTime(timezone=True)


def upgrade() -> None:
    _create_schedules()
    _create_ticks()
    _create_backfills()
    _create_backfill_ticks()


def downgrade() -> None:
    for table in ("workflow_backfill_ticks", "workflow_backfills", "workflow_ticks", "workflow_schedules"):
        op.drop_table(table)


def _create_schedules() -> None:
    table = "workflow_schedules"
    op.create_table(
        table,
        sa.Column("workflow_id", sa.BigInteger(), nullable=False),
        sa.Column("schedule", sa.String(), nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.Column("is_active", sa.Boolean(), nullable=False),
        sa.Column("anchor", MOMENT, nullable=False),
        sa.Column("next_at", MOMENT, nullable=True),
        sa.Column("retry_at", MOMENT, nullable=True),
        sa.Column("fault", sa.String(), nullable=True),
        sa.ForeignKeyConstraint(
            ["workflow_id"],
            ["workflows.id"],
            name=op.f("fk_workflow_schedules_workflow_id_workflows"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("workflow_id", name=op.f("pk_workflow_schedules")),
    )
    op.create_index(
        "ix_workflow_schedules_next_at", table, ["next_at"], postgresql_where=sa.text("next_at IS NOT NULL")
    )


def _create_ticks() -> None:
    table = "workflow_ticks"
    op.create_table(
        table,
        sa.Column("workflow_id", sa.BigInteger(), nullable=False),
        sa.Column("scheduled_for", MOMENT, nullable=False),
        sa.Column("through", MOMENT, nullable=True),
        sa.Column("fate", sa.String(), nullable=False),
        sa.Column("run_id", sa.BigInteger(), nullable=True),
        sa.Column("decided_at", MOMENT, server_default=NOW, nullable=False),
        sa.ForeignKeyConstraint(
            ["workflow_id"],
            ["workflows.id"],
            name=op.f("fk_workflow_ticks_workflow_id_workflows"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("workflow_id", "scheduled_for", name=op.f("pk_workflow_ticks")),
    )
    op.create_index(
        "ix_workflow_ticks_queued",
        table,
        ["workflow_id", "scheduled_for"],
        postgresql_where=sa.text("fate = 'queued'"),
    )
    op.create_index(
        "ix_workflow_ticks_decided_at", table, ["decided_at"], postgresql_where=sa.text("run_id IS NULL")
    )


def _create_backfills() -> None:
    table = "workflow_backfills"
    op.create_table(
        table,
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("workflow_id", sa.BigInteger(), nullable=False),
        sa.Column("number", sa.BigInteger(), nullable=False),
        sa.Column("version_id", sa.BigInteger(), nullable=False),
        sa.Column("schedule", sa.String(), nullable=False),
        sa.Column("anchor", MOMENT, nullable=False),
        sa.Column("range_start", MOMENT, nullable=False),
        sa.Column("range_end", MOMENT, nullable=False),
        sa.Column("scope", sa.String(), nullable=False),
        sa.Column("is_reverse", sa.Boolean(), nullable=False),
        sa.Column("max_active", sa.BigInteger(), nullable=False),
        sa.Column("status", sa.String(), server_default="running", nullable=False),
        sa.Column("retry_at", MOMENT, nullable=True),
        sa.Column("fault", sa.String(), nullable=True),
        sa.Column("created_by", sa.BigInteger(), nullable=False),
        sa.Column("created_at", MOMENT, server_default=NOW, nullable=False),
        sa.Column("ended_at", MOMENT, nullable=True),
        sa.ForeignKeyConstraint(
            ["workflow_id"], ["workflows.id"], name=op.f("fk_workflow_backfills_workflow_id_workflows")
        ),
        sa.ForeignKeyConstraint(
            ["version_id"],
            ["workflow_versions.id"],
            name=op.f("fk_workflow_backfills_version_id_workflow_versions"),
        ),
        sa.ForeignKeyConstraint(
            ["created_by"], ["users.id"], name=op.f("fk_workflow_backfills_created_by_users")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_workflow_backfills")),
    )
    op.create_index("uq_workflow_backfills_workflow_id_number", table, ["workflow_id", "number"], unique=True)
    running = sa.text("status = 'running'")
    op.create_index("ix_workflow_backfills_running", table, ["id"], postgresql_where=running)


def _create_backfill_ticks() -> None:
    table = "workflow_backfill_ticks"
    op.create_table(
        table,
        sa.Column("backfill_id", sa.BigInteger(), nullable=False),
        sa.Column("scheduled_for", MOMENT, nullable=False),
        sa.Column("run_id", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(
            ["backfill_id"],
            ["workflow_backfills.id"],
            name=op.f("fk_workflow_backfill_ticks_backfill_id_workflow_backfills"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("backfill_id", "scheduled_for", name=op.f("pk_workflow_backfill_ticks")),
    )
    op.create_index(
        "ix_workflow_backfill_ticks_pending",
        table,
        ["backfill_id", "scheduled_for"],
        postgresql_where=sa.text("run_id IS NULL"),
    )
