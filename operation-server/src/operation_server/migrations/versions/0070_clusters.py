"""Clusters that are reached by SSH, what happened to them, and the attempts that are there."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0070"
down_revision = "0062"
branch_labels = None
depends_on = None
phase = "before"

NOW = sa.text("now()")
MOMENT = sa.DateTime(timezone=True)
NO_ITEMS = sa.text("'[]'")
FALSE = sa.text("false")


def upgrade() -> None:
    _create_clusters()
    _create_events()
    _create_jobs()
    _create_series()


def downgrade() -> None:
    for table in ("job_metric_series", "cluster_jobs", "cluster_events", "clusters"):
        op.drop_table(table)
    op.execute("DELETE FROM secrets WHERE name LIKE 'cluster/%'")


def _create_clusters() -> None:
    op.create_table(
        "clusters",
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("address", postgresql.JSONB(), nullable=False),
        sa.Column("options", postgresql.JSONB(), nullable=False),
        sa.Column("host_keys", postgresql.JSONB(), server_default=NO_ITEMS, nullable=False),
        sa.Column("seen_host_keys", postgresql.JSONB(), server_default=NO_ITEMS, nullable=False),
        sa.Column("is_distrusted", sa.Boolean(), server_default=FALSE, nullable=False),
        sa.Column("is_draining", sa.Boolean(), server_default=FALSE, nullable=False),
        sa.Column("generation", sa.BigInteger(), server_default="1", nullable=False),
        sa.Column("probe", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("public_key", sa.String(), nullable=False),
        sa.Column("secret_id", sa.String(), nullable=False),
        sa.Column("state", sa.String(), server_default="unconfirmed", nullable=False),
        sa.Column("reason", sa.String(), server_default="", nullable=False),
        sa.Column("state_since", MOMENT, server_default=NOW, nullable=False),
        sa.Column("report", postgresql.JSONB(), nullable=True),
        sa.Column(
            "cached_digests", postgresql.ARRAY(sa.Text()), server_default=sa.text("'{}'"), nullable=False
        ),
        sa.Column("reported_at", MOMENT, nullable=True),
        sa.Column("created_by", sa.BigInteger(), nullable=False),
        sa.Column("created_at", MOMENT, server_default=NOW, nullable=False),
        sa.Column("changed_at", MOMENT, server_default=NOW, nullable=False),
        sa.ForeignKeyConstraint(["secret_id"], ["secrets.id"], name=op.f("fk_clusters_secret_id_secrets")),
        sa.ForeignKeyConstraint(["created_by"], ["users.id"], name=op.f("fk_clusters_created_by_users")),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_clusters")),
    )


def _create_events() -> None:
    op.create_table(
        "cluster_events",
        sa.Column("id", sa.BigInteger(), autoincrement=True, nullable=False),
        sa.Column("cluster_name", sa.String(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("reason", sa.String(), nullable=False),
        sa.Column("at", MOMENT, server_default=NOW, nullable=False),
        sa.ForeignKeyConstraint(
            ["cluster_name"],
            ["clusters.name"],
            name=op.f("fk_cluster_events_cluster_name_clusters"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_cluster_events")),
    )
    op.create_index("ix_cluster_events_cluster_name_id", "cluster_events", ["cluster_name", "id"])


def _create_jobs() -> None:
    op.create_table(
        "cluster_jobs",
        sa.Column("job_id", sa.BigInteger(), nullable=False),
        sa.Column("attempt", sa.BigInteger(), nullable=False),
        sa.Column("cluster_name", sa.String(), nullable=False),
        sa.Column("folder", sa.String(), nullable=True),
        sa.Column("phase", sa.String(), nullable=True),
        sa.Column("process_id", sa.String(), nullable=True),
        sa.Column("commit", sa.String(), nullable=True),
        sa.Column("gpus", postgresql.JSONB(), nullable=True),
        sa.Column("workspace", sa.String(), server_default="present", nullable=False),
        sa.Column("removed_after", MOMENT, nullable=True),
        sa.Column("files", postgresql.JSONB(), nullable=True),
        sa.Column("seen_at", MOMENT, nullable=False),
        sa.ForeignKeyConstraint(
            ["job_id"], ["jobs.id"], name=op.f("fk_cluster_jobs_job_id_jobs"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("job_id", "attempt", name=op.f("pk_cluster_jobs")),
    )


def _create_series() -> None:
    op.create_table(
        "job_metric_series",
        sa.Column("job_id", sa.BigInteger(), nullable=False),
        sa.Column("attempt", sa.BigInteger(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("points", postgresql.JSONB(), nullable=False),
        sa.ForeignKeyConstraint(
            ["job_id"], ["jobs.id"], name=op.f("fk_job_metric_series_job_id_jobs"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("job_id", "attempt", "name", name=op.f("pk_job_metric_series")),
    )
