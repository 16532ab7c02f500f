"""The graph of a workflow: what depends on what."""

from __future__ import annotations

import graphlib
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Self

from satellite.contracts.workflow import Task


@dataclass(frozen=True, eq=False)
class WorkflowGraph:
    """Tasks by their names, in the order of the definition, and the edges between them."""

    tasks: Mapping[str, Task]
    downstream: Mapping[str, Sequence[str]]
    _ancestors: dict[str, frozenset[str]] = field(default_factory=dict)
    """Those that were asked for: a graph is kept as long as its version is remembered."""

    @classmethod
    def of(cls, tasks: Iterable[Task]) -> Self:
        """Return the graph of tasks, all of whose dependencies are among them."""
        by_name = {task.name: task for task in tasks}
        downstream: dict[str, list[str]] = {name: [] for name in by_name}
        for task in by_name.values():
            for name in dict.fromkeys(task.dependencies):
                downstream[name].append(task.name)
        return cls(by_name, downstream)

    def upstream(self, name: str) -> Sequence[str]:
        """Return what a task waits for, each once."""
        return list(dict.fromkeys(self.tasks[name].dependencies))

    def ancestors(self, name: str) -> frozenset[str]:
        """Return all tasks that have ended before one begins."""
        if name not in self._ancestors:
            self._ancestors[name] = frozenset(_reached(name, self.upstream))
        return self._ancestors[name]

    def descendants(self, name: str) -> frozenset[str]:
        """Return all tasks that begin after one has ended."""
        return frozenset(_reached(name, lambda each: self.downstream[each]))


def _reached(start: str, edges: Callable[[str], Sequence[str]]) -> set[str]:
    found: set[str] = set()
    left = [*edges(start)]
    while left:
        name = left.pop()
        if name not in found:
            found.add(name)
            left += edges(name)
    return found


def find_cycle(tasks: Iterable[Task]) -> list[str] | None:
    """Return the names on a cycle, the first one again at its end, or None; unknown names are no fault."""
    sorter = graphlib.TopologicalSorter({task.name: task.dependencies for task in tasks})
    try:
        sorter.prepare()
    except graphlib.CycleError as error:
        cycle: list[str] = error.args[1]
        return cycle
    return None
