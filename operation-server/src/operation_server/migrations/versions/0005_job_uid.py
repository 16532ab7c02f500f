"""Jobs get a random uid beside their number, which alone does not name one after a recovery from a backup.

Jobs that are there already get the one that `contracts/identity.py` computes of their number: messages about
them that are under way say no other. Rewrites the table under a lock.
"""

from __future__ import annotations

from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("ALTER TABLE jobs ADD COLUMN uid uuid")
    op.execute(
        "ALTER TABLE jobs ALTER COLUMN uid TYPE uuid USING CAST(md5('satellite job ' || id) AS uuid),"
        " ALTER COLUMN uid SET DEFAULT gen_random_uuid(), ALTER COLUMN uid SET NOT NULL"
    )


def downgrade() -> None:
    op.drop_column("jobs", "uid")
