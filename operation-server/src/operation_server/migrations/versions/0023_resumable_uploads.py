"""Uploads that go on where they broke off."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0023"
down_revision = "0022"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("files", sa.Column("received_bytes", sa.BigInteger(), nullable=True))
    op.create_table(
        "file_parts",
        sa.Column("object_key", sa.String(), nullable=False),
        sa.Column("file_id", sa.String(), nullable=False),
        sa.Column("start_byte", sa.BigInteger(), nullable=True),
        sa.Column("size_bytes", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(
            ["file_id"], ["files.id"], name=op.f("fk_file_parts_file_id_files"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("object_key", name=op.f("pk_file_parts")),
    )
    op.create_index("ix_file_parts_file_id", "file_parts", ["file_id"])


def downgrade() -> None:
    op.drop_table("file_parts")
    op.drop_column("files", "received_bytes")
