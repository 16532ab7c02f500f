"""`docs/access.md` is what the tables of access say."""

from __future__ import annotations

from pathlib import Path

from operation_server.accounts.route_rules import render_tables


def test_the_document_is_made_from_the_tables() -> None:
    written = Path("docs/access.md").read_text()

    assert written == render_tables(), "python -m operation_server.accounts.route_rules > docs/access.md"
