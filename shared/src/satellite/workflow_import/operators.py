"""What an operator does, as the fields of a task."""

from __future__ import annotations

import ast
from dataclasses import dataclass, field
from typing import Any, Final

from satellite.workflow_import.constants import constant, pairs
from satellite.workflow_import.faults import Refused
from satellite.workflow_import.module import Module
from satellite.workflow_import.snippet import Arguments, snippet
from satellite.workflow_import.values import Values, plain

EMPTY: Final = "pass\n"
BASH: Final = '''import subprocess

COMMAND = {command}


def main(context):
    """Returns the last line that the command writes, as Airflow's BashOperator does."""
    line = ""
    with subprocess.Popen(
        ["bash", "-c", COMMAND], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    ) as command:
        for line in command.stdout:
            print(line, end="")
    if command.returncode != 0:
        raise RuntimeError(f"The command ended with {{command.returncode}}")
    return line.rstrip("\\n")
'''


@dataclass(slots=True)
class Work:
    """What a task does, and which arguments of its operator say so."""

    fields: dict[str, Any]
    said_by: frozenset[str] = field(default_factory=frozenset)


def empty() -> Work:
    """Return what an EmptyOperator does."""
    return Work({"python_callable": EMPTY})


def bash(named: dict[str, ast.expr], module: Module, *, at: ast.AST) -> Work:
    """Return what a BashOperator does.

    Raises:
        Refused: its command is not written out.
    """
    node = named.get("bash_command")
    if node is None:
        raise Refused(at, "state the bash_command")
    command = plain(constant(node, module), node)
    if not isinstance(command, str) or command.endswith((".sh", ".bash")):
        raise Refused(node, "write the command itself; a name of a script is a template to Airflow")
    return Work({"python_callable": BASH.format(command=repr(command))}, frozenset({"bash_command"}))


def python(
    named: dict[str, ast.expr], module: Module, values: Values, spread: str | None, *, at: ast.AST
) -> Work:
    """Return what a PythonOperator does.

    Raises:
        Refused: its function is not in the file, or needs what is not there in Satellite.
    """
    function = function_of(named.get("python_callable"), module, at=at)
    positional = named.get("op_args")
    if positional is not None and not isinstance(positional, ast.List | ast.Tuple):
        raise Refused(positional, "write the list of arguments out")
    arguments = Arguments(
        positional=[values.text(each) for each in positional.elts] if positional else [],
        named={name: values.text(each) for name, each in _named_arguments(named, module)},
        spread=spread,
    )
    said_by = frozenset({"python_callable", "op_args", "op_kwargs"})
    return Work({"python_callable": snippet(function, arguments, module, at=at)}, said_by)


def _named_arguments(named: dict[str, ast.expr], module: Module) -> list[tuple[str, ast.expr]]:
    return pairs(named["op_kwargs"], module) if "op_kwargs" in named else []


def function_of(node: ast.expr | None, module: Module, *, at: ast.AST) -> ast.FunctionDef:
    """Return the function that a name stands for.

    Raises:
        Refused: it stands for none of this file.
    """
    found = module.definitions.get(node.id) if isinstance(node, ast.Name) else None
    if isinstance(found, ast.AsyncFunctionDef):
        raise Refused(found, "make the function one without async")
    if not isinstance(found, ast.FunctionDef):
        raise Refused(node or at, "name a function of this file, written with def")
    return found
