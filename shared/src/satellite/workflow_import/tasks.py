"""The tasks that a DAG has made so far, and which follows which."""

from __future__ import annotations

import ast
import itertools
import re
from collections.abc import Sequence
from typing import Any, Final

from satellite.workflow_import.faults import Refused

TASK_NAME: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_.-]{0,99}")


class Tasks:
    """Tasks by their names, in the order in which they are made."""

    def __init__(self) -> None:
        self._made: dict[str, dict[str, Any]] = {}
        self.unpacked: set[str] = set()
        """Those that return a dictionary whose values others take by their keys."""

    def documents(self) -> list[dict[str, Any]]:
        """Return the tasks as a definition has them."""
        return list(self._made.values())

    def add(self, name: str, fields: dict[str, Any], *, at: ast.AST) -> None:
        """Add a task.

        Raises:
            Refused: it cannot have this name.
        """
        if not TASK_NAME.fullmatch(name):
            raise Refused(at, f"{name!r} cannot be a task's name: use letters of English, digits, _ . and -")
        if name in self._made:
            raise Refused(at, f"there is a task {name} already: give this one another name")
        self._made[name] = {"name": name} | fields

    def free_name(self, name: str) -> str:
        """Return the name that Airflow gives to the next task of a function."""
        numbered = (f"{name}__{number}" for number in itertools.count(1))
        return next(each for each in itertools.chain([name], numbered) if each not in self._made)

    def follow(self, before: Sequence[str], after: Sequence[str]) -> None:
        """Let each of some tasks depend on all of others."""
        for name in after if before else ():
            known = self._made[name].setdefault("dependencies", [])
            known += [each for each in before if each not in known]

    def chain(self, groups: Sequence[Sequence[str]], *, at: ast.AST) -> None:
        """Let groups of tasks follow each other, two lists side by side pair by pair.

        Raises:
            Refused: such lists differ in their lengths.
        """
        for before, after in itertools.pairwise(groups):
            if min(len(before), len(after)) <= 1:
                self.follow(before, after)
                continue
            if len(before) != len(after):
                raise Refused(at, "two lists side by side in a chain must be equally long")
            for one, other in zip(before, after, strict=True):
                self.follow([one], [other])
