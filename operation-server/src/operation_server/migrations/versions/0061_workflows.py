"""Workflows, their versions and runs."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0061"
down_revision = "0060"
branch_labels = None
depends_on = None
phase = "before"

NOW = sa.text("now()")
OPEN = "status IN ('queued', 'processing')"


def upgrade() -> None:
    op.add_column("jobs", sa.Column("run_id", sa.BigInteger(), nullable=True), if_not_exists=True)
    _create_workflows()
    _create_versions()
    _create_runs()
    _create_run_tasks()
    _create_run_steps()
    op.create_table(
        "run_wakeups",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("run_id", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_run_wakeups")),
    )
    op.create_index("ix_run_wakeups_run_id", "run_wakeups", ["run_id"])


def downgrade() -> None:
    for table in (
        "run_wakeups", "run_steps", "run_tasks", "workflow_runs", "workflow_versions", "workflow_tasks",
        "workflows",
    ):  # fmt: skip
        op.drop_table(table)
    op.drop_column("jobs", "run_id")


def _create_workflows() -> None:
    table = "workflows"
    op.create_table(
        table,
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("owner_id", sa.BigInteger(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("description", sa.String(), nullable=False),
        sa.Column("schedule", sa.JSON(), nullable=True),
        sa.Column("is_active", sa.Boolean(), nullable=False),
        sa.Column("params", sa.JSON(), nullable=False),
        sa.Column("settings", sa.JSON(), nullable=False),
        sa.Column("revision", sa.BigInteger(), server_default="1", nullable=False),
        sa.Column("deployed_version", sa.BigInteger(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=NOW, nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), server_default=NOW, nullable=False),
        sa.Column("deleted_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["owner_id"], ["users.id"], name=op.f("fk_workflows_owner_id_users")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_workflows")),
    )
    op.create_index(
        "uq_workflows_owner_id_name",
        table,
        ["owner_id", "name"],
        unique=True,
        postgresql_where=sa.text("deleted_at IS NULL"),
    )
    table = "workflow_tasks"
    op.create_table(
        table,
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("workflow_id", sa.BigInteger(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("task", sa.JSON(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=NOW, nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), server_default=NOW, nullable=False),
        sa.ForeignKeyConstraint(
            ["workflow_id"], ["workflows.id"], name=op.f("fk_workflow_tasks_workflow_id_workflows")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_workflow_tasks")),
    )
    op.create_index("uq_workflow_tasks_workflow_id_name", table, ["workflow_id", "name"], unique=True)


def _create_versions() -> None:
    table = "workflow_versions"
    op.create_table(
        table,
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("workflow_id", sa.BigInteger(), nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.Column("definition", sa.JSON(), nullable=False),
        sa.Column("pins", sa.JSON(), nullable=False),
        sa.Column("digest", sa.String(), nullable=False),
        sa.Column("deployed_by", sa.BigInteger(), nullable=False),
        sa.Column("deployed_at", sa.DateTime(timezone=True), server_default=NOW, nullable=False),
        sa.ForeignKeyConstraint(
            ["workflow_id"], ["workflows.id"], name=op.f("fk_workflow_versions_workflow_id_workflows")
        ),
        sa.ForeignKeyConstraint(
            ["deployed_by"], ["users.id"], name=op.f("fk_workflow_versions_deployed_by_users")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_workflow_versions")),
    )
    op.create_index(
        "uq_workflow_versions_workflow_id_version", table, ["workflow_id", "version"], unique=True
    )


def _create_runs() -> None:
    table = "workflow_runs"
    op.create_table(
        table,
        sa.Column("id", sa.BigInteger(), server_default=sa.text("nextval('jobs_id_seq')"), nullable=False),
        sa.Column("uid", sa.Uuid(), server_default=sa.text("gen_random_uuid()"), nullable=False),
        sa.Column("workflow_id", sa.BigInteger(), nullable=False),
        sa.Column("version_id", sa.BigInteger(), nullable=False),
        sa.Column("owner_id", sa.BigInteger(), nullable=False),
        sa.Column("status", sa.String(), server_default="queued", nullable=False),
        sa.Column("trigger", sa.String(), nullable=False),
        sa.Column("params", sa.JSON(), nullable=False),
        sa.Column("priority", sa.SmallInteger(), nullable=False),
        sa.Column("logical_date", sa.DateTime(timezone=True), nullable=False),
        sa.Column("data_interval_start", sa.DateTime(timezone=True), nullable=False),
        sa.Column("data_interval_end", sa.DateTime(timezone=True), nullable=False),
        sa.Column("concurrency_key", sa.String(), nullable=True),
        sa.Column("deadline_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("cancel_requested_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("error", sa.JSON(), nullable=True),
        sa.Column("tasks_left", sa.BigInteger(), nullable=False),
        _counter("steps_open"),
        _counter("steps_waiting"),
        _counter("steps_ready"),
        _counter("faults"),
        sa.Column("restarted_from", sa.BigInteger(), nullable=True),
        sa.Column("parent_run_id", sa.BigInteger(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=NOW, nullable=False),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("completed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("idempotency_key", sa.String(), nullable=True),
        sa.Column("request_digest", sa.String(), nullable=True),
        sa.CheckConstraint(
            "status IN ('queued', 'processing', 'completed', 'failed', 'cancelled')",
            name=op.f("ck_workflow_runs_status"),
        ),
        sa.ForeignKeyConstraint(
            ["workflow_id"], ["workflows.id"], name=op.f("fk_workflow_runs_workflow_id_workflows")
        ),
        sa.ForeignKeyConstraint(
            ["version_id"],
            ["workflow_versions.id"],
            name=op.f("fk_workflow_runs_version_id_workflow_versions"),
        ),
        sa.ForeignKeyConstraint(["owner_id"], ["users.id"], name=op.f("fk_workflow_runs_owner_id_users")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_workflow_runs")),
    )
    op.create_index("ix_workflow_runs_workflow_id_id", table, ["workflow_id", "id"])
    op.create_index("ix_workflow_runs_owner_id_id", table, ["owner_id", "id"])
    op.create_index("ix_workflow_runs_open", table, ["workflow_id", "id"], postgresql_where=sa.text(OPEN))
    op.create_index(
        "ix_workflow_runs_concurrency_key",
        table,
        ["workflow_id", "concurrency_key", "id"],
        postgresql_where=sa.text(f"{OPEN} AND concurrency_key IS NOT NULL"),
    )
    op.create_index(
        "ix_workflow_runs_deadline_at",
        table,
        ["deadline_at"],
        postgresql_where=sa.text(f"{OPEN} AND deadline_at IS NOT NULL"),
    )
    op.create_index(
        "uq_workflow_runs_idempotency",
        table,
        ["owner_id", "idempotency_key"],
        unique=True,
        postgresql_where=sa.text("idempotency_key IS NOT NULL"),
    )


def _create_run_tasks() -> None:
    op.create_table(
        "run_tasks",
        sa.Column("run_id", sa.BigInteger(), nullable=False),
        sa.Column("task", sa.String(), nullable=False),
        sa.Column("status", sa.String(), server_default="pending", nullable=False),
        sa.Column("reason", sa.String(), nullable=True),
        sa.Column("upstream_left", sa.BigInteger(), nullable=False),
        _counter("upstream_completed"),
        _counter("upstream_failed"),
        _counter("upstream_skipped"),
        sa.Column("max_parallel", sa.BigInteger(), nullable=True),
        sa.Column("steps_total", sa.BigInteger(), nullable=True),
        _counter("steps_begun"),
        _counter("steps_completed"),
        _counter("steps_failed"),
        _counter("steps_cancelled"),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["run_id"],
            ["workflow_runs.id"],
            name=op.f("fk_run_tasks_run_id_workflow_runs"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("run_id", "task", name=op.f("pk_run_tasks")),
    )
    op.create_index(
        "ix_run_tasks_unbegun",
        "run_tasks",
        ["run_id"],
        postgresql_where=sa.text("status = 'running' AND steps_begun < steps_total"),
    )


def _create_run_steps() -> None:
    table = "run_steps"
    op.create_table(
        table,
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("run_id", sa.BigInteger(), nullable=False),
        sa.Column("task", sa.String(), nullable=False),
        sa.Column("map_index", sa.BigInteger(), server_default="-1", nullable=False),
        sa.Column("status", sa.String(), nullable=False),
        sa.Column("job_id", sa.BigInteger(), nullable=True),
        sa.Column("reused_from", sa.BigInteger(), nullable=True),
        sa.Column("item", sa.JSON(), nullable=True),
        sa.Column("value", sa.JSON(), nullable=True),
        sa.Column("error", sa.JSON(), nullable=True),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("is_counted", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=NOW, nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["run_id"],
            ["workflow_runs.id"],
            name=op.f("fk_run_steps_run_id_workflow_runs"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_run_steps")),
    )
    op.create_index("uq_run_steps_place", table, ["run_id", "task", "map_index"], unique=True)
    for name, columns, where in (
        ("uq_run_steps_job_id", ["job_id"], "job_id IS NOT NULL"),
        (
            "ix_run_steps_uncounted",
            ["run_id"],
            "NOT is_counted AND status IN ('completed', 'failed', 'cancelled')",
        ),
        ("ix_run_steps_ready", ["run_id", "task", "map_index"], "status = 'ready'"),
        ("ix_run_steps_due_at", ["due_at"], "status = 'waiting' AND due_at IS NOT NULL"),
    ):
        op.create_index(name, table, columns, unique=name.startswith("uq_"), postgresql_where=sa.text(where))


def _counter(name: str) -> sa.Column[int]:
    return sa.Column(name, sa.BigInteger(), server_default="0", nullable=False)
