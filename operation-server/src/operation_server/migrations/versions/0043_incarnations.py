"""Incarnations of the database, and which migrations an older release could not work without knowing."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0043"
down_revision = "0042"
branch_labels = None
depends_on = None
phase = "before"

NOW = sa.text("now()")


def upgrade() -> None:
    op.create_table(
        "after_migrations",
        sa.Column("revision", sa.String(), nullable=False),
        sa.Column("run_at", sa.DateTime(timezone=True), server_default=NOW, nullable=False),
        sa.PrimaryKeyConstraint("revision", name=op.f("pk_after_migrations")),
    )
    op.create_table(
        "incarnations",
        sa.Column("number", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("location", sa.String(), nullable=True),
        sa.Column("began_at", sa.DateTime(timezone=True), server_default=NOW, nullable=False),
        sa.Column("finished_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("last_event_id", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("first_event_id", sa.BigInteger(), server_default="0", nullable=False),
        sa.PrimaryKeyConstraint("number", name=op.f("pk_incarnations")),
    )
    op.execute("INSERT INTO incarnations (number, finished_at) VALUES (1, now())")


def downgrade() -> None:
    op.drop_table("incarnations")
    op.drop_table("after_migrations")
