"""Events of more than jobs, and readers of them with marks of their own."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.drop_constraint("fk_job_events_job_id_jobs", "job_events", type_="foreignkey")
    op.add_column("job_events", sa.Column("subject", sa.String(), server_default="job", nullable=False))
    op.create_check_constraint(op.f("ck_job_events_subject"), "job_events", "subject IN ('job', 'run')")
    op.create_table(
        "event_readers",
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("position", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("moved_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_event_readers")),
    )
    op.create_table(
        "event_reader_faults",
        sa.Column("reader", sa.String(), nullable=False),
        sa.Column("event_id", sa.BigInteger(), nullable=False),
        sa.Column("reason", sa.String(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.ForeignKeyConstraint(
            ["reader"],
            ["event_readers.name"],
            name=op.f("fk_event_reader_faults_reader_event_readers"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("reader", "event_id", name=op.f("pk_event_reader_faults")),
    )


def downgrade() -> None:
    op.drop_table("event_reader_faults")
    op.drop_table("event_readers")
    # The older release knows no other subject, and its events belong to jobs.
    op.execute("DELETE FROM job_events AS e WHERE NOT EXISTS (SELECT 1 FROM jobs WHERE jobs.id = e.job_id)")
    op.drop_constraint(op.f("ck_job_events_subject"), "job_events", type_="check")
    op.drop_column("job_events", "subject")
    op.create_foreign_key(
        "fk_job_events_job_id_jobs", "job_events", "jobs", ["job_id"], ["id"], ondelete="CASCADE"
    )
