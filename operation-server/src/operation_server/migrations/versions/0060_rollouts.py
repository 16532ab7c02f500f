"""Rollouts of versions of models, and what became of their jobs."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0060"
down_revision = "0058"
branch_labels = None
depends_on = None
phase = "before"

NOW = sa.text("now()")


def upgrade() -> None:
    _create_rollouts()
    op.create_table(
        "rollout_jobs",
        sa.Column("job_id", sa.BigInteger(), nullable=False),
        sa.Column("rollout_id", sa.BigInteger(), nullable=False),
        sa.Column("arm", sa.String(), nullable=False),
        sa.Column("shadow_of", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(
            ["job_id"], ["jobs.id"], name=op.f("fk_rollout_jobs_job_id_jobs"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["rollout_id"], ["model_rollouts.id"], name=op.f("fk_rollout_jobs_rollout_id_model_rollouts")
        ),
        sa.PrimaryKeyConstraint("job_id", name=op.f("pk_rollout_jobs")),
    )
    op.create_table(
        "rollout_counts",
        sa.Column("rollout_id", sa.BigInteger(), nullable=False),
        sa.Column("arm", sa.String(), nullable=False),
        sa.Column("verdict", sa.String(), nullable=False),
        sa.Column("jobs", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["rollout_id"], ["model_rollouts.id"], name=op.f("fk_rollout_counts_rollout_id_model_rollouts")
        ),
        sa.PrimaryKeyConstraint("rollout_id", "arm", "verdict", name=op.f("pk_rollout_counts")),
    )


def downgrade() -> None:
    for table in ("rollout_counts", "rollout_jobs", "model_rollouts"):
        op.drop_table(table)


def _create_rollouts() -> None:
    table = "model_rollouts"
    op.create_table(
        table,
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("model_id", sa.BigInteger(), nullable=False),
        sa.Column("alias", sa.String(), nullable=False),
        sa.Column("stable_id", sa.BigInteger(), nullable=False),
        sa.Column("candidate_id", sa.BigInteger(), nullable=False),
        sa.Column("settings", sa.JSON(), nullable=False),
        sa.Column("status", sa.String(), server_default="running", nullable=False),
        sa.Column("reason", sa.JSON(), nullable=True),
        sa.Column("started_by", sa.BigInteger(), nullable=False),
        sa.Column("started_at", sa.DateTime(timezone=True), server_default=NOW, nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["model_id"], ["models.id"], name=op.f("fk_model_rollouts_model_id_models")),
        sa.ForeignKeyConstraint(
            ["stable_id"], ["model_versions.id"], name=op.f("fk_model_rollouts_stable_id_model_versions")
        ),
        sa.ForeignKeyConstraint(
            ["candidate_id"],
            ["model_versions.id"],
            name=op.f("fk_model_rollouts_candidate_id_model_versions"),
        ),
        sa.ForeignKeyConstraint(
            ["started_by"], ["users.id"], name=op.f("fk_model_rollouts_started_by_users")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_model_rollouts")),
    )
    running = sa.text("status = 'running'")
    op.create_index("uq_model_rollouts_running", table, ["model_id"], unique=True, postgresql_where=running)
    op.create_index("ix_model_rollouts_model_id_id", table, ["model_id", "id"])
