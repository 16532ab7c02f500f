"""Inputs, results and what events tell are kept as the text that they came as.

jsonb orders keys anew and turns 1e308 into 309 digits and -0.0 into 0.0. Nothing is looked up inside these
columns; what is (errors, timings, manifests) stays jsonb. Both ways rewrite the two tables under a lock.
"""

from __future__ import annotations

from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    _change_type("json")


def downgrade() -> None:
    _change_type("jsonb")


def _change_type(kind: str) -> None:
    op.execute(
        f"ALTER TABLE jobs ALTER COLUMN input_data TYPE {kind} USING input_data::{kind},"
        f" ALTER COLUMN result TYPE {kind} USING result::{kind}"
    )
    op.execute(f"ALTER TABLE job_events ALTER COLUMN data TYPE {kind} USING data::{kind}")
