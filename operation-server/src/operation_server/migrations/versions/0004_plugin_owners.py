"""Plugin names have owners: who registered a name first."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "plugin_owners",
        sa.Column("plugin_name", sa.String(), nullable=False),
        sa.Column("owner_id", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["owner_id"], ["users.id"], name=op.f("fk_plugin_owners_owner_id_users")),
        sa.PrimaryKeyConstraint("plugin_name", name=op.f("pk_plugin_owners")),
    )
    # Deleted versions count: a name stays with its owner.
    op.execute(
        "INSERT INTO plugin_owners (plugin_name, owner_id) "
        "SELECT DISTINCT ON (name) name, created_by FROM plugins ORDER BY name, id"
    )


def downgrade() -> None:
    op.drop_table("plugin_owners")
