"""The top level of a Python file: what each name in it stands for, without running any of it."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from typing import Final

DEFINING: Final = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)


class Module:
    """The names of a file, and of the function or block in it that makes the DAG."""

    def __init__(self, text: str, tree: ast.Module) -> None:
        self.text = text
        self.tree = tree
        self.definitions: dict[str, ast.stmt] = {}
        """By name, the last statement that gives it a meaning."""
        self.redefined: set[str] = set()
        """Names that are no import everywhere they get a meaning."""
        self._origins: dict[str, str] = {}
        for statement in tree.body:
            self.define(statement)

    def define(self, statement: ast.stmt) -> None:
        """Take a statement's names in; a later one of the same name counts."""
        for name in bound_names(statement):
            before = self.definitions.get(name, statement)
            if before is not statement and not (_imports(before) and _imports(statement)):
                self.redefined.add(name)
            self.definitions[name] = statement
        for node in ast.walk(statement) if isinstance(statement, ast.Try) else (statement,):
            if isinstance(node, ast.Import | ast.ImportFrom):
                self._origins |= dict(_origins(node))

    def qualified(self, node: ast.AST | None) -> str:
        """Return the full name of what a name or an attribute stands for, empty for anything else."""
        if isinstance(node, ast.Name):
            return self._origins.get(node.id, node.id)
        if isinstance(node, ast.Attribute):
            whole = self.qualified(node.value)
            return f"{whole}.{node.attr}" if whole else ""
        return ""

    def of_airflow(self, node: ast.AST | None) -> str:
        """Return the last part of the name of something that comes from Airflow, empty for anything else."""
        name = self.qualified(node)
        return name.rpartition(".")[2] if name.startswith("airflow.") else ""

    def constant(self, name: str) -> ast.expr | None:
        """Return the value that a name is given where it is defined, if it is given one."""
        statement = self.definitions.get(name)
        if isinstance(statement, ast.Assign) and len(statement.targets) == 1:
            return statement.value if isinstance(statement.targets[0], ast.Name) else None
        return statement.value if isinstance(statement, ast.AnnAssign) else None


def _imports(statement: ast.stmt) -> bool:
    return isinstance(statement, ast.Import | ast.ImportFrom | ast.Try)


def bound_names(statement: ast.stmt) -> Iterator[str]:
    """Yield the names that a statement binds where it stands."""
    if isinstance(statement, DEFINING):
        yield statement.name
    elif isinstance(statement, ast.Import | ast.ImportFrom):
        yield from dict(_origins(statement))
    elif isinstance(statement, ast.Assign | ast.AnnAssign):
        targets = statement.targets if isinstance(statement, ast.Assign) else [statement.target]
        yield from (node.id for target in targets for node in ast.walk(target) if isinstance(node, ast.Name))
    elif isinstance(statement, ast.Try):
        for inner in (*statement.body, *(each for handler in statement.handlers for each in handler.body)):
            yield from bound_names(inner)


def _origins(statement: ast.Import | ast.ImportFrom) -> Iterator[tuple[str, str]]:
    for alias in statement.names:
        if isinstance(statement, ast.ImportFrom):
            yield alias.asname or alias.name, f"{statement.module or ''}.{alias.name}"
        elif alias.asname:
            yield alias.asname, alias.name
        else:
            root = alias.name.partition(".")[0]
            yield root, root
