"""What jobs require of a worker, and which queue of the broker they were sent to."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

WAITING = sa.text("(status = 'queued' AND dispatched_at IS NULL)")

# What is under way was sent to one of the two queues that there were.
SENT_TO = """
    UPDATE jobs SET queue = CASE
        WHEN jsonb_typeof(p.manifest #> '{resources,gpus}') = 'number'
             AND p.manifest #> '{resources,gpus}' > '0'::jsonb
        THEN 'satellite.execute.gpu' ELSE 'satellite.execute' END
    FROM plugins AS p
    WHERE p.id = jobs.plugin_id AND jobs.dispatched_at IS NOT NULL AND jobs.status IN ('queued', 'processing')
"""


def upgrade() -> None:
    op.add_column("jobs", sa.Column("requires", JSONB(), server_default="{}", nullable=False))
    op.add_column("jobs", sa.Column("queue", sa.String(), nullable=True))
    op.execute(SENT_TO)
    _index_waiting("plugin_id", "owner_id", "requires", "order_key", "id")


def downgrade() -> None:
    _index_waiting("plugin_id", "owner_id", "order_key", "id")
    op.drop_column("jobs", "queue")
    op.drop_column("jobs", "requires")


def _index_waiting(*columns: str) -> None:
    op.drop_index("ix_jobs_waiting", table_name="jobs")
    op.create_index("ix_jobs_waiting", "jobs", list(columns), postgresql_where=WAITING)
