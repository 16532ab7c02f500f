"""Finds the jobs of a version of a model."""

from __future__ import annotations

from operation_server.migrations.safely import create_index, drop_index

revision = "0055"
down_revision = "0054"
branch_labels = None
depends_on = None
phase = "before"


def upgrade() -> None:
    create_index(
        "ix_jobs_model_version_id", "jobs", ["model_version_id", "id"], where="model_version_id IS NOT NULL"
    )


def downgrade() -> None:
    drop_index("ix_jobs_model_version_id")
