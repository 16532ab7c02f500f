"""The audit trail, which nobody changes: not the application's role, nor its owner short of dropping it."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0020"
down_revision = "0010"
branch_labels = None
depends_on = None

REFUSE = """
    CREATE FUNCTION audit.refuse() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        RAISE EXCEPTION 'the audit trail is never changed: % of %', TG_OP, TG_TABLE_NAME
            USING ERRCODE = 'insufficient_privilege';
    END $$
"""
# ALWAYS, because a superuser's session_replication_role silences other triggers.
KEEP_UNCHANGED = """
    CREATE FUNCTION audit.keep_unchanged(kept regclass) RETURNS void LANGUAGE plpgsql AS $$
    BEGIN
        EXECUTE format('CREATE TRIGGER keep_unchanged BEFORE UPDATE OR DELETE OR TRUNCATE ON %s
                        FOR EACH STATEMENT EXECUTE FUNCTION audit.refuse()', kept);
        EXECUTE format('ALTER TABLE %s ENABLE ALWAYS TRIGGER keep_unchanged', kept);
    END $$
"""


def upgrade() -> None:
    op.execute("CREATE SEQUENCE audit_entries_id_seq")
    op.create_table(
        "audit_entries",
        sa.Column("at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column(
            "id", sa.BigInteger(), server_default=sa.text("nextval('audit_entries_id_seq')"), nullable=False
        ),
        sa.Column("actor_id", sa.BigInteger(), nullable=True),
        sa.Column("actor", sa.String(), nullable=True),
        sa.Column("action", sa.String(), nullable=False),
        sa.Column("object_type", sa.String(), nullable=False),
        sa.Column("object_id", sa.String(), nullable=True),
        sa.Column("is_refused", sa.Boolean(), server_default="false", nullable=False),
        sa.Column("address", sa.String(), nullable=True),
        sa.Column("request_id", sa.String(), nullable=True),
        sa.Column("detail", postgresql.JSONB(astext_type=sa.Text()), nullable=True),
        sa.PrimaryKeyConstraint("at", "id", name=op.f("pk_audit_entries")),
        postgresql_partition_by="RANGE (at)",
    )
    op.execute("ALTER SEQUENCE audit_entries_id_seq OWNED BY audit_entries.id")
    op.create_index("ix_audit_entries_actor_id_at_id", "audit_entries", ["actor_id", "at", "id"])
    op.create_index(
        "ix_audit_entries_object_type_object_id_at_id",
        "audit_entries",
        ["object_type", "object_id", "at", "id"],
    )
    op.create_index("ix_audit_entries_action_at_id", "audit_entries", ["action", "at", "id"])
    op.execute("CREATE SCHEMA audit")
    op.execute(REFUSE)
    op.execute(KEEP_UNCHANGED)
    # What lies in no month: nothing, unless nobody has migrated for two years.
    op.execute("CREATE TABLE audit.entries_of_no_month PARTITION OF audit_entries DEFAULT")
    op.execute(
        "SELECT audit.keep_unchanged('audit_entries'), audit.keep_unchanged('audit.entries_of_no_month')"
    )


def downgrade() -> None:
    op.drop_table("audit_entries")
    op.execute("DROP SCHEMA audit CASCADE")
