"""Lets statistics find the jobs of a day without looking at those of all others."""

from __future__ import annotations

from operation_server.migrations.safely import create_index, drop_index

revision = "0074"
down_revision = "0073"
branch_labels = None
depends_on = None
phase = "before"

# Jobs lie in the order in which they came: what is in a range of blocks is of about one time.
SETTINGS = "pages_per_range = 32, autosummarize = on"
NAMES = {"ix_jobs_created_at": "created_at", "ix_jobs_completed_at": "completed_at"}


def upgrade() -> None:
    for name, column in NAMES.items():
        create_index(name, "jobs", [column], method="brin", settings=SETTINGS)


def downgrade() -> None:
    for name in NAMES:
        drop_index(name)
