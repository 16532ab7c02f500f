"""Lets runs of backfills be below all that anybody can ask for, and counts jobs without their table."""

from __future__ import annotations

from alembic import op

from operation_server.migrations.safely import create_index, drop_index, widen_check

revision = "0072"
down_revision = "0071"
branch_labels = None
depends_on = None
phase = "before"

BEFORE, NOW = "ix_jobs_owner_id_id", "ix_jobs_owner_id_id_run_id"


def upgrade() -> None:
    create_index(NOW, "jobs", ["owner_id", "id"], include=["run_id"])
    drop_index(BEFORE)
    widen_check("ck_jobs_priority", "jobs", "priority BETWEEN -1 AND 9")


def downgrade() -> None:
    create_index(BEFORE, "jobs", ["owner_id", "id"])
    drop_index(NOW)
    op.execute("UPDATE jobs SET priority = 0 WHERE priority < 0")
    op.execute("ALTER TABLE jobs DROP CONSTRAINT ck_jobs_priority")
    op.create_check_constraint(op.f("ck_jobs_priority"), "jobs", "priority BETWEEN 0 AND 9")
