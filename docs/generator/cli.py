"""The reference of the command line, out of its parser."""

from __future__ import annotations

import inspect
import re
from collections.abc import Iterator
from typing import Any

import typer

from docs.generator.tables import code, table
from satellite.cli.exit_codes import ExitCode
from satellite.cli.main import command_line

HEAD = """\
# Command line

Made from the parser of this release. Each command says the same with `--help`.

"""
CODE = re.compile(r'^    [A-Z_]+ = (\d+)\n    """(.+)"""$', re.MULTILINE)


def page() -> str:
    """Return the page."""
    codes = table(("Exit code", ""), CODE.findall(inspect.getsource(ExitCode)))
    return HEAD + codes + "".join(_commands(typer.main.get_command(command_line()), ("satellite",)))


def _commands(command: Any, words: tuple[str, ...]) -> Iterator[str]:
    for name, each in command.commands.items():
        path = (*words, name)
        if hasattr(each, "commands"):
            yield f"## {' '.join(path)}\n\n{each.help or ''}\n\n"
            yield from _commands(each, path)
        else:
            yield f"{'#' * (len(path))} `{' '.join(path)}`\n\n{each.help or ''}\n\n"
            yield table(("Argument or option", "", "Default"), map(_parameter, _shown(each)))


def _shown(command: Any) -> list[Any]:
    return [each for each in command.params if not getattr(each, "hidden", False)]


def _parameter(parameter: Any) -> tuple[str, str, str]:
    if parameter.param_type_name == "argument":
        words = parameter.metavar or (parameter.name or "").upper()
    else:
        words = ", ".join([*parameter.opts, *parameter.secondary_opts])
    default = "required" if parameter.required else _default(parameter.default)
    return code(words), getattr(parameter, "help", None) or "", default


def _default(value: Any) -> str:
    nothing = value is None or value is False or callable(value) or value == ()
    return "" if nothing or type(value).__name__ == "Sentinel" else code(str(getattr(value, "value", value)))
