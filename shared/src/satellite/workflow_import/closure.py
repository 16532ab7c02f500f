"""What of a file a function needs: its imports, constants and helpers, and theirs."""

from __future__ import annotations

import ast
import copy
import textwrap
from collections.abc import Iterator

from satellite.workflow_import.airflow_alone import check_code
from satellite.workflow_import.faults import Refused
from satellite.workflow_import.module import Module


def closure(function: ast.FunctionDef, module: Module) -> list[ast.stmt]:
    """Return the statements that a function needs, in the order of the file, without itself.

    Raises:
        Refused: one of them cannot go into a snippet.
    """
    needed: dict[int, ast.stmt] = {}
    waiting: list[ast.stmt] = [function]
    while waiting:
        for name in names_used(waiting.pop()):
            statement = module.definitions.get(name)
            if name == function.name or statement is None or id(statement) in needed:
                continue
            _check(statement, name, module)
            needed[id(statement)] = statement
            waiting.append(statement)
    return sorted(needed.values(), key=lambda statement: statement.lineno)


def names_used(node: ast.AST) -> set[str]:
    """Return the names that are read in a part of a file."""
    return {
        each.id for each in ast.walk(node) if isinstance(each, ast.Name) and isinstance(each.ctx, ast.Load)
    }


def sources(statements: list[ast.stmt], wanted: set[str], module: Module) -> Iterator[str]:
    """Yield each statement as it was written; of an import only what is wanted."""
    for statement in statements:
        if isinstance(statement, ast.Import | ast.ImportFrom):
            yield ast.unparse(_narrowed(statement, wanted))
        else:
            yield source(statement, module)


def source(statement: ast.stmt, module: Module) -> str:
    """Return a statement as it was written, from the left margin on."""
    decorators = getattr(statement, "decorator_list", [])
    start = min(each.lineno for each in (statement, *decorators))
    written = "\n".join(module.text.split("\n")[start - 1 : statement.end_lineno])
    if statement.col_offset:
        written = textwrap.dedent(written)
    # Another statement may stand on the same line, and texts of several lines have their margin moved too.
    try:
        same = ast.dump(ast.parse(written)) == ast.dump(ast.Module([statement], []))
    except SyntaxError:
        same = False
    return written if same else ast.unparse(statement)


def without_decorators(function: ast.FunctionDef) -> ast.FunctionDef:
    """Return a function that nothing stands on, in the same place."""
    plain = copy.copy(function)
    plain.decorator_list = []
    return plain


def _narrowed(statement: ast.Import | ast.ImportFrom, wanted: set[str]) -> ast.stmt:
    names = [alias for alias in statement.names if (alias.asname or alias.name.partition(".")[0]) in wanted]
    if isinstance(statement, ast.Import):
        return ast.Import(names=names)
    return ast.ImportFrom(module=statement.module, names=names, level=statement.level)


def _check(statement: ast.stmt, name: str, module: Module) -> None:
    if name in module.redefined:
        raise Refused(statement, f"{name} gets its value in several places: let it have one")
    if isinstance(statement, ast.ImportFrom) and statement.level:
        raise Refused(statement, f"{name} comes from another file of yours: write it into this one")
    if name == "main":
        raise Refused(statement, "main is what Satellite calls in a snippet: give yours another name")
    check_code(statement)
