"""Results that are too large for an answer, and so are artifacts."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0053"
down_revision = "0052"
branch_labels = None
depends_on = None
phase = "before"


def upgrade() -> None:
    op.add_column("jobs", sa.Column("result_artifact", sa.JSON(), nullable=True))


def downgrade() -> None:
    op.drop_column("jobs", "result_artifact")
