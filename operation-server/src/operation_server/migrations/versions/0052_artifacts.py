"""What attempts write, and how much of it each job has."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0052"
down_revision = "0051"
branch_labels = None
depends_on = None
phase = "before"


def upgrade() -> None:
    op.add_column("jobs", sa.Column("artifacts", sa.BigInteger(), server_default="0", nullable=False))
    op.create_table(
        "artifacts",
        sa.Column("job_id", sa.BigInteger(), nullable=False),
        sa.Column("attempt", sa.BigInteger(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("file_id", sa.String(), nullable=False),
        sa.ForeignKeyConstraint(
            ["job_id"], ["jobs.id"], name=op.f("fk_artifacts_job_id_jobs"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["file_id"], ["files.id"], name=op.f("fk_artifacts_file_id_files"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("job_id", "attempt", "name", name=op.f("pk_artifacts")),
        sa.UniqueConstraint("file_id", name=op.f("uq_artifacts_file_id")),
    )


def downgrade() -> None:
    op.drop_table("artifacts")
    op.drop_column("jobs", "artifacts")
