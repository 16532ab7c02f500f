"""What users write as Python is text to the operation server: it neither runs nor parses any."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

SOURCES = Path("operation-server/src/operation_server")
BUILTINS = {"exec", "eval", "compile", "__import__"}
MODULES = {"ast", "code", "codeop", "runpy", "symtable", "marshal"}


def found(tree: ast.AST) -> list[str]:
    """Return what of a file runs or parses Python; a method of that name is another matter."""
    calls = [
        node.func.id
        for node in ast.walk(tree)
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in BUILTINS
    ]
    imported = [
        name
        for node in ast.walk(tree)
        if isinstance(node, ast.Import | ast.ImportFrom)
        for name in (
            [node.module] if isinstance(node, ast.ImportFrom) else [each.name for each in node.names]
        )
        if name and name.partition(".")[0] in MODULES
    ]
    return calls + imported


def test_no_file_runs_or_parses_python() -> None:
    offenders = {
        str(file): what for file in SOURCES.rglob("*.py") if (what := found(ast.parse(file.read_text())))
    }

    assert offenders == {}


@pytest.mark.parametrize(
    "text", ["exec('x')", "import ast", "from ast import parse", "compile('', '', 'exec')"]
)
def test_what_would_is_found(text: str) -> None:
    assert found(ast.parse(text))


def test_a_library_that_compiles_something_else_may() -> None:
    assert not found(ast.parse("re.compile('x'); redis.eval('x')"))
