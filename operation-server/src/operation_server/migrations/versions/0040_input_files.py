"""Files among the inputs of jobs, and the jobs that use a file."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0040"
down_revision = "0031"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("jobs", sa.Column("input_files", sa.JSON(), nullable=True))
    op.create_table(
        "file_uses",
        sa.Column("file_id", sa.String(), nullable=False),
        sa.Column("job_id", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["file_id"], ["files.id"], name=op.f("fk_file_uses_file_id_files"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["job_id"], ["jobs.id"], name=op.f("fk_file_uses_job_id_jobs"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("file_id", "job_id", name=op.f("pk_file_uses")),
    )
    op.create_index("ix_file_uses_job_id", "file_uses", ["job_id"])


def downgrade() -> None:
    op.drop_table("file_uses")
    op.drop_column("jobs", "input_files")
