"""A function of a DAG file as the snippet of a task."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from satellite.workflow_import.airflow_alone import CONTEXT, ONLY_AIRFLOW, check_code
from satellite.workflow_import.closure import closure, names_used, source, sources, without_decorators
from satellite.workflow_import.faults import Refused
from satellite.workflow_import.module import Module


@dataclass(frozen=True, slots=True, kw_only=True)
class Arguments:
    """What a function is called with: expressions of Python, over `context`."""

    positional: Sequence[str] = ()
    named: Mapping[str, str] = field(default_factory=dict)
    spread: str | None = None
    """The expression of further named arguments, whose names only the run knows."""


def snippet(function: ast.FunctionDef, arguments: Arguments, module: Module, *, at: ast.AST) -> str:
    """Return the text of a snippet that calls a function as Airflow would.

    Raises:
        Refused: the function needs what is not there in Satellite.
    """
    # Decorators are Airflow's, and so nothing that the snippet needs.
    function = without_decorators(function)
    check_code(function)
    needed = closure(function, module)
    wanted = names_used(function).union(*map(names_used, needed))
    called = _called(function, arguments, at=at)
    parts = [*_future(module), *sources(needed, wanted, module), _definition(function, module)]
    name = function.name
    if name == "main":
        if "main" in wanted:
            raise Refused(function, "main is what Satellite calls in a snippet: give yours another name")
        parts.append("task = main")
        called = f"task{called[len(name) :]}"
    return "\n\n".join([*parts, f"\ndef main(context):\n    return {called}\n"])


def _definition(function: ast.FunctionDef, module: Module) -> str:
    return source(function, module)


def _future(module: Module) -> Iterator[str]:
    for statement in module.tree.body:
        if isinstance(statement, ast.ImportFrom) and statement.module == "__future__":
            yield ast.unparse(statement)


def _called(function: ast.FunctionDef, arguments: Arguments, *, at: ast.AST) -> str:
    stated = function.args
    names = [each.arg for each in (*stated.posonlyargs, *stated.args)]
    if len(arguments.positional) > len(names) and stated.vararg is None:
        raise Refused(at, f"{function.name} takes fewer arguments than it is given")
    given = set(names[: len(arguments.positional)]) | set(arguments.named)
    written = [*arguments.positional, *(f"{name}={value}" for name, value in arguments.named.items())]
    for name in _left(function, given):
        if name in CONTEXT:
            written.append(f"{name}=context[{name!r}]")
            given.add(name)
        elif name in ONLY_AIRFLOW:
            raise Refused(function, f"the context of a task in Satellite has no {name}: do without it")
        elif arguments.spread is None and name in _needed(function):
            raise Refused(at, f"{function.name} is given no {name}: state it")
    return f"{function.name}({', '.join(written + _spread(function, arguments, given))})"


def _left(function: ast.FunctionDef, given: set[str]) -> list[str]:
    return [each.arg for each in (*function.args.args, *function.args.kwonlyargs) if each.arg not in given]


def _needed(function: ast.FunctionDef) -> set[str]:
    stated = function.args
    plain = [each.arg for each in stated.args]
    needed = set(plain[: len(plain) - len(stated.defaults)] if stated.defaults else plain)
    pairs = zip(stated.kwonlyargs, stated.kw_defaults, strict=True)
    return needed | {each.arg for each, default in pairs if default is None}


def _spread(function: ast.FunctionDef, arguments: Arguments, given: set[str]) -> list[str]:
    spread = [f"**{arguments.spread}"] if arguments.spread else []
    if function.args.kwarg is None:
        return spread
    if arguments.spread:
        return [f"**{{**context, **{arguments.spread}}}"]
    if not given:
        return ["**context"]
    taken = ", ".join(repr(name) for name in sorted(given))
    return [f"**{{key: value for key, value in context.items() if key not in ({taken},)}}"]
