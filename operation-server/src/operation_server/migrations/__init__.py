"""Alembic environment and versions: every schema change, up and down."""
