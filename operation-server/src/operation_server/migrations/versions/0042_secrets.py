"""Secrets that plugins are given, and to which plugins."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0042"
down_revision = "0040"
branch_labels = None
depends_on = None

NOW = sa.text("now()")


def upgrade() -> None:
    op.create_table(
        "secrets",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("owner_id", sa.BigInteger(), nullable=True),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("version", sa.BigInteger(), server_default="1", nullable=False),
        sa.Column("key_id", sa.String(), nullable=False),
        sa.Column("wrapped_key", sa.LargeBinary(), nullable=False),
        sa.Column("ciphertext", sa.LargeBinary(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=NOW, nullable=False),
        sa.Column("changed_at", sa.DateTime(timezone=True), server_default=NOW, nullable=False),
        sa.CheckConstraint("version > 0", name=op.f("ck_secrets_version")),
        sa.ForeignKeyConstraint(["owner_id"], ["users.id"], name=op.f("fk_secrets_owner_id_users")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_secrets")),
    )
    op.create_index(
        "uq_secrets_owner_id_name",
        "secrets",
        ["owner_id", "name"],
        unique=True,
        postgresql_where=sa.text("owner_id IS NOT NULL"),
    )
    op.create_index(
        "uq_secrets_name", "secrets", ["name"], unique=True, postgresql_where=sa.text("owner_id IS NULL")
    )
    op.create_index("ix_secrets_key_id", "secrets", ["key_id"])
    op.create_table(
        "secret_grants",
        sa.Column("secret_id", sa.String(), nullable=False),
        sa.Column("plugin_name", sa.String(), nullable=False),
        sa.Column("granted_at", sa.DateTime(timezone=True), server_default=NOW, nullable=False),
        sa.ForeignKeyConstraint(
            ["secret_id"], ["secrets.id"], name=op.f("fk_secret_grants_secret_id_secrets"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["plugin_name"],
            ["plugin_owners.plugin_name"],
            name=op.f("fk_secret_grants_plugin_name_plugin_owners"),
        ),
        sa.PrimaryKeyConstraint("secret_id", "plugin_name", name=op.f("pk_secret_grants")),
    )
    op.create_index("ix_secret_grants_plugin_name", "secret_grants", ["plugin_name"])


def downgrade() -> None:
    op.drop_table("secret_grants")
    op.drop_table("secrets")
