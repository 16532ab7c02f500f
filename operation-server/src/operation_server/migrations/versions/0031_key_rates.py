"""How often an API key may ask, where it may less than its account."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0031"
down_revision = "0030"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("api_keys", sa.Column("requests_per_minute", sa.BigInteger(), nullable=True))


def downgrade() -> None:
    op.drop_column("api_keys", "requests_per_minute")
