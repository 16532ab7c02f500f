"""Losses of a job are counted apart from its failures, and a job may have a retry policy of its own."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("jobs", sa.Column("losses", sa.BigInteger(), server_default="0", nullable=False))
    op.add_column("jobs", sa.Column("retry", postgresql.JSONB(), nullable=True))


def downgrade() -> None:
    op.drop_column("jobs", "retry")
    op.drop_column("jobs", "losses")
