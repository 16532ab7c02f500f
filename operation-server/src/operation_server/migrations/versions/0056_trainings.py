"""Plugins that train models, what their jobs made, and what they told of it."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from operation_server.migrations.safely import create_index, drop_index

revision = "0056"
down_revision = "0055"
branch_labels = None
depends_on = None
phase = "before"


def upgrade() -> None:
    op.add_column("plugins", sa.Column("trains", sa.JSON(), nullable=True), if_not_exists=True)
    op.add_column("jobs", sa.Column("made", sa.String(), nullable=True), if_not_exists=True)
    op.add_column("artifacts", sa.Column("document", sa.JSON(), nullable=True), if_not_exists=True)
    op.add_column(
        "model_versions",
        sa.Column("is_trained", sa.Boolean(), server_default=sa.false(), nullable=False),
        if_not_exists=True,
    )
    create_index(
        "uq_model_versions_trained_job_id", "model_versions", ["job_id"], where="is_trained", unique=True
    )


def downgrade() -> None:
    drop_index("uq_model_versions_trained_job_id")
    op.drop_column("model_versions", "is_trained")
    op.drop_column("artifacts", "document")
    op.drop_column("jobs", "made")
    op.drop_column("plugins", "trains")
