"""Runs a snippet as it is written, with `context` among its names."""

from __future__ import annotations

import inspect
import io
import linecache
import os
import sys
from types import ModuleType
from typing import Any

from faults import tell
from messages import RunSnippet
from pushed import PushedValues
from snippet_context import make_context
from task_instance import RETURN_VALUE, TaskInstance

MODULE = "snippet_of_task"
"""Not `__main__`: a `main` that a snippet calls itself under that name would run twice."""


def run_snippet(request: RunSnippet) -> dict[str, Any]:
    """Return what a snippet has pushed; one that fails ends the plugin, with the reason as its last line."""
    process_id = os.getpid()
    pushed = PushedValues()
    ti = TaskInstance(request, pushed)
    source = f"<task {request.context.task_id}>"
    failure = None
    try:
        _execute(request.code, source, make_context(request.context, ti))
    except BaseException as error:  # noqa: BLE001 - a snippet may raise anything.
        failure = None if _is_good_exit(error) else error
    if failure is not None:
        tell(failure, source)
    if os.getpid() != process_id:
        _leave_fork(1 if failure is not None else 0)
    if failure is not None:
        raise SystemExit(1) from None
    return pushed.as_json()


def _execute(code: str, source: str, context: dict[str, Any]) -> None:
    # Where tracebacks, `inspect` and warnings look for the author's lines; lines as the compiler counts them,
    # each with its end, also the last.
    lines = list(io.StringIO(f"{code}\n", newline=None))
    linecache.cache[source] = (len(code), None, lines, source)
    module = ModuleType(MODULE)
    vars(module)["context"] = context
    # Found by its name like any other, as dataclasses and pickles of its functions need it.
    sys.modules[MODULE] = module
    exec(compile(code, source, "exec", dont_inherit=True), vars(module))  # noqa: S102 - it is what this is for.
    main = vars(module).get("main")
    if not inspect.isfunction(main) or main.__module__ != MODULE:
        return
    returned = main(context) if _takes(main, context) else main()
    if returned is not None:
        context["ti"].xcom_push(RETURN_VALUE, returned)


def _takes(function: Any, argument: Any) -> bool:
    try:
        inspect.signature(function).bind(argument)
    except TypeError:
        return False
    return True


def _is_good_exit(error: BaseException) -> bool:
    return isinstance(error, SystemExit) and error.code in {None, 0}


def _leave_fork(code: int) -> None:
    """End a copy of this process that the snippet has made and not ended: one of them answers."""
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code)
