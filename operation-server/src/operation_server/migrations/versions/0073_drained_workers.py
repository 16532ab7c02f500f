"""Workers that admins have drained."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0073"
down_revision = "0072"
branch_labels = None
depends_on = None
phase = "before"


def upgrade() -> None:
    op.create_table(
        "drained_workers",
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("drained_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_drained_workers")),
    )


def downgrade() -> None:
    op.drop_table("drained_workers")
