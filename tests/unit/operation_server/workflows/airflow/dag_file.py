"""What a DAG file says, read by its syntax."""

from __future__ import annotations

import ast
import subprocess
import sys
from typing import Any


class DagFile:
    """Compiles a DAG file, and finds the values in it again."""

    def __init__(self, text: str) -> None:
        compile(text, "dag", "exec", dont_inherit=True)
        self._body = ast.parse(text).body
        with_dag = next(each for each in self._body if isinstance(each, ast.With))
        self.dag = literals(with_dag.items[0].context_expr)
        self._lines = with_dag.body

    def constant(self, name: str) -> Any:
        """Return the value of a constant of the file."""
        return next(
            ast.literal_eval(each.value)
            for each in self._body
            if isinstance(each, ast.Assign) and ast.unparse(each.targets[0]) == name
        )

    @property
    def operators(self) -> dict[str, tuple[str, dict[str, Any]]]:
        """The operator and the arguments of each variable."""
        return {
            ast.unparse(each.targets[0]): (
                ast.unparse(each.value.func).partition(".")[0],
                literals(each.value),
            )
            for each in self._lines
            if isinstance(each, ast.Assign) and isinstance(each.value, ast.Call)
        }

    @property
    def edges(self) -> set[tuple[str, str]]:
        """Each pair of task ids of which one follows the other."""
        names = {variable: arguments["task_id"] for variable, (_, arguments) in self.operators.items()}
        found = set()
        for line in self._lines:
            if isinstance(line, ast.Expr) and isinstance(line.value, ast.BinOp):
                left, right = line.value.left, line.value.right
                before = left.elts if isinstance(left, ast.List) else [left]
                found |= {(names[ast.unparse(each)], names[ast.unparse(right)]) for each in before}
        return found


def literals(called: ast.expr) -> dict[str, Any]:
    """Return the arguments of a call, and of the call whose result it is called on."""
    found: dict[str, Any] = {}
    while isinstance(called, ast.Call):
        for keyword in called.keywords:
            try:
                found[keyword.arg or "**"] = ast.literal_eval(keyword.value)
            except ValueError:
                found[keyword.arg or "**"] = ast.unparse(keyword.value)
        called = called.func.value if isinstance(called.func, ast.Attribute) else called.func
    return found


def formatted(text: str) -> str:
    """Return what `ruff format` makes of a file, by its own defaults."""
    done = subprocess.run(
        [sys.executable, "-m", "ruff", "format", "--isolated", "-"],
        input=text.encode(),
        capture_output=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr.decode()
    return done.stdout.decode()
