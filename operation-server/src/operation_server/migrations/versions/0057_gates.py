"""Evaluations of versions of models, and gates before their aliases."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0057"
down_revision = "0056"
branch_labels = None
depends_on = None
phase = "before"

NOW = sa.text("now()")


def upgrade() -> None:
    _create_evaluations()
    _create_gates()


def downgrade() -> None:
    op.drop_table("model_gates")
    op.drop_table("model_evaluations")


def _create_evaluations() -> None:
    table = "model_evaluations"
    op.create_table(
        table,
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("model_version_id", sa.BigInteger(), nullable=False),
        sa.Column("data_digest", sa.String(), nullable=False),
        sa.Column("data_name", sa.String(), nullable=True),
        sa.Column("metrics", sa.JSON(), nullable=False),
        sa.Column("job_id", sa.BigInteger(), nullable=True),
        sa.Column("created_by", sa.BigInteger(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=NOW, nullable=False),
        sa.ForeignKeyConstraint(
            ["model_version_id"],
            ["model_versions.id"],
            name=op.f("fk_model_evaluations_model_version_id_model_versions"),
        ),
        sa.ForeignKeyConstraint(
            ["job_id"], ["jobs.id"], name=op.f("fk_model_evaluations_job_id_jobs"), ondelete="SET NULL"
        ),
        sa.ForeignKeyConstraint(
            ["created_by"], ["users.id"], name=op.f("fk_model_evaluations_created_by_users")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_model_evaluations")),
    )
    op.create_index("ix_model_evaluations_version_data", table, ["model_version_id", "data_digest", "id"])
    op.create_index(
        "ix_model_evaluations_job_id", table, ["job_id"], postgresql_where=sa.text("job_id IS NOT NULL")
    )


def _create_gates() -> None:
    op.create_table(
        "model_gates",
        sa.Column("model_id", sa.BigInteger(), nullable=False),
        sa.Column("alias", sa.String(), nullable=False),
        sa.Column("metric", sa.String(), nullable=False),
        sa.Column("data_digest", sa.String(), nullable=False),
        sa.Column("higher_is_better", sa.Boolean(), nullable=False),
        sa.Column("at_least", sa.Double(), nullable=True),
        sa.Column("at_most", sa.Double(), nullable=True),
        sa.Column("not_worse_than_champion", sa.Double(), nullable=True),
        sa.Column("set_by", sa.BigInteger(), nullable=False),
        sa.Column("set_at", sa.DateTime(timezone=True), server_default=NOW, nullable=False),
        sa.ForeignKeyConstraint(["model_id"], ["models.id"], name=op.f("fk_model_gates_model_id_models")),
        sa.ForeignKeyConstraint(["set_by"], ["users.id"], name=op.f("fk_model_gates_set_by_users")),
        sa.PrimaryKeyConstraint("model_id", name=op.f("pk_model_gates")),
    )
