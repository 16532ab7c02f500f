"""Migrations say when they are run, disturb no older process before that, and keep nobody from a large table.

From the first one that says a phase on: the release before them was the first.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import pytest

from operation_server.database.migrate import scripts
from operation_server.database.phases import Phase, phase_of

VERSIONS: Final = Path("operation-server/src/operation_server/migrations/versions")
FIRST_WITH_PHASE: Final = "0043"
TAKES_AWAY: Final = {"drop_column", "drop_table", "drop_constraint", "rename_table", "alter_column"}
SQL_THAT_TAKES_AWAY: Final = re.compile(
    r"\b(DROP\s+(TABLE|COLUMN|CONSTRAINT|SCHEMA|FUNCTION)|RENAME|SET\s+NOT\s+NULL|ALTER\s+COLUMN)\b",
    re.IGNORECASE,
)
SQL_THAT_HOLDS: Final = re.compile(
    r"\b(UPDATE|DELETE\s+FROM)\s+(jobs|job_events|job_attempts|job_logs|audit_entries)\b|\bTYPE\b|\bCREATE\s+(UNIQUE\s+)?INDEX\b",
    re.IGNORECASE,
)


def migrations() -> list[Path]:
    """Migrations that have to say their phase, and those that say it already."""
    return sorted(
        path
        for path in VERSIONS.glob("0*.py")
        if path.name >= FIRST_WITH_PHASE or "\nphase = " in path.read_text()
    )


def calls_of(source: str, function: str) -> Iterator[tuple[str, ast.Call]]:
    """What a function of a migration asks Alembic for."""
    tree = ast.parse(source)
    body = next(node for node in tree.body if isinstance(node, ast.FunctionDef) and node.name == function)
    for node in ast.walk(body):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
            yield node.func.attr, node


def texts_of(source: str) -> str:
    """All SQL that may be run by the way up: texts of the module and of `upgrade`, not of `downgrade`."""
    tree = ast.parse(source)
    parts = [
        node for node in tree.body[1:] if not (isinstance(node, ast.FunctionDef) and node.name == "downgrade")
    ]
    found = (each for part in parts for each in ast.walk(part))
    return "\n".join(
        node.value for node in found if isinstance(node, ast.Constant) and isinstance(node.value, str)
    )


def faults_of(source: str) -> list[str]:
    """What a migration must not do on its way up."""
    calls = list(calls_of(source, "upgrade"))
    keywords = {name: {each.arg: each.value for each in call.keywords} for name, call in calls}
    made = {
        call.args[0].value
        for name, call in calls
        if name == "create_table" and isinstance(call.args[0], ast.Constant)
    }
    faults = []
    if '\nphase = "before"\n' in source:
        faults += [f"{name} takes away what older processes use" for name, _ in calls if name in TAKES_AWAY]
        faults += [f"{found[0]} takes away" for found in SQL_THAT_TAKES_AWAY.finditer(texts_of(source))]
    elif '\nphase = "after"\n' not in source:
        faults.append("says no phase")
    for name, call in calls:
        table = call.args[1] if len(call.args) > 1 else None
        is_new = isinstance(table, ast.Constant) and table.value in made
        if name == "create_index" and not is_new:
            faults.append("create_index locks its table; use safely.create_index")
        is_constraint = name in {"create_foreign_key", "create_check_constraint"}
        if is_constraint and not is_new and "postgresql_not_valid" not in keywords[name]:
            faults.append(f"{name} reads the whole table; say postgresql_not_valid=True and validate it")
        if name == "add_column" and _is_required(call):
            faults.append("add_column with nullable=False needs a server_default")
    faults += [
        f"{found[0]} holds a large table; use safely.fill_in"
        for found in SQL_THAT_HOLDS.finditer(texts_of(source))
    ]
    return faults


def _is_required(call: ast.Call) -> bool:
    column = call.args[1]
    if not isinstance(column, ast.Call):
        return False
    said = {each.arg: each.value for each in column.keywords}
    nullable = said.get("nullable")
    return isinstance(nullable, ast.Constant) and nullable.value is False and "server_default" not in said


@pytest.mark.parametrize("migration", migrations(), ids=lambda path: path.stem)
def test_a_migration_keeps_the_rules(migration: Path) -> None:
    assert faults_of(migration.read_text()) == []


def test_the_chain_is_one_line_and_each_phase_can_be_read() -> None:
    chain = list(scripts().walk_revisions())

    assert len(scripts().get_heads()) == 1
    assert {phase_of(script) for script in chain} <= set(Phase)


MIGRATION = '''"""x"""
phase = "{phase}"

def upgrade():
    {body}

def downgrade():
    op.drop_table("jobs")
'''


@pytest.mark.parametrize(
    ("phase", "body", "fault"),
    [
        ("before", 'op.drop_column("jobs", "uid")', "takes away"),
        ("before", 'op.execute("ALTER TABLE jobs RENAME COLUMN uid TO key")', "takes away"),
        ("after", 'op.drop_column("jobs", "uid")', None),
        ("before", 'op.add_column("jobs", sa.Column("a", sa.String(), nullable=False))', "server_default"),
        ("before", 'op.add_column("jobs", sa.Column("a", sa.String(), nullable=True))', None),
        ("before", 'op.create_index("ix", "jobs", ["a"])', "safely.create_index"),
        ("before", 'op.create_table("new"); op.create_index("ix", "new", ["a"])', None),
        ("after", 'op.execute("UPDATE jobs SET a = 1")', "safely.fill_in"),
        ("after", 'op.execute("ALTER TABLE jobs ALTER COLUMN a TYPE text")', "safely.fill_in"),
        ("before", 'op.create_foreign_key("fk", "jobs", "users", ["a"], ["id"])', "postgresql_not_valid"),
        ("soon", "pass", "says no phase"),
    ],
)
def test_a_migration_that_breaks_one_is_found(phase: str, body: str, fault: str | None) -> None:
    faults = faults_of(MIGRATION.format(phase=phase, body=body))

    assert (faults == []) if fault is None else any(fault in each for each in faults), faults
